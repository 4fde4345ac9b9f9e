"""A scheduler with fakes around it, and market time as its tests write it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from actors.runtime.testing import FakeAddress, FakeContext
from actors.scheduler import Scheduler
from core.messages.scheduler import JobDue, StartJobs
from core.messages.state import JobRuns, Recorded, RecordJobRuns
from core.orders.books import Job
from core.strategy import Strategy
from core.values import Mode

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
STRATEGY = Strategy()
CYCLES = tuple(job for job in Job if job.is_cycle)


class Desk:
    """One incarnation of the scheduler with fakes around it."""

    def __init__(
        self,
        now: datetime,
        mode: Mode | None = None,
        strategy: Strategy = STRATEGY,
        jobs_off: frozenset[Job] = frozenset(),
    ) -> None:
        self.ctx = FakeContext("scheduler", now=now)
        self.rooms = {name: FakeAddress(name) for name in ("decision", "health", "market_data", "state")}
        self.actor = Scheduler(
            **self.rooms,
            mode=mode or Mode(data_analysis=True, strategy=True),
            strategy=strategy,
            jobs_off=jobs_off,
        )
        self.actor.ctx = self.ctx
        self.acknowledged = 0
        self.actor.on_start()

    def start(
        self, next_runs: dict[Job, datetime] | None = None, last_slots: dict[Job, datetime] | None = None
    ) -> None:
        self.actor.on_receive(StartJobs())
        self.actor.on_receive(JobRuns(next_runs=next_runs or {}, last_slots=last_slots or {}))
        self.acknowledge()

    def acknowledge(self) -> None:
        """State has on disk what it was told."""
        news, self.acknowledged = self.ctx.told[self.acknowledged :], len(self.ctx.told)
        for _, message in news:
            if isinstance(message, RecordJobRuns):
                self.actor.on_receive(Recorded(request_id=message.request_id))

    def wake_at(self, moment: datetime) -> None:
        """Let time pass in one jump; whatever timer came due is handled."""
        for message in self.ctx.advance((moment - self.ctx.now()).total_seconds()):
            self.actor.on_receive(message)
        self.acknowledge()
        self.ctx.timers = self.ctx.pending_timers

    def run_until(self, end: datetime) -> None:
        """Let time pass from timer to timer, as the jumping clock does."""
        while True:
            following = min(timer.when for timer in self.ctx.pending_timers)
            if following > end:
                self.wake_at(end)
                return
            self.wake_at(following)

    def due(self, *jobs: Job) -> list[JobDue]:
        told = [message for _, message in self.ctx.told if isinstance(message, JobDue)]
        return [message for message in told if not jobs or message.job in jobs]

    def records(self) -> list[RecordJobRuns]:
        return [message for message in self.ctx.told_to("state") if isinstance(message, RecordJobRuns)]

    def recorded(self) -> dict[Job, datetime]:
        """The next runs as state holds them, which keeps those that it was not told anew."""
        found: dict[Job, datetime] = {}
        for record in self.records():
            found |= record.next_runs
        return found


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)
