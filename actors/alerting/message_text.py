"""An alert as one text of limited length, for services that show a message as lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from actors.alerting.words import AlertWords
from core.text import visible

TITLE_UNITS_MAX = 200
CAUSE_UNITS_MAX = 1000
CODE_UNITS_MAX = 200
CUT: Final = "…"

Markup = Callable[[str], str]
"""One character, or one line that is to stand out, as the service wants it."""


def lines_of(words: AlertWords, *, units_max: int, escape: Markup, strong: Markup) -> str:
    """The message in at most `units_max` UTF-16 code units; `escape` is given one character at a time.

    First what a lock screen shows: who, how bad, what has happened. If all is too long, the alert's own text
    is cut, never what to do. A character that is not seen, or that begins a line, is shown as an escape:
    nothing in an alert can look like another alert.
    """
    head = strong(fit(words.head, TITLE_UNITS_MAX, escape))
    title = strong(fit(words.title, TITLE_UNITS_MAX, escape))
    do = [] if words.do is None else [f"→ {fit(words.do, units_max, escape)}"]
    cause, code = fit(words.cause, CAUSE_UNITS_MAX, escape), fit(words.code, CODE_UNITS_MAX, escape)
    frame = [head, title, "", *do, f"{code} · {cause} · {words.at}"]
    frame[2] = fit(words.text, units_max - units("\n".join(frame)), escape)
    return "\n".join(frame)


def plain(text: str, units_max: int) -> str:
    """Text on one line in at most so many code units, without markup."""
    return fit(text, units_max, str)


def units(text: str) -> int:
    """Its length in UTF-16 code units, as these services count it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fit(text: str, budget: int, escape: Markup) -> str:
    """Text on one line in at most `budget` units, escaped, and cut before that so that no entity is torn."""
    pieces = [escape(character) for character in visible(text)]
    if sum(map(units, pieces)) <= budget:
        return "".join(pieces)
    kept: list[str] = []
    room = budget - units(CUT)
    for piece in pieces:
        room -= units(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept) + CUT
