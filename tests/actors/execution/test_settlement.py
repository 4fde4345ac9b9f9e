"""Settlement at expiry: the venue's deliveries, booked once, close what expired."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.alerts import AlertCode
from core.messages.execution import ExitEnded, PositionClosed, Settled, SettleExpired, SettleFailed
from core.messages.state import RecordDeliveries
from core.orders.lifecycle import PositionState
from core.values import CycleId
from tests.fakes.trading import EXPIRATION, TradingHouse


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    house = TradingHouse(tmp_path)
    house.enter(2)
    return house


def settle(house: TradingHouse) -> None:
    command = SettleExpired(request_id="settle-1", cycle_id=CycleId("settlement-1"))
    house.tell("execution", command, sender="decision")


def expire(house: TradingHouse) -> None:
    house.advance((EXPIRATION - house.time).total_seconds() + 600)


def test_nothing_expired_is_settled_with_nothing(house: TradingHouse) -> None:
    settle(house)
    (settled,) = house.told("decision", Settled)
    assert settled.deliveries == 0
    assert settled.positions_closed == ()


def test_delivery_of_every_leg_closes_the_position(house: TradingHouse) -> None:
    expire(house)
    house.venue.settle()
    settle(house)
    (settled,) = house.told("decision", Settled)
    assert settled.positions_closed == ("p-entry-1",)
    assert settled.deliveries == 2
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED
    (closed,) = house.told("decision", PositionClosed)
    assert closed.exit_rule == "settlement"
    assert [ended.nothing_left for ended in house.told("control", ExitEnded)] == [True]


def test_late_delivery_is_waited_for(house: TradingHouse) -> None:
    expire(house)
    settle(house)
    assert house.told("decision", Settled) == []
    house.venue.settle()
    house.advance(61)
    assert len(house.told("decision", Settled)) == 1


@pytest.mark.raises_alert(AlertCode.SETTLEMENT_FAILED)
def test_missing_delivery_is_a_failure_by_name_and_books_nothing(house: TradingHouse) -> None:
    expire(house)
    settle(house)
    house.advance(600)
    (failed,) = house.told("decision", SettleFailed)
    assert len(failed.reasons) == 2
    assert all(reason.startswith("not_delivered:") for reason in failed.reasons)
    assert house.told("state", RecordDeliveries) == []


def test_recovery_books_deliveries_that_came_while_it_was_down(house: TradingHouse) -> None:
    house.stop("execution")
    expire(house)
    house.venue.settle()
    house.start_execution()
    house.run()
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED
