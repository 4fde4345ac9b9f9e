"""An order under our label is ours only if its legs, amount and price are what was permitted under it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from core.alerts import AlertCode
from core.contract import Order
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.execution import FinalOutcome
from core.messages.kill_switch import ArmKillSwitch
from core.messages.mcp import EditOrder
from core.messages.room_status import (
    RecoveryReport,
)
from core.messages.state import Recorded, RecordEdit
from core.orders.lifecycle import OrderState, PositionState
from tests.fakes.books import TAG
from tests.fakes.trading import LONG, SHORT, TradingHouse

LABEL = f"p-entry-1:{TAG}:e1"


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    return TradingHouse(tmp_path)


def arms(house: TradingHouse) -> list[ArmKillSwitch]:
    return house.told("kill_switch", ArmKillSwitch)


def report(house: TradingHouse) -> RecoveryReport:
    return house.told("decision", RecoveryReport)[-1]


def change(house: TradingHouse, label: str, **update: object) -> Order:
    order = house.venue.order(label)
    house.venue.orders[order.order_id] = order.model_copy(update=update)
    return house.venue.orders[order.order_id]


def placed_as(house: TradingHouse, **update: object) -> None:
    """The label is taken at the venue, by an order that differs from the one that is sent: 409."""

    def taken() -> None:
        request = house.venue.placed()[-1]
        house.venue.put(LABEL, request, **update)

    proposal = house.propose()
    house.venue.before["place_combo_order"] = taken
    house.place(proposal)


@pytest.mark.parametrize(
    ("update", "told"),
    [
        ({"amount": Decimal(6)}, "amount: permitted 2, found 6"),
        ({"amount": Decimal(1)}, "amount: permitted 2, found 1"),
        ({"amount": Decimal("2.5")}, "amount: permitted 2, found 2.5"),
        ({"price": Decimal("0.0099")}, "price: permitted 0.0100, found 0.0099"),
        ({"legs": ()}, f"legs: permitted +1 {LONG} -1 {SHORT}, found none"),
    ],
)
def test_an_order_that_differs_is_not_booked_arms_and_both_sides_are_named(
    house: TradingHouse, update: dict[str, object], told: str
) -> None:
    placed_as(house, **update)
    first = arms(house)[0]
    assert first.cause is ArmCause.RECOVERY
    assert told in first.reason
    assert LABEL in first.reason
    (final,) = house.finals()
    assert (final.outcome, final.reasons) == (FinalOutcome.IN_DOUBT, ("not_as_permitted",))
    assert house.books.fills == {}


def test_an_order_that_is_what_was_permitted_is_taken_from_a_409(house: TradingHouse) -> None:
    placed_as(house)
    house.advance(5)
    assert arms(house) == []
    assert house.books.orders[LABEL].state is OrderState.WORKING


def test_an_open_entry_that_differs_is_cancelled_and_its_row_ends(house: TradingHouse) -> None:
    """A person looks at the alert and disarms; nothing of it was filled."""
    placed_as(house, amount=Decimal(6))
    house.advance(60)
    assert house.venue.order(LABEL).state == "cancelled"
    assert house.books.orders[LABEL].state is OrderState.CANCELLED
    assert house.books.state_of("p-entry-1") is PositionState.CANCELLED
    assert report(house).ok


@pytest.mark.raises_alert(AlertCode.DISPUTE_ENDED)
def test_more_filled_than_permitted_waits_for_a_person_and_ends_when_the_venue_holds_what_the_books_know(
    house: TradingHouse,
) -> None:
    house.venue.faults["cancel_order"].append(500)
    placed_as(house, amount=Decimal(6))
    house.advance(1)
    assert "could not be cancelled" in (report(house).error or "")
    house.venue.fill(LABEL, 6)
    house.advance(120)
    assert not report(house).ok
    assert f"size:{SHORT}: books 0, venue -6" in (report(house).error or "")
    assert house.books.fills == {}
    house.venue.alien = {SHORT: 6, LONG: -6}  # They are closed by hand.
    house.advance(60)
    assert report(house).ok
    assert house.books.orders[LABEL].state is OrderState.CANCELLED
    armed_before = len(arms(house))
    house.venue.put(f"p-entry-9:{TAG}:e1", house.venue.placed()[-1])
    house.restart_execution()
    house.advance(10)
    assert report(house).ok
    assert len(arms(house)) == armed_before, "what a person has settled is not brought up again"


def test_what_an_order_that_differs_in_price_has_filled_is_ours_all_the_same(house: TradingHouse) -> None:
    """Somebody has moved it, and it filled: within the permitted legs and amount it is booked."""
    house.place(house.propose())
    change(house, LABEL, price=Decimal("0.0042"))
    house.venue.fill(LABEL, 1)
    house.advance(61)
    assert "price: permitted 0.0100, found 0.0042" in arms(house)[0].reason
    assert house.books.positions["p-entry-1"].contracts == 1
    assert house.venue.order(LABEL).state == "cancelled"
    assert report(house).ok


def test_an_exit_that_somebody_has_moved_arms_and_is_left_to_them(house: TradingHouse) -> None:
    house.enter(2)
    house.close("p-entry-1")
    (label,) = [label for label in house.books.orders if ":x" in label]
    change(house, label, price=Decimal("-0.0100"))
    house.advance(120)
    assert arms(house)[0].cause is ArmCause.RECOVERY
    assert house.venue.order(label).state == "open"
    assert "cancel it at the venue" in (report(house).error or "")
    house.venue.fill(label, 2)
    house.advance(61)
    assert report(house).ok
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


def test_an_exit_that_the_venue_has_cut_is_taken(house: TradingHouse) -> None:
    """Reduce-only orders are cut to what is left; the edits that follow ask for no more than that."""
    house.enter(2)
    house.close("p-entry-1")
    (label,) = [label for label in house.books.orders if ":x" in label]
    change(house, label, amount=Decimal(1))
    house.advance(121)
    assert arms(house) == []
    assert house.books.orders[label].amount == 1
    assert {edit.terms.amount for edit in house.told("mcp.orders", EditOrder)[1:]} == {1}


# An edit's price is on record before it is sent


def test_an_edit_is_sent_only_after_its_price_is_on_record(house: TradingHouse) -> None:
    house.place(house.propose())
    house.advance(200)
    requests = {m.request_id: m.limit_eth for m in house.told("state", RecordEdit)}
    on_record: set[Decimal] = set()
    edits = 0
    for _, message in house.log:
        if isinstance(message, Recorded) and message.request_id in requests:
            on_record.add(requests[message.request_id])
        elif isinstance(message, EditOrder):
            edits += 1
            assert message.terms.limit_eth in on_record
    assert edits == 3


@pytest.mark.parametrize("answer", ["silent", "refused"])
def test_an_edit_that_is_not_on_record_is_not_sent(house: TradingHouse, answer: str) -> None:
    house.place(house.propose())
    if answer == "silent":
        house.books.silent = {RecordEdit}
    else:
        house.books.refuse = {RecordEdit: "disk_full"}
    house.advance(200)
    assert house.venue.named("edit_order") == []
    if answer == "refused":
        assert any(isinstance(message, Refused) for _, message in house.log)


def test_an_edit_whose_record_took_longer_than_its_permit_is_not_sent(house: TradingHouse) -> None:
    house.place(house.propose())
    house.books.silent = {RecordEdit}
    house.advance(62)
    house.books.silent = set()
    house.advance(10)
    assert house.venue.named("edit_order") == []
    house.advance(60)
    assert len(house.venue.named("edit_order")) == 1


@pytest.mark.parametrize("fault", ["after", "before"])
def test_an_edit_that_a_crash_left_unanswered_is_of_a_permitted_price_either_way(
    house: TradingHouse, fault: str
) -> None:
    """The recovery finds the order at the old price or at the new one; both are on record."""
    house.place(house.propose())
    house.venue.faults["edit_order"].append(fault)
    house.advance(60)
    house.restart_execution()
    house.advance(60)
    assert arms(house) == []
    assert report(house).ok
    assert house.venue.order(LABEL).state == "cancelled"


# The trades of an order that is what was permitted


def filled_with_trades(house: TradingHouse, **update: object) -> None:
    """The venue lists the order as filled, and its trades with this changed."""
    house.place(house.propose())
    house.venue.fill(LABEL, 2)
    house.venue.trades = [trade.model_copy(update=update) for trade in house.venue.trades]


def test_trades_in_another_instrument_are_not_booked_and_arm(house: TradingHouse) -> None:
    """The account holds what nobody watches, whatever the order says."""
    filled_with_trades(house, instrument_name="ETH-16JAN26-2000-P")
    house.advance(61)
    assert f"the trades under {LABEL} are not what was permitted" in arms(house)[0].reason
    assert house.books.fills == {}


@pytest.mark.raises_alert(AlertCode.DISPUTE_ENDED)
def test_trades_in_another_instrument_are_settled_by_a_person_who_brings_the_account_in_line(
    house: TradingHouse,
) -> None:
    filled_with_trades(house, instrument_name="ETH-16JAN26-2000-P")
    house.venue.alien = {SHORT: -2}
    house.advance(120)
    assert not report(house).ok
    house.venue.alien = {}
    house.advance(120)
    assert report(house).ok
    assert house.books.orders[LABEL].state is OrderState.CANCELLED
    assert house.books.fills == {}
    armed_before = len(arms(house))
    house.restart_execution()
    house.advance(60)
    assert report(house).ok
    assert len(arms(house)) == armed_before


@pytest.mark.raises_alert(AlertCode.FILLS_UNREAD)
@pytest.mark.parametrize(
    "update", [{"label": "P-ENTRY-1:ABCDEF:E1"}, {"amount": Decimal("0.5")}, {"amount": Decimal(1)}]
)
def test_a_filled_order_whose_trades_are_not_its_own_arms_after_ten_minutes(
    house: TradingHouse, update: dict[str, object]
) -> None:
    filled_with_trades(house, **update)
    house.advance(600)
    assert arms(house) == []
    house.advance(120)
    (first,) = arms(house)
    assert first.cause is ArmCause.RECOVERY
    assert f"{LABEL}: the trades of 2 filled combos can't be read" in first.reason
    assert house.books.fills == {}


def test_trades_that_come_late_arm_nothing(house: TradingHouse) -> None:
    house.place(house.propose())
    house.venue.fill(LABEL, 2)
    kept, house.venue.trades = house.venue.trades, []
    house.advance(300)
    house.venue.trades = kept
    house.advance(600)
    assert arms(house) == []
    assert house.books.positions["p-entry-1"].state is PositionState.OPEN


def as_filled(told: bytes) -> bytes:
    """The answer about a resting order, as if it had filled."""
    order = {**json.loads(told)["order"], "state": "filled", "filled_amount": "2", "average_price": "0.01"}
    return json.dumps({"order": order}).encode()


@pytest.mark.parametrize("tool", ["place_combo_order", "edit_order", "get_order_by_label"])
def test_an_order_that_was_said_once_to_have_filled_and_rests_is_followed_as_ever(
    house: TradingHouse, tool: str
) -> None:
    def once(told: bytes) -> bytes:
        del house.venue.said[tool]
        return as_filled(told)

    house.venue.said[tool] = once
    house.place(house.propose())
    house.advance(house.strategy.execution.fill_timeout_s + 90)
    assert house.venue.order(LABEL).state == "cancelled"
    assert house.books.orders[LABEL].state is OrderState.CANCELLED
    assert arms(house) == []


@pytest.mark.raises_alert(AlertCode.FILLS_UNREAD)
def test_an_entry_that_is_said_to_have_filled_and_has_not_is_cancelled_when_it_arms(
    house: TradingHouse,
) -> None:
    house.venue.said["get_order_by_label"] = as_filled
    house.place(house.propose())
    house.advance(720)
    assert arms(house)[0].cause is ArmCause.RECOVERY
    assert house.venue.order(LABEL).state == "cancelled"
