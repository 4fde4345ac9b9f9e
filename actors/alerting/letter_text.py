"""A letter as one text of limited length: one alert as `message_text` shows it, of several one line each."""

from __future__ import annotations

from typing import Final

from actors.alerting.letter import Letter, LetterLine, headline, lines
from actors.alerting.message_text import TITLE_UNITS_MAX, Markup, fit, lines_of, units
from actors.alerting.sender import Sender
from actors.alerting.words import title_of, what_to_do, words_of
from core.named_commands import typeable

LINE_UNITS_MAX: Final = 1000
"""Of one line, if there is room."""
LINE_UNITS_MIN: Final = 80
HEADLINE_UNITS_MAX: Final = 400
NOTE_UNITS_MAX: Final = 300
_EACH: Final = "run.py audit tail --kind ALERT shows each"
_LESS: Final = "… the rest is in run.py status and in the log"


def text_of(letter: Letter, sender: Sender, *, units_max: int, escape: Markup, strong: Markup) -> str:
    """The letter as one message of at most `units_max` UTF-16 code units, which begins with its sender."""
    if len(letter.alerts) == 1:
        alert = letter.shown(letter.alerts[0])
        if letter.note:
            alert = alert.model_copy(update={"cause": f"{letter.note} {alert.cause}"})
        return lines_of(words_of(alert, sender), units_max=units_max, escape=escape, strong=strong)
    told = lines(letter)
    head = strong(fit(f"{sender} · {letter.severity}", TITLE_UNITS_MAX, escape))
    head = f"{head}\n{strong(fit(headline(letter), HEADLINE_UNITS_MAX, escape))}"
    tail = f"{min(line.first_at for line in told):%Y-%m-%d %H:%M:%S}Z"
    tail += f" to {max(line.last_at for line in told):%Y-%m-%d %H:%M:%S}Z"
    if letter.is_counted:
        tail = f"{typeable(_EACH, sender.folder)}\n{tail}"
    if letter.note:
        tail = f"{fit(letter.note, NOTE_UNITS_MAX, escape)}\n{tail}"
    less = typeable(_LESS, sender.folder)
    room = units_max - units(head) - units(tail) - units(less) - 3
    each = min(LINE_UNITS_MAX, max(LINE_UNITS_MIN, room // len(told) - 1))
    shown: list[str] = []
    for line in told:
        text = _line(line, sender, each, escape)
        if units(text) + 1 > room:
            break
        room -= units(text) + 1
        shown.append(text)
    body = _with_what_to_do(letter, sender, told, shown, room, escape)
    return "\n".join((head, *body, *([less] if len(shown) < len(told) else []), tail))


def _line(line: LetterLine, sender: Sender, budget: int, escape: Markup) -> str:
    """How bad, what, of whom, and the engine's own words of the last one."""
    times = f" ×{line.count}" if line.count > 1 else ""
    whom = f": {', '.join(line.subjects)}" if line.count > 1 and line.subjects else ""
    text = typeable(line.text, sender.folder)
    said = f"{line.severity} {title_of(line.code)} ({line.code}{times}{whom}): {text}"
    return f"• {fit(said, budget - 2, escape)}"


def _with_what_to_do(
    letter: Letter,
    sender: Sender,
    told: tuple[LetterLine, ...],
    shown: list[str],
    room: int,
    escape: Markup,
) -> list[str]:
    """The lines, and below each what to do, once for each code and as far as there is room.

    The most severe come first, so what is left out is what can wait. A digest asks for nothing.
    """
    body: list[str] = []
    said: set[str] = set()
    for line, text in zip(told, shown, strict=False):
        body.append(text)
        do = None if letter.is_digest else what_to_do(line.code, sender)
        if do is None or do in said:
            continue
        below = f"→ {fit(do, LINE_UNITS_MAX, escape)}"
        if units(below) + 1 <= room:
            room -= units(below) + 1
            body.append(below)
            said.add(do)
    return body
