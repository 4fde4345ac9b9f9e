"""Commands from a person's phone, over the chat that alerts go to."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from actors.phone.actor import Phone
    from actors.phone.bot import PhoneBot, TelegramBot
    from actors.phone.settings import PhoneSetup

__all__ = ["Phone", "PhoneBot", "PhoneSetup", "TelegramBot"]

_FILES: Final = {
    "Phone": "actor",
    "PhoneBot": "bot",
    "TelegramBot": "bot",
    "PhoneSetup": "settings",
}
"""Where each name stands."""


def __getattr__(asked: str) -> object:
    """A name of the room, from its file: commands that need one or two go without the rest."""
    if asked not in _FILES:
        raise AttributeError(asked)
    found: object = getattr(import_module(f"actors.phone.{_FILES[asked]}"), asked)
    return found
