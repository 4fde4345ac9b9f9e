"""The monitor cycle: never blind, never silent if an exit is due, never hold without data."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from actors.runtime import AskTimeout
from actors.runtime.testing import FakeAddress
from core.alerts import AlertCode
from core.messages.alerting import Severity
from core.messages.arm_cause import ArmCause
from core.messages.decision import RunMonitorCycle
from core.messages.execution import ClosePosition, ExitStarted, PositionClosed, Settled, SettleExpired
from core.messages.kill_switch import GetKillSwitch
from core.messages.market_data import FetchSnapshot, MarketSnapshotStored, SnapshotKind
from core.messages.room_status import CycleEnded
from core.messages.state import GetLastCycle, LastCycle, RecordDecision
from core.orders.books import CycleOutcome, CycleRow, Job
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from core.rules.exit.decision import ExitDecision
from core.strategy import ExitsSection, Strategy
from core.values import Mode, PositionId
from tests.actors.decision.desk import DecisionDesk, cycle_id, monitor_market, position
from tests.core.example_market import NOW, chain_of, wire_quotes
from tests.fakes.clear_switch import CLEAR

P1 = PositionId("p-entry-1")
PROFIT = "0.1000"
"""A credit so large that the cost to close is far below half of it."""


def watching(*, credit_eth: str | None = None, strategy: Strategy | None = None) -> DecisionDesk:
    desk = DecisionDesk(strategy=strategy)
    desk.positions = [position(credit_eth=credit_eth)]
    desk.due(Job.MONITOR)
    return desk


def closing() -> DecisionDesk:
    """A cycle whose exit is with execution."""
    desk = watching(credit_eth=PROFIT)
    desk.snapshot(monitor_market())
    assert len(desk.sent("execution", ClosePosition)) == 1
    return desk


def started(desk: DecisionDesk, ok: bool, *reasons: str) -> None:
    desk.tell(ExitStarted(request_id="close", position_id=P1, started=ok, reasons=reasons))


def closed(desk: DecisionDesk) -> None:
    desk.tell(PositionClosed(position_id=P1, exit_rule=ExitRule.PROFIT, at=desk.ctx.now()))


def test_with_nothing_open_nothing_is_fetched() -> None:
    desk = DecisionDesk()
    desk.due(Job.MONITOR)
    assert desk.end() == (CycleOutcome.NOTHING_OPEN, ())
    assert desk.sent("market_data", FetchSnapshot) == []
    assert desk.alerts() == []


def test_a_position_without_a_reason_to_close_is_held_and_its_decision_recorded() -> None:
    desk = watching()
    asked = desk.sent("market_data", FetchSnapshot)[0]
    assert asked.kind is SnapshotKind.MONITOR
    assert asked.expirations == (desk.positions[0].plan.expiration,)
    desk.snapshot(monitor_market())
    assert desk.end() == (CycleOutcome.HELD, (f"hold:{P1}",))
    assert len(desk.sent("state", RecordDecision)) == 1
    assert desk.alerts() == []


def test_who_asks_is_told_the_decision_rule_by_rule_and_nobody_else_has_it_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A year has thousands of decisions, and hardly any is read as text."""
    tables: list[PositionId] = []
    table = ExitDecision.table

    def counted(decision: ExitDecision) -> str:
        tables.append(decision.position_id)
        return table(decision)

    monkeypatch.setattr(ExitDecision, "table", counted)
    desk = watching()
    desk.snapshot(monitor_market())
    assert desk.end() == (CycleOutcome.HELD, (f"hold:{P1}",))
    assert tables == []
    (recent,) = desk.status().recent
    assert "hold" in recent.text
    assert desk.status().recent == (recent,)
    assert tables == [P1]


def test_a_person_who_asked_for_a_monitor_reads_its_decisions() -> None:
    desk, person = DecisionDesk(), FakeAddress("control")
    desk.positions = [position(), position("p-entry-2")]
    desk.tell(RunMonitorCycle(request_id="m", slot=NOW), sender=person)
    desk.snapshot(monitor_market())
    (ended,) = desk.answers(person)
    assert isinstance(ended, CycleEnded)
    assert ended.request_id == "m"
    assert [line for line in ended.text.splitlines() if line.startswith("exit p-entry")] == [
        "exit p-entry-1: hold",
        "exit p-entry-2: hold",
    ]


def test_an_exit_that_is_due_is_told_by_its_rule_after_its_decision_is_on_disk() -> None:
    desk = watching(credit_eth=PROFIT)
    desk.state_answers = False
    desk.snapshot(monitor_market())
    assert desk.sent("execution", ClosePosition) == []
    desk.state_answers = True
    desk._answer_state()
    (close,) = desk.sent("execution", ClosePosition)
    assert (close.position_id, close.exit_rule) == (P1, "profit")


def test_of_several_rules_that_match_the_first_is_the_exits_and_the_reason_names_all() -> None:
    desk = watching(credit_eth=PROFIT)
    desk.snapshot(monitor_market(dvol=90.0))
    (close,) = desk.sent("execution", ClosePosition)
    assert (close.exit_rule, close.reason) == (ExitRule.PROFIT, "profit, volatility")


