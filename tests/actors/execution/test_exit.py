"""The way of an exit: reduce-only, widening to the collar, never dropped."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.alerts import AlertCode
from core.messages.arm_cause import ArmCause
from core.messages.execution import ExitEnded, ExitStarted, FinalOutcome, PositionClosed
from core.messages.kill_switch import ArmKillSwitch
from core.messages.mcp import EditOrder, OrderAction, OrderRefused
from core.messages.state import RecordInstruction
from core.orders.lifecycle import PositionState
from core.values import PositionId
from tests.fakes.trading import LONG, SHORT, TradingHouse


@pytest.fixture
def house(tmp_path: Path) -> TradingHouse:
    house = TradingHouse(tmp_path)
    house.enter(2)
    return house


def started(house: TradingHouse) -> ExitStarted:
    return house.told("decision", ExitStarted)[-1]


def test_exit_that_fills_closes_the_position(house: TradingHouse) -> None:
    house.venue.fill_next.append(2)
    house.close("p-entry-1")
    assert started(house).started
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED
    assert house.finals()[-1].outcome is FinalOutcome.FILLED
    assert [closed.position_id for closed in house.told("decision", PositionClosed)] == ["p-entry-1"]


def test_exit_is_reduce_only_with_reversed_legs(house: TradingHouse) -> None:
    house.close("p-entry-1")
    request = house.venue.placed()[-1]
    assert request.reduce_only
    assert request.side == "buy"
    assert {(leg.instrument_name, leg.side) for leg in request.legs} == {
        (SHORT, "buy"),
        (LONG, "sell"),
    }


def test_exit_starts_at_mid_goes_to_natural_and_on_to_the_collar(house: TradingHouse) -> None:
    """Mid 0.0040, natural 0.0050 in five steps, then a tick a step up to natural plus 20 ticks."""
    house.close("p-entry-1")
    house.advance(60 * 30)
    place = house.venue.named("place_combo_order")[-1]
    costs = [-Decimal(str(r["price"])) for r in (place, *house.venue.named("edit_order"))]
    assert costs[:8] == [Decimal(f"0.00{n}") for n in (40, 42, 44, 46, 48, 50, 51, 52)]
    assert costs[-1] == Decimal("0.0070")
    assert costs == sorted(costs)


def test_late_answer_to_one_edit_is_not_taken_for_that_of_the_next(house: TradingHouse) -> None:
    """mcp.orders answered nothing for so long that the first edit was looked up, and a second one is sent."""
    house.close("p-entry-1")
    house.stop("mcp.orders")
    for _ in range(300):
        if len(house.told("mcp.orders", EditOrder)) == 2:
            break
        house.advance(1)
    first, second = house.told("mcp.orders", EditOrder)
    assert first.label == second.label
    late = OrderRefused(
        label=first.label,
        action=OrderAction.EDIT,
        attempt_id=first.attempt_id,
        reason="http_422",
        detail="late",
    )
    reads = len(house.venue.named("get_order_by_label"))
    house.tell("execution", late)
    assert len(house.venue.named("get_order_by_label")) == reads
    house.tell("execution", late.model_copy(update={"attempt_id": second.attempt_id}))
    assert len(house.venue.named("get_order_by_label")) == reads + 1


def test_partly_filled_exit_goes_on_until_all_is_closed(house: TradingHouse) -> None:
    house.close("p-entry-1")
    (label,) = [label for label in house.books.orders if ":x" in label]
    house.venue.fill(label, 1)
    house.advance(61)
    assert house.books.positions["p-entry-1"].contracts == 1
    house.venue.fill(label, 1)
    house.advance(61)
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


def test_partly_filled_exit_is_still_repriced(house: TradingHouse) -> None:
    """The order's amount counts what it has closed already; the gate does not take that for too much."""
    house.close("p-entry-1")
    (label,) = [label for label in house.books.orders if ":x" in label]
    house.venue.fill(label, 1)
    house.advance(61)
    assert [request["amount"] for request in house.venue.named("edit_order")] == ["2"]


def test_order_that_rests_too_long_at_the_collar_is_replaced_at_natural(house: TradingHouse) -> None:
    """It may have gone silent at the venue: the rest is offered anew, under a new label."""
    house.close("p-entry-1")
    house.advance(60 * 37)
    first, second = house.venue.named("place_combo_order")[1:]
    assert first["label"] != second["label"]
    assert Decimal(str(second["price"])) == Decimal("-0.0050")
    assert house.venue.order(str(first["label"])).state == "cancelled"


def test_order_at_the_end_of_its_ladder_is_replaced_also_where_the_market_moves(house: TradingHouse) -> None:
    """Each look finds another last price, so it is moved each time; it may be silent all the same."""
    house.close("p-entry-1")
    for minute in range(45):
        house.venue.quotes[SHORT] = ("0.0060", ("0.0070", "0.0075")[minute % 2], "0.0065")
        house.advance(60)
    assert len({r["label"] for r in house.venue.named("place_combo_order")}) == 3


