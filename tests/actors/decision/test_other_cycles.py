"""Settlement, Kelly, and what holds for every cycle."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from actors.decision.ending import MONITOR_FAILURES, SEVERITY
from actors.runtime.testing import FakeAddress
from core.alerts import AlertCode
from core.messages.alerting import Severity
from core.messages.audit import AuditKind
from core.messages.base import Refused
from core.messages.decision import RunEntryCycle, RunMonitorCycle
from core.messages.execution import Settled, SettleExpired, SettleFailed
from core.messages.room_status import ExecutionStatus
from core.messages.state import (
    CloseCycle,
    ClosedTrades,
    GetClosedTrades,
    GetOpenCycles,
    OpenCycle,
    Recorded,
    RecordEvent,
)
from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import PositionState
from tests.actors.decision.desk import DecisionDesk, cycle_id, position
from tests.core.example_market import NOW

SETTLEMENT = cycle_id(Job.SETTLEMENT)
PERSON = FakeAddress("control")


def settling() -> DecisionDesk:
    desk = DecisionDesk(now=position().plan.expiration)
    desk.positions = [position()]
    desk.due(Job.SETTLEMENT)
    assert len(desk.sent("execution", SettleExpired)) == 1
    return desk


def test_with_nothing_live_there_is_nothing_to_settle() -> None:
    desk = DecisionDesk()
    desk.due(Job.SETTLEMENT)
    assert desk.end() == (CycleOutcome.NOTHING_OPEN, ())
    assert desk.sent("execution", SettleExpired) == []


def test_before_the_first_expiry_there_is_nothing_to_settle() -> None:
    desk = DecisionDesk(now=position().plan.expiration - timedelta(microseconds=1))
    desk.positions = [position()]
    desk.due(Job.SETTLEMENT)
    assert desk.end() == (CycleOutcome.HELD, ("nothing_expired",))
    assert desk.sent("execution", SettleExpired) == []


@pytest.mark.parametrize(
    ("closed", "deliveries", "outcome"),
    [
        pytest.param(
            ("p-entry-1",),
            2,
            CycleOutcome.SETTLED,
            marks=pytest.mark.raises_alert(AlertCode.CYCLE_SETTLED),
        ),
        ((), 0, CycleOutcome.HELD),
    ],
)
def test_a_settlement_says_what_it_booked(
    closed: tuple[str, ...], deliveries: int, outcome: CycleOutcome
) -> None:
    desk = settling()
    desk.tell(Settled(request_id="s", cycle_id=SETTLEMENT, positions_closed=closed, deliveries=deliveries))
    assert desk.end()[0] is outcome


def test_a_settlement_that_can_not_be_read_is_failed_data() -> None:
    desk = settling()
    desk.tell(SettleFailed(request_id="s", cycle_id=SETTLEMENT, reasons=("get_settlements:server",)))
    assert desk.end() == (CycleOutcome.DATA_FAILED, ("get_settlements:server",))
    assert desk.alerts() == [Severity.HIGH]


def test_a_settlement_whose_execution_dies_ends_by_its_name() -> None:
    desk = settling()
    desk.terminated("execution")
    assert desk.end()[0] is CycleOutcome.ACTOR_FAILED


def kelly(*pnl_usd: str) -> DecisionDesk:
    desk = DecisionDesk()
    desk.due(Job.KELLY)
    asked = desk.sent("state", GetClosedTrades)[0]
    trades = tuple(
        position(f"p-{n}", PositionState.CLOSED).model_copy(update={"pnl_usd": Decimal(pnl)})
        for n, pnl in enumerate(pnl_usd)
    )
    desk.tell(ClosedTrades(request_id=asked.request_id, positions=trades))
    return desk


@pytest.mark.raises_alert(AlertCode.KELLY)
def test_too_few_trades_recommend_nothing() -> None:
    desk = kelly("50", "-20")
    assert desk.end() == (CycleOutcome.REPORTED, ("too_few_trades",))
    assert desk.alerts("kelly") == [Severity.LOW]


def test_a_recommendation_is_on_record_before_it_is_told() -> None:
    desk = kelly(*(["60"] * 25 + ["-40"] * 15))
    (record,) = desk.sent("state", RecordEvent)
    assert record.audit[0].kind is AuditKind.KELLY
    assert record.audit[0].detail["trades"] == 40
    outcome, reasons = desk.end()
    assert outcome is CycleOutcome.REPORTED
    assert reasons[0].startswith("fraction:0.")
    assert desk.alerts("kelly") == [Severity.LOW]


def test_a_recommendation_to_stake_nothing_is_a_high_alert() -> None:
    desk = kelly(*(["10"] * 20 + ["-100"] * 20))
    assert desk.end() == (CycleOutcome.REPORTED, ("fraction:0.0000",))
    assert desk.alerts("kelly") == [Severity.HIGH]


def test_proposals_that_never_opened_are_no_trades() -> None:
    desk = DecisionDesk()
    desk.due(Job.KELLY)
    asked = desk.sent("state", GetClosedTrades)[0]
    never = position().model_copy(update={"contracts_opened": 0})
    desk.tell(ClosedTrades(request_id=asked.request_id, positions=(never,) * 40))
    assert desk.end()[1] == ("too_few_trades",)


def test_kelly_runs_while_execution_recovers() -> None:
    desk = DecisionDesk(recovered=False)
    desk.due(Job.KELLY)
    assert len(desk.sent("state", GetClosedTrades)) == 1


def test_cycles_run_one_after_the_other_in_the_order_in_which_they_fell_due() -> None:
    desk = DecisionDesk()
    desk.state_answers = False
    desk.due(Job.MONITOR)
    desk.due(Job.SETTLEMENT)
    desk.due(Job.ENTRY, misfired=True)
    assert [opened.job for opened in desk.sent("state", OpenCycle)] == [Job.MONITOR]
    desk.state_answers = True
    desk._answer_state()
    assert [opened.job for opened in desk.sent("state", OpenCycle)] == [
        Job.MONITOR,
        Job.SETTLEMENT,
        Job.ENTRY,
    ]
    assert [close.outcome for close in desk.ends()] == [
        CycleOutcome.NOTHING_OPEN,
        CycleOutcome.NOTHING_OPEN,
        CycleOutcome.MISFIRED,
    ]


def test_an_opening_that_is_not_answered_is_told_again() -> None:
    desk = DecisionDesk()
    desk.state_answers = False
    desk.due(Job.MONITOR)
    desk.pass_time(5.0)
    requests = [opened.request_id for opened in desk.sent("state", OpenCycle)]
    assert len(requests) == 2
    assert len(set(requests)) == 1


@pytest.mark.raises_alert(AlertCode.CYCLE_NOT_OPENED)
def test_a_row_that_the_books_refuse_is_a_high_alert_and_answered_as_refused() -> None:
    desk = DecisionDesk()
    desk.state_answers = False
    person = FakeAddress("control")
    desk.tell(RunMonitorCycle(request_id="r", slot=NOW), sender=person)
    opening = desk.sent("state", OpenCycle)[0]
    desk.tell(Refused(request_id=opening.request_id, reasons=("degraded",)))
    assert desk.answers(person) == [Refused(request_id="r", reasons=("degraded",))]
    assert desk.alerts("cycle_not_opened") == [Severity.HIGH]


@pytest.mark.raises_alert(AlertCode.CYCLE_NOT_CLOSED)
def test_a_row_that_can_not_be_closed_does_not_stop_the_next_cycle() -> None:
    desk = DecisionDesk()
    desk.state_answers = False
    desk.due(Job.KELLY, misfired=True)
    desk.due(Job.MONITOR)
    first = desk.sent("state", OpenCycle)[0]
    desk.tell(desk._answer(first))
    closing = desk.sent("state", CloseCycle)[0]
    desk.tell(Refused(request_id=closing.request_id, reasons=("database_full",)))
    assert desk.alerts("cycle_not_closed") == [Severity.HIGH]
    assert [opened.job for opened in desk.sent("state", OpenCycle)] == [Job.KELLY, Job.MONITOR]


def refused_open(desk: DecisionDesk, command: RunEntryCycle | RunMonitorCycle) -> OpenCycle:
    """A person's cycle is due, and the books have no room for its row."""
    desk.state_answers = False
    desk.tell(command, sender=PERSON)
    (opening,) = desk.sent("state", OpenCycle)
    desk.tell(Refused(request_id=opening.request_id, reasons=("disk_full: database or disk is full",)))
    return opening


@pytest.mark.raises_alert(AlertCode.CYCLE_NOT_OPENED)
def test_a_slot_begins_once_the_disk_can_take_its_row() -> None:
    """A disk that was full at 14:00 for half a minute would else cost the week's entry."""
    desk = DecisionDesk()
    opening = refused_open(desk, RunMonitorCycle(request_id="r", slot=NOW))
    desk.pass_time(60.0)
    _, again = desk.sent("state", OpenCycle)
    assert again.request_id != opening.request_id
    assert (again.job, again.slot) == (opening.job, opening.slot)
    desk.state_answers = True
    desk.tell(desk._answer(again))
    assert desk.end() == (CycleOutcome.NOTHING_OPEN, ())
    assert desk.alerts("cycle_not_opened") == [Severity.HIGH]


@pytest.mark.raises_alert(AlertCode.CYCLE_NOT_OPENED)
def test_a_slot_whose_grace_is_over_before_the_disk_can_take_its_row_is_refused() -> None:
    desk = DecisionDesk()
    refused_open(desk, RunEntryCycle(request_id="r", slot=NOW))
    for _ in range(int(desk.strategy.scheduler.grace_s // 60) + 1):
        desk.pass_time(60.0)
        last = desk.sent("state", OpenCycle)[-1]
        desk.tell(Refused(request_id=last.request_id, reasons=("disk_full",)))
    assert desk.answers(PERSON) == [Refused(request_id="r", reasons=("disk_full",))]
    assert desk.alerts("cycle_not_opened") == [Severity.HIGH, Severity.HIGH]


def refused_close(desk: DecisionDesk, reason: str) -> CloseCycle:
    """A cycle has ended, and the books refuse its end."""
    desk.state_answers = False
    desk.due(Job.KELLY, misfired=True)
    desk.tell(desk._answer(desk.sent("state", OpenCycle)[-1]))
    (closing,) = desk.ends()
    desk.tell(Refused(request_id=closing.request_id, reasons=(reason,)))
    return closing


@pytest.mark.raises_alert(AlertCode.CYCLE_NOT_CLOSED)
def test_a_row_is_closed_once_the_disk_can_take_it() -> None:
    """Found by a simulated full disk: without that it had no outcome until the next start of the engine."""
    desk = DecisionDesk()
    closing = refused_close(desk, "disk_full: database or disk is full")
    desk.pass_time(60.0)
    _, again = desk.ends()
    assert again == closing.model_copy(update={"request_id": again.request_id})
    desk.tell(Refused(request_id=again.request_id, reasons=("books_busy",)))
    desk.pass_time(60.0)
    *_, last = desk.ends()
    desk.tell(Recorded(request_id=last.request_id))
    desk.pass_time(600.0)
    assert len(desk.ends()) == 3
    assert desk.alerts("cycle_not_closed") == [Severity.HIGH]


@pytest.mark.raises_alert(AlertCode.CYCLE_NOT_CLOSED)
def test_a_row_that_the_books_can_never_close_is_not_told_again() -> None:
    desk = DecisionDesk()
    refused_close(desk, "illegal_edge: it is closed")
    desk.pass_time(600.0)
    assert len(desk.ends()) == 1


@pytest.mark.raises_alert(AlertCode.CYCLE_NOT_CLOSED)
def test_a_row_whose_slot_runs_again_is_left_to_that_run() -> None:
    desk = DecisionDesk()
    refused_close(desk, "disk_full")
    desk.due(Job.KELLY, misfired=True)
    desk.pass_time(60.0)
    assert len(desk.ends()) == 1
    desk.tell(desk._answer(desk.sent("state", OpenCycle)[-1]))
    assert len(desk.ends()) == 2


def test_a_restarted_decision_learns_from_execution_that_it_is_recovered() -> None:
    desk = DecisionDesk(recovered=False, epoch=2)
    status = ExecutionStatus(recovering=True, resting=0, in_doubt=0, exits_under_way=0, last_error=None)
    desk.tell(status)
    assert not desk.status().recovered
    desk.tell(status.model_copy(update={"recovering": False}))
    assert desk.status().recovered
    assert len(desk.sent("state", GetOpenCycles)) == 1


def test_the_death_of_execution_is_a_recovery_until_it_reports() -> None:
    desk = DecisionDesk()
    desk.terminated("execution")
    desk.due(Job.ENTRY)
    assert desk.end()[0] is CycleOutcome.RECOVERING


def test_every_outcome_of_the_closed_list_says_how_loudly_it_is_told() -> None:
    assert set(SEVERITY) == set(CycleOutcome)
    assert set(SEVERITY) >= MONITOR_FAILURES


@pytest.mark.raises_alert(AlertCode.CYCLES_DROPPED)
def test_a_flood_of_slots_is_bounded_and_told() -> None:
    desk = DecisionDesk()
    desk.state_answers = False
    for n in range(400):
        desk.due(Job.MONITOR, NOW + timedelta(minutes=n))
    assert len(desk.status().waiting) == 300
    assert set(desk.alerts("cycles_dropped")) == {Severity.HIGH}


def test_an_unknown_message_is_a_crash() -> None:
    with pytest.raises(TypeError, match="expected a message of Decision"):
        DecisionDesk().tell("hello")
