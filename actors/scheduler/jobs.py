"""The engine's jobs on their grids: when each is due, and which ones the mode disables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from actors.scheduler.clock_schedule import ClockJob, ClockScheduler
from core.orders.books import Job
from core.strategy import SchedulerSection
from core.values import Mode

KELLY_TIME: Final = "00:30"
DIGEST_WEEKDAY: Final = "monday"
DIGEST_TIME: Final = "06:30"
"""Before the day's entry, its settlement and the maintenance window: it disturbs nobody."""

OnDue = Callable[[Job, datetime, bool], None]


def disabled_jobs(mode: Mode) -> tuple[Job, ...]:
    """Entry and monitor need strategy, the market snapshot data analysis; the others are always on."""
    off = [] if mode.strategy else [Job.ENTRY, Job.MONITOR]
    return (*off, *(() if mode.data_analysis else (Job.MARKET_SNAPSHOT,)))


def build_jobs(
    scheduler: ClockScheduler, section: SchedulerSection, on_due: OnDue, off: frozenset[Job] = frozenset()
) -> dict[Job, ClockJob]:
    """Every job by name, but for those that are off. Jobs with the same slot are told in this order, so that
    a job comes after those on whose results it builds."""
    settlement = scheduler.every().day.at(section.settlement_time)
    snapshot = scheduler.every(section.snapshot_every_min).minutes
    monitor = scheduler.every().day
    for at in section.monitor_times:
        monitor = monitor.at(at)
    entry = weekly(scheduler, section.entry_weekday).at(section.entry_time)
    kelly = scheduler.every().day.at(KELLY_TIME).on_day_of_month(section.kelly_day)
    jobs: dict[Job, ClockJob] = {
        Job.SETTLEMENT: settlement,
        Job.HEALTH: scheduler.every(section.health_every_min).minutes,
        Job.MARKET_SNAPSHOT: snapshot,
        Job.MONITOR: monitor,
        Job.ENTRY: entry,
        Job.KELLY: kelly,
        Job.DIGEST: weekly(scheduler, DIGEST_WEEKDAY).at(DIGEST_TIME),
        Job.BACKUP: scheduler.every(section.backup_every_min).minutes,
    }
    jobs = {name: job for name, job in jobs.items() if name not in off}
    for name, job in jobs.items():
        grace_s = section.grace_s if name.has_grace else None
        job.grace(grace_s, tell_missed=name.is_cycle).do(on_due, name)
    return jobs


def weekly(scheduler: ClockScheduler, weekday: str) -> ClockJob:
    """A job on one day of the week, by its name."""
    job = scheduler.every()
    job.unit, job.start_day = "weeks", weekday
    return job
