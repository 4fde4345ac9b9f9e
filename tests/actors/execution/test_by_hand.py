"""A person closes every position, or has the entries cancelled that rest."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.messages.base import Refused
from core.messages.execution import (
    AllClosed,
    CancelEntries,
    CancelOrders,
    CloseAll,
    EntriesCancelled,
    FinalOutcome,
    OrdersCancelled,
    StillClosing,
)
from core.orders.lifecycle import PositionState
from core.values import PositionId
from tests.fakes.trading import TradingHouse

P1 = PositionId("p-entry-1")
LABEL = "p-entry-1:abcdef:e1"


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    return TradingHouse(tmp_path)


def close_all(house: TradingHouse) -> None:
    house.tell("execution", CloseAll(request_id="i-1", reason="a drill"), sender="control")


def cancel(house: TradingHouse, *, at: datetime | None = None) -> None:
    command = CancelOrders(request_id="i-1", reason="a drill", at=at or house.time)
    house.tell("execution", command, sender="control")


def test_every_position_is_closed_and_the_end_names_them(house: TradingHouse) -> None:
    house.enter(2)
    house.venue.fill_next.append(2)
    close_all(house)
    house.advance(40)
    assert house.told("control", AllClosed) == [AllClosed(request_id="i-1", closed=(P1,))]
    assert house.books.state_of(P1) is PositionState.CLOSED


def test_nothing_open_is_an_end_at_once(house: TradingHouse) -> None:
    close_all(house)
    assert house.told("control", AllClosed) == [AllClosed(request_id="i-1", closed=())]


def test_it_goes_on_until_an_exit_fills_and_says_what_it_waits_for(house: TradingHouse) -> None:
    house.enter(2)
    close_all(house)
    house.advance(600)
    assert house.told("control", AllClosed) == []
    assert house.told("control", StillClosing) == [
        StillClosing(request_id="i-1", text="p-entry-1 is being closed")
    ]


def test_told_again_it_has_one_exit_and_one_end(house: TradingHouse) -> None:
    house.enter(2)
    close_all(house)
    close_all(house)
    assert len(house.venue.placed()) == 2, "the entry and one exit"


def test_an_entry_that_rests_is_cancelled_by_it(house: TradingHouse) -> None:
    house.place(house.propose())
    close_all(house)
    house.advance(60)
    assert house.venue.order(LABEL).state == "cancelled"
    assert house.told("control", AllClosed) == [AllClosed(request_id="i-1", closed=())]


def test_no_entry_is_placed_until_it_has_ended(house: TradingHouse) -> None:
    house.enter(2)
    close_all(house)
    house.place(house.propose(name="p-entry-2"))
    final = house.finals()[-1]
    assert (final.outcome, final.reasons) == (FinalOutcome.REFUSED, ("closing_all",))


def test_it_outlives_a_recovery(house: TradingHouse) -> None:
    house.enter(2)
    close_all(house)
    house.restart_execution()
    close_all(house)
    house.venue.fill_next.append(2)
    house.advance(900)
    assert house.books.state_of(P1) in (PositionState.CLOSED, PositionState.CLOSING)


@pytest.mark.parametrize("ask", [close_all, cancel])
def test_a_recovery_comes_first(tmp_path: Path, ask: object) -> None:
    assert callable(ask)
    house = TradingHouse(tmp_path)
    house.enter(2)
    house.stop("mcp.deribit")
    house.restart_execution()
    ask(house)
    assert house.told("control", Refused) == [Refused(request_id="i-1", reasons=("recovering",))]


def test_what_rests_is_cancelled_and_confirmed(house: TradingHouse) -> None:
    house.place(house.propose())
    cancel(house)
    house.advance(10)
    assert house.venue.order(LABEL).state == "cancelled"
    assert house.told("control", OrdersCancelled) == [
        OrdersCancelled(request_id="i-1", entries=(P1,), opened=(), exits=())
    ]
    assert house.finals()[-1].outcome is FinalOutcome.NOT_FILLED


def test_what_rests_is_cancelled_also_if_the_clock_was_set_back_since_it_was_placed(
    house: TradingHouse,
) -> None:
    """By the clock it came after the message, which nobody can have given before."""
    house.place(house.propose())
    house.set_clock(-600)
    cancel(house)
    house.advance(10)
    assert house.venue.order(LABEL).state == "cancelled"
    (ended,) = house.told("control", OrdersCancelled)
    assert ended.entries == (P1,)


def test_a_stop_waits_no_longer_for_its_cancels_if_the_clock_is_set_back_meanwhile(
    house: TradingHouse,
) -> None:
    house.place(house.propose())
    house.venue.faults["cancel_order"].extend([500] * 20)
    house.tell("execution", CancelEntries(), sender="control")
    house.set_clock(-600)
    house.advance(5)
    assert house.told("control", EntriesCancelled) == [EntriesCancelled(cancelled=0, unconfirmed=1)]


def test_exits_go_on_and_are_named(house: TradingHouse) -> None:
    house.enter(2)
    house.close(P1)
    cancel(house)
    assert house.told("control", OrdersCancelled) == [
        OrdersCancelled(request_id="i-1", entries=(), opened=(), exits=(P1,))
    ]
    assert house.venue.named("cancel_order") == []


def test_an_entry_that_came_after_the_message_is_not_meant(house: TradingHouse) -> None:
    told_at = house.time - timedelta(microseconds=1)
    house.place(house.propose())
    cancel(house, at=told_at)
    house.advance(10)
    assert house.told("control", OrdersCancelled) == [
        OrdersCancelled(request_id="i-1", entries=(), opened=(), exits=())
    ]
    assert house.venue.order(LABEL).state == "open"
