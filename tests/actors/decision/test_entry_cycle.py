"""The entry cycle: each way in which it can end, and what was told on the way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from actors.runtime import AskTimeout
from actors.runtime.testing import FakeAddress
from core.alerts import AlertCode
from core.messages.alerting import Severity
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.decision import RunEntryCycle
from core.messages.execution import FinalOutcome, OrderFinal, PlaceCombo
from core.messages.kill_switch import GetKillSwitch
from core.messages.market_data import FetchSnapshot, SnapshotKind
from core.messages.room_status import (
    CycleEnded,
    RecoveryReport,
)
from core.messages.state import CloseProposal, RecordDecision
from core.orders.books import CycleOutcome, EntryLatch, Job, LatchSource
from core.rules import record as decision_record
from core.values import Mode
from tests.actors.decision.desk import DecisionDesk, cycle_id, entry_market, position
from tests.core.example_market import NOW
from tests.fakes.clear_switch import CLEAR

ENTRY = cycle_id(Job.ENTRY)
LATCH = EntryLatch(source=LatchSource.OPERATOR, latched=True, reason="a look", who="ann", at=NOW)


def at_order(desk: DecisionDesk | None = None) -> DecisionDesk:
    """A cycle whose order is with execution."""
    desk = desk or DecisionDesk()
    desk.due(Job.ENTRY)
    desk.snapshot(entry_market())
    assert len(desk.sent("execution", PlaceCombo)) == 1
    return desk


@pytest.mark.raises_alert(AlertCode.CYCLE_ENTERED)
def test_a_filled_order_ends_the_cycle_as_entered() -> None:
    desk = at_order()
    desk.order_final(FinalOutcome.FILLED, filled=1)
    assert desk.end() == (CycleOutcome.ENTERED, ())
    assert desk.alerts("cycle_entered") == [Severity.MEDIUM]


def test_a_partly_filled_order_is_an_entry_that_says_so() -> None:
    desk = at_order()
    desk.order_final(FinalOutcome.PARTLY_FILLED, filled=1)
    assert desk.end() == (CycleOutcome.ENTERED, ("partly_filled",))


@pytest.mark.parametrize(
    ("final", "outcome"),
    [
        (FinalOutcome.NOT_FILLED, CycleOutcome.NOT_FILLED),
        pytest.param(
            FinalOutcome.VETOED,
            CycleOutcome.VETOED,
            marks=pytest.mark.raises_alert(AlertCode.CYCLE_VETOED),
        ),
        (FinalOutcome.REFUSED, CycleOutcome.REFUSED),
        (FinalOutcome.IN_DOUBT, CycleOutcome.IN_DOUBT),
        (FinalOutcome.RECOVERING, CycleOutcome.RECOVERING),
    ],
)
def test_an_order_without_a_fill_ends_the_cycle_with_its_reasons(
    final: FinalOutcome, outcome: CycleOutcome
) -> None:
    desk = at_order()
    desk.order_final(final, "why")
    assert desk.end() == (outcome, ("why",))


@pytest.mark.raises_alert(AlertCode.CYCLE_IN_DOUBT)
def test_an_order_in_doubt_is_a_high_alert() -> None:
    desk = at_order()
    desk.order_final(FinalOutcome.IN_DOUBT, "unknown")
    assert desk.alerts("cycle_in_doubt") == [Severity.HIGH]


def test_the_proposal_is_on_disk_before_the_order_is_told() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    desk.state_answers = False
    desk.snapshot(entry_market())
    assert desk.sent("state", RecordDecision)[0].proposal is not None
    assert desk.sent("execution", PlaceCombo) == []
    desk.state_answers = True
    desk._answer_state()
    assert len(desk.sent("execution", PlaceCombo)) == 1


def test_the_recorded_decision_can_be_replayed() -> None:
    desk = at_order()
    record = desk.sent("state", RecordDecision)[0].record
    assert decision_record.verify(json.loads(record), desk.strategy) is None


def test_proposal_and_cycle_bear_the_same_name() -> None:
    desk = at_order()
    placed = desk.sent("execution", PlaceCombo)[0]
    assert placed.cycle_id == ENTRY
    assert placed.proposal.proposal_id == f"p-{ENTRY}"


def test_the_snapshot_has_a_deadline_before_the_cycles_own() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    asked = desk.sent("market_data", FetchSnapshot)[0]
    assert asked.kind is SnapshotKind.ENTRY
    assert NOW < asked.deadline < NOW + timedelta(seconds=desk.strategy.scheduler.cycle_deadline_s)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("armed", "kill_switch_armed"),
        ("suspended", "suspended:probe:macro"),
        ("paused", "suspended:operator: a look"),
        ("latched", "suspended:operator: a look"),
        ("position", "max_open_positions"),
        ("doubt", "orders_in_doubt"),
        ("mode", "strategy_disabled"),
    ],
)
def test_what_blocks_ends_the_cycle_before_anything_is_fetched(change: str, reason: str) -> None:
    desk = DecisionDesk(mode=Mode(data_analysis=True, strategy=change != "mode"))
    if change == "armed":
        desk.switch = CLEAR.model_copy(update={"armed": True, "causes": (ArmCause.OPERATOR,)})
    if change == "suspended":
        desk.switch = CLEAR.model_copy(update={"suspensions": {"probe:macro": "no answer"}})
    if change == "paused":  # The books do not have it yet.
        desk.switch = CLEAR.model_copy(update={"latches": (LATCH,)})
    if change == "latched":  # A switch that has just started does not know it yet.
        desk.latches = (LATCH,)
    if change == "position":
        desk.positions = [position()]
    if change == "doubt":
        desk.doubt()
    desk.due(Job.ENTRY)
    assert desk.end() == (CycleOutcome.BLOCKED, (reason,))
    assert desk.sent("market_data", FetchSnapshot) == []
    assert desk.alerts() == [Severity.LOW]


@pytest.mark.raises_alert(AlertCode.CYCLE_BLOCKED)
def test_a_switch_that_is_armed_while_the_market_is_read_blocks_the_decision() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    desk.switch = CLEAR.model_copy(update={"armed": True})
    desk.snapshot(entry_market())
    outcome, reasons = desk.end()
    assert outcome is CycleOutcome.BLOCKED
    assert "kill_switch_armed" in reasons
    assert desk.sent("execution", PlaceCombo) == []


@pytest.mark.parametrize(
    ("hour", "minute", "blocked"), [(7, 29, False), (7, 30, True), (8, 4, True), (8, 5, False)]
)
def test_the_maintenance_window_blocks_an_entry(hour: int, minute: int, blocked: bool) -> None:
    desk = DecisionDesk(now=NOW.replace(hour=hour, minute=minute))
    desk.tell(RunEntryCycle(request_id="r", slot=desk.ctx.now()))
    assert (len(desk.ends()) == 1) is blocked
    if blocked:
        assert desk.end() == (CycleOutcome.BLOCKED, ("maintenance_window",))


@pytest.mark.raises_alert(AlertCode.CYCLE_NO_ENTRY)
def test_a_market_that_does_not_allow_it_is_no_entry_with_its_reasons_and_a_low_alert() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    desk.snapshot(entry_market(dvol=30.0))
    outcome, reasons = desk.end()
    assert outcome is CycleOutcome.NO_ENTRY
    assert reasons[0] == "market"
    assert "dvol_below_min" in reasons
    assert desk.alerts() == [Severity.LOW]
    assert len(desk.sent("state", RecordDecision)) == 1


def test_an_anomaly_in_the_snapshot_is_failed_data_with_a_high_alert() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    desk.snapshot(entry_market(index_hourly_closes=()))
    outcome, reasons = desk.end()
    assert outcome is CycleOutcome.DATA_FAILED
    assert "index_history_short" in reasons
    assert desk.alerts() == [Severity.HIGH]


def test_a_snapshot_that_is_not_whole_is_failed_data_that_names_the_part() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    desk.snapshot_failed("server")
    assert desk.end() == (CycleOutcome.DATA_FAILED, ("deribit.get_dvol:server",))
    assert desk.alerts() == [Severity.HIGH]


def test_a_router_that_crashed_ends_the_cycle_by_its_name() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    desk.snapshot_failed("actor_failed")
    assert desk.end() == (CycleOutcome.ACTOR_FAILED, ("deribit.get_dvol:actor_failed",))


@pytest.mark.raises_alert(AlertCode.CYCLE_ACTOR_FAILED)
@pytest.mark.parametrize("room", ["market_data", "execution"])
def test_the_death_of_the_room_that_is_waited_for_ends_the_cycle_by_its_name(room: str) -> None:
    desk = DecisionDesk()
    if room == "execution":
        at_order(desk)
    else:
        desk.due(Job.ENTRY)
    desk.terminated(room)
    outcome, reasons = desk.end()
    assert outcome is CycleOutcome.ACTOR_FAILED
    assert reasons[0] == f"actor_failed:{room}"
    assert desk.alerts("cycle_actor_failed") == [Severity.HIGH]


def test_the_death_of_a_room_that_is_not_waited_for_changes_nothing() -> None:
    desk = at_order()
    desk.terminated("market_data")
    desk.order_final(FinalOutcome.FILLED, filled=1)
    assert desk.end()[0] is CycleOutcome.ENTERED


def test_a_kill_switch_that_does_not_answer_ends_the_cycle_by_its_name() -> None:
    desk = DecisionDesk()
    desk.ctx.asks[GetKillSwitch] = AskTimeout("2 s")
    desk.due(Job.ENTRY)
    outcome, reasons = desk.end()
    assert outcome is CycleOutcome.ACTOR_FAILED
    assert reasons[0] == "no_answer:kill_switch"


@pytest.mark.raises_alert(AlertCode.CYCLE_DEADLINE)
def test_a_snapshot_that_never_comes_ends_at_the_deadline() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    desk.pass_time(desk.strategy.scheduler.cycle_deadline_s)
    assert desk.end() == (CycleOutcome.DEADLINE, ("deadline:snapshot",))
    assert desk.alerts() == [Severity.HIGH]


def test_a_snapshot_after_the_deadline_is_not_acted_on() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    desk.pass_time(desk.strategy.scheduler.cycle_deadline_s)
    desk.snapshot(entry_market())
    assert desk.sent("execution", PlaceCombo) == []
    assert len(desk.ends()) == 1


def test_a_resting_order_outlives_the_deadline_of_the_decision() -> None:
    desk = at_order()
    desk.pass_time(desk.strategy.execution.fill_timeout_s + 60.0)
    assert desk.ends() == []
    desk.order_final(FinalOutcome.NOT_FILLED, "fill_timeout")
    assert desk.end()[0] is CycleOutcome.NOT_FILLED


def test_an_order_that_never_ends_is_a_deadline_of_its_own() -> None:
    desk = at_order()
    desk.pass_time(desk.strategy.execution.fill_timeout_s + 600.0)
    assert desk.end() == (CycleOutcome.DEADLINE, ("deadline:order",))


@pytest.mark.raises_alert(AlertCode.LATE_FILL)
def test_a_fill_after_the_cycle_ended_is_told_loudly() -> None:
    desk = at_order()
    desk.terminated("execution")
    placed = desk.sent("execution", PlaceCombo)[0]
    desk.tell(
        OrderFinal(
            request_id=placed.request_id,
            cycle_id=ENTRY,
            proposal_id=placed.proposal.proposal_id,
            outcome=FinalOutcome.FILLED,
            contracts_filled=1,
            reasons=(),
        )
    )
    assert desk.alerts("late_fill") == [Severity.HIGH]


def test_books_that_refuse_the_decision_end_the_cycle_without_an_order() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    desk.state_answers = False
    desk.snapshot(entry_market())
    recorded = desk.sent("state", RecordDecision)[0]
    desk.tell(Refused(request_id=recorded.request_id, reasons=("database_full",)))
    assert desk.sent("execution", PlaceCombo) == []
    assert desk.ends()[0].outcome is CycleOutcome.ACTOR_FAILED
    assert desk.ends()[0].reasons == ("state_refused", "database_full")
    assert desk.sent("state", CloseProposal) == []
    assert not desk.actor.conversations.names("release"), "there is no proposal to wait for"


@pytest.mark.raises_alert(AlertCode.CYCLE_MISFIRED)
def test_a_misfired_slot_has_a_row_and_nothing_more() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY, NOW - timedelta(hours=1), misfired=True)
    assert desk.end() == (CycleOutcome.MISFIRED, ("older_than_grace",))
    assert desk.sent("market_data", FetchSnapshot) == []


@pytest.mark.raises_alert(AlertCode.CYCLE_RECOVERING)
def test_a_slot_that_is_due_while_execution_recovers_says_so() -> None:
    desk = DecisionDesk(recovered=False)
    desk.due(Job.ENTRY)
    assert desk.end() == (CycleOutcome.RECOVERING, ("execution_recovering",))


def test_a_failed_recovery_is_not_a_recovery() -> None:
    desk = DecisionDesk(recovered=False)
    desk.tell(RecoveryReport(ok=False, at=NOW, attempts=1, differences=(), error="unreachable"))
    desk.due(Job.ENTRY)
    assert desk.end()[0] is CycleOutcome.RECOVERING


def test_an_injected_cycle_is_answered_with_what_it_led_to_once_that_is_on_disk() -> None:
    desk = DecisionDesk(now=datetime(2026, 1, 13, 11, 5, 7, 250_000, tzinfo=UTC))
    person = FakeAddress("control")
    desk.tell(RunEntryCycle(request_id="inject-1", slot=desk.ctx.now()), sender=person)
    desk.state_answers = False
    desk.snapshot_failed("server")
    assert desk.answers(person) == []
    desk.state_answers = True
    desk._answer_state()
    (answer,) = desk.answers(person)
    assert isinstance(answer, CycleEnded)
    assert (answer.request_id, answer.outcome) == ("inject-1", CycleOutcome.DATA_FAILED)
    assert answer.slot == datetime(2026, 1, 13, 11, 5, 7, 250_000, tzinfo=UTC)


@pytest.mark.raises_alert(AlertCode.CYCLE_NOT_FILLED)
def test_an_order_that_rests_holds_back_the_next_cycle() -> None:
    desk = at_order()
    desk.due(Job.MONITOR, NOW + timedelta(minutes=1))
    assert [view.job for view in desk.status().waiting] == [Job.MONITOR]
    desk.positions.clear()
    desk.order_final(FinalOutcome.NOT_FILLED)
    assert [close.outcome for close in desk.ends()] == [CycleOutcome.NOT_FILLED, CycleOutcome.NOTHING_OPEN]
