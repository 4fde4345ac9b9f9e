"""An alert as one text of limited length, for services that show a message as lines."""

from __future__ import annotations

from collections.abc import Callable

from actors.alerting.words import AlertWords
from core.text import visible

TITLE_UNITS_MAX = 200
CAUSE_UNITS_MAX = 1000
CODE_UNITS_MAX = 200
_CUT = "…"

Markup = Callable[[str], str]
"""One character, or one line that is to stand out, as the service wants it."""


def lines_of(words: AlertWords, *, units_max: int, escape: Markup, strong: Markup) -> str:
    """The message in at most `units_max` UTF-16 code units; `escape` is given one character at a time.

    First what a lock screen shows: who, how bad, what has happened. If all is too long, the alert's own text
    is cut, never what to do. A character that is not seen, or that begins a line, is shown as an escape:
    nothing in an alert can look like another alert.
    """

    def fitted(text: str, budget: int) -> str:
        return _fit(visible(text), budget, escape)

    head = strong(fitted(words.head, TITLE_UNITS_MAX))
    title = strong(fitted(words.title, TITLE_UNITS_MAX))
    do = [] if words.do is None else [f"→ {fitted(words.do, units_max)}"]
    cause, code = fitted(words.cause, CAUSE_UNITS_MAX), fitted(words.code, CODE_UNITS_MAX)
    frame = [head, title, "", *do, f"{code} · {cause} · {words.at}"]
    frame[2] = fitted(words.text, units_max - _units("\n".join(frame)))
    return "\n".join(frame)


def plain(text: str, units_max: int) -> str:
    """Text on one line in at most so many code units, without markup."""
    return _fit(visible(text), units_max, str)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _fit(text: str, budget: int, escape: Markup) -> str:
    """Escape, and cut before escaping so that no entity is torn: at most `budget` code units."""
    pieces = [escape(character) for character in text]
    if sum(map(_units, pieces)) <= budget:
        return "".join(pieces)
    kept: list[str] = []
    room = budget - _units(_CUT)
    for piece in pieces:
        room -= _units(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept) + _CUT
