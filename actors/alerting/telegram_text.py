"""How an alert reads on Telegram: escaped for its HTML, never longer than a message may be."""

from __future__ import annotations

import html

from actors.alerting.message_text import lines_of
from actors.alerting.sender import Sender
from actors.alerting.words import words_of
from core.messages.alerting import AlertRow

LENGTH_MAX = 4096
"""UTF-16 code units in one message: https://core.telegram.org/bots/api#sendmessage."""


def render(alert: AlertRow, sender: Sender, *, markup: bool) -> str:
    """The alert as one message. If it is too long its text is cut; all else stays."""
    words = words_of(alert, sender)
    if markup:
        return lines_of(words, units_max=LENGTH_MAX, escape=_escaped, strong=_bold)
    return lines_of(words, units_max=LENGTH_MAX, escape=str, strong=str)


def _escaped(character: str) -> str:
    return html.escape(character, quote=False)


def _bold(line: str) -> str:
    return f"<b>{line}</b>"
