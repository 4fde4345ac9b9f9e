"""A cycle that a person asks for: one per recorded command, however often that is delivered."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from actors.runtime.testing import FakeAddress
from core.alerts import AlertCode
from core.messages.base import Refused
from core.messages.decision import RecalibrateKelly, RunEntryCycle, RunMonitorCycle
from core.messages.execution import ClosePosition, ExitStarted, PlaceCombo
from core.messages.market_data import FetchSnapshot
from core.messages.room_status import CycleEnded, ExecutionStatus, RecoveryReport
from core.messages.state import (
    CloseCycle,
    ClosedTrades,
    GetClosedTrades,
    GetOpenCycles,
    OpenCycle,
    OpenCycles,
)
from core.orders.books import CycleOutcome, CycleRow, Job
from core.orders.lifecycle import PositionState
from core.strategy import SchedulerSection, Strategy
from core.values import CycleId
from tests.actors.decision.desk import DecisionDesk, cycle_id, entry_market, monitor_market, position
from tests.core.example_market import NOW

SLOT = NOW - timedelta(seconds=2, microseconds=17)
PERSON = FakeAddress("control")
GRACE_S = 300.0


def enter(desk: DecisionDesk, slot: datetime = SLOT, request_id: str = "inject-1") -> None:
    desk.tell(RunEntryCycle(request_id=request_id, slot=slot), sender=PERSON)


def monitor(desk: DecisionDesk, slot: datetime = SLOT, request_id: str = "inject-1") -> None:
    desk.tell(RunMonitorCycle(request_id=request_id, slot=slot), sender=PERSON)


def ended(desk: DecisionDesk) -> list[tuple[CycleOutcome, tuple[str, ...]]]:
    answers = desk.answers(PERSON)
    assert all(isinstance(answer, CycleEnded) for answer in answers), answers
    return [(answer.outcome, answer.reasons) for answer in answers if isinstance(answer, CycleEnded)]


def row(job: Job, slot: datetime = SLOT) -> CycleRow:
    return CycleRow(cycle_id=cycle_id(job, slot), job=job, slot=slot, opened_at=slot)


def test_its_slot_is_the_time_of_the_recorded_command_to_the_microsecond() -> None:
    desk = DecisionDesk()
    enter(desk)
    (opened,) = desk.sent("state", OpenCycle)
    assert opened.slot == SLOT
    (fetch,) = desk.sent("market_data", FetchSnapshot)
    assert fetch.cycle_id == CycleId("entry-20260112T135957.999983Z")


def test_a_command_that_comes_again_while_its_cycle_runs_starts_no_second_and_is_answered_once() -> None:
    desk = DecisionDesk()
    enter(desk)
    enter(desk)
    desk.snapshot(entry_market(dvol=30.0))
    assert len(desk.sent("state", OpenCycle)) == 1
    assert [outcome for outcome, _ in ended(desk)] == [CycleOutcome.NO_ENTRY]


def test_a_command_that_comes_again_after_its_cycle_gets_that_outcome_with_its_reasons() -> None:
    desk = DecisionDesk()
    enter(desk)
    desk.snapshot(entry_market(dvol=30.0))
    enter(desk)
    first, second = ended(desk)
    assert second == first
    assert first[1]
    assert len(desk.sent("market_data", FetchSnapshot)) == 1


def test_two_commands_of_different_moments_are_two_cycles() -> None:
    desk = DecisionDesk()
    monitor(desk, SLOT, "inject-1")
    monitor(desk, SLOT + timedelta(microseconds=1), "inject-2")
    assert [answer.request_id for answer in desk.answers(PERSON)] == ["inject-1", "inject-2"]
    assert len({close.cycle_id for close in desk.ends()}) == 2


def test_a_recommendation_that_a_person_asks_for_is_made_once_and_its_outcome_told() -> None:
    desk = DecisionDesk()
    command = RecalibrateKelly(request_id="inject-1", slot=SLOT, reason="curious")
    desk.tell(command, sender=PERSON)
    (query,) = desk.sent("state", GetClosedTrades)
    desk.tell(ClosedTrades(request_id=query.request_id, positions=()))
    desk.tell(command, sender=PERSON)
    assert ended(desk) == [(CycleOutcome.REPORTED, ("too_few_trades",))] * 2
    assert len(desk.sent("state", GetClosedTrades)) == 1


def test_an_entry_redelivered_after_a_kill_does_not_propose_again() -> None:
    """The row and the proposal are on record: what became of it is execution's to say."""
    desk = DecisionDesk(recovered=False)
    desk.rows[Job.ENTRY, SLOT] = None
    desk.positions = [position(f"p-{cycle_id(Job.ENTRY, SLOT)}", PositionState.OPEN)]
    enter(desk)
    desk.recover((row(Job.ENTRY), True))
    assert ended(desk) == [(CycleOutcome.INTERRUPTED, ("instruction_on_record",))]
    assert desk.sent("execution", PlaceCombo) == []


