"""When the account is looked at: before the permit of an order, and once more when an entry rests."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.alerts import AlertCode
from core.messages.execution import FinalOutcome
from core.messages.kill_switch import RequestPermit
from core.messages.mcp import Fetch, SendOrder
from core.orders.lifecycle import OrderState, PositionState
from tests.actors.execution.test_account import (
    LABEL,
    THEIRS,
    armed,
    codes,
    combo,
    elsewhere,
    suspended_by,
    they_hold,
)
from tests.fakes.books import TAG
from tests.fakes.trading import TradingHouse


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    return TradingHouse(tmp_path)


# Two that look at once


@pytest.mark.raises_alert(AlertCode.ANOTHER_ENGINE)
def test_of_two_entries_the_one_created_later_is_cancelled(house: TradingHouse) -> None:
    """Both had looked before either placed; ours is accepted a moment after theirs."""
    house.venue.before["place_combo_order"] = lambda: _theirs_first(house)
    house.place(house.propose())
    house.advance(5)
    assert house.venue.order(LABEL).state == "cancelled"
    assert house.venue.order(THEIRS).state == "open"
    (final,) = house.finals()
    assert final.outcome is FinalOutcome.NOT_FILLED
    assert final.reasons == ("another_engine_was_first",)
    assert "another_engine" in codes(house)
    assert armed(house) == []


def test_of_two_entries_the_one_created_first_stays(house: TradingHouse) -> None:
    house.place(house.propose())
    ours = house.venue.order(LABEL)
    house.venue.put(THEIRS, elsewhere(), created_at=ours.created_at + timedelta(milliseconds=1))
    house.advance(60)
    assert house.venue.order(LABEL).state == "open"


def test_an_entry_that_filled_before_ours_was_accepted_counts_too(house: TradingHouse) -> None:
    def filled() -> None:
        _theirs_first(house)
        house.venue.fill(THEIRS, 2)

    house.venue.before["place_combo_order"] = filled
    house.place(house.propose())
    house.advance(5)
    assert house.venue.order(LABEL).state == "cancelled"


def _theirs_first(house: TradingHouse) -> None:
    house.venue.put(THEIRS, elsewhere(), created_at=house.time - timedelta(milliseconds=1))


def test_an_entry_of_another_engine_that_can_not_be_read_may_have_come_first(house: TradingHouse) -> None:
    def unread() -> None:
        house.venue.strange["get_open_orders"].append({"label": THEIRS, "state": "untriggered"})

    house.venue.before["place_combo_order"] = unread
    house.place(house.propose())
    house.advance(10)
    assert house.venue.order(LABEL).state == "cancelled"
    assert house.finals()[-1].reasons == ("account_unread", THEIRS)


def test_an_entry_whose_account_can_not_be_read_afterwards_is_cancelled(house: TradingHouse) -> None:
    def unread() -> None:
        house.venue.faults["get_open_orders"].extend([500] * 9)

    house.venue.before["place_combo_order"] = unread
    house.place(house.propose())
    house.advance(10)
    assert house.venue.order(LABEL).state == "cancelled"
    assert house.finals()[-1].reasons[0] == "account_unread"


def test_an_order_in_doubt_is_found_absent_beside_what_another_engine_has_traded(
    house: TradingHouse,
) -> None:
    """Two engines decide the same plan, so that the other's position is in the legs of the order in doubt."""
    house.venue.faults["place_combo_order"].append("before")
    house.place(house.propose())
    they_hold(house, combo(), "p-entry-7:zzzzzz:e1")
    house.advance(60)
    assert house.books.orders[LABEL].state is OrderState.NOT_PLACED
    assert armed(house) == []


def test_an_exit_in_doubt_is_found_absent_beside_what_another_engine_has_held_all_along(
    house: TradingHouse,
) -> None:
    house.enter(2)
    they_hold(house, combo(), "p-entry-7:zzzzzz:e1")
    house.advance(3600)
    house.venue.faults["place_combo_order"].append("before")
    house.close("p-entry-1")
    house.advance(120)
    assert [row.state for label, row in house.books.orders.items() if ":x" in label] == [
        OrderState.NOT_PLACED,
        OrderState.WORKING,
    ]
    assert armed(house) == []


# The looks themselves


def test_an_entry_is_refused_after_three_looks_that_failed(house: TradingHouse) -> None:
    house.venue.faults["get_positions"].extend([500] * 3)
    before = len(house.venue.named("get_positions"))
    house.place(house.propose())
    house.advance(5)
    assert house.finals()[-1].reasons[0] == "account_unread"
    assert len(house.venue.named("get_positions")) == before + 3


def test_a_look_that_fails_once_is_made_again(house: TradingHouse) -> None:
    house.venue.faults["get_positions"].append(500)
    house.venue.fill_next.append(2)
    house.place(house.propose())
    house.advance(5)
    assert house.finals()[-1].outcome is FinalOutcome.FILLED


def test_an_exit_does_not_wait_for_an_account_that_can_not_be_read(house: TradingHouse) -> None:
    house.enter(2)
    house.venue.faults["get_positions"].extend([500] * 9)
    house.venue.fill_next.append(2)
    house.close("p-entry-1")
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


def test_nothing_is_read_between_the_permit_and_the_send(house: TradingHouse) -> None:
    """So that the permit's three seconds are left for record and send."""
    house.enter(2)
    sent = max(i for i, (_, message) in enumerate(house.log) if isinstance(message, SendOrder))
    asked = max(i for i, (_, message) in enumerate(house.log[:sent]) if isinstance(message, RequestPermit))
    assert not [m for _, m in house.log[asked:sent] if isinstance(m, Fetch)]
    looked = [m.tool for _, m in house.log[:asked] if isinstance(m, Fetch)][-2:]
    assert looked == ["get_positions", "get_open_orders"]


def test_an_order_of_our_own_is_no_other_engines(house: TradingHouse) -> None:
    """Three entries after one another, each closed: history and trades are full of our own labels."""
    for number in (1, 2, 3):
        name = f"p-entry-{number}"
        house.venue.fill_next.extend([2, 2])
        house.place(house.propose(name=name))
        house.close(name, request_id=f"close-{number}")
        house.advance(61)
        assert house.books.positions[name].state is PositionState.CLOSED
        assert house.books.orders[f"{name}:{TAG}:e1"].state is OrderState.FILLED
    assert armed(house) == []
    assert "account" not in suspended_by(house)