def test_a_position_that_closes_ends_the_cycle_as_exited() -> None:
    desk = closing()
    started(desk, True)
    closed(desk)
    assert desk.end() == (CycleOutcome.EXITED, (f"profit:{P1}",))


def test_an_exit_that_takes_longer_goes_on_without_the_cycle() -> None:
    desk = closing()
    started(desk, True)
    desk.pass_time(3600.0)
    outcome, reasons = desk.end()
    assert outcome is CycleOutcome.EXIT_WORKING
    assert f"exit_working:{P1}" in reasons


@pytest.mark.raises_alert(AlertCode.EXIT_BLOCKED)
def test_an_exit_that_could_not_start_is_critical_every_time() -> None:
    desk = closing()
    started(desk, False, "vetoed", "armed")
    outcome, reasons = desk.end()
    assert outcome is CycleOutcome.EXIT_BLOCKED
    assert f"armed@{P1}" in reasons
    assert desk.alerts("exit_blocked") == [Severity.CRITICAL]


@pytest.mark.parametrize("cause", [ArmCause.AUDIT, ArmCause.RECOVERY])
def test_an_exit_that_the_armed_switch_blocks_is_critical_and_not_sent(cause: ArmCause) -> None:
    desk = watching(credit_eth=PROFIT)
    desk.switch = CLEAR.model_copy(update={"armed": True, "causes": (cause,), "exits_blocked": True})
    desk.snapshot(monitor_market())
    assert desk.end()[0] is CycleOutcome.EXIT_BLOCKED
    assert desk.sent("execution", ClosePosition) == []
    assert desk.alerts("exit_blocked") == [Severity.CRITICAL]


def test_an_armed_switch_that_lets_exits_through_does_not_stop_one() -> None:
    desk = watching(credit_eth=PROFIT)
    desk.switch = CLEAR.model_copy(update={"armed": True, "causes": (ArmCause.OPERATOR,)})
    desk.snapshot(monitor_market())
    assert len(desk.sent("execution", ClosePosition)) == 1


def test_a_switch_that_does_not_answer_leaves_the_word_to_the_gate() -> None:
    desk = watching(credit_eth=PROFIT)
    desk.ctx.asks[GetKillSwitch] = AskTimeout("2 s")
    desk.snapshot(monitor_market())
    assert len(desk.sent("execution", ClosePosition)) == 1


@pytest.mark.raises_alert(AlertCode.CYCLE_EXIT_WORKING)
def test_an_exit_under_way_is_not_told_again() -> None:
    desk = DecisionDesk()
    desk.positions = [position(state=PositionState.CLOSING)]
    desk.due(Job.MONITOR)
    assert desk.end() == (CycleOutcome.EXIT_WORKING, (f"exit_under_way:{P1}",))
    assert desk.sent("execution", ClosePosition) == []


@pytest.mark.parametrize(("after", "tries"), [(timedelta(minutes=6), 0), (timedelta(hours=4), 1)])
def test_an_expired_position_waits_for_its_settlement_and_is_settled_if_that_was_missed(
    after: timedelta, tries: int
) -> None:
    """Found by simulated clocks, and a venue that failed at 08:10: it stood in the books for another day."""
    at = position().plan.expiration + after
    desk = DecisionDesk(now=at)
    desk.positions = [position()]
    desk.due(Job.MONITOR, at)
    assert desk.end() == (CycleOutcome.NOTHING_OPEN, (f"awaiting_settlement:{P1}",))
    asked = desk.sent("execution", SettleExpired)
    assert len(asked) == tries
    for each in asked:
        desk.tell(
            Settled(request_id=each.request_id, cycle_id=each.cycle_id, positions_closed=(), deliveries=1)
        )
    assert len(desk.ends()) == 1


@pytest.mark.parametrize(("after", "tries"), [(timedelta(hours=20), 0), (timedelta(hours=22), 1)])
def test_a_settlement_that_is_still_to_come_is_not_overdue(after: timedelta, tries: int) -> None:
    """One before the hour of expiry is that of the next day, and a backtest waits for it, too."""
    at = position().plan.expiration + after
    desk = DecisionDesk(now=at, strategy=Strategy.model_validate({"scheduler": {"settlement_time": "04:15"}}))
    desk.positions = [position()]
    desk.due(Job.MONITOR, at)
    assert len(desk.sent("execution", SettleExpired)) == tries


def test_a_leg_that_is_not_quoted_is_failed_data_and_never_hold() -> None:
    desk = watching()
    quotes = [
        q for q in wire_quotes() if q["instrument_name"] != desk.positions[0].plan.legs[0].instrument_name
    ]
    desk.snapshot(monitor_market(chain=chain_of(quotes)))
    outcome, reasons = desk.end()
    assert outcome is CycleOutcome.DATA_FAILED
    assert any(reason.startswith("leg_missing:") for reason in reasons)
    assert desk.alerts() == [Severity.HIGH]


