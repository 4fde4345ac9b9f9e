"""A cycle that has nothing to do takes one message, which opens its row and closes it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.runtime import AskTimeout
from core.alerts import AlertCode
from core.messages.base import Refused
from core.messages.decision import RunMonitorCycle
from core.messages.market_data import FetchSnapshot
from core.messages.state import CloseCycle, GetBooks, GetTradeResults, OpenCycle
from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import PositionState
from tests.actors.decision.desk import DecisionDesk, position
from tests.actors.decision.test_no_room import FULL
from tests.core.example_market import NOW


def opened(desk: DecisionDesk) -> list[CycleOutcome | None]:
    return [None if row.idle is None else row.idle.outcome for row in desk.sent("state", OpenCycle)]


@pytest.mark.parametrize("job", [Job.MONITOR, Job.SETTLEMENT])
def test_with_nothing_open_a_cycle_is_one_message(job: Job) -> None:
    desk = DecisionDesk()
    desk.due(job)
    assert opened(desk) == [CycleOutcome.NOTHING_OPEN]
    assert desk.sent("state", CloseCycle) == []
    assert [ended.outcome for ended in desk.status().recent] == [CycleOutcome.NOTHING_OPEN]


def test_a_settlement_before_the_first_expiry_is_one_message() -> None:
    desk = DecisionDesk()
    desk.positions = [position()]
    desk.due(Job.SETTLEMENT)
    assert opened(desk) == [CycleOutcome.HELD]
    assert desk.sent("state", CloseCycle) == []


def test_the_protections_are_looked_at_once_the_end_of_an_idle_monitor_is_on_disk() -> None:
    desk = DecisionDesk()
    desk.state_answers = False
    desk.due(Job.MONITOR)
    assert not [asked for _, asked, _ in desk.ctx.asked if isinstance(asked, GetTradeResults)]
    desk.state_answers = True
    desk._answer_state()
    assert [asked for _, asked, _ in desk.ctx.asked if isinstance(asked, GetTradeResults)]


@pytest.mark.parametrize("state", [PositionState.OPEN, PositionState.CLOSING])
def test_a_monitor_with_something_to_close_is_run(state: PositionState) -> None:
    desk = DecisionDesk()
    desk.positions = [position(state=state)]
    desk.due(Job.MONITOR)
    assert opened(desk) == [None]


def test_a_settlement_of_what_has_expired_is_run() -> None:
    desk = DecisionDesk(now=NOW + timedelta(days=60))
    desk.positions = [position()]
    desk.due(Job.SETTLEMENT, desk.ctx.now())
    assert opened(desk) == [None]


@pytest.mark.raises_alert(AlertCode.CYCLE_ACTOR_FAILED)
def test_books_that_can_not_be_read_leave_the_cycle_to_be_run() -> None:
    desk = DecisionDesk()
    desk.ctx.asks[GetBooks] = AskTimeout("2 s")
    desk.due(Job.SETTLEMENT)
    assert opened(desk) == [None]
    assert desk.end()[0] is CycleOutcome.ACTOR_FAILED


@pytest.mark.raises_alert(AlertCode.CYCLE_RECOVERING)
def test_while_books_and_venue_are_compared_no_cycle_is_called_idle() -> None:
    desk = DecisionDesk(recovered=False)
    desk.due(Job.SETTLEMENT)
    assert opened(desk) == [None]
    assert desk.end()[0] is CycleOutcome.RECOVERING


def test_a_persons_monitor_is_run_as_it_was_asked_for() -> None:
    desk = DecisionDesk()
    desk.tell(RunMonitorCycle(request_id="m", slot=NOW))
    assert opened(desk) == [None]


@pytest.mark.raises_alert(AlertCode.CYCLE_NOT_OPENED)
def test_an_idle_cycle_that_the_books_had_no_room_for_is_looked_at_anew() -> None:
    desk = DecisionDesk()
    desk.state_answers = False
    desk.due(Job.MONITOR)
    (first,) = desk.sent("state", OpenCycle)
    desk.tell(Refused(request_id=first.request_id, reasons=FULL))
    desk.positions = [position()]
    desk._seen = len(desk.ctx.told)
    desk.state_answers = True
    desk.pass_time(60.0)
    assert opened(desk) == [CycleOutcome.NOTHING_OPEN, None]
    assert len(desk.sent("market_data", FetchSnapshot)) == 1


def test_a_fill_that_state_had_before_the_row_is_looked_at() -> None:
    desk = DecisionDesk()
    desk.state_answers = False
    desk.due(Job.MONITOR)
    desk.positions, desk.seq = [position()], 2
    desk.state_answers = True
    desk._answer_state()
    assert opened(desk) == [CycleOutcome.NOTHING_OPEN]
    assert desk.ends() == []
    assert len(desk.sent("market_data", FetchSnapshot)) == 1


def test_a_monitor_that_was_idle_when_execution_ended_is_owed() -> None:
    """What the recovery then finds is looked at right after it."""
    desk = DecisionDesk()
    desk.state_answers = False
    desk.due(Job.MONITOR)
    desk.terminated("execution")
    desk.state_answers = True
    desk._answer_state()
    desk.positions, desk.seq = [position()], 2
    desk.ctx.advance(30.0)
    desk.recover()
    assert opened(desk) == [CycleOutcome.NOTHING_OPEN, None]
    assert len(desk.sent("market_data", FetchSnapshot)) == 1


def test_an_idle_slot_that_is_told_again_has_run() -> None:
    desk = DecisionDesk()
    desk.due(Job.MONITOR)
    desk.due(Job.MONITOR)
    assert len(desk.ends()) == 1
    assert len(desk.status().recent) == 1


def test_a_row_that_was_left_open_is_closed_by_the_message_that_takes_it_up() -> None:
    desk = DecisionDesk()
    desk.rows[Job.SETTLEMENT, NOW] = None
    desk.due(Job.SETTLEMENT)
    assert desk.end() == (CycleOutcome.NOTHING_OPEN, ())
