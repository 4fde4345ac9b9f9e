"""Scheduler: tells each job's owner that a slot is due, once."""

from __future__ import annotations

from datetime import datetime

from core.messages.base import Command, Event, Query
from core.orders.books import Job


class StartJobs(Command):
    """Told by health when the engine's start is on record: from now on jobs run."""


class ClockSet(Event):
    """The system's clock was set by `step_s` seconds, positive if ahead: times of day are planned anew."""

    step_s: float
    at: datetime


class JobDue(Event):
    """`slot` is the due moment on the job's grid; `misfired`: too old to act on, recorded only."""

    job: Job
    slot: datetime
    misfired: bool = False


class Jobs(Event):
    running: bool
    next_runs: dict[Job, datetime]
    disabled: tuple[Job, ...]


class GetJobs(Query[Jobs]):
    """Answered by `Jobs`."""
