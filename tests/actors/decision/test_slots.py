"""A slot has one cycle: what was run, told twice, or left open by an earlier life."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.alerts import AlertCode
from core.messages.execution import PlaceCombo
from core.messages.market_data import FetchSnapshot
from core.messages.state import (
    OpenCycle,
)
from core.orders.books import CycleOutcome, CycleRow, Job
from tests.actors.decision.desk import DecisionDesk, cycle_id, entry_market, position
from tests.core.example_market import NOW


def test_a_slot_that_has_run_before_is_not_run_again() -> None:
    desk = DecisionDesk()
    desk.rows[Job.ENTRY, NOW] = CycleOutcome.NO_ENTRY
    desk.due(Job.ENTRY)
    assert desk.ends() == []
    assert desk.sent("market_data", FetchSnapshot) == []


def test_the_same_slot_told_twice_runs_once() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    desk.due(Job.ENTRY)
    assert len(desk.sent("state", OpenCycle)) == 1


def row(job: Job, slot: datetime) -> CycleRow:
    return CycleRow(cycle_id=cycle_id(job, slot), job=job, slot=slot, opened_at=slot)


def test_an_open_row_within_its_grace_is_taken_up_again() -> None:
    desk = DecisionDesk(recovered=False)
    slot = NOW - timedelta(seconds=200)
    desk.rows[Job.ENTRY, slot] = None
    desk.recover((row(Job.ENTRY, slot), False))
    desk.snapshot(entry_market())
    assert len(desk.sent("execution", PlaceCombo)) == 1


@pytest.mark.parametrize(
    ("late_s", "has_instruction", "reason"),
    [(301, False, "grace_over"), (100, True, "instruction_on_record")],
)
def test_an_open_row_that_can_not_be_taken_up_is_interrupted(
    late_s: int, has_instruction: bool, reason: str
) -> None:
    desk = DecisionDesk(recovered=False, now=NOW + timedelta(seconds=late_s))
    desk.recover((row(Job.ENTRY, NOW), has_instruction))
    assert desk.end() == (CycleOutcome.INTERRUPTED, (reason,))


@pytest.mark.raises_alert(AlertCode.CYCLE_INTERRUPTED)
def test_a_row_taken_up_with_its_proposal_on_record_is_interrupted_and_frees_the_slot() -> None:
    desk = DecisionDesk(recovered=False)
    desk.positions = [
        position(f"p-{cycle_id(Job.ENTRY)}").model_copy(update={"state": "proposed", "contracts": 0})
    ]
    desk.rows[Job.ENTRY, NOW] = None
    desk.recover((row(Job.ENTRY, NOW), False))
    assert desk.end() == (CycleOutcome.INTERRUPTED, ("proposal_on_record",))


def test_a_restarted_decision_does_not_try_the_cycle_again_that_may_have_ended_it() -> None:
    desk = DecisionDesk(recovered=False, epoch=2)
    desk.recover((row(Job.ENTRY, NOW), False))
    assert desk.end() == (CycleOutcome.ACTOR_FAILED, ("actor_failed:decision",))
