"""The environment variables as frozen settings. Secrets are never shown; bad values are refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from config.delivery import (
    DELIVERY_VARIABLES,
    DIGEST_AT,
    HEARTBEAT_URL,
    QUIET_HOURS,
    TIME_ZONE,
    DeliverySettings,
    HeartbeatSettings,
    check_delivery,
    delivery_from_env,
    heartbeat_from_env,
)
from config.instance import INSTANCE_NAME, instance_name_from_env
from config.metrics import METRICS_HOST, metrics_host
from config.misspelt import UnknownVariable, unknown_variables
from config.page import PAGE_EXPOSE, page_exposed
from config.phone import (
    TELEGRAM_COMMANDS,
    TELEGRAM_TOTP_FILE,
    PhoneSettings,
    codes_secret,
    commands_mode,
    phone_from_env,
)
from config.record import RECORD_DAYS, record_days
from config.refusal import ON_REFUSAL, on_refusal_from_env
from config.secret_file import file_variable, secret_from_env
from config.wire import (
    ALLOW_HTTP,
    CA_FILE,
    SSL_CERT_FILE,
    TrustSettings,
    clear_text_host,
    require_private,
    trust_from_env,
)
from core.errors import InputError
from core.text import visible
from core.values import Mode

MCP_URL = "CERBERO_BITE_MCP_URL"
MCP_TOKEN = "CERBERO_BITE_MCP_TOKEN"
MCP_BOT_TAG = "CERBERO_BITE_MCP_BOT_TAG"
TELEGRAM_BOT_TOKEN = "CERBERO_BITE_TELEGRAM_BOT_TOKEN"
TELEGRAM_CHAT_ID = "CERBERO_BITE_TELEGRAM_CHAT_ID"
TELEGRAM_API_URL = "CERBERO_BITE_TELEGRAM_API_URL"
WEBHOOK_URL = "CERBERO_BITE_WEBHOOK_URL"
WEBHOOK_FORMAT = "CERBERO_BITE_WEBHOOK_FORMAT"
ENABLE_DATA_ANALYSIS = "CERBERO_BITE_ENABLE_DATA_ANALYSIS"
ENABLE_STRATEGY = "CERBERO_BITE_ENABLE_STRATEGY"
DATA_DIR = "CERBERO_BITE_DATA_DIR"
SECRET: Final = (MCP_TOKEN, TELEGRAM_BOT_TOKEN, TELEGRAM_CHAT_ID, WEBHOOK_URL, HEARTBEAT_URL)
"""Each may be in a file instead."""
VARIABLES: dict[str, str] = {
    MCP_URL: "base URL of the upstream host, https://, or http:// on this machine",
    MCP_TOKEN: "bearer token; it selects testnet or mainnet at the server (secret)",
    MCP_BOT_TAG: "X-Bot-Tag, at most 64 printable characters; default BOT__CERBERO_BITE",
    TELEGRAM_BOT_TOKEN: "alerts by Telegram, with the chat id; default: alerts go to the log (secret)",
    TELEGRAM_CHAT_ID: "the chat that alerts go to (secret)",
    TELEGRAM_API_URL: "another host of the Bot API; default https://api.telegram.org",
    TELEGRAM_COMMANDS: "commands from the chat: off, read or act; default off",
    TELEGRAM_TOTP_FILE: "file with the secret of one-time codes, in base32, for /close",
    WEBHOOK_URL: "alerts by HTTP POST to this URL, https://, or http:// on this machine (secret)",
    WEBHOOK_FORMAT: "what is posted there: json or discord; default json",
    INSTANCE_NAME: "this engine's name at the head of its messages; default: the strategy's name",
    ALLOW_HTTP: "http:// to another machine, as in a network of containers: true or false; default false",
    CA_FILE: "certificates in PEM of your own authority, trusted beside the public ones",
    SSL_CERT_FILE: "certificates in PEM, trusted instead of the public authorities",
    **DELIVERY_VARIABLES,
    ENABLE_DATA_ANALYSIS: "market snapshots: true or false; default true",
    ENABLE_STRATEGY: "entry and monitor cycles: true or false; default false",
    DATA_DIR: "the folder that commands use without --data-dir; default data, of paper data-paper",
    RECORD_DAYS: "days for which what is read of the market is kept in DATA/record; 0: none; default 400, of "
    "paper none",
    METRICS_HOST: "the address at which metrics listens; default 127.0.0.1, this machine alone",
    PAGE_EXPOSE: "whether page may listen at an address that others reach: yes or no; default no",
    ON_REFUSAL: "what start does if a person must change something: exit (with 2) or wait; default exit",
    **{file_variable(name): f"file that holds {name} in its place" for name in SECRET},
}
"""Every variable that the engine and its commands read, with what it means."""

DEFAULT_BOT_TAG = "BOT__CERBERO_BITE"
DEFAULT_TELEGRAM_API_URL = "https://api.telegram.org"
_BOT_TAG_LENGTH_MAX = 64
_ONE_WORD = re.compile(r"[!-\"$&-.0->@-~]+")
"""Printable ASCII without what ends or escapes a part of a URL's path: `#`, `%`, `/` and `?`."""
_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "enabled", "1"), True),
    **dict.fromkeys(("false", "no", "off", "disabled", "0"), False),
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class McpSettings(_Frozen):
    """How to reach the upstream host. `url` has no trailing slash."""

    url: str
    token: SecretStr
    bot_tag: str = DEFAULT_BOT_TAG