def test_unknown_position_is_refused_by_name(house: TradingHouse) -> None:
    house.close("p-no-such")
    assert started(house) == ExitStarted(
        request_id="close-1", position_id="p-no-such", started=False, reasons=("unknown_position",)
    )


def test_second_close_of_one_position_joins_the_first(house: TradingHouse) -> None:
    house.close("p-entry-1")
    house.close("p-entry-1", request_id="close-2")
    assert started(house).started
    assert started(house).reasons == ("already_under_way",)
    assert len([i for i in house.told("state", RecordInstruction) if ":x" in i.instruction.label]) == 1


def test_control_is_told_that_nothing_is_left_once_the_position_is_closed(house: TradingHouse) -> None:
    house.close("p-entry-1")
    assert house.told("control", ExitEnded) == []
    house.venue.fill(next(label for label in house.books.orders if ":x" in label), 2)
    house.advance(61)
    (ended,) = house.told("control", ExitEnded)
    assert (ended.position_id, ended.state, ended.nothing_left) == ("p-entry-1", PositionState.CLOSED, True)


@pytest.mark.parametrize(
    ("state", "over"),
    [
        (None, True),
        (PositionState.CLOSED, True),
        (PositionState.CANCELLED, True),
        (PositionState.PROPOSED, False),
        (PositionState.AWAITING_FILL, False),
        (PositionState.OPEN, False),
        (PositionState.CLOSING, False),
    ],
)
def test_an_exit_is_over_only_with_nothing_left(state: PositionState | None, over: bool) -> None:
    assert ExitEnded(position_id=PositionId("p"), state=state).nothing_left is over


def test_a_proposal_that_is_not_placed_yet_is_not_over_for_who_wants_it_closed(house: TradingHouse) -> None:
    house.propose(2, name="p-entry-2")
    house.close("p-entry-2")
    assert started(house).reasons == ("not_open:proposed",)
    assert [ended.nothing_left for ended in house.told("control", ExitEnded)] == [False]


def test_an_expired_position_is_left_to_its_settlement(house: TradingHouse) -> None:
    house.advance((house.venue.expiration - house.time).total_seconds() + 60)
    house.close("p-entry-1")
    (ended,) = house.told("control", ExitEnded)
    assert (ended.nothing_left, ended.reasons) == (False, ("awaiting_settlement",))


def test_exit_under_an_armed_switch_leaves_where_reduce_only_is_allowed(house: TradingHouse) -> None:
    house.tell("kill_switch", ArmKillSwitch(reason="stop"))
    house.venue.fill_next.append(2)
    house.close("p-entry-1")
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


def test_arming_leaves_a_resting_exit_where_it_is_and_it_is_still_repriced(house: TradingHouse) -> None:
    house.close("p-entry-1")
    house.tell("kill_switch", ArmKillSwitch(reason="stop"))
    house.advance(70)
    (label,) = [label for label in house.books.orders if ":x" in label]
    assert house.venue.order(label).state == "open"
    assert house.venue.order(label).price == Decimal("-0.0042")


def test_blocked_exit_says_so_and_is_tried_again_for_ever(house: TradingHouse) -> None:
    house.tell("kill_switch", ArmKillSwitch(cause=ArmCause.RECOVERY, reason="books may be wrong"))
    house.close("p-entry-1")
    assert started(house).reasons == ("exits_blocked",)
    asked = len(house.contexts["execution"].asked)
    house.advance(4 * 3600)
    assert len(house.contexts["execution"].asked) > asked + 10
    assert len(house.venue.named("place_combo_order")) == 1


@pytest.mark.raises_alert(AlertCode.EXIT_NOT_PLACED)
def test_refused_exit_is_tried_again_under_a_new_label(house: TradingHouse) -> None:
    house.venue.faults["place_combo_order"].append(429)
    house.venue.fill_next.append(2)
    house.close("p-entry-1")
    house.advance(61)
    labels = [r["label"] for r in house.venue.named("place_combo_order")]
    assert len(set(labels)) == len(labels) == 3
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


def test_position_larger_than_one_order_may_be_is_closed_order_by_order(house: TradingHouse) -> None:
    """A person has lowered the limit under an open position: the risk can be closed all the same."""
    limits = house.strategy.limits.model_copy(update={"contracts_max": 1})
    house.strategy = house.strategy.model_copy(update={"limits": limits})
    house.stop("kill_switch")
    house.start_kill_switch()
    house.books.tell_facts()
    house.restart_execution()
    house.venue.fill_next.extend([1, 1])
    house.close("p-entry-1")
    house.advance(70)
    assert [r["amount"] for r in house.venue.named("place_combo_order")] == ["2", "1", "1"]
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


def test_position_worth_more_than_one_order_may_be_is_closed_order_by_order(house: TradingHouse) -> None:
    """Spot has risen under an open position: the limit on an order's value makes slices, not a veto."""
    house.venue.index_usd = Decimal(25_000)
    house.venue.fill_next.extend([1, 1])
    house.close("p-entry-1")
    house.advance(70)
    assert [r["amount"] for r in house.venue.named("place_combo_order")] == ["2", "1", "1"]
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


