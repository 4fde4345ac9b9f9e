"""The settings of commands from a chat: whether they are read, and the secret of one-time codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, SecretStr

from config.secret_file import secret_in_file
from core.errors import InputError
from core.totp import secret_of

TELEGRAM_COMMANDS: Final = "CERBERO_BITE_TELEGRAM_COMMANDS"
TELEGRAM_TOTP_FILE: Final = "CERBERO_BITE_TELEGRAM_TOTP_FILE"
CommandsMode = Literal["off", "read", "act"]


class PhoneSettings(BaseModel):
    """`secret` is that of the one-time codes, in base32 as its file holds it; None without a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["read", "act"]
    secret: SecretStr | None = None


def commands_mode(env: Mapping[str, str]) -> CommandsMode:
    """Off unless the environment says otherwise. Raises `InputError`."""
    match env.get(TELEGRAM_COMMANDS, "").strip().lower():
        case "" | "off":
            return "off"
        case "read":
            return "read"
        case "act":
            return "act"
        case _:
            raise InputError(f"{TELEGRAM_COMMANDS}: expected off, read or act, found something else")


def phone_from_env(env: Mapping[str, str], chat_id: SecretStr | None) -> PhoneSettings | None:
    """The settings, or None if no commands are read. `chat_id` is that of the chat that alerts go to.

    Raises `InputError` that repeats no secret.
    """
    mode = commands_mode(env)
    if mode == "off":
        return None
    if chat_id is None:
        raise InputError(f"{TELEGRAM_COMMANDS}: {mode} needs the bot's token and the chat id, found none")
    text = chat_id.get_secret_value()
    if not (text.isascii() and text.isdigit()):
        raise InputError(
            f"{TELEGRAM_COMMANDS}: {mode} needs the chat id of a private chat, whose id has only digits; "
            "found that of a group or a channel, in which others could give commands, too"
        )
    return PhoneSettings(mode=mode, secret=codes_secret(env))


def codes_secret(env: Mapping[str, str]) -> SecretStr | None:
    """The secret in the named file, or None if none is named. Raises `InputError`."""
    named = env.get(TELEGRAM_TOTP_FILE, "").strip()
    if not named:
        return None
    text = secret_in_file(TELEGRAM_TOTP_FILE, named)
    try:
        secret_of(text)
    except InputError as error:
        raise InputError(f"{TELEGRAM_TOTP_FILE}: {error}") from None
    return SecretStr(text)
