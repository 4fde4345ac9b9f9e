"""A number as it is shown: digits, unit, and whether it is good or bad, apart so that columns align."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from core.how_many import how_many
from core.text import visible
from reading.redacted import redacted

Tone = Literal["", "good", "look", "act", "quiet"]


@dataclass(frozen=True, slots=True)
class Amount:
    """Digits and unit. `problem` is why there is none: it is shown in place of digits, never 0."""

    digits: str
    unit: str = ""
    tone: Tone = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A label with its amounts; `note` says what else belongs to it."""

    label: str
    amounts: tuple[Amount, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label with words."""

    label: str
    text: str
    tone: Tone = ""


def unknown(problem: str) -> Amount:
    """In place of a number that nobody knows."""
    return Amount("", problem=plain(problem), tone="look")


def eth(amount: Decimal | float, *, signed: bool = False, digits: int = 8) -> Amount:
    """ETH to the venue's 1e-8; a balance has no sign, a profit has one."""
    return Amount(f"{amount:{'+' if signed else ''},.{digits}f}", "ETH", _tone(amount) if signed else "")


def usd(amount: Decimal | float, *, signed: bool = False) -> Amount:
    """USD to the cent."""
    return Amount(f"{amount:{'+' if signed else ''},.2f}", "USD", _tone(amount) if signed else "")


def percent(fraction: float, *, signed: bool = False, digits: int = 1) -> Amount:
    """A fraction as percent."""
    return Amount(f"{100.0 * fraction:{'+' if signed else ''},.{digits}f}", "%")


def number(value: float, unit: str, digits: int = 1) -> Amount:
    return Amount(f"{value:,.{digits}f}", unit)


def of_them(value: int, thing: str) -> Amount:
    """How many of a thing there are."""
    digits, unit = how_many(value, thing).split(" ", 1)
    return Amount(digits, unit)


def plain(text: str) -> str:
    """A text of others as it may be shown: on one line, nothing hidden in it, and no secret."""
    return visible(redacted(text))


def time_text(at: datetime | None) -> str:
    """UTC to the second, or a dash."""
    return "–" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def when_text(at: datetime, now: datetime) -> str:
    """The time of day, with the day if it is another one."""
    if at.date() == now.date():
        return f"{at:%H:%M}Z"
    return f"{at:%a %H:%M}Z" if abs(at - now) < timedelta(days=6) else f"{at:%a %d %b %H:%M}Z"


def span_text(span: timedelta) -> str:
    """How long, in its two largest units: `2 d 4 h`, `3 min 20 s`."""
    seconds = max(int(span.total_seconds()), 0)
    parts = [
        (seconds // 86_400, "d"),
        (seconds // 3_600 % 24, "h"),
        (seconds // 60 % 60, "min"),
        (seconds % 60, "s"),
    ]
    first = next((place for place, (count, _) in enumerate(parts) if count), 3)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2])


def ago_text(at: datetime | None, now: datetime) -> str:
    """How long ago, in words."""
    return "never" if at is None else f"{span_text(now - at)} ago"


def _tone(amount: Decimal | float) -> Tone:
    return "good" if amount > 0 else "act" if amount < 0 else ""