def test_one_contract_worth_more_than_the_limit_can_still_be_closed(house: TradingHouse) -> None:
    house.venue.index_usd = Decimal(50_000)
    house.venue.fill_next.extend([1, 1])
    house.close("p-entry-1")
    house.advance(70)
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


def test_exit_that_rests_above_a_limit_is_cancelled_and_sent_again_in_slices(house: TradingHouse) -> None:
    """It could not be repriced any more; a fill that it had counts."""
    house.close("p-entry-1")
    house.venue.index_usd = Decimal(25_000)
    house.advance(70)
    entry, first, slice_ = house.venue.named("place_combo_order")
    assert [entry["amount"], first["amount"], slice_["amount"]] == ["2", "2", "1"]
    assert house.venue.order(str(first["label"])).state == "cancelled"
    house.venue.fill(str(slice_["label"]), 1)
    house.venue.fill_next.append(1)
    house.advance(70)
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


@pytest.mark.raises_alert(AlertCode.EXIT_NOT_REPRICED)
def test_blocked_exit_that_rests_above_a_limit_stays(house: TradingHouse) -> None:
    """If nothing could be sent in its place, what rests is better than nothing."""
    house.close("p-entry-1")
    house.venue.index_usd = Decimal(25_000)
    house.tell("kill_switch", ArmKillSwitch(cause=ArmCause.RECOVERY, reason="books may be wrong"))
    house.advance(70)
    label = str(house.venue.named("place_combo_order")[-1]["label"])
    assert house.venue.order(label).state == "open"


def test_resumed_exit_goes_to_natural_at_once(house: TradingHouse) -> None:
    """Restarts that come faster than its steps would hold it at mid for ever otherwise."""
    house.close("p-entry-1")
    house.advance(20)
    house.restart_execution()
    house.advance(20)
    (label,) = [label for label in house.books.orders if ":x" in label]
    assert house.venue.order(label).price == Decimal("-0.0050")
    house.advance(60)
    assert house.venue.order(label).price == Decimal("-0.0051")


def test_resumed_exit_without_a_live_order_is_offered_at_natural(house: TradingHouse) -> None:
    house.venue.faults["place_combo_order"].append(429)
    house.close("p-entry-1")
    house.advance(5)
    house.restart_execution()
    house.advance(20)
    request = house.venue.named("place_combo_order")[-1]
    assert Decimal(str(request["price"])) == Decimal("-0.0050")


def test_exit_waits_for_quotes_and_then_goes(house: TradingHouse) -> None:
    house.venue.quotes[SHORT] = ("0.0080", "0.0070", "0.0065")
    house.close("p-entry-1")
    assert started(house).reasons == (f"leg_broken:{SHORT}:crossed",)
    house.venue.quotes[SHORT] = ("0.0060", "0.0070", "0.0065")
    house.venue.fill_next.append(2)
    house.advance(61)
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


def test_missing_bid_of_the_long_leg_is_nothing_received(house: TradingHouse) -> None:
    house.venue.quotes[LONG] = (None, "0.0030", "0.0025")
    house.close("p-entry-1")
    request = house.venue.named("place_combo_order")[-1]
    assert Decimal(str(request["price"])) == Decimal("-0.0050")


def test_closing_cancels_what_still_rests_of_the_entry_first(tmp_path: Path) -> None:
    house = TradingHouse(tmp_path)
    house.place(house.propose(3))
    house.venue.fill("p-entry-1:abcdef:e1", 1)
    house.advance(61)
    house.close("p-entry-1")
    house.advance(10)
    assert house.venue.order("p-entry-1:abcdef:e1").state == "cancelled"
    exit_request = house.venue.named("place_combo_order")[-1]
    assert exit_request["amount"] == "1"


def test_a_clock_that_is_ahead_for_a_while_ends_no_exit(house: TradingHouse) -> None:
    """By it the legs have expired; by the venue's they have not."""
    ahead_s = (house.venue.expiration - house.time).total_seconds() + 60
    house.close("p-entry-1")
    house.set_clock(ahead_s)
    house.venue.clock_ahead_s = -ahead_s
    house.venue.faults["get_options_chain"].extend([500] * 50)  # The fake venue can't price what has expired.
    house.advance(120)
    house.venue.faults.clear()
    house.set_clock(-ahead_s)
    house.venue.clock_ahead_s = 0.0
    house.advance(1000)
    assert house.told("control", ExitEnded) == []
    (working,) = [
        order for order in house.venue.orders.values() if ":x" in order.label and order.state == "open"
    ]
    house.venue.fill(working.label, 2)
    house.advance(61)
    assert house.books.positions["p-entry-1"].state is PositionState.CLOSED


def test_an_exit_waits_for_the_venues_word_that_its_legs_have_expired(house: TradingHouse) -> None:
    house.set_clock((house.venue.expiration - house.time).total_seconds() - 600)
    house.close("p-entry-1")
    house.venue.down = True
    house.advance(1600)
    assert house.told("control", ExitEnded) == []
    house.venue.down = False
    house.advance(1000)
    (ended,) = house.told("control", ExitEnded)
    assert ended.reasons == ("awaiting_settlement",)
