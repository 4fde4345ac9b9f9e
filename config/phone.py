"""The settings of commands from a chat: whether they are read, and the secret of one-time codes."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, SecretStr

from core.errors import InputError
from core.totp import secret_of

TELEGRAM_COMMANDS: Final = "CERBERO_BITE_TELEGRAM_COMMANDS"
TELEGRAM_TOTP_FILE: Final = "CERBERO_BITE_TELEGRAM_TOTP_FILE"
SECRET_BYTES_MAX: Final = 1024
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
    path = Path(named)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(SECRET_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(
            f"{TELEGRAM_TOTP_FILE}: expected a file that can be read, found {error.strerror}"
        ) from None
    if not stat.S_ISREG(mode) or len(content) > SECRET_BYTES_MAX:
        raise InputError(f"{TELEGRAM_TOTP_FILE}: expected a small file, found something else")
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise InputError(
            f"{TELEGRAM_TOTP_FILE}: expected a file that others can't read and the group can't change "
            f"(chmod 0600), found mode {stat.S_IMODE(mode):04o}"
        )
    text = content.decode("ascii", "replace").strip()
    try:
        secret_of(text)
    except InputError as error:
        raise InputError(f"{TELEGRAM_TOTP_FILE}: {error}") from None
    return SecretStr(text)
