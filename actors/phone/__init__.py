"""Commands from a person's phone, over the chat that alerts go to."""

from __future__ import annotations

from actors.phone.actor import Phone
from actors.phone.bot import PhoneBot, TelegramBot
from actors.phone.settings import PhoneSetup

__all__ = ["Phone", "PhoneBot", "PhoneSetup", "TelegramBot"]
