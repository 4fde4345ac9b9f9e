"""Recovery: at every start of an incarnation books and venue are brought to agree, or the switch is armed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.contract import ComboLeg, PlaceComboOrder, Router
from core.contract.base import tool_path
from core.messages.arm_cause import ArmCause
from core.messages.execution import ExitStarted
from core.messages.mcp import CancelOrder, OrderAction, OrderRefused
from core.messages.state import RecordInstruction, RecordOrder, RecordSent
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState, PositionState
from core.values import Label
from tests.actors.execution.recoveries import arms, report
from tests.fakes.trading import SHORT, TradingHouse

LABEL = "p-entry-1:abcdef:e1"


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    return TradingHouse(tmp_path)


def test_crash_before_the_send_ends_the_label_as_not_placed(house: TradingHouse) -> None:
    proposal = house.propose()
    house.books.silent = {RecordSent}
    house.place(proposal)
    house.books.silent = set()
    house.restart_execution()
    assert report(house).ok
    assert house.books.orders[LABEL].state is OrderState.NOT_PLACED
    assert house.books.positions["p-entry-1"].state is PositionState.CANCELLED


@pytest.fixture
def sent_unknown_to_the_books(house: TradingHouse) -> TradingHouse:
    """The venue has the order of an instruction, but the books do not know that it was sent."""
    proposal = house.propose()
    house.books.silent = {RecordSent}
    house.place(proposal)
    assert house.books.orders[LABEL].state is OrderState.INTENDED
    instruction = house.books.instructions[Label(LABEL)]
    terms = instruction.terms
    request = PlaceComboOrder(
        legs=tuple(
            ComboLeg(instrument_name=leg.instrument_name, side=leg.side.value, ratio=leg.ratio)
            for leg in terms.legs
        ),
        amount=Decimal(terms.amount),
        side=terms.side.value,
        price=terms.limit_eth,
        label=instruction.label,
        reduce_only=terms.reduce_only,
        valid_until=instruction.valid_until,
    )
    house.venue.fill_next.append(2)
    path = tool_path(Router.DERIBIT, "place_combo_order")
    house.venue.send("POST", path, {}, request.model_dump_json().encode(), 8.0)
    house.books.silent = set()
    house.log.clear()
    return house


def test_order_that_was_sent_unknown_to_the_books_is_recorded_as_sent_first(
    sent_unknown_to_the_books: TradingHouse,
) -> None:
    house = sent_unknown_to_the_books
    house.restart_execution()
    changes = [message for to, message in house.log if to == "state"]
    recorded = [type(change) for change in changes if isinstance(change, RecordSent | RecordOrder)]
    assert recorded == [RecordSent, RecordOrder]
    assert house.books.orders[LABEL].state is OrderState.FILLED
    assert house.books.positions["p-entry-1"].contracts == 2
    assert report(house).ok


def test_order_whose_send_the_books_refuse_is_not_booked_and_the_recovery_goes_on_trying(
    sent_unknown_to_the_books: TradingHouse,
) -> None:
    house = sent_unknown_to_the_books
    house.books.refuse = {RecordSent: "disk_full"}
    house.restart_execution()
    assert report(house).error == f"{LABEL}: disk_full"
    assert house.told("state", RecordOrder) == []
    house.books.refuse = {}
    house.advance(60)
    assert report(house).ok
    assert house.books.positions["p-entry-1"].contracts == 2


def test_late_answer_to_the_cancel_of_an_earlier_incarnation_is_not_taken(house: TradingHouse) -> None:
    house.place(house.propose(2))
    house.stop("mcp.orders")
    house.restart_execution()
    house.restart_execution()
    first, second = house.told("mcp.orders", CancelOrder)
    assert first.attempt_id != second.attempt_id
    late = OrderRefused(
        label=first.label,
        action=OrderAction.CANCEL,
        attempt_id=first.attempt_id,
        reason="http_422",
        detail="late",
    )
    reads = len(house.venue.named("get_order_by_label"))
    house.tell("execution", late)
    house.advance(5)
    assert len(house.venue.named("get_order_by_label")) == reads, "the second cancel still waits"
    house.tell("execution", late.model_copy(update={"attempt_id": second.attempt_id}))
    house.advance(5)
    assert len(house.venue.named("get_order_by_label")) > reads


def test_crash_after_the_send_finds_the_fill(house: TradingHouse) -> None:
    """The answer was never recorded; label, trades and position at the venue tell the rest."""
    proposal = house.propose()
    house.venue.fill_next.append(2)
    house.books.silent = {RecordOrder}
    house.place(proposal)
    house.books.silent = set()
    house.restart_execution()
    assert report(house).ok
    assert house.books.positions["p-entry-1"].contracts == 2
    assert len(house.venue.named("place_combo_order")) == 1


def test_crash_while_sending_what_never_arrived_ends_as_not_placed(house: TradingHouse) -> None:
    proposal = house.propose()
    house.venue.faults["place_combo_order"].append("before")
    house.place(proposal)
    house.restart_execution()
    house.advance(60)
    assert report(house).ok
    assert house.books.orders[LABEL].state is OrderState.NOT_PLACED


def test_resting_entry_is_cancelled_by_recovery(house: TradingHouse) -> None:
    """Nobody waits for it any more; what was filled is a position."""
    house.place(house.propose(3))
    house.venue.fill(LABEL, 1)
    house.restart_execution()
    house.advance(5)
    assert report(house).ok
    assert house.venue.order(LABEL).state == "cancelled"
    assert house.books.positions["p-entry-1"].contracts == 1


def test_exit_under_way_is_taken_up_again(house: TradingHouse) -> None:
    house.enter(2)
    house.close("p-entry-1", rule=ExitRule.STOP)
    house.restart_execution()
    house.advance(200)
    (label,) = [label for label in house.books.orders if ":x" in label]
    assert len(house.venue.named("edit_order")) == 4
    house.venue.fill(label, 2)
    house.advance(61)
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


def test_exit_order_that_vanished_is_replaced_under_a_new_label(house: TradingHouse) -> None:
    house.enter(2)
    house.close("p-entry-1", rule=ExitRule.STOP)
    exit_id = next(order.order_id for order in house.venue.orders.values() if ":x" in order.label)
    del house.venue.orders[exit_id]
    house.restart_execution()
    house.advance(60)
    labels = [i.instruction.label for i in house.told("state", RecordInstruction)]
    assert len(labels) == len(set(labels)) == 3
    assert house.books.instructions[labels[-1]].exit_rule is ExitRule.STOP
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSING


def test_exit_between_two_orders_is_taken_up_again(house: TradingHouse) -> None:
    """The venue has refused its first order and none is live: what has begun to close is closed."""
    house.enter(2)
    house.venue.faults["place_combo_order"].append(429)
    house.close("p-entry-1", rule=ExitRule.STOP)
    assert house.books.state_of("p-entry-1") is PositionState.OPEN
    house.advance(5)
    house.restart_execution()
    house.advance(5)
    labels = [label for label in house.books.orders if ":x" in label]
    assert len(labels) == 2
    assert house.books.instructions[Label(labels[-1])].exit_rule == "stop"
    house.venue.fill(labels[-1], 2)
    house.advance(61)
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


def test_less_at_the_venue_than_in_the_books_arms(house: TradingHouse) -> None:
    house.enter(2)
    house.venue.alien[SHORT] = 1
    house.restart_execution()
    assert not report(house).ok
    assert report(house).error == f"size:{SHORT}: books -2, venue -1"
    assert ArmCause.RECOVERY in arms(house)


def test_fill_found_under_a_cancelled_label_is_booked_by_the_reconcile(house: TradingHouse) -> None:
    house.place(house.propose(2))
    house.advance(930)
    assert house.books.state_of("p-entry-1") is PositionState.CANCELLED
    house.venue.fill(LABEL, 1)
    house.advance(120)
    assert report(house).ok
    assert house.books.positions["p-entry-1"].state is PositionState.OPEN
    assert house.books.positions["p-entry-1"].contracts == 1
    assert ArmCause.RECOVERY not in arms(house)


def test_stray_order_under_our_label_is_cancelled(house: TradingHouse) -> None:
    house.place(house.propose(2))
    house.books.orders[LABEL] = house.books.orders[LABEL].model_copy(update={"state": OrderState.CANCELLED})
    house.restart_execution()
    assert house.venue.order(LABEL).state == "cancelled"
    assert report(house).ok


def test_close_during_a_recovery_is_refused_as_such(house: TradingHouse) -> None:
    """The refusal is transient: control asks again after the recovery."""
    house.enter(2)
    house.venue.faults["environment_info"].append("before")
    house.restart_execution()
    house.close("p-entry-1")
    (refused,) = house.told("decision", ExitStarted)
    assert (refused.started, refused.reasons) == (False, ("recovering",))
