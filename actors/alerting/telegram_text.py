"""How a letter reads on Telegram: escaped for its HTML, never longer than a message may be."""

from __future__ import annotations

import html

from actors.alerting.letter import Letter
from actors.alerting.letter_text import text_of
from actors.alerting.sender import Sender

LENGTH_MAX = 4096
"""UTF-16 code units in one message: https://core.telegram.org/bots/api#sendmessage."""


def render(letter: Letter, sender: Sender, *, markup: bool) -> str:
    """The letter as one message. If it is too long its texts are cut; all else stays."""
    if markup:
        return text_of(letter, sender, units_max=LENGTH_MAX, escape=_escaped, strong=_bold)
    return text_of(letter, sender, units_max=LENGTH_MAX, escape=str, strong=str)


def _escaped(character: str) -> str:
    return html.escape(character, quote=False)


def _bold(line: str) -> str:
    return f"<b>{line}</b>"
