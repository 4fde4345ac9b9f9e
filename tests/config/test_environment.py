"""The environment: every bad value is refused by the variable's name, and no secret is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import VARIABLES, WebhookSettings, channels_from_env, load_settings, mcp_from_env, mode_from_env
from core.errors import InputError
from gateway.live.settings import PREFIX
from gateway.live.settings import VARIABLES as GATEWAY_VARIABLES

TELEGRAM = {"CERBERO_BITE_TELEGRAM_BOT_TOKEN": "1:b", "CERBERO_BITE_TELEGRAM_CHAT_ID": "-100"}
GOOD = {"CERBERO_BITE_MCP_URL": "http://127.0.0.1:9000/", "CERBERO_BITE_MCP_TOKEN": "s3cret-token"}


def test_url_and_token_are_enough() -> None:
    settings = load_settings(GOOD)
    assert settings.mcp.url == "http://127.0.0.1:9000"
    assert settings.mcp.token.get_secret_value() == "s3cret-token"
    assert settings.mcp.bot_tag == "BOT__CERBERO_BITE"
    assert settings.channels == ()
    assert settings.mode.name == "data_analysis"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"CERBERO_BITE_MCP_URL": ""},
            "CERBERO_BITE_MCP_URL: expected an http:// or https:// URL, found nothing",
        ),
        ({"CERBERO_BITE_MCP_URL": "127.0.0.1:9000"}, "CERBERO_BITE_MCP_URL: expected"),
        ({"CERBERO_BITE_MCP_URL": "ftp://host"}, "CERBERO_BITE_MCP_URL: expected"),
        ({"CERBERO_BITE_MCP_URL": "http://"}, "CERBERO_BITE_MCP_URL: expected"),
        ({"CERBERO_BITE_MCP_URL": "http://host:99999"}, "CERBERO_BITE_MCP_URL: expected"),
        ({"CERBERO_BITE_MCP_URL": "http://host?x=1"}, "CERBERO_BITE_MCP_URL: expected"),
        ({"CERBERO_BITE_MCP_URL": "http://two words"}, "CERBERO_BITE_MCP_URL: expected"),
        ({"CERBERO_BITE_MCP_URL": "http://.."}, "CERBERO_BITE_MCP_URL: expected"),
        ({"CERBERO_BITE_MCP_URL": f"http://{'a' * 300}"}, "CERBERO_BITE_MCP_URL: expected"),
        (
            {"CERBERO_BITE_MCP_URL": "http://me:hush@host"},
            "CERBERO_BITE_MCP_URL: expected a URL without user",
        ),
        ({"CERBERO_BITE_MCP_TOKEN": " "}, "CERBERO_BITE_MCP_TOKEN: expected a bearer token, found nothing"),
        ({"CERBERO_BITE_MCP_TOKEN": "s3cret token"}, "CERBERO_BITE_MCP_TOKEN: expected printable"),
        ({"CERBERO_BITE_MCP_TOKEN": "s3cret\n"}, "CERBERO_BITE_MCP_TOKEN: expected printable"),
        ({"CERBERO_BITE_MCP_BOT_TAG": " "}, "CERBERO_BITE_MCP_BOT_TAG: expected a tag, found a blank one"),
        (
            {"CERBERO_BITE_MCP_BOT_TAG": "x" * 65},
            "CERBERO_BITE_MCP_BOT_TAG: expected at most 64 characters, found 65",
        ),
        ({"CERBERO_BITE_MCP_BOT_TAG": "bad\ntag"}, "CERBERO_BITE_MCP_BOT_TAG: expected printable ASCII"),
        (
            {"CERBERO_BITE_MCP_URL": "http://h/s3cret?k=s3cret"},
            "CERBERO_BITE_MCP_URL: expected an http:// or https:// URL with a host and no query, "
            "found scheme http, a host, a path, a query",
        ),
        (
            {"CERBERO_BITE_MCP_URL": "http://h:s3cret/"},
            "CERBERO_BITE_MCP_URL: expected an http:// or https://",
        ),
        ({"CERBERO_BITE_TELEGRAM_BOT_TOKEN": "s3cret"}, "CERBERO_BITE_TELEGRAM_CHAT_ID: expected a value"),
        ({"CERBERO_BITE_TELEGRAM_CHAT_ID": "s3cret"}, "CERBERO_BITE_TELEGRAM_BOT_TOKEN: expected a value"),
        *(
            (TELEGRAM | {name: f"s3cret{hidden}s3cret"}, f"{name}: expected printable ASCII without")
            for name in ("CERBERO_BITE_TELEGRAM_BOT_TOKEN", "CERBERO_BITE_TELEGRAM_CHAT_ID")
            for hidden in ("\u200b", "\u202e", "\n", " ", "/../", "?", "#", "%2f", "\u0661")
        ),
        (
            {"CERBERO_BITE_MCP_URL": "https://host/a\u3164b"},
            "CERBERO_BITE_MCP_URL: expected a URL of printable",
        ),
        (
            {"CERBERO_BITE_MCP_URL": "https://host/a\u200b"},
            "CERBERO_BITE_MCP_URL: expected a URL of printable",
        ),
        ({"CERBERO_BITE_ENABLE_STRATEGY": "maybe"}, "CERBERO_BITE_ENABLE_STRATEGY: expected one of true"),
    ],
)
def test_a_bad_value_is_refused_by_name_without_the_secret(changes: dict[str, str], expected: str) -> None:
    with pytest.raises(InputError) as raised:
        load_settings(GOOD | changes)
    assert str(raised.value).startswith(expected)
    assert "s3cret" not in str(raised.value)
    assert "hush" not in str(raised.value)


def test_a_missing_variable_is_refused() -> None:
    with pytest.raises(InputError, match="CERBERO_BITE_MCP_URL"):
        mcp_from_env({})
    with pytest.raises(InputError, match="CERBERO_BITE_MCP_TOKEN"):
        mcp_from_env({"CERBERO_BITE_MCP_URL": "https://host"})


def test_a_tag_of_64_characters_is_allowed() -> None:
    assert mcp_from_env(GOOD | {"CERBERO_BITE_MCP_BOT_TAG": "x" * 64}).bot_tag == "x" * 64


def test_telegram_needs_both_and_has_a_default_host() -> None:
    both = {"CERBERO_BITE_TELEGRAM_BOT_TOKEN": "s3cret-bot", "CERBERO_BITE_TELEGRAM_CHAT_ID": "s3cret-chat"}
    [telegram] = channels_from_env(both)
    assert telegram.goes_to == ("CERBERO_BITE_TELEGRAM_API_URL", "https://api.telegram.org")
    [other] = channels_from_env(both | {"CERBERO_BITE_TELEGRAM_API_URL": "http://127.0.0.1:1/"})
    assert other.goes_to[1] == "http://127.0.0.1:1"


HOOK = "CERBERO_BITE_WEBHOOK_URL"
FORM = "CERBERO_BITE_WEBHOOK_FORMAT"


def test_a_webhook_is_a_url_with_or_without_a_query_and_posts_json_unless_told() -> None:
    url = "https://h/hooks/s3cret/?wait=true"
    [hook] = channels_from_env({HOOK: url})
    assert isinstance(hook, WebhookSettings)
    assert (hook.goes_to, hook.form) == ((HOOK, url), "json")
    [discord] = channels_from_env({HOOK: url, FORM: " Discord "})
    assert isinstance(discord, WebhookSettings)
    assert discord.form == "discord"


def test_both_channels_may_be_set_up() -> None:
    both = {"CERBERO_BITE_TELEGRAM_BOT_TOKEN": "b", "CERBERO_BITE_TELEGRAM_CHAT_ID": "1", HOOK: "https://h/x"}
    assert len(channels_from_env(both)) == 2


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({HOOK: "http://host/s3cret"}, HOOK),
        ({HOOK: "https://host/s3cret#x"}, HOOK),
        ({HOOK: "https://ann:s3cret@host/"}, HOOK),
        ({HOOK: "ftp://host/s3cret"}, HOOK),
        ({HOOK: "https://h", FORM: "https://s3cret"}, FORM),
        ({FORM: "s3cret"}, FORM),
    ],
)
def test_a_bad_webhook_is_refused_by_name_without_the_secret(env: dict[str, str], named: str) -> None:
    with pytest.raises(InputError) as raised:
        channels_from_env(env)
    assert str(raised.value).startswith(f"{named}: expected")
    assert "s3cret" not in str(raised.value)


NAME = "CERBERO_BITE_INSTANCE_NAME"


@pytest.mark.parametrize(
    ("given", "name"),
    [("", None), ("  ", None), (" eth 1 ", "eth 1"), ("Zürich", "Zürich"), ("x" * 40, "x" * 40)],
)
def test_an_instance_is_called_what_a_person_calls_it(given: str, name: str | None) -> None:
    assert load_settings(GOOD | {NAME: given}).instance_name == name


@pytest.mark.parametrize("given", ["x" * 41, "a\nb", "a\u202eb", "[MAINNET]", "a]", "\u200b"])
def test_a_name_that_could_mislead_is_refused(given: str) -> None:
    with pytest.raises(InputError, match=f"^{NAME}: expected"):
        load_settings(GOOD | {NAME: given})


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *((word, True) for word in ("true", "YES", "On", "enabled", "1", " true ")),
        *((word, False) for word in ("false", "NO", "Off", "disabled", "0")),
    ],
)
def test_boolean_words_in_any_case(word: str, value: bool) -> None:
    mode = mode_from_env({"CERBERO_BITE_ENABLE_STRATEGY": word, "CERBERO_BITE_ENABLE_DATA_ANALYSIS": word})
    assert mode.strategy is mode.data_analysis is value


def test_blank_is_the_default() -> None:
    mode = mode_from_env({"CERBERO_BITE_ENABLE_STRATEGY": " ", "CERBERO_BITE_ENABLE_DATA_ANALYSIS": ""})
    assert mode == mode_from_env({})
    assert (mode.data_analysis, mode.strategy) == (True, False)


def test_no_secret_is_in_any_text_of_the_settings() -> None:
    settings = load_settings(
        GOOD
        | {"CERBERO_BITE_TELEGRAM_BOT_TOKEN": "s3cret-bot", "CERBERO_BITE_TELEGRAM_CHAT_ID": "s3cret-chat"}
        | {HOOK: "https://h/s3cret"}
    )
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "s3cret" not in shown


def test_the_example_file_names_every_variable(repository: Path) -> None:
    lines = (repository / ".env.example").read_text(encoding="utf-8").splitlines()
    named = [line.split("=")[0] for line in lines if line and not line.startswith("#")]
    of_the_gateway = [f"{PREFIX}{name}" for name in GATEWAY_VARIABLES]
    assert named == [*VARIABLES, *of_the_gateway]


PASSWORD = "hunter2pass"


@pytest.mark.parametrize(
    "url",
    [
        f"http://ann:{PASSWORD}@host",
        f"http//ann:{PASSWORD}@host",
        f"http:/ann:{PASSWORD}@host",
        f"http:ann:{PASSWORD}@host",
        f"{PASSWORD}:x@host",
        f"ann:{PASSWORD}@host/path",
        f"http://ann:{PASSWORD}#1@host",
        f"http://ann:12#{PASSWORD}@host",
        f"http://ann:12?{PASSWORD}@host",
        f"http://{PASSWORD}/x@host",
        f"http://ann:{PASSWORD}%40host",
        f"https://{PASSWORD} host",
        f"{PASSWORD}://host",
        f"http://host?token={PASSWORD}",
        f"http://host#{PASSWORD}",
        f"http://[{PASSWORD}",
        f"http://host:{PASSWORD}",
        f"http://{PASSWORD}\x1b[2J",
        PASSWORD,
    ],
)
@pytest.mark.parametrize("name", ["CERBERO_BITE_MCP_URL", "CERBERO_BITE_TELEGRAM_API_URL"])
def test_nothing_of_a_mistyped_url_is_repeated(name: str, url: str) -> None:
    env = {
        "CERBERO_BITE_MCP_URL": "http://localhost",
        "CERBERO_BITE_MCP_TOKEN": "t",
        "CERBERO_BITE_TELEGRAM_BOT_TOKEN": "b",
        "CERBERO_BITE_TELEGRAM_CHAT_ID": "1",
        name: url,
    }
    with pytest.raises(InputError) as raised:
        load_settings(env)
    assert name in str(raised.value)
    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize(
    "name", ["CERBERO_BITE_ENABLE_STRATEGY", "CERBERO_BITE_MCP_BOT_TAG", "CERBERO_BITE_MCP_TOKEN"]
)
def test_a_secret_in_the_wrong_variable_is_not_repeated(name: str) -> None:
    env = {"CERBERO_BITE_MCP_URL": "http://h", "CERBERO_BITE_MCP_TOKEN": "t", name: f"{PASSWORD} \n"}
    with pytest.raises(InputError) as raised:
        load_settings(env)
    assert PASSWORD not in str(raised.value)
