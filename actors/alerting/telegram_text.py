"""How an alert reads on Telegram: escaped for its HTML, never longer than a message may be."""

from __future__ import annotations

import html

from core.messages.alerting import AlertRow
from core.text import visible

LENGTH_MAX = 4096
"""UTF-16 code units in one message: https://core.telegram.org/bots/api#sendmessage."""
_CUT = "…"


def render(alert: AlertRow, *, markup: bool) -> str:
    """The alert as one message. If it is too long its text is cut, then its cause; head and time stay."""
    at = f"{alert.at:%Y-%m-%d %H:%M:%S}Z"
    head = fit(f"{alert.severity} {alert.code}", 200, markup)
    if markup:
        head = f"<b>{head}</b>"
    cause = fit(alert.cause, 1000, markup)
    frame = f"{head}\n\ncause: {cause}\n{at}"
    text = fit(alert.text, LENGTH_MAX - units(frame), markup)
    return f"{head}\n{text}\ncause: {cause}\n{at}"


def units(text: str) -> int:
    """Its length as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fit(text: str, budget: int, markup: bool) -> str:
    """Escape, and cut before escaping so that no entity is torn: at most `budget` code units.

    A character that is not seen, or that begins a line, is shown as an escape: nothing in an alert can look
    like another alert.
    """
    text = visible(text)
    pieces = [html.escape(character, quote=False) if markup else character for character in text]
    if sum(map(units, pieces)) <= budget:
        return "".join(pieces)
    kept: list[str] = []
    room = budget - units(_CUT)
    for piece in pieces:
        room -= units(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept) + _CUT
