"""An order whose outcome is unknown: looked for, never sent again; entries wait meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.alerts import AlertCode
from core.messages.execution import FinalOutcome
from core.messages.kill_switch import ClearSuspension, SuspendEntries
from core.orders.lifecycle import OrderState, PositionState
from tests.fakes.trading import TradingHouse

LABEL = "p-entry-1:abcdef:e1"


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    return TradingHouse(tmp_path)


@pytest.mark.parametrize("fault", ["after", "cut"])
def test_order_that_arrived_unseen_is_found_and_taken(house: TradingHouse, fault: str) -> None:
    proposal = house.propose()
    house.venue.fill_next.append(2)
    house.venue.faults["place_combo_order"].append(fault)
    house.place(proposal)
    house.advance(10)
    assert house.finals()[0].outcome is FinalOutcome.FILLED
    assert len(house.venue.named("place_combo_order")) == 1


@pytest.mark.parametrize("fault", ["before", 500, 503])
def test_order_that_never_arrived_ends_as_not_placed_after_three_looks(
    house: TradingHouse, fault: str | int
) -> None:
    proposal = house.propose()
    house.venue.faults["place_combo_order"].append(fault)
    house.place(proposal)
    house.advance(60)
    assert house.books.orders[LABEL].state is OrderState.NOT_PLACED
    assert house.books.positions["p-entry-1"].state is PositionState.CANCELLED
    assert house.finals()[0].outcome is FinalOutcome.NOT_FILLED
    assert len(house.venue.named("place_combo_order")) == 1


def test_what_was_found_out_late_carries_the_time_of_the_finding(house: TradingHouse) -> None:
    """Three looks, 5 s apart, after the permit's 3 s: not the moment at which the order was made."""
    proposal = house.propose()
    house.venue.faults["place_combo_order"].append("before")
    made_at = house.time
    house.place(proposal)
    house.advance(60)
    found_after_s = (house.books.orders[LABEL].updated_at - made_at).total_seconds()
    assert 13.0 <= found_after_s <= 30.0


def test_nothing_is_looked_for_before_the_venue_would_refuse_it_as_late(house: TradingHouse) -> None:
    """Until `valid_until` has passed by the venue's clock, its absence proves nothing."""
    proposal = house.propose()
    house.venue.faults["place_combo_order"].append("before")
    house.place(proposal)
    house.advance(2.9)
    assert house.venue.named("get_order_by_label") == []
    house.advance(0.2)
    assert len(house.venue.named("get_order_by_label")) == 1


def test_three_looks_are_five_seconds_apart(house: TradingHouse) -> None:
    proposal = house.propose()
    house.venue.faults["place_combo_order"].append("before")
    house.place(proposal)
    house.advance(8.0)
    assert len(house.venue.named("get_order_by_label")) == 1
    house.advance(5.1)
    assert len(house.venue.named("get_order_by_label")) == 3


@pytest.mark.raises_alert(AlertCode.ORDER_IN_DOUBT)
def test_entries_are_suspended_from_doubt_to_certainty(house: TradingHouse) -> None:
    proposal = house.propose()
    house.venue.faults["place_combo_order"].append("before")
    house.place(proposal)
    assert [message.source for message in house.told("kill_switch", SuspendEntries)] == ["order_in_doubt"]
    before = len(house.told("kill_switch", ClearSuspension))
    house.advance(60)
    assert len(house.told("kill_switch", ClearSuspension)) == before + 1


def test_look_that_fails_does_not_count(house: TradingHouse) -> None:
    """An unreadable history is no proof of absence."""
    proposal = house.propose()
    house.venue.faults["place_combo_order"].append("before")
    house.venue.faults["get_order_history"].extend([422] * 5)
    house.place(proposal)
    house.advance(25)
    assert house.books.orders[LABEL].state is OrderState.UNKNOWN
    house.advance(30)
    assert house.books.orders[LABEL].state is OrderState.NOT_PLACED


@pytest.mark.raises_alert(AlertCode.ORDER_STILL_IN_DOUBT)
def test_position_that_the_books_do_not_explain_keeps_the_order_in_doubt(house: TradingHouse) -> None:
    proposal = house.propose()
    house.venue.faults["place_combo_order"].append("before")
    house.place(proposal)
    house.venue.alien["ETH-16JAN26-2800-P"] = -2
    house.advance(120)
    assert house.books.orders[LABEL].state is OrderState.UNKNOWN
    assert house.finals()[0].outcome is FinalOutcome.IN_DOUBT


def test_edit_without_an_answer_is_resolved_by_reading_the_order(house: TradingHouse) -> None:
    house.place(house.propose())
    house.venue.faults["edit_order"].append("after")
    house.advance(75)
    assert house.books.orders[LABEL].state is OrderState.WORKING
    assert str(house.books.orders[LABEL].limit_eth) == "0.0097"


def test_cancel_without_an_answer_is_tried_until_the_order_is_final(house: TradingHouse) -> None:
    house.place(house.propose())
    house.venue.faults["cancel_order"].extend(["before", "before"])
    house.advance(930)
    assert house.venue.order(LABEL).state == "cancelled"
    assert house.books.orders[LABEL].state is OrderState.CANCELLED


def test_order_that_the_venue_forgot_is_in_doubt_and_then_not_placed(house: TradingHouse) -> None:
    house.place(house.propose())
    house.venue.orders.clear()
    house.advance(90)
    assert house.books.orders[LABEL].state is OrderState.NOT_PLACED


def test_silent_mcp_orders_is_an_unknown_outcome(house: TradingHouse) -> None:
    """It crashed with the order in hand: no answer ever comes, and the order is looked for."""
    proposal = house.propose()
    house.stop("mcp.orders")
    house.place(proposal)
    house.advance(80)
    assert house.books.orders[LABEL].state is OrderState.NOT_PLACED
