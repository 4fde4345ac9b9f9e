"""http:// leaves this machine only if a person allows it, and certificates of one's own can be named."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import load_settings, sent_in_clear, trust_from_env
from core.errors import InputError

URL, TELEGRAM_URL, ALLOW = "CERBERO_BITE_MCP_URL", "CERBERO_BITE_TELEGRAM_API_URL", "CERBERO_BITE_ALLOW_HTTP"
WEBHOOK_URL = "CERBERO_BITE_WEBHOOK_URL"
GOOD = {
    "CERBERO_BITE_MCP_URL": "https://upstream.test",
    "CERBERO_BITE_MCP_TOKEN": "s3cret-token",
    "CERBERO_BITE_TELEGRAM_BOT_TOKEN": "1:s3cret",
    "CERBERO_BITE_TELEGRAM_CHAT_ID": "4242",
}
HERE = ("localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "[::1]", "[::ffff:127.0.0.1]")
ELSEWHERE = (
    *("cerbero-mcp:9000", "10.0.0.5", "192.168.1.2", "[::]", "[fe80::1]", "[::ffff:10.0.0.5]"),
    *("localhost.evil.test", "127.0.0.1.evil.test", "localhost.", "127.1", "2130706433", "a.localhost"),
)


@pytest.mark.parametrize("name", [URL, TELEGRAM_URL, WEBHOOK_URL])
@pytest.mark.parametrize("host", HERE)
def test_http_on_this_machine_is_allowed_and_not_worth_a_word(name: str, host: str) -> None:
    settings = load_settings(GOOD | {name: f"http://{host}"})
    assert sent_in_clear(settings.mcp, settings.channels) == ()


@pytest.mark.parametrize("name", [URL, TELEGRAM_URL, WEBHOOK_URL])
@pytest.mark.parametrize("host", ELSEWHERE)
def test_http_to_another_machine_is_refused_unless_it_is_allowed_and_then_named(name: str, host: str) -> None:
    with pytest.raises(InputError, match=f"^{name}: expected https://.*set {ALLOW}=yes"):
        load_settings(GOOD | {name: f"http://{host}"})
    settings = load_settings(GOOD | {name: f"http://{host}", ALLOW: "yes"})
    [line] = sent_in_clear(settings.mcp, settings.channels)
    assert line.startswith(f"{name}: http:// to ")
    assert "s3cret" not in line


def test_https_may_go_anywhere() -> None:
    settings = load_settings(GOOD | {ALLOW: "yes"})
    assert sent_in_clear(settings.mcp, settings.channels) == ()


def test_what_allows_it_must_be_a_word_that_is_known() -> None:
    with pytest.raises(InputError, match=ALLOW):
        load_settings(GOOD | {ALLOW: "perhaps"})


def test_files_of_certificates_are_named_by_two_variables() -> None:
    named = trust_from_env({"SSL_CERT_FILE": "/a.pem", "CERBERO_BITE_CA_FILE": " /b.pem "})
    assert (named.instead, named.beside) == (Path("/a.pem"), Path("/b.pem"))
    unnamed = trust_from_env({"SSL_CERT_FILE": "", "CERBERO_BITE_CA_FILE": " "})
    assert unnamed == trust_from_env({})
    assert load_settings(GOOD).trust == unnamed
