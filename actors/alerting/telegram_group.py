"""How a letter reads on Telegram: one alert as `telegram_text` renders it, several one line each."""

from __future__ import annotations

import html
from datetime import datetime
from typing import Final

from actors.alerting.letter import Letter, LetterLine, headline, lines
from actors.alerting.telegram_text import LENGTH_MAX, fit, render, units

LINE_MAX: Final = 1000
"""UTF-16 code units of one line, if there is room."""
_LESS: Final = "… the rest is in run.py status and in the log"


def render_letter(letter: Letter, *, markup: bool) -> str:
    """The letter as one message, never longer than a message may be."""
    if len(letter.alerts) == 1:
        alert = letter.shown(letter.alerts[0])
        if letter.note:
            alert = alert.model_copy(update={"cause": f"{alert.cause}\n{letter.note}"})
        return render(alert, markup=markup)
    told = lines(letter)
    head = fit(f"{letter.severity} {headline(letter)}", 400, markup)
    if markup:
        head = f"<b>{head}</b>"
    tail = f"{_minute(min(line.first_at for line in told))} to {_minute(max(line.last_at for line in told))}"
    if letter.note:
        tail = f"{fit(letter.note, 300, markup)}\n{tail}"
    budget = LENGTH_MAX - units(head) - units(tail) - units(_LESS) - 3
    each = min(LINE_MAX, max(80, budget // len(told) - 1))
    shown: list[str] = []
    for line in told:
        text = _line(line, each, markup)
        budget -= units(text) + 1
        if budget < 0:
            shown.append(_LESS)
            break
        shown.append(text)
    return "\n".join((head, *shown, tail))


def _line(line: LetterLine, budget: int, markup: bool) -> str:
    times = f" ×{line.count}" if line.count > 1 else ""
    whom = f" ({', '.join(line.subjects)})" if line.count > 1 and line.subjects else ""
    said = fit(f"{line.severity} {line.code}{times}{whom}: {line.text}", budget - 2, markup)
    return f"• {said}"


def _minute(at: datetime) -> str:
    return html.escape(f"{at:%Y-%m-%d %H:%M:%S}Z")
