"""Books without room for a decision: the cycle decides anew once they have some, from the market on."""

from __future__ import annotations

import pytest

from core.alerts import AlertCode
from core.messages.base import Refused
from core.messages.execution import ClosePosition, PlaceCombo
from core.messages.market_data import EntryMarket, FetchSnapshot
from core.messages.state import RecordDecision
from core.orders.books import CycleOutcome, Job
from core.rules.facts import MonitorMarket
from core.strategy import Strategy
from tests.actors.decision.desk import DecisionDesk, entry_market, monitor_market, position
from tests.actors.decision.test_monitor_cycle import PROFIT

FULL = ("disk_full: database or disk is full",)


def decided_in_vain(desk: DecisionDesk, market: EntryMarket | MonitorMarket) -> None:
    """The market comes, and the books have no room for what is decided on it."""
    desk.state_answers = False
    desk.snapshot(market)
    recorded = desk.sent("state", RecordDecision)[-1]
    desk.tell(Refused(request_id=recorded.request_id, reasons=FULL))
    desk._seen = len(desk.ctx.told)
    desk.state_answers = True


def test_an_entry_decides_anew_once_the_books_have_room() -> None:
    """A disk that was full for half a minute would else cost the week's entry."""
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    decided_in_vain(desk, entry_market())
    assert desk.ends() == []
    desk.pass_time(60.0)
    assert len(desk.sent("market_data", FetchSnapshot)) == 2
    desk.snapshot(entry_market())
    first, second = desk.sent("state", RecordDecision)
    assert first.request_id != second.request_id
    assert len(desk.sent("execution", PlaceCombo)) == 1
    assert desk.ends() == []


@pytest.mark.raises_alert(AlertCode.CYCLE_ACTOR_FAILED)
def test_an_entry_whose_grace_is_over_before_there_is_room_ends() -> None:
    desk = DecisionDesk()
    desk.due(Job.ENTRY)
    tries = 0
    while not desk.ends():
        decided_in_vain(desk, entry_market())
        tries += 1
        desk.pass_time(60.0)
    assert tries == desk.strategy.scheduler.grace_s // 60
    assert desk.end() == (CycleOutcome.ACTOR_FAILED, ("state_refused", *FULL))
    assert desk.sent("execution", PlaceCombo) == []


def test_a_monitor_looks_again_until_there_is_room() -> None:
    """Its next slot is twelve hours away."""
    desk = DecisionDesk(strategy=Strategy.model_validate({"liquidity": {"max_quote_age_s": 3600.0}}))
    desk.positions = [position(credit_eth=PROFIT)]
    desk.due(Job.MONITOR)
    for _ in range(12):
        decided_in_vain(desk, monitor_market())
        assert desk.sent("execution", ClosePosition) == []
        desk.pass_time(60.0)
    desk.snapshot(monitor_market())
    assert len(desk.sent("execution", ClosePosition)) == 1
    assert desk.ends() == []


def test_a_monitor_that_holds_looks_again_until_there_is_room() -> None:
    """Its decision would have closed its row: it did not."""
    desk = DecisionDesk(strategy=Strategy.model_validate({"protections": {"drawdown_max_frac": None}}))
    desk.positions = [position()]
    desk.due(Job.MONITOR)
    decided_in_vain(desk, monitor_market())
    desk.pass_time(60.0)
    desk.snapshot(monitor_market())
    first, second = desk.sent("state", RecordDecision)
    assert first.request_id != second.request_id
    assert [end.request_id for end in desk.ends()] == [first.request_id, second.request_id]
    assert len(desk.status().recent) == 1


def test_a_monitor_that_can_not_decide_anew_because_execution_recovers_is_owed() -> None:
    desk = DecisionDesk()
    desk.positions = [position(credit_eth=PROFIT)]
    desk.due(Job.MONITOR)
    decided_in_vain(desk, monitor_market())
    desk.terminated("execution")
    desk.pass_time(60.0)
    assert desk.end() == (CycleOutcome.RECOVERING, ("execution_recovering",))
    desk.recover()
    assert len(desk.sent("market_data", FetchSnapshot)) == 2