class TelegramSettings(_Frozen):
    """Both are secret: the token is part of the URL, and the chat id must not be in any output."""

    bot_token: SecretStr
    chat_id: SecretStr
    api_url: str

    @property
    def goes_to(self) -> tuple[str, str]:
        """The variable that names the host, and the URL in it."""
        return TELEGRAM_API_URL, self.api_url


class WebhookSettings(_Frozen):
    """The URL is secret: whoever has it can post."""

    url: SecretStr
    form: Literal["json", "discord"]

    @property
    def goes_to(self) -> tuple[str, str]:
        """The variable that names the host, and the URL in it."""
        return WEBHOOK_URL, self.url.get_secret_value()


ChannelSettings = TelegramSettings | WebhookSettings
"""The settings of an alert channel, whichever it is."""


class Settings(_Frozen):
    """All that comes from the environment."""

    mcp: McpSettings
    channels: tuple[ChannelSettings, ...]
    mode: Mode
    trust: TrustSettings = TrustSettings()
    instance_name: str | None = None
    delivery: DeliverySettings = DeliverySettings()
    heartbeat: HeartbeatSettings | None = None
    phone: PhoneSettings | None = None
    record_days: int | None = None
    unknown: tuple[UnknownVariable, ...] = ()
    """Variables that look like ours, and that nothing reads."""


def shown_variable(env: Mapping[str, str], name: str) -> str:
    """What of one of `VARIABLES` may be shown: the value if it can be used and is no secret.

    A value that can't be used may be a secret that was meant for another variable, or hold a password.
    """
    if not env.get(name, "").strip():
        return "-"
    if name in SECRET:
        return "set, not shown"
    try:
        _CHECKS[name](env)
    except InputError:
        return "set, can't be used, not shown"
    return env[name]


def load_settings(env: Mapping[str, str]) -> Settings:
    """Everything that a running engine needs; `InputError` names every variable that is missing or wrong."""
    on_refusal_from_env(env)  # Read by itself before these, which may be what is refused.
    channels = channels_from_env(env)
    chat_id = next((each.chat_id for each in channels if isinstance(each, TelegramSettings)), None)
    return Settings(
        mcp=mcp_from_env(env),
        channels=channels,
        mode=mode_from_env(env),
        trust=trust_from_env(env),
        instance_name=instance_name_from_env(env),
        delivery=delivery_from_env(env),
        heartbeat=heartbeat_from_env(env),
        phone=phone_from_env(env, chat_id),
        record_days=record_days(env),
        unknown=unknown_variables(env),
    )


def mcp_from_env(env: Mapping[str, str]) -> McpSettings:
    """URL, token and bot tag. Raises `InputError`; the token's value is never in the message."""
    url = _private_url(env, MCP_URL, env.get(MCP_URL, ""))
    token = secret_from_env(env, MCP_TOKEN)
    if not token.strip():
        raise InputError(f"{MCP_TOKEN}: expected a bearer token, found nothing")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise InputError(f"{MCP_TOKEN}: expected printable characters without spaces, found others")
    return McpSettings(url=url, token=SecretStr(token), bot_tag=_bot_tag(env))


