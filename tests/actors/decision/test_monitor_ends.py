"""How a monitor's row is closed: by its one decision if nothing follows from that, or else by itself."""

from __future__ import annotations

import pytest

from actors.runtime.testing import FakeAddress
from core.alerts import AlertCode, Severity
from core.messages.decision import RunMonitorCycle
from core.messages.execution import ClosePosition
from core.messages.room_status import CycleEnded
from core.messages.state import CloseCycle, RecordDecision, SetSystem
from core.orders.books import CycleOutcome, Job, Position
from core.orders.lifecycle import PositionState
from core.strategy import Strategy
from core.values import PositionId
from tests.actors.decision.desk import DEADLINE, DecisionDesk, monitor_market, position
from tests.actors.decision.test_monitor_cycle import P1, PROFIT

PERSON = FakeAddress("control")
WITHOUT_HIGHS = Strategy.model_validate({"protections": {"drawdown_max_frac": None}})
"""Nothing but the decisions is told to state."""
TOLD = (RecordDecision, SetSystem, CloseCycle)


def watching(*positions: Position, strategy: Strategy = WITHOUT_HIGHS) -> DecisionDesk:
    desk = DecisionDesk(strategy=strategy)
    desk.positions = list(positions or (position(),))
    desk.due(Job.MONITOR)
    return desk


def closing(desk: DecisionDesk) -> list[CycleOutcome | None]:
    """The end that each recorded decision has closed the row with."""
    return [None if each.end is None else each.end.outcome for each in desk.sent("state", RecordDecision)]


def test_a_decision_that_holds_the_only_position_closes_the_row() -> None:
    desk = watching()
    desk.snapshot(monitor_market())
    assert closing(desk) == [CycleOutcome.HELD]
    assert desk.sent("state", CloseCycle) == []
    assert desk.end() == (CycleOutcome.HELD, (f"hold:{P1}",))
    assert [ended.outcome for ended in desk.status().recent] == [CycleOutcome.HELD]


@pytest.mark.raises_alert(AlertCode.CYCLE_DEADLINE)
def test_a_decision_that_is_recorded_late_is_waited_for_with_its_end() -> None:
    """The row may be closed by it at any moment: a deadline would give the cycle another end. A person is
    told once."""
    desk = watching()
    desk.state_answers = False
    desk.snapshot(monitor_market())
    desk.pass_time(2 * DEADLINE.total_seconds())
    assert desk.alerts(AlertCode.CYCLE_DEADLINE) == [Severity.HIGH]
    desk.terminated("market_data")
    assert desk.sent("state", CloseCycle) == []
    assert desk.status().recent == ()
    desk.state_answers = True
    desk._answer_state()
    assert [ended.outcome for ended in desk.status().recent] == [CycleOutcome.HELD]
    assert desk.alerts() == [Severity.HIGH]


def test_who_asked_for_the_monitor_is_answered_once_the_row_is_closed() -> None:
    desk = DecisionDesk(strategy=WITHOUT_HIGHS)
    desk.positions = [position()]
    desk.tell(RunMonitorCycle(request_id="m", slot=desk.ctx.now()), sender=PERSON)
    desk.state_answers = False
    desk.snapshot(monitor_market())
    assert desk.answers(PERSON) == []
    desk.state_answers = True
    desk._answer_state()
    (ended,) = desk.answers(PERSON)
    assert isinstance(ended, CycleEnded)
    assert (ended.request_id, ended.outcome) == ("m", CycleOutcome.HELD)


def test_the_next_cycle_begins_after_it() -> None:
    desk = watching()
    desk.due(Job.SETTLEMENT)
    desk.snapshot(monitor_market())
    assert [end.cycle_id.partition("-")[0] for end in desk.ends()] == ["monitor", "settlement"]


def test_a_decision_that_closes_the_position_leaves_the_row_open() -> None:
    desk = watching(position(credit_eth=PROFIT))
    desk.snapshot(monitor_market())
    assert closing(desk) == [None]
    assert len(desk.sent("execution", ClosePosition)) == 1
    assert desk.ends() == []


@pytest.mark.raises_alert(AlertCode.CYCLE_DATA_FAILED)
def test_a_decision_that_was_not_possible_leaves_the_row_open() -> None:
    """A person is alerted with the row's closing: closed already, it would tell no later incarnation so."""
    desk = watching()
    desk.snapshot(monitor_market(dvol=None))
    assert closing(desk) == [None]
    assert desk.end()[0] is CycleOutcome.DATA_FAILED


@pytest.mark.raises_alert(AlertCode.CYCLE_EXIT_WORKING)
def test_a_decision_beside_an_exit_under_way_leaves_the_row_open() -> None:
    desk = watching(position(), position("p-entry-2", PositionState.CLOSING))
    desk.snapshot(monitor_market())
    assert closing(desk) == [None]
    assert desk.end()[0] is CycleOutcome.EXIT_WORKING


def test_of_two_decisions_none_closes_the_row() -> None:
    """One of them may be refused, and the cycle then has another end."""
    desk = watching(position(), position("p-entry-2"))
    desk.snapshot(monitor_market())
    assert closing(desk) == [None, None]
    assert desk.end() == (CycleOutcome.HELD, (f"hold:{P1}", f"hold:{PositionId('p-entry-2')}"))


def test_what_the_look_at_the_protections_notes_comes_between_decision_and_end() -> None:
    desk = watching(strategy=Strategy())
    desk.snapshot(monitor_market())
    told = [type(each) for each in desk.ctx.told_to("state") if isinstance(each, TOLD)]
    assert told == [RecordDecision, SetSystem, CloseCycle]
    assert closing(desk) == [None]
