"""The scheduler: tells each job's owner that a slot is due, and wakes itself at the next one only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from actors.room import Room, answerer
from actors.runtime import Address, Terminated, Timer
from actors.scheduler.clock_schedule import ClockJob, ClockScheduler
from actors.scheduler.jobs import build_jobs, disabled_jobs
from core.messages.base import Refused
from core.messages.health import GetHealth
from core.messages.protocols import (
    DecisionProtocol,
    HealthProtocol,
    MarketDataProtocol,
    SchedulerProtocol,
    StateProtocol,
)
from core.messages.room_status import HealthStatus
from core.messages.scheduler import ClockSet, GetJobs, JobDue, Jobs, StartJobs
from core.messages.state import GetJobRuns, GetLastCycle, JobRuns, LastCycle, Recorded, RecordJobRuns
from core.orders.books import Job
from core.strategy import Strategy
from core.values import Mode, cycle_id_of

MICROSECOND: Final = timedelta(microseconds=1)
ASK_AGAIN_S: Final = 5.0
"""How long state may take to answer `GetJobRuns` until it is told again."""


@dataclass(frozen=True)
class SlotDue:
    """Timer message to self: a slot is due."""


@dataclass(frozen=True)
class AskRunsAgain:
    """Timer message to self: the answer with the next runs has not come."""


class Scheduler(Room[SchedulerProtocol | SlotDue | AskRunsAgain | Terminated]):
    """Tells each job's owner when a slot of the job is due.

    Accepts: `StartJobs`, `GetJobs`, `ClockSet`; `HealthStatus`, `JobRuns`, `LastCycle`, `Recorded`,
    `Refused`; the end of decision.
    Sends: `JobDue` to decision, health and market_data; `GetJobRuns`, `GetLastCycle`, `RecordJobRuns` to
    state; `GetHealth`.
    Owns: when each job is due next.
    On failure: a new incarnation learns from health whether the engine has started and from state when each
    job is due, and tells the last slot of each cycle again: (job, slot) is unique in the books, so that is
    harmless, and a slot that was told but never opened is not lost. If decision ends, a slot that it was told
    and has not opened is told to its successor, once.
    """

    def __init__(
        self,
        *,
        decision: Address[DecisionProtocol],
        health: Address[HealthProtocol],
        market_data: Address[MarketDataProtocol],
        state: Address[StateProtocol],
        mode: Mode,
        strategy: Strategy,
        jobs_off: frozenset[Job] = frozenset(),
    ) -> None:
        """`jobs_off` are not on the grid at all: nothing wakes for them."""
        self._owners: dict[Job, Address[JobDue]] = {
            Job.ENTRY: decision,
            Job.MONITOR: decision,
            Job.SETTLEMENT: decision,
            Job.KELLY: decision,
            Job.DIGEST: decision,
            Job.HEALTH: health,
            Job.BACKUP: health,
            Job.MARKET_SNAPSHOT: market_data,
        }
        self._health = health
        self._state = state
        self._section = strategy.scheduler
        self._disabled = (*disabled_jobs(mode), *sorted(jobs_off))
        self._off = jobs_off
        self._started = False
        self._jobs: dict[Job, ClockJob] = {}
        self._scheduler: ClockScheduler | None = None
        self._wake: Timer | None = None
        self._told: dict[Job, datetime] = {}
        """The next runs as state was told them."""
        self._used_until: dict[Job, datetime] = {}
        """Slots before these were told by a clock that ran ahead: they are told again, at their real time."""
        self._apart = timedelta(0)
        self._decision = decision
        self._last_due: dict[Job, JobDue] = {}
        """What decision was told last of each cycle, unless it was told that twice."""

    def on_start(self) -> None:
        super().on_start()
        self.ctx.watch(self._decision)
        # If only this actor was restarted, StartJobs is not sent again; health knows whether it was sent.
        self.ctx.tell(self._health, GetHealth())

    def handle(self, message: SchedulerProtocol | SlotDue | AskRunsAgain | Terminated) -> None:
        match message:
            case StartJobs():
                self._handle_start_jobs()
            case GetJobs():
                answerer(self.ctx, message)(self._view())
            case HealthStatus():
                if message.booted:
                    self._handle_start_jobs()
            case ClockSet():
                self._handle_wake()
            case JobRuns():
                self._handle_job_runs(message)
            case LastCycle():
                self._handle_last_cycle(message)
            case Terminated():
                self._handle_terminated(message)
            case Recorded():
                self.outbox.settle(message.request_id)
            case Refused():
                # The books take nothing now. State alerts of that; the next slot tries again.
                self.outbox.settle(message.request_id)
                self._told = {}
            case SlotDue():
                self._handle_wake()
            case AskRunsAgain():
                self._ask_runs()
            case _:
                assert_never(message)

    def _handle_start_jobs(self) -> None:
        if not self._started:
            self._started = True
            self._ask_runs()

    def _ask_runs(self) -> None:
        if self._scheduler is None:
            self.ctx.tell(self._state, GetJobRuns())
            self.ctx.call_later(ASK_AGAIN_S, AskRunsAgain())

    def _handle_job_runs(self, runs: JobRuns) -> None:
        if self._scheduler is not None:
            return  # The answer to a question that was repeated.
        self._scheduler = ClockScheduler(self.ctx.now)
        self._jobs = build_jobs(self._scheduler, self._section, self._job_due, self._off)
        for job, grid in self._jobs.items():
            if job in runs.next_runs:
                self._resume(job, runs.next_runs[job])
            else:
                # A slot that falls on the very moment of the first start is due, as any other.
                grid.resume_at(self.ctx.now())
        self._note_used(runs.last_slots)
        self._handle_wake()

    def _note_used(self, last_slots: Mapping[Job, datetime]) -> None:
        """Slots up to one that has a row though it is still to come were told by a clock that ran ahead, in
        this life or an earlier one."""
        now = self.ctx.now()
        for job, slot in last_slots.items():
            if slot > now:
                self._use_until(job, slot + MICROSECOND)

    def _use_until(self, job: Job, until: datetime) -> None:
        self._used_until[job] = max(until, self._used_until.get(job, until))
        self._apart = timedelta(microseconds=max(1, self.ctx.now().microsecond))

    def _resume(self, job: Job, due_at: datetime) -> None:
        """Continue at the slot that the books hold as the job's next.

        A cycle's last slot before it is told again, because it may have been told and never opened: within
        its grace, and always for jobs without one.
        """
        grid = self._jobs[job]
        now = self.ctx.now()
        grid.resume_at(due_at)
        if grid.due_at > now and job.is_cycle:
            before = self._slot_before(grid, now)
            in_grace = now - before <= timedelta(seconds=self._section.grace_s)
            if before < due_at and (in_grace or not job.has_grace):
                self._job_due(job, before, False)

    def _slot_before(self, grid: ClockJob, now: datetime) -> datetime:
        """The latest slot at or before `now`; looked for in widening windows, as grids differ."""
        for days in (1, 7, 32, 62):
            slot = grid.slot_after(now - timedelta(days=days))
            if slot <= now:
                while (following := grid.slot_after(slot)) <= now:
                    slot = following
                return slot
        raise ValueError("expected every job to have had a slot within 62 days")

    def _handle_wake(self) -> None:
        if self._scheduler is None:
            return
        before = self._next_runs()
        self._plan_anew()
        try:
            self._scheduler.run_pending()
        finally:
            # Also if a job raised, which ends this incarnation: the next must not repeat the others' slots.
            after = self._next_runs()
            if self._wake is None or any(after[job] != before[job] and job.is_cycle for job in after):
                self._record(after)
            self._set_wake(min(after.values()))

    def _plan_anew(self) -> None:
        """Take back each run that lies further ahead than the next slot: a clock that ran ahead planned it.

        Its slots up to there have been told, and (job, slot) is unique in the books. So that they run at
        their real time all the same, they are told again some microseconds late.
        """
        now = self.ctx.now()
        for job, grid in self._jobs.items():
            if grid.planned_from is not None and grid.planned_from <= now:
                continue  # The first slot after an earlier time is as near as the first one after now.
            planned, following = grid.due_at, grid.slot_after(now)
            if planned > following:
                self.ctx.log().warning(
                    "a next run is not believed",
                    extra={"job": job.value, "planned": planned.isoformat(), "next": following.isoformat()},
                )
                self._use_until(job, planned)
                grid.resume_at(following)

    def _record(self, next_runs: dict[Job, datetime]) -> None:
        """Record the next runs that have changed. Called for changes of cycles only: the other jobs' may be
        forgotten."""
        # One that is still told may reach the books after this one: then all have to be in this one, too.
        known = {} if self.outbox.pending else self._told
        changed = {job: at for job, at in next_runs.items() if known.get(job) != at}
        self._told = next_runs
        request_id = f"jobs-{self.ctx.uuid()}"
        self.outbox.send(self._state, RecordJobRuns(request_id=request_id, next_runs=changed), request_id)

    def _set_wake(self, at: datetime) -> None:
        if self._wake is not None:
            self._wake.cancel()
        self._wake = self.ctx.call_at(at, SlotDue())

    def _job_due(self, job: Job, slot: datetime, misfired: bool) -> None:
        if job in self._disabled:
            return
        if job.is_cycle and slot < self._used_until.get(job, slot):
            slot += self._apart
        # Each slot starts its own correlation, instead of going on with that of the last wake-up.
        correlation = cycle_id_of(job, slot)
        due = JobDue(job=job, slot=slot, misfired=misfired)
        if job.is_cycle:
            self._last_due[job] = due
        self.ctx.tell(self._owners[job], due, correlation=correlation)

    def _handle_terminated(self, ended: Terminated) -> None:
        """Ask for the rows of what decision was told last: the message that it ended at is a dead letter."""
        if ended.path == self._decision.path and ended.restarting:
            for job in self._last_due:
                self.ctx.tell(self._state, GetLastCycle(request_id=self.ctx.uuid(), job=job))

    def _handle_last_cycle(self, last: LastCycle) -> None:
        """Tell a slot again that has no row. What has one was begun; that decision ends by itself.

        Once: it may be this very slot at which decision ends.
        """
        due = self._last_due.get(last.job)
        if due is None or (last.cycle is not None and last.cycle.slot >= due.slot):
            return
        del self._last_due[last.job]
        in_grace = self.ctx.now() - due.slot <= timedelta(seconds=self._section.grace_s)
        if in_grace or not due.job.has_grace:
            self.ctx.tell(self._decision, due, correlation=cycle_id_of(due.job, due.slot))

    def _next_runs(self) -> dict[Job, datetime]:
        return {job: grid.due_at for job, grid in self._jobs.items()}

    def _view(self) -> Jobs:
        runs = self._next_runs()
        return Jobs(
            running=self._scheduler is not None,
            next_runs={job: at for job, at in runs.items() if job not in self._disabled},
            disabled=self._disabled,
        )
