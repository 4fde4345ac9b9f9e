"""Axes: where a value stands between the ends of one, and which values are named beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from page.still.figure import Place

TICKS_MAX: Final = 6
ROOM_FRAC: Final = 0.05
"""Left free beyond the outermost values."""
_DAYS: Final = (1, 2, 7, 14)
_HOURS: Final = (1, 3, 6, 12)
_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120)
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`; `ticks` are values with their words."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def place(self, value: float) -> float:
        """Where a value stands: 0 at the low end, 1 at the high one."""
        return (value - self.low) / (self.high - self.low)


def number_axis(values: Sequence[float], ends: tuple[float, float] | None = None) -> Axis:
    """An axis of numbers that shows all of these, or from one end to the other."""
    if ends is None:
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        room = ROOM_FRAC * (high - low) or abs(high) * ROOM_FRAC or 1.0
        ends = low - room, high + room
    low, high = ends
    step = _step((high - low) / TICKS_MAX)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    ticks = ((each * step, f"{each * step:,.{digits}f}") for each in range(first, last + 1))
    return Axis(low, high, tuple((value, words.replace("-", "\N{MINUS SIGN}")) for value, words in ticks))


def named_axis(names: Sequence[str]) -> Axis:
    """An axis of names, each of which has a place of width 1 around its number."""
    every = math.ceil(len(names) / TICKS_MAX)
    ticks = tuple((float(place), name) for place, name in enumerate(names) if place % every == 0)
    return Axis(-0.5, max(len(names), 1) - 0.5, ticks)


def time_axis(times_s: Sequence[float], ends_s: tuple[float, float] | None = None) -> Axis:
    """An axis of times, in seconds since 1970; its words are UTC."""
    low, high = ends_s or ((min(times_s), max(times_s)) if times_s else (0.0, _DAY_S))
    if high <= low:
        low, high = low - _DAY_S / 2, high + _DAY_S / 2
    for steps, words in _grids(low, high):
        if len(steps) <= TICKS_MAX:
            return Axis(low, high, tuple((at.timestamp(), words(at)) for at in steps))
    return Axis(low, high, ())


def number_of(place: Place) -> float:
    """A place of an axis of numbers or times as a number."""
    if isinstance(place, str):
        return datetime.fromisoformat(place).replace(tzinfo=UTC).timestamp()
    return place


def _step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is no less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= least * (1 - 1e-9))


def _grids(low_s: float, high_s: float) -> Iterator[tuple[list[datetime], Callable[[datetime], str]]]:
    """Round times between both ends, from hours to decades, and how they are written."""
    low, high = (datetime.fromtimestamp(end, UTC) for end in (low_s, high_s))
    midnight = low.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    for hours in _HOURS:
        yield _even(midnight, timedelta(hours=hours), low, high), _hour
    for days in _DAYS:
        yield _even(midnight if days < 7 else monday, timedelta(days=days), low, high), _day
    for months in _MONTHS:
        yield _months(low, high, months), _month if months < 12 else _year


def _even(first: datetime, step: timedelta, low: datetime, high: datetime) -> list[datetime]:
    """Every step that lies between, one more than fit at most."""
    skipped = max(math.ceil((low - first) / step), 0)
    listed: list[datetime] = []
    at = first + skipped * step
    while at <= high and len(listed) <= TICKS_MAX:
        listed.append(at)
        at += step
    return listed


def _months(low: datetime, high: datetime, step: int) -> list[datetime]:
    count = 12 * low.year + low.month - 1
    count = -(-count // step) * step
    listed: list[datetime] = []
    while len(listed) <= TICKS_MAX:
        at = datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)
        if at > high:
            break
        if at >= low:
            listed.append(at)
        count += step
    return listed


def _hour(at: datetime) -> str:
    return f"{at:%H:%M}" if at.hour else _day(at)


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b}"


def _month(at: datetime) -> str:
    return f"{at:%b %Y}"


def _year(at: datetime) -> str:
    return f"{at:%Y}"
