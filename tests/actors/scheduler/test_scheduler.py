"""The scheduler's actor: what it tells, when it wakes, and that no slot is told twice or lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.runtime.testing import FakeAddress
from actors.scheduler.actor import SlotDue
from core.messages.base import Refused
from core.messages.room_status import HealthStatus
from core.messages.scheduler import GetJobs, JobDue, Jobs
from core.messages.state import GetJobRuns, RecordJobRuns
from core.orders.books import Job
from core.strategy import SchedulerSection, Strategy
from core.values import Mode
from tests.actors.scheduler.desk import CYCLES, MONDAY, Desk, at

QUIET = Strategy(scheduler=SchedulerSection(health_every_min=60, snapshot_every_min=60))
"""Fewer wakes between the slots of cycles, for the long histories."""


def test_nothing_is_due_before_the_start_is_on_record() -> None:
    desk = Desk(at(0, 0))
    assert not desk.ctx.pending_timers
    assert desk.ctx.told_to("state") == []


def test_a_week_has_the_slots_of_the_plan() -> None:
    desk = Desk(at(0, 0, 1))
    desk.start()
    desk.run_until(at(7, 0, 1))
    assert [message.slot for message in desk.due(Job.ENTRY)] == [at(0, 14)]
    assert [message.slot for message in desk.due(Job.MONITOR)] == [
        at(day, hour) for day in range(8) for hour in (0, 12) if at(0, 0, 1) < at(day, hour) <= at(7, 0, 1)
    ]
    assert [message.slot for message in desk.due(Job.SETTLEMENT)] == [at(day, 8, 10) for day in range(7)]
    assert len(desk.due(Job.MARKET_SNAPSHOT)) == 7 * 96
    assert len(desk.due(Job.HEALTH)) == 7 * 288
    assert len(desk.due(Job.BACKUP)) == 7 * 24
    assert desk.due(Job.KELLY) == []


def test_kelly_is_due_on_the_first_of_the_month() -> None:
    desk = Desk(datetime(2026, 1, 31, 23, 0, tzinfo=UTC))
    desk.start()
    desk.run_until(datetime(2026, 2, 2, tzinfo=UTC))
    assert [message.slot for message in desk.due(Job.KELLY)] == [datetime(2026, 2, 1, 0, 30, tzinfo=UTC)]


def test_each_job_goes_to_its_owner() -> None:
    desk = Desk(at(0, 7, 59))
    desk.start()
    desk.run_until(at(0, 14))
    owners = {message.job: address.name for address, message in desk.ctx.told if isinstance(message, JobDue)}
    assert owners == {
        Job.ENTRY: "decision",
        Job.MONITOR: "decision",
        Job.SETTLEMENT: "decision",
        Job.HEALTH: "health",
        Job.BACKUP: "health",
        Job.MARKET_SNAPSHOT: "market_data",
    }


@pytest.mark.parametrize(
    ("mode", "off"),
    [
        (Mode(data_analysis=True, strategy=False), {Job.ENTRY, Job.MONITOR}),
        (Mode(data_analysis=False, strategy=True), {Job.MARKET_SNAPSHOT}),
        (Mode(data_analysis=False, strategy=False), {Job.ENTRY, Job.MONITOR, Job.MARKET_SNAPSHOT}),
    ],
)
def test_what_the_mode_leaves_off_is_never_due_and_the_infrastructure_always(
    mode: Mode, off: set[Job]
) -> None:
    desk = Desk(at(0, 7), mode)
    desk.start()
    desk.run_until(at(1, 0))
    seen = {message.job for message in desk.due()}
    assert seen == {Job.SETTLEMENT, Job.HEALTH, Job.BACKUP, Job.ENTRY, Job.MONITOR, Job.MARKET_SNAPSHOT} - off
    with desk.ctx.handling(GetJobs(), sender=FakeAddress("control")):
        desk.actor.on_receive(GetJobs())
    view = desk.ctx.told_to("control")[-1]
    assert isinstance(view, Jobs)
    assert set(view.disabled) == off
    assert not off & set(view.next_runs)


def test_it_wakes_at_the_next_due_moment_only() -> None:
    """A clock that jumps must find nothing between two slots."""
    desk = Desk(at(0, 0, 1))
    desk.start()
    wakes = [timer.when for timer in desk.ctx.pending_timers if isinstance(timer.message, SlotDue)]
    assert wakes == [at(0, 0, 5)]


def test_a_restarted_actor_starts_by_itself_when_health_says_that_the_engine_has() -> None:
    desk = Desk(at(0, 1))
    status = HealthStatus(
        booted=True,
        routers=(),
        venue=None,
        disk_free_bytes=None,
        disk_low=False,
        last_backup_at=None,
        last_backup_error=None,
    )
    desk.actor.on_receive(status.model_copy(update={"booted": False}))
    assert desk.ctx.told_to("state") == []
    desk.actor.on_receive(status)
    assert desk.ctx.told_to("state") == [GetJobRuns()]


def test_an_entry_missed_by_more_than_its_grace_is_told_as_misfired() -> None:
    desk = Desk(at(0, 14, 6))
    desk.start({Job.ENTRY: at(0, 14)})
    assert desk.due(Job.ENTRY) == [JobDue(job=Job.ENTRY, slot=at(0, 14), misfired=True)]


def test_an_entry_missed_within_its_grace_runs() -> None:
    desk = Desk(at(0, 14, 4))
    desk.start({Job.ENTRY: at(0, 14)})
    assert desk.due(Job.ENTRY) == [JobDue(job=Job.ENTRY, slot=at(0, 14))]


def test_missed_monitors_run_once_for_the_latest_slot_and_misfire_the_others() -> None:
    desk = Desk(at(2, 13))
    desk.start({Job.MONITOR: at(1, 12)})
    assert desk.due(Job.MONITOR) == [
        JobDue(job=Job.MONITOR, slot=at(1, 12), misfired=True),
        JobDue(job=Job.MONITOR, slot=at(2, 0), misfired=True),
        JobDue(job=Job.MONITOR, slot=at(2, 12)),
    ]


def test_state_is_told_the_next_runs_that_have_changed_and_all_after_a_refusal() -> None:
    desk = Desk(at(0, 7))
    desk.start()
    assert len(desk.records()[0].next_runs) == len(desk.actor._jobs)
    desk.run_until(at(0, 12))
    changed = desk.records()[-1]
    assert Job.MONITOR in changed.next_runs
    assert Job.KELLY not in changed.next_runs
    desk.actor.on_receive(Refused(request_id=changed.request_id, reasons=("disk_full: …",)))
    desk.run_until(at(0, 14))
    assert len(desk.records()[-1].next_runs) == len(desk.actor._jobs)


def test_next_runs_that_are_still_told_are_told_again_with_the_others() -> None:
    """The one that is told again may reach the books after the other."""
    desk = Desk(at(0, 7))
    desk.start()
    for moment in (at(0, 12), at(0, 14)):
        for message in desk.ctx.advance((moment - desk.ctx.now()).total_seconds()):
            desk.actor.on_receive(message)
    told = {record.request_id: record.next_runs for record in desk.records()}
    first, unanswered, last = told.values()
    assert len(unanswered) < len(last) == len(first)


def test_the_digest_is_due_on_monday_morning() -> None:
    desk = Desk(at(0, 0, 1))
    desk.start()
    desk.run_until(at(7, 23))
    assert [message.slot for message in desk.due(Job.DIGEST)] == [at(0, 6, 30), at(7, 6, 30)]


def test_a_missed_digest_is_told_however_late() -> None:
    desk = Desk(at(2, 13))
    desk.start({Job.DIGEST: at(0, 6, 30)})
    assert desk.due(Job.DIGEST) == [JobDue(job=Job.DIGEST, slot=at(0, 6, 30))]


def test_a_slot_that_was_told_and_perhaps_not_opened_is_told_again_after_a_restart() -> None:
    """The books hold (job, slot) once, so telling it again is harmless; losing it would not be."""
    desk = Desk(at(0, 14, 1))
    desk.start({Job.ENTRY: at(7, 14)})
    assert desk.due(Job.ENTRY) == [JobDue(job=Job.ENTRY, slot=at(0, 14))]


def test_on_a_fresh_folder_nothing_of_the_past_is_due() -> None:
    desk = Desk(at(0, 14, 1))
    desk.start()
    assert desk.due(*CYCLES) == []


def test_a_slot_on_the_very_moment_of_the_first_start_is_due() -> None:
    desk = Desk(at(0, 0))
    desk.start()
    assert [message.slot for message in desk.due(Job.MONITOR)] == [at(0, 0)]


def test_an_unknown_message_is_a_crash() -> None:
    with pytest.raises(TypeError, match="expected a message of Scheduler"):
        Desk(at(0, 0)).actor.on_receive("tick")


class SlotsAcrossRestarts(RuleBasedStateMachine):
    """Time passes, the process dies and comes back, mail to decision may die with it.

    The model is what the books hold: each slot of a cycle that was opened, once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.start_at = at(0, 0, 1)
        self.rows: dict[tuple[Job, datetime], bool] = {}
        self.stored: dict[Job, datetime] = {}
        self.down_since: datetime | None = None
        self.dark: list[tuple[datetime, datetime]] = []
        self.boot(self.start_at)

    def boot(self, now: datetime) -> None:
        self.desk = Desk(now, strategy=QUIET)
        self.desk.start(self.stored)
        self.delivered = 0
        self.deliver()

    def deliver(self) -> None:
        """Decision opens a row for each slot that reaches it; state keeps the next runs."""
        for address, message in self.desk.ctx.told[self.delivered :]:
            if isinstance(message, JobDue) and address.name == "decision":
                self.rows.setdefault((message.job, message.slot), message.misfired)
            elif isinstance(message, RecordJobRuns):
                self.stored |= message.next_runs
        self.delivered = len(self.desk.ctx.told)

    @precondition(lambda self: self.down_since is None)
    @rule(minutes=st.integers(1, 3000))
    def time_passes(self, minutes: int) -> None:
        end = self.desk.ctx.now() + timedelta(minutes=minutes)
        while (following := min(t.when for t in self.desk.ctx.pending_timers)) <= end:
            self.desk.wake_at(following)
            self.deliver()
        self.desk.wake_at(end)

    @precondition(lambda self: self.down_since is None)
    @rule()
    def dies(self) -> None:
        self.down_since = self.desk.ctx.now()

    @precondition(lambda self: self.down_since is None)
    @rule()
    def dies_with_the_next_slot_told_but_not_opened(self) -> None:
        """The next runs reach the disk, the slot itself does not reach decision."""
        while True:
            self.desk.wake_at(min(t.when for t in self.desk.ctx.pending_timers))
            news = self.desk.ctx.told[self.delivered :]
            if any(address.name == "decision" for address, _ in news):
                break
            self.deliver()
        for _, message in news:
            if isinstance(message, RecordJobRuns):
                self.stored |= message.next_runs
        self.down_since = self.desk.ctx.now()

    @precondition(lambda self: self.down_since is not None)
    @rule(seconds=st.integers(1, 299) | st.integers(300, 6 * 86_400))
    def comes_back(self, seconds: int) -> None:
        assert self.down_since is not None
        now = self.down_since + timedelta(seconds=seconds)
        self.dark.append((self.down_since, now))
        self.down_since = None
        self.boot(now)

    def slots(self, job: Job, until: datetime) -> list[datetime]:
        days = range((until - MONDAY).days + 1)
        every = {
            Job.ENTRY: [at(day, 14) for day in days if day % 7 == 0],
            Job.MONITOR: [at(day, hour) for day in days for hour in (0, 12)],
            # With the last before the first start: a job without grace is told it again, and it may be new.
            Job.SETTLEMENT: [at(day, 8, 10) for day in (-1, *days)],
        }[job]
        return [slot for slot in every if slot <= until]

    @invariant()
    def while_up_every_slot_has_its_row_and_no_slot_is_invented(self) -> None:
        """Slots that fell into an outage longer than the grace may misfire; none is lost while up."""
        if self.down_since is not None:
            return
        now = self.desk.ctx.now()
        for job in (Job.ENTRY, Job.MONITOR, Job.SETTLEMENT):
            due = self.slots(job, now)
            rows = [slot for kind, slot in self.rows if kind is job]
            assert set(rows) <= set(due)
            for slot in (slot for slot in due if slot > self.start_at):
                in_long_dark = any(
                    since <= slot <= back and back - slot > timedelta(seconds=300)
                    for since, back in self.dark
                )
                if not in_long_dark:
                    assert self.rows.get((job, slot)) is False, f"{job} {slot} lost or misfired at {now}"
                elif job in (Job.MONITOR, Job.SETTLEMENT) and slot == due[-1]:
                    assert self.rows.get((job, slot)) is False, f"the latest {job} runs however late"

    @invariant()
    def told_once_in_one_incarnation(self) -> None:
        told = [(message.job, message.slot) for message in self.desk.due()]
        assert len(told) == len(set(told))


TestSlotsAcrossRestarts = SlotsAcrossRestarts.TestCase
TestSlotsAcrossRestarts.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