def fail_monitor(desk: DecisionDesk, slot: datetime) -> None:
    desk.due(Job.MONITOR, slot)
    desk.snapshot_failed("timeout")


def test_missing_data_twice_in_a_row_is_critical_and_a_look_in_between_resets_it() -> None:
    desk = DecisionDesk()
    desk.positions = [position()]
    slots = [NOW + timedelta(hours=12 * n) for n in range(4)]
    fail_monitor(desk, slots[0])
    fail_monitor(desk, slots[1])
    assert desk.alerts("cycle_data_failed") == [Severity.HIGH, Severity.CRITICAL]
    desk.due(Job.MONITOR, slots[2])
    desk.snapshot(monitor_market())
    fail_monitor(desk, slots[3])
    assert desk.alerts("cycle_data_failed")[-1] is Severity.HIGH


@pytest.mark.raises_alert(AlertCode.CYCLE_DATA_FAILED)
def test_a_monitor_that_failed_right_before_the_restart_counts() -> None:
    desk = DecisionDesk()
    desk.positions = [position()]
    failed = CycleRow(
        cycle_id=cycle_id(Job.MONITOR),
        job=Job.MONITOR,
        slot=NOW - timedelta(hours=12),
        opened_at=NOW,
        outcome=CycleOutcome.DATA_FAILED,
    )
    asked = desk.sent("state", GetLastCycle)[0]
    desk.tell(LastCycle(request_id=asked.request_id, job=Job.MONITOR, cycle=failed))
    fail_monitor(desk, NOW)
    assert desk.alerts("cycle_data_failed") == [Severity.CRITICAL]


def test_the_death_of_execution_during_an_exit_ends_the_cycle_and_owes_a_look() -> None:
    desk = closing()
    desk.terminated("execution")
    assert desk.end()[0] is CycleOutcome.ACTOR_FAILED
    desk.pass_time(1.0)
    desk.recover()
    assert len(desk.sent("market_data", FetchSnapshot)) == 2


def test_a_monitor_that_met_a_recovery_runs_once_after_it() -> None:
    desk = DecisionDesk(recovered=False)
    desk.positions = [position()]
    desk.due(Job.MONITOR)
    assert desk.end()[0] is CycleOutcome.RECOVERING
    desk.pass_time(30.0)
    desk.recover()
    assert len(desk.sent("market_data", FetchSnapshot)) == 1


def test_a_monitor_in_the_maintenance_window_waits_for_its_end() -> None:
    now = NOW.replace(hour=7, minute=40)
    desk = DecisionDesk(now=now)
    desk.positions = [position()]
    desk.tell(RunMonitorCycle(request_id="r", slot=now))
    assert desk.sent("market_data", FetchSnapshot) == []
    desk.pass_time(25 * 60.0)
    assert len(desk.sent("market_data", FetchSnapshot)) == 1


@pytest.mark.parametrize(
    ("wanted", "strategy_mode", "runs"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_a_stored_snapshot_runs_a_monitor_only_where_the_strategy_says_so(
    wanted: bool, strategy_mode: bool, runs: bool
) -> None:
    desk = DecisionDesk(
        strategy=Strategy(exits=ExitsSection(monitor_on_snapshot=wanted)),
        mode=Mode(data_analysis=True, strategy=strategy_mode),
    )
    desk.positions = [position()]
    desk.tell(MarketSnapshotStored(request_id="s", slot=NOW, at=NOW, spot_usd=3000.0, dvol=65.0, quotes=100))
    assert (len(desk.sent("market_data", FetchSnapshot)) == 1) is runs


def test_of_two_positions_each_is_decided_and_the_graver_outcome_is_the_cycles() -> None:
    desk = DecisionDesk()
    desk.positions = [position(), position("p-entry-2", credit_eth=PROFIT)]
    desk.due(Job.MONITOR)
    desk.snapshot(monitor_market())
    assert [close.position_id for close in desk.sent("execution", ClosePosition)] == ["p-entry-2"]
    desk.tell(
        ExitStarted(request_id="c", position_id=PositionId("p-entry-2"), started=False, reasons=("vetoed",))
    )
    outcome, reasons = desk.end()
    assert outcome is CycleOutcome.EXIT_BLOCKED
    assert f"hold:{P1}" in reasons


def test_only_the_newest_open_monitor_row_is_taken_up_again() -> None:
    desk = DecisionDesk(recovered=False)
    old, new = NOW - timedelta(hours=14), NOW - timedelta(hours=2)
    rows = [
        (CycleRow(cycle_id=cycle_id(Job.MONITOR, slot), job=Job.MONITOR, slot=slot, opened_at=slot), False)
        for slot in (old, new)
    ]
    for slot in (old, new):
        desk.rows[Job.MONITOR, slot] = None
    desk.recover(*rows)
    assert [(close.cycle_id, close.outcome) for close in desk.ends()] == [
        (cycle_id(Job.MONITOR, old), CycleOutcome.INTERRUPTED),
        (cycle_id(Job.MONITOR, new), CycleOutcome.NOTHING_OPEN),
    ]
