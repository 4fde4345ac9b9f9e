"""The scheduler while the wall clock is set: no slot is lost, none told twice."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

from core.messages.scheduler import ClockSet
from core.orders.books import Job
from tests.actors.scheduler.desk import CYCLES, Desk, at


def test_a_clock_that_ran_ahead_for_a_while_loses_no_slot_of_the_day() -> None:
    """Eight hours ahead for 75 s: the day's slots were told then, and are told again at their real time."""
    desk = Desk(at(0, 4))
    desk.start()
    desk.wake_at(at(0, 12))
    desk.actor.on_receive(ClockSet(step_s=28_800.0, at=at(0, 12)))
    assert [due.slot for due in desk.due(Job.SETTLEMENT, Job.MONITOR)] == [at(0, 8, 10), at(0, 12)]
    seen = len(desk.due())
    desk.ctx.time = at(0, 4, 1)
    desk.actor.on_receive(ClockSet(step_s=-28_800.0 + 60, at=at(0, 4, 1)))
    assert desk.recorded()[Job.MONITOR] == at(0, 12)
    desk.run_until(at(0, 14, 1))
    later = [due for due in desk.due()[seen:] if due.job in CYCLES]
    microseconds = timedelta(microseconds=1)
    assert [(due.job, due.slot) for due in later] == [
        (Job.DIGEST, at(0, 6, 30) + microseconds),
        (Job.SETTLEMENT, at(0, 8, 10) + microseconds),
        (Job.MONITOR, at(0, 12) + microseconds),
        (Job.ENTRY, at(0, 14)),
    ]
    health = [due.slot for due in desk.due(Job.HEALTH) if at(0, 4, 1) < due.slot < at(0, 5)]
    assert health == [at(0, 4, minute) for minute in range(5, 60, 5)]


def test_a_next_run_in_the_books_that_lies_too_far_ahead_is_not_believed() -> None:
    desk = Desk(at(0, 4))
    desk.start({job: at(9, 23) for job in Job})
    assert desk.recorded()[Job.ENTRY] == at(0, 14)
    desk.run_until(at(0, 14, 1))
    assert [due.slot - due.slot.replace(microsecond=0) for due in desk.due(Job.ENTRY)] == [
        timedelta(microseconds=1)
    ]
    assert [due.slot for due in desk.due(Job.HEALTH)][:2] == [at(0, 4, 5), at(0, 4, 10)]


def test_a_slot_that_a_clock_ahead_has_used_up_is_told_again_however_often_it_is_started_till_then() -> None:
    """The books hold the rows of a start with a clock ahead; what they hold as next is right again since."""
    desk = Desk(at(0, 4))
    right = {Job.ENTRY: at(0, 14), Job.SETTLEMENT: at(0, 8, 10), Job.MONITOR: at(0, 12)}
    used = {Job.ENTRY: at(0, 14), Job.SETTLEMENT: at(1, 8, 10), Job.MONITOR: at(0, 0)}
    desk.start(right, used)
    desk.run_until(at(0, 14, 1))
    microsecond = timedelta(microseconds=1)
    later = [due for due in desk.due(Job.ENTRY, Job.SETTLEMENT, Job.MONITOR) if due.slot > at(0, 4)]
    assert [(due.job, due.slot) for due in later] == [
        (Job.SETTLEMENT, at(0, 8, 10) + microsecond),
        (Job.MONITOR, at(0, 12)),
        (Job.ENTRY, at(0, 14) + microsecond),
    ]


def test_a_slot_of_now_is_not_told_twice_because_a_later_one_is_used_up() -> None:
    """A start within the grace of a slot tells it again as it was: it may have been carried out."""
    desk = Desk(at(0, 14, 1))
    desk.start({Job.ENTRY: at(7, 14)}, {Job.ENTRY: at(7, 14)})
    assert [due.slot for due in desk.due(Job.ENTRY)] == [at(0, 14)]


def test_a_clock_set_ahead_runs_what_is_due_now_and_not_when_the_timer_would_have_come() -> None:
    desk = Desk(at(0, 4))
    desk.start()
    desk.ctx.time = at(0, 12, 1)
    desk.actor.on_receive(ClockSet(step_s=28_860.0, at=at(0, 12, 1)))
    assert at(0, 12) in [due.slot for due in desk.due(Job.MONITOR)]


def test_a_clock_set_back_while_a_job_is_told_keeps_no_job_from_running() -> None:
    """A week ahead for some hours, set right in the middle of a wake: what was planned is not believed."""
    desk = Desk(at(0, 4))
    desk.start()
    desk.wake_at(at(7, 5))
    desk.run_until(at(7, 8))
    health = desk.actor._jobs[Job.HEALTH]
    told = health.job_func

    def told_and_set_back(slot: datetime, misfired: bool) -> None:
        assert told is not None
        told(slot, misfired)
        desk.ctx.time = at(0, 7, 5)

    health.job_func = partial(told_and_set_back)
    desk.wake_at(at(7, 8, 5))
    health.job_func = told
    desk.actor.on_receive(ClockSet(step_s=-7 * 86_400.0, at=desk.ctx.now()))
    desk.acknowledge()
    before = len(desk.due())
    desk.run_until(at(1, 7))
    after = Counter(due.job for due in desk.due()[before:])
    assert after[Job.MONITOR] == 2
    assert after[Job.SETTLEMENT] == after[Job.ENTRY] == 1
    assert after[Job.HEALTH] > 280