def sent_in_clear(mcp: McpSettings, channels: Iterable[ChannelSettings]) -> tuple[str, ...]:
    """Whatever is sent in clear to another machine, each as one line for a person."""
    urls = ((MCP_URL, mcp.url), *(channel.goes_to for channel in channels))
    return tuple(
        f"{name}: http:// to {host!r}: whoever listens on the way can read token and content; "
        f"{ALLOW_HTTP} allows it"
        for name, url in urls
        if (host := clear_text_host(url)) is not None
    )


def channels_from_env(env: Mapping[str, str]) -> tuple[ChannelSettings, ...]:
    """Each alert channel that is set up; none means that alerts go to the log alone. Raises `InputError`."""
    read = (channel(env) for channel in _CHANNELS)
    return tuple(settings for settings in read if settings is not None)


def _telegram(env: Mapping[str, str]) -> TelegramSettings | None:
    """Token and chat id together, or None if neither is set."""
    token, chat = (secret_from_env(env, name).strip() for name in (TELEGRAM_BOT_TOKEN, TELEGRAM_CHAT_ID))
    if not token and not chat:
        return None
    if not token or not chat:
        missing = TELEGRAM_CHAT_ID if token else TELEGRAM_BOT_TOKEN
        raise InputError(
            f"{missing}: expected a value, because the other Telegram variable is set, found nothing"
        )
    for name, value in ((TELEGRAM_BOT_TOKEN, token), (TELEGRAM_CHAT_ID, chat)):
        # Both are secret: nothing of them is repeated. The token is a part of the URL's path.
        if _ONE_WORD.fullmatch(value) is None:
            raise InputError(f"{name}: expected printable ASCII without spaces, /, ?, # and %, found others")
    api_url = _private_url(
        env, TELEGRAM_API_URL, env.get(TELEGRAM_API_URL, "").strip() or DEFAULT_TELEGRAM_API_URL
    )
    return TelegramSettings(bot_token=SecretStr(token), chat_id=SecretStr(chat), api_url=api_url)


def _webhook(env: Mapping[str, str]) -> WebhookSettings | None:
    """The URL, in what form to post to it; None without a URL."""
    form = _webhook_form(env)
    secret = secret_from_env(env, WEBHOOK_URL)
    if not secret.strip():
        return None
    url = _private_url(env, WEBHOOK_URL, secret, query=True)
    return WebhookSettings(url=SecretStr(url), form=form)


def _webhook_form(env: Mapping[str, str]) -> Literal["json", "discord"]:
    match env.get(WEBHOOK_FORMAT, "").strip().lower():
        case "" | "json":
            return "json"
        case "discord":
            return "discord"
        case _:
            # Not repeated: it may be the URL, in the wrong line.
            raise InputError(f"{WEBHOOK_FORMAT}: expected json or discord, found something else")


_CHANNELS: Final[tuple[Callable[[Mapping[str, str]], ChannelSettings | None], ...]] = (_telegram, _webhook)


def mode_from_env(env: Mapping[str, str]) -> Mode:
    """The mode; data analysis is on and strategy off unless the environment says otherwise."""
    return Mode(
        data_analysis=_boolean(env, ENABLE_DATA_ANALYSIS, default=True),
        strategy=_boolean(env, ENABLE_STRATEGY, default=False),
    )


