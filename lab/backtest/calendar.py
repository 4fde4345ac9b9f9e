"""When the jobs of a strategy are due, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def last_slot(every: timedelta, at: datetime) -> datetime:
    """The last slot at or before a moment of a job that is due every so often, whenever it was started."""
    return _EPOCH + (at - _EPOCH) // every * every


def next_daily(times: tuple[str, ...], after: datetime) -> datetime:
    """The first of these times of day after a moment."""
    moments = [_on(after, text) for text in times]
    return min(at if at > after else at + _DAY for at in moments)


def next_weekly(weekday: str, at: str, after: datetime) -> datetime:
    """The first such time of a week after a moment."""
    moment = _on(after, at) + _DAY * ((WEEKDAYS.index(weekday) - after.weekday()) % 7)
    return moment if moment > after else moment + 7 * _DAY


def _on(day: datetime, text: str) -> datetime:
    return datetime.combine(day.date(), time.fromisoformat(text), day.tzinfo)
