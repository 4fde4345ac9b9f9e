"""When the jobs of a strategy are due, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Final

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def last_slot(every: timedelta, at: datetime) -> datetime:
    """The last slot at or before a moment of a job that is due every so often, whenever it was started."""
    return _EPOCH + (at - _EPOCH) // every * every


def next_daily(times: tuple[str, ...], after: datetime) -> datetime:
    """The first of these times of day after a moment."""
    midnight = _midnight(after)
    moments = [midnight + _after_midnight(text) for text in times]
    return min([at if at > after else at + _DAY for at in moments])


def next_weekly(weekday: str, at: str, after: datetime) -> datetime:
    """The first such time of a week after a moment."""
    days = (WEEKDAYS.index(weekday) - after.weekday()) % 7
    moment = _midnight(after) + _after_midnight(at) + _DAY * days
    return moment if moment > after else moment + 7 * _DAY


def _midnight(after: datetime) -> datetime:
    return after.replace(hour=0, minute=0, second=0, microsecond=0)


@cache
def _after_midnight(text: str) -> timedelta:
    at = time.fromisoformat(text)
    return timedelta(hours=at.hour, minutes=at.minute)
