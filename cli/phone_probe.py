"""Whether commands from a chat would arrive, asked without taking one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from ssl import SSLContext

from config import ChannelSettings, TelegramSettings
from config.phone import commands_mode
from core.errors import CerberoError
from core.messages.phone import PhoneStatus
from reading.engine_lock import running_engine


def probe_phone(
    env: Mapping[str, str], channels: Iterable[ChannelSettings], tls: SSLContext | None, data_dir: Path
) -> PhoneStatus | None:
    """None if no commands are read. Raises InputError for a mode that is none.

    A second program that polls is noticed only by who polls: by the engine, if one runs on the folder.
    """
    mode = commands_mode(env)
    chat = next((each for each in channels if isinstance(each, TelegramSettings)), None)
    if mode == "off" or chat is None:
        return None
    from actors.channels import phone_bot

    bot = phone_bot(chat, tls)
    try:
        problem = bot.other_reader()
    finally:
        bot.close()
    return PhoneStatus(mode=mode, problem=problem or _noticed_by_the_engine(data_dir))


def _noticed_by_the_engine(data_dir: Path) -> str | None:
    if running_engine(data_dir) is None:
        return None
    from reading.engine_status import engine_status

    try:
        phone = engine_status(data_dir).phone
    except CerberoError:
        return None  # It may be stopping, or belong to somebody else; the webhook was looked at.
    return None if phone is None else phone.problem