def _boolean(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    word = env.get(name, "").strip().lower()
    if not word:
        return default
    if word not in _WORDS:
        # The value is not repeated: it may be that of another variable, which is secret.
        raise InputError(f"{name}: expected one of {', '.join(_WORDS)}, found something else")
    return _WORDS[word]


def _bot_tag(env: Mapping[str, str]) -> str:
    tag = env.get(MCP_BOT_TAG, DEFAULT_BOT_TAG)
    if not tag.strip():
        raise InputError(f"{MCP_BOT_TAG}: expected a tag, found a blank one; unset it for {DEFAULT_BOT_TAG}")
    if len(tag) > _BOT_TAG_LENGTH_MAX:
        raise InputError(
            f"{MCP_BOT_TAG}: expected at most {_BOT_TAG_LENGTH_MAX} characters, found {len(tag)}"
        )
    if not (tag.isascii() and tag.isprintable()):
        raise InputError(f"{MCP_BOT_TAG}: expected printable ASCII, found other characters")
    return tag


def _existing_file(env: Mapping[str, str], name: str) -> None:
    if not Path(env[name].strip()).is_file():
        raise InputError(f"{name}: expected a file of certificates, found none of that name")


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, str]], object]]] = {
    MCP_URL: lambda env: _url(MCP_URL, env[MCP_URL]),
    MCP_BOT_TAG: _bot_tag,
    TELEGRAM_API_URL: lambda env: _url(TELEGRAM_API_URL, env[TELEGRAM_API_URL]),
    TELEGRAM_COMMANDS: commands_mode,
    TELEGRAM_TOTP_FILE: codes_secret,
    WEBHOOK_FORMAT: _webhook_form,
    INSTANCE_NAME: instance_name_from_env,
    **{name: partial(check_delivery, name) for name in (DIGEST_AT, QUIET_HOURS, TIME_ZONE)},
    ALLOW_HTTP: lambda env: _boolean(env, ALLOW_HTTP, default=False),
    CA_FILE: lambda env: _existing_file(env, CA_FILE),
    SSL_CERT_FILE: lambda env: _existing_file(env, SSL_CERT_FILE),
    ENABLE_DATA_ANALYSIS: lambda env: _boolean(env, ENABLE_DATA_ANALYSIS, default=True),
    ENABLE_STRATEGY: lambda env: _boolean(env, ENABLE_STRATEGY, default=False),
    DATA_DIR: lambda env: Path(env[DATA_DIR]),
    RECORD_DAYS: record_days,
    METRICS_HOST: metrics_host,
    PAGE_EXPOSE: page_exposed,
    ON_REFUSAL: on_refusal_from_env,
    **{file_variable(name): partial(secret_from_env, name=name) for name in SECRET},
}
"""Whether each variable that is no secret can be used by itself."""


def _private_url(env: Mapping[str, str], name: str, text: str, *, query: bool = False) -> str:
    """The URL, unless secrets would travel to it in clear although that is not allowed."""
    url = _url(name, text, query=query)
    return require_private(name, url, allow_http=_boolean(env, ALLOW_HTTP, default=False))


def _url(name: str, text: str, *, query: bool = False) -> str:
    """An http(s) URL, without a trailing slash unless it may have a `query`.

    Nothing of one that is refused is repeated: a password may stand anywhere in it, most of all where it was
    mistyped.
    """
    if not text.strip():
        raise InputError(f"{name}: expected an http:// or https:// URL, found nothing")
    if "@" in text:
        raise InputError(f"{name}: expected a URL without user and password; the token has its own variable")
    try:
        parts = urlsplit(text.strip())
        host = parts.hostname or ""
        # Refuses a name that can't be encoded for DNS; at the first request it would be no network error.
        host.encode("idna")
        spaced = any(character.isspace() for character in host)
        usable = parts.scheme in ("http", "https") and bool(host) and not spaced and parts.port != 0
    except ValueError:
        raise InputError(
            f"{name}: expected an http:// or https:// URL, found one that can't be read"
        ) from None
    if visible(text) != text:
        raise InputError(f"{name}: expected a URL of printable characters, found others")
    if not usable or (parts.query and not query) or parts.fragment:
        wanted = "a host" if query else "a host and no query"
        raise InputError(
            f"{name}: expected an http:// or https:// URL with {wanted}, found {_outline(parts)}"
        )
    return text.strip() if query else text.strip().rstrip("/")


def _outline(parts: SplitResult) -> str:
    """Of what a URL is made, without a word of it."""
    scheme = parts.scheme if parts.scheme in ("http", "https") else "another or none"
    named = {"host": parts.netloc, "path": parts.path, "query": parts.query, "fragment": parts.fragment}
    return ", ".join((f"scheme {scheme}", *(f"a {what}" for what, value in named.items() if value)))
