"""When the jobs that trade are due, told by the settings alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from core.orders.books import Job
from core.strategy import SchedulerSection, Strategy

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def slots(strategy: Strategy, job: Job, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The slots of entry, monitor or settlement in [begin, end)."""
    section = strategy.scheduler
    day = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        for at in _times(section, job, day):
            if begin <= at < end:
                yield at
        day += timedelta(days=1)


def is_slot(strategy: Strategy, job: Job, at: datetime) -> bool:
    """Whether it is one; told again after the clock was set, a slot is some microseconds late."""
    whole = at.replace(microsecond=0)
    return whole in slots(strategy, job, whole, whole + timedelta(seconds=1))


def _times(section: SchedulerSection, job: Job, day: datetime) -> Iterator[datetime]:
    match job:
        case Job.ENTRY if WEEKDAYS[day.weekday()] == section.entry_weekday:
            texts: tuple[str, ...] = (section.entry_time,)
        case Job.MONITOR:
            texts = tuple(section.monitor_times)
        case Job.SETTLEMENT:
            texts = (section.settlement_time,)
        case _:
            texts = ()
    for text in texts:
        hour, minute = text.split(":")[:2]
        yield day + timedelta(hours=int(hour), minutes=int(minute))
