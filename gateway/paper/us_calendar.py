"""The model market's events: the usual American calendar, by rule, in UTC with daylight saving.

Rate decisions come on eight Wednesdays at 14:00 in New York, consumer prices about the 12th and employment on
the first Friday, both at 08:30 in New York.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.paper.source import ScheduledRelease

_WEDNESDAY, _FRIDAY, _SATURDAY, _SUNDAY = 2, 4, 5, 6
_LAST: Final = -1
_DECISIONS: Final = {1: _LAST, 3: 3, 4: _LAST, 6: 3, 7: _LAST, 9: 3, 10: _LAST, 12: 2}
"""Month -> which Wednesday of it."""
_PRICES_DAY: Final = 12


def us_events(start: datetime, end: datetime) -> list[ScheduledRelease]:
    """The high-importance events in [start, end], by time."""
    found = []
    year, month = start.year, start.month
    while (year, month) <= (end.year, end.month):
        found += _events_of_month(year, month)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return sorted((e for e in found if start <= e.scheduled_at <= end), key=lambda e: e.scheduled_at)


def _events_of_month(year: int, month: int) -> list[ScheduledRelease]:
    events = []
    if month in _DECISIONS:
        day = _weekday_of_month(year, month, _WEDNESDAY, _DECISIONS[month])
        events.append(ScheduledRelease("FOMC rate decision", "US", "high", _new_york(day, 14, 0)))
    prices = datetime(year, month, _PRICES_DAY, tzinfo=UTC)
    if prices.weekday() >= _SATURDAY:
        prices += timedelta(days=8 - prices.weekday())
    events.append(ScheduledRelease("CPI", "US", "high", _new_york(prices, 8, 30)))
    jobs = _weekday_of_month(year, month, _FRIDAY, 1)
    events.append(ScheduledRelease("Employment Situation", "US", "high", _new_york(jobs, 8, 30)))
    return events


def _weekday_of_month(year: int, month: int, weekday: int, which: int) -> datetime:
    """The first, second, … or (which = -1) last such weekday of the month."""
    if which == _LAST:
        following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        return following - timedelta(days=(following.weekday() - weekday - 1) % 7 + 1)
    first = datetime(year, month, 1, tzinfo=UTC)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))


def _new_york(day: datetime, hour: int, minute: int) -> datetime:
    """A New York time of day in UTC. Summer time lasts from March's second to November's first Sunday."""
    summer_from = _weekday_of_month(day.year, 3, _SUNDAY, 2)
    summer_to = _weekday_of_month(day.year, 11, _SUNDAY, 1)
    offset = 4 if summer_from <= day < summer_to else 5
    return day.replace(hour=hour + offset, minute=minute)
