"""Commands from a person's phone, over the chat that alerts go to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.lazy_face import lazy_face

if TYPE_CHECKING:
    from actors.phone.actor import Phone
    from actors.phone.bot import PhoneBot, TelegramBot
    from actors.phone.settings import PhoneSetup

__all__ = ["Phone", "PhoneBot", "PhoneSetup", "TelegramBot"]

__getattr__ = lazy_face(
    __name__,
    {
        "actor": ("Phone",),
        "bot": ("PhoneBot", "TelegramBot"),
        "settings": ("PhoneSetup",),
    },
)