def test_an_entry_redelivered_after_a_kill_before_its_proposal_goes_on_under_its_own_row() -> None:
    desk = DecisionDesk(recovered=False)
    desk.rows[Job.ENTRY, SLOT] = None
    enter(desk)
    desk.recover((row(Job.ENTRY), False))
    desk.snapshot(entry_market())
    (placed,) = desk.sent("execution", PlaceCombo)
    assert placed.cycle_id == cycle_id(Job.ENTRY, SLOT)
    assert desk.answers(PERSON) == []


def test_an_entry_that_was_begun_before_a_long_stop_is_interrupted_not_run() -> None:
    desk = DecisionDesk(now=SLOT + timedelta(seconds=GRACE_S + 60), recovered=False)
    desk.rows[Job.ENTRY, SLOT] = None
    enter(desk)
    desk.recover((row(Job.ENTRY), False))
    assert ended(desk) == [(CycleOutcome.INTERRUPTED, ("grace_over",))]
    assert desk.sent("market_data", FetchSnapshot) == []


@pytest.mark.parametrize("known", [True, False])
def test_a_restarted_decision_does_not_run_the_command_again_that_may_have_ended_it(known: bool) -> None:
    """The redelivery may come before or after the rows that were left open are dealt with."""
    desk = DecisionDesk(recovered=False, epoch=2)
    desk.rows[Job.ENTRY, SLOT] = None
    if known:
        enter(desk)
    desk.recover((row(Job.ENTRY), False))
    if not known:
        enter(desk)
    assert ended(desk) == [(CycleOutcome.ACTOR_FAILED, ("actor_failed:decision",))]
    assert desk.sent("market_data", FetchSnapshot) == []


def test_an_entry_waits_for_the_recovery_and_says_so() -> None:
    desk = DecisionDesk(recovered=False)
    enter(desk)
    assert desk.sent("state", OpenCycle) == []
    assert ["recovery" in text for text in desk.waits(PERSON)] == [True]
    desk.recover()
    assert len(desk.sent("market_data", FetchSnapshot)) == 1


@pytest.mark.raises_alert(AlertCode.CYCLE_EXPIRED)
def test_an_entry_that_has_not_begun_within_its_grace_ends_as_expired() -> None:
    desk = DecisionDesk(recovered=False)
    enter(desk)
    desk.pass_time(GRACE_S - 3.0)
    assert desk.answers(PERSON) == []
    desk.pass_time(2.0)
    assert ended(desk) == [(CycleOutcome.EXPIRED, ("grace_over",))]
    desk.recover()
    assert desk.sent("market_data", FetchSnapshot) == []


def test_an_entry_that_the_engine_was_down_for_too_long_to_begin_ends_as_expired() -> None:
    desk = DecisionDesk(now=SLOT + timedelta(seconds=GRACE_S))
    enter(desk)
    assert ended(desk) == [(CycleOutcome.EXPIRED, ("grace_over",))]


def test_an_entry_that_was_asked_for_by_a_clock_hours_ahead_ends_as_expired() -> None:
    """Nobody knows how long ago that was; by its time it could begin for hours."""
    desk = DecisionDesk(now=SLOT - timedelta(hours=8))
    enter(desk)
    assert ended(desk) == [(CycleOutcome.EXPIRED, ("grace_over",))]
    assert desk.sent("market_data", FetchSnapshot) == []


def test_an_entry_that_was_asked_for_by_a_clock_a_little_ahead_begins() -> None:
    desk = DecisionDesk(now=SLOT - timedelta(seconds=GRACE_S))
    enter(desk)
    assert len(desk.sent("market_data", FetchSnapshot)) == 1


def test_an_entry_within_its_grace_to_the_last_microsecond_still_begins() -> None:
    desk = DecisionDesk(now=SLOT + timedelta(seconds=GRACE_S, microseconds=-1))
    enter(desk)
    assert len(desk.sent("market_data", FetchSnapshot)) == 1


def test_an_entry_can_be_asked_for_also_where_slots_have_no_grace() -> None:
    desk = DecisionDesk(strategy=Strategy(scheduler=SchedulerSection(grace_s=0.0)))
    enter(desk)
    assert len(desk.sent("market_data", FetchSnapshot)) == 1


