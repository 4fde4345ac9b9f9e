"""A slot that decision was told when it ended, before it had opened it, is told to its successor; once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from actors.runtime import Terminated
from core.messages.state import GetLastCycle, LastCycle
from core.orders.books import CycleOutcome, CycleRow, Job
from core.values import cycle_id_of
from tests.actors.scheduler.desk import Desk, at

MONITOR_AT = at(0, 12)
ENTRY_AT = at(0, 14)


def told(slot: datetime) -> Desk:
    """A scheduler that has just told this slot."""
    desk = Desk(slot - timedelta(minutes=1))
    desk.start()
    desk.wake_at(slot)
    return desk


def ends(desk: Desk, *, restarting: bool = True, room: str = "decision") -> list[GetLastCycle]:
    """A room ends; what the scheduler then asks of state."""
    before = len(desk.ctx.told_to("state"))
    path = f"root/{room}"
    desk.actor.on_receive(Terminated(path=path, name=room, reason="crash", restarting=restarting))
    asked = desk.ctx.told_to("state")[before:]
    return [message for message in asked if isinstance(message, GetLastCycle)]


def answered(desk: Desk, job: Job, slot: datetime | None) -> None:
    """State's newest row of the job has that slot; None if it has no row."""
    row = None
    if slot is not None:
        row = CycleRow(
            cycle_id=cycle_id_of(job, slot),
            job=job,
            slot=slot,
            opened_at=slot,
            closed_at=slot,
            outcome=CycleOutcome.NOTHING_OPEN,
        )
    for asked in (ask for ask in ends(desk) if ask.job is job):
        desk.actor.on_receive(LastCycle(request_id=asked.request_id, job=job, cycle=row))


@pytest.mark.parametrize("before", [None, MONITOR_AT - timedelta(hours=12)])
def test_a_slot_without_a_row_is_told_again_once(before: datetime | None) -> None:
    desk = told(MONITOR_AT)
    assert [due.slot for due in desk.due(Job.MONITOR)] == [MONITOR_AT]
    answered(desk, Job.MONITOR, before)
    assert [due.slot for due in desk.due(Job.MONITOR)] == [MONITOR_AT] * 2
    # It may be this slot at which decision ends: it ends again, and the slot is given up.
    answered(desk, Job.MONITOR, before)
    assert [due.slot for due in desk.due(Job.MONITOR)] == [MONITOR_AT] * 2
    desk.wake_at(MONITOR_AT + timedelta(hours=12))
    answered(desk, Job.MONITOR, before)
    assert [due.slot for due in desk.due(Job.MONITOR)][2:] == [MONITOR_AT + timedelta(hours=12)] * 2


def test_a_slot_that_was_begun_is_left_to_decision() -> None:
    desk = told(MONITOR_AT)
    answered(desk, Job.MONITOR, MONITOR_AT)
    answered(desk, Job.MONITOR, MONITOR_AT + timedelta(minutes=5))
    assert len(desk.due(Job.MONITOR)) == 1


@pytest.mark.parametrize(("late", "times"), [(timedelta(seconds=299), 2), (timedelta(seconds=301), 1)])
def test_an_entry_is_told_again_within_its_grace_alone(late: timedelta, times: int) -> None:
    desk = told(ENTRY_AT)
    desk.wake_at(ENTRY_AT + late)
    answered(desk, Job.ENTRY, None)
    assert len(desk.due(Job.ENTRY)) == times


def test_a_monitor_is_told_again_however_late() -> None:
    desk = told(MONITOR_AT)
    desk.wake_at(MONITOR_AT + timedelta(hours=1))
    answered(desk, Job.MONITOR, None)
    assert len(desk.due(Job.MONITOR)) == 2


def test_nothing_is_asked_for_another_room_or_one_that_is_not_started_again() -> None:
    desk = told(MONITOR_AT)
    assert desk.rooms["decision"] in desk.ctx.watched
    assert ends(desk, restarting=False) == ends(desk, room="execution") == []
    assert {asked.job for asked in ends(desk)} >= {Job.MONITOR}