def test_a_monitor_waits_for_the_recovery_however_long_it_takes() -> None:
    desk = DecisionDesk(recovered=False)
    monitor(desk)
    desk.pass_time(10 * GRACE_S)
    assert desk.answers(PERSON) == []
    desk.recover()
    assert ended(desk) == [(CycleOutcome.NOTHING_OPEN, ())]


def test_a_recovery_that_begins_while_the_row_is_opened_is_waited_for() -> None:
    desk = DecisionDesk()
    desk.state_answers = False
    monitor(desk)
    desk.terminated("execution")
    desk.state_answers = True
    desk._answer_state()
    assert desk.ends() == []
    desk.recover((row(Job.MONITOR), False))
    assert ended(desk) == [(CycleOutcome.NOTHING_OPEN, ())]
    assert len(desk.ends()) == 1


def test_a_monitor_in_the_maintenance_window_says_until_when_it_waits() -> None:
    desk = DecisionDesk(now=NOW.replace(hour=7, minute=40))
    monitor(desk, desk.ctx.now())
    (text,) = desk.waits(PERSON)
    assert "maintenance window" in text
    assert "08:05 UTC" in text
    desk.pass_time(25 * 60.0)
    assert ended(desk) == [(CycleOutcome.NOTHING_OPEN, ())]


def test_a_command_behind_another_cycle_says_which() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    monitor(desk)
    assert desk.waits(PERSON) == ["it begins when the entry cycle that is under way has ended"]


def test_an_end_that_the_books_refuse_is_told_to_nobody_as_an_end() -> None:
    desk = DecisionDesk()
    desk.state_answers = False
    monitor(desk)
    desk.tell(desk._answer(desk.sent("state", OpenCycle)[0]))
    closing = desk.sent("state", CloseCycle)[0]
    desk.tell(Refused(request_id=closing.request_id, reasons=("disk_full",)))
    assert desk.answers(PERSON) == [Refused(request_id="inject-1", reasons=("cycle_not_closed", "disk_full"))]


def test_rows_are_asked_for_again_until_state_answers() -> None:
    desk = DecisionDesk(recovered=False)
    monitor(desk)
    desk.tell(RecoveryReport(ok=True, at=NOW, attempts=1, differences=()))
    desk.pass_time(5.0)
    asked = desk.sent("state", GetOpenCycles)
    assert len(asked) == 2
    assert len({query.request_id for query in asked}) == 1
    desk.tell(OpenCycles(request_id=asked[0].request_id, cycles=()))
    assert ended(desk) == [(CycleOutcome.NOTHING_OPEN, ())]


def test_an_answer_about_rows_that_a_newer_recovery_overtook_releases_nothing() -> None:
    desk = DecisionDesk(recovered=False)
    monitor(desk)
    desk.tell(RecoveryReport(ok=True, at=NOW, attempts=1, differences=()))
    asked = desk.sent("state", GetOpenCycles)[0]
    desk.terminated("execution")
    desk.tell(OpenCycles(request_id=asked.request_id, cycles=()))
    assert desk.sent("state", OpenCycle) == []


def test_a_monitor_whose_exit_met_a_reconcile_is_followed_by_another_after_it() -> None:
    desk = DecisionDesk()
    desk.positions = [position(credit_eth="0.1")]
    monitor(desk)
    desk.snapshot(monitor_market())
    (close,) = desk.sent("execution", ClosePosition)
    desk.tell(
        ExitStarted(
            request_id=close.request_id,
            position_id=close.position_id,
            started=False,
            reasons=("recovering",),
        )
    )
    assert [outcome for outcome, _ in ended(desk)] == [CycleOutcome.EXIT_BLOCKED]
    desk.pass_time(10.0)
    desk.tell(RecoveryReport(ok=True, at=NOW, attempts=1, differences=()))
    assert len(desk.sent("market_data", FetchSnapshot)) == 2


def test_a_decision_that_restarts_alone_takes_commands_up_once_execution_is_recovered() -> None:
    desk = DecisionDesk(recovered=False, epoch=2)
    monitor(desk)
    status = ExecutionStatus(recovering=False, resting=0, in_doubt=0, exits_under_way=0, last_error=None)
    desk.tell(status)
    desk.tell(OpenCycles(request_id=desk.sent("state", GetOpenCycles)[0].request_id, cycles=()))
    assert ended(desk) == [(CycleOutcome.NOTHING_OPEN, ())]
