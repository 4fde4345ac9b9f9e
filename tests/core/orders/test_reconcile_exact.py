"""Books against venue in exact detail: whole rows, the text of each difference, the edges of each rule."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core.contract import OrderStateName, Trade
from core.errors import McpDataAnomalyError
from core.orders.books import Books, Delivery, Fill, OrderRow
from core.orders.identity import Permitted
from core.orders.lifecycle import OrderState
from core.orders.reconcile import (
    Correction,
    Difference,
    DifferenceCode,
    VenueView,
    deliveries_for,
    labels_of_our_form,
    late_fills,
    reconcile_orders,
    size_differences,
)
from core.orders.sizes import combos_filled, expected_sizes
from core.orders.venue_order import fills_of, order_row
from core.values import Failed, Label, Leg, OrderId, PositionId
from tests.core.orders.test_reconcile import (
    AFTER,
    EMPTY,
    LABEL,
    NOW,
    books,
    fills,
    held,
    order,
    position,
    settlement,
    trades,
    view,
)
from tests.fakes.trading import EXPIRATION, LONG, SHORT, plan

LATER = NOW + timedelta(seconds=5)


def legs(*ratios: int) -> tuple[Leg, ...]:
    return tuple(
        leg.model_copy(update={"ratio": ratio}) for leg, ratio in zip(plan().legs, ratios, strict=True)
    )


def without_instruction(known: Books) -> Books:
    return known.model_copy(update={"instructions": ()})


def only(known: Books, found: VenueView) -> Correction:
    (correction,) = reconcile_orders(known, found).corrections
    return correction


def words(known: Books, found: VenueView) -> list[str]:
    return [str(difference) for difference in reconcile_orders(known, found).differences]


def test_order_becomes_a_row_field_by_field() -> None:
    told = order("cancelled", filled=1).model_copy(
        update={"average_price": Decimal("0.011"), "reject_reason": "user", "updated_at": LATER}
    )
    assert order_row(told, LABEL) == OrderRow(
        label=LABEL,
        state=OrderState.CANCELLED,
        order_id=OrderId("O1"),
        amount=2,
        filled_amount=1,
        limit_eth=Decimal("0.01"),
        average_price_eth=Decimal("0.011"),
        reason="user",
        updated_at=LATER,
    )


@pytest.mark.parametrize(
    ("told", "state"),
    [("open", "working"), ("filled", "filled"), ("cancelled", "cancelled"), ("rejected", "rejected")],
)
def test_each_state_of_the_venue_has_one_of_ours(told: OrderStateName, state: str) -> None:
    assert order_row(order(told), LABEL).state == state


@pytest.mark.parametrize("field", ["amount", "filled_amount"])
def test_order_in_parts_of_contracts_is_an_anomaly_that_names_label_and_field(field: str) -> None:
    told = order().model_copy(update={field: Decimal("1.5")})
    with pytest.raises(McpDataAnomalyError) as refused:
        order_row(told, LABEL)
    assert str(refused.value) == f"p-1:e1: {field}: expected whole contracts, found 1.5"


def test_trade_becomes_a_fill_field_by_field() -> None:
    assert fills_of(trades(3, legs=(LONG,)), LABEL) == (
        Fill(
            trade_id=f"p-1:e1-{LONG}",
            label=LABEL,
            instrument_name=LONG,
            side="buy",
            amount=3,
            price_eth=Decimal("0.01"),
            fee_eth=Decimal("0.0003"),
            index_usd=Decimal(3000),
            at=NOW,
        ),
    )


def test_trade_in_parts_of_contracts_makes_no_fill_and_is_named() -> None:
    (trade,) = trades(1, legs=(LONG,))
    found = fills_of([trade.model_copy(update={"amount": Decimal("0.5")})], LABEL)
    assert found == Failed.of(f"trade p-1:e1-{LONG}: expected whole contracts, found 0.5")


UNEQUAL = Failed.of("legs_unequal")


def test_fills_of_one_leg_add_up() -> None:
    again = tuple(t.model_copy(update={"trade_id": f"{t.trade_id}-2"}) for t in trades(1))
    assert combos_filled(fills((*trades(2), *again)), plan().legs) == 3


@pytest.mark.parametrize(
    ("amounts", "ratios", "combos"),
    [((2, 4), (1, 2), 2), ((2, 2), (1, 2), UNEQUAL), ((1, 1), (2, 2), UNEQUAL), ((4, 4), (2, 2), 2)],
)
def test_combos_are_fills_by_the_legs_ratios(
    amounts: tuple[int, int], ratios: tuple[int, int], combos: int | Failed
) -> None:
    told: tuple[Trade, ...] = (*trades(amounts[0], legs=(SHORT,)), *trades(amounts[1], legs=(LONG,)))
    assert combos_filled(fills(told), legs(*ratios)) == combos


def test_expected_size_counts_the_legs_ratio() -> None:
    double = position().model_copy(update={"plan": plan().model_copy(update={"legs": legs(1, 2)})})
    assert expected_sizes([double]) == {SHORT: -2, LONG: 4}


def test_sizes_that_differ_are_told_from_both_sides() -> None:
    known = books(OrderState.FILLED, positions=(position(contracts=1),))
    assert size_differences(known, held({SHORT: -3, "ETH-X": 1, "ETH-Y": 0})) == (
        Difference(code=DifferenceCode.SIZE, subject=LONG, books="1", venue="0"),
        Difference(code=DifferenceCode.SIZE, subject=SHORT, books="-1", venue="-3"),
        Difference(code=DifferenceCode.SIZE, subject="ETH-X", books="0", venue="1"),
    )


def test_size_in_parts_of_contracts_is_a_difference_like_any_other() -> None:
    """What is not ours may be of any size; it must not end the comparison."""
    (whole,) = held({"ETH-X": 1})
    found = size_differences(books(OrderState.FILLED), [whole.model_copy(update={"size": Decimal("0.5")})])
    assert list(map(str, found)) == ["size:ETH-X: books 0, venue 0.5"]


def test_the_newest_order_under_a_label_counts() -> None:
    old = order("open")
    new = order("cancelled").model_copy(update={"updated_at": LATER})
    assert view(open_orders=(old,), history=(new,)).order(LABEL) == new
    assert view(open_orders=(new,), history=(old,)).order(LABEL) == new
    assert EMPTY.order(LABEL) is None


def test_unsent_order_is_told_as_never_sent() -> None:
    known = books(OrderState.INTENDED)
    correction = only(known, EMPTY)
    assert (correction.row.reason, correction.fills) == ("crash_before_send", ())
    assert words(known, EMPTY) == ["order_never_sent:p-1:e1: books intended, venue unknown there"]


@pytest.mark.parametrize("state", [OrderState.SENT, OrderState.CANCEL_PENDING])
def test_order_that_is_gone_is_told_as_missing(state: OrderState) -> None:
    assert words(books(state), EMPTY) == [f"order_missing:p-1:e1: books {state}, venue unknown there"]


def test_change_of_state_alone_or_of_fills_alone_is_told() -> None:
    cancelled = view(history=(order("cancelled"),))
    assert words(books(OrderState.WORKING), cancelled) == [
        "order_changed:p-1:e1: books working 0/2, venue cancelled 0/2"
    ]
    filled = view(open_orders=(order("open", filled=1),))
    assert words(books(OrderState.WORKING), filled) == [
        "order_changed:p-1:e1: books working 0/2, venue working 1/2"
    ]


def test_trades_that_know_nothing_more_leave_the_order_as_told() -> None:
    found = view(open_orders=(order("open", filled=2),), trades=trades(2))
    row = only(books(OrderState.WORKING), found).row
    assert (row.state, row.filled_amount) == (OrderState.WORKING, 2)


def test_trades_that_fill_the_order_make_it_filled() -> None:
    row = only(books(OrderState.WORKING), view(open_orders=(order(),), trades=trades(2))).row
    assert (row.state, row.filled_amount) == (OrderState.FILLED, 2)


def test_trades_of_one_leg_alone_do_not_change_the_order() -> None:
    found = view(open_orders=(order(),), trades=trades(2, legs=(SHORT,)))
    row = only(books(OrderState.WORKING), found).row
    assert (row.state, row.filled_amount) == (OrderState.WORKING, 0)


def test_without_its_instruction_an_order_can_not_be_taken_for_ours() -> None:
    found = view(open_orders=(order(filled=1),), trades=trades(2))
    reconciled = reconcile_orders(without_instruction(books(OrderState.WORKING)), found)
    assert (reconciled.corrections, reconciled.unread) == ((), (LABEL,))


def test_order_that_is_gone_ends_with_a_reason_and_what_its_trades_say() -> None:
    correction = only(books(OrderState.SENT), view(trades=trades(1)))
    assert correction.row.reason == "no longer at the venue"
    assert not correction.was_sent


def test_intended_order_that_traded_was_sent_after_all() -> None:
    correction = only(books(OrderState.INTENDED), view(trades=trades(2)))
    assert correction.was_sent
    assert (correction.row.state, correction.row.filled_amount) == (OrderState.FILLED, 2)


def test_order_that_is_gone_keeps_its_fills_where_the_trades_make_no_combos() -> None:
    """If one leg's trades are missing, the last known filled amount stays."""
    one_leg = only(books(OrderState.SENT, filled=1), view(trades=trades(2, legs=(SHORT,))))
    assert (one_leg.row.state, one_leg.row.filled_amount) == (OrderState.CANCELLED, 1)


def known(*labels: str) -> dict[Label, Permitted]:
    """What the books know of these labels: the one instruction of these tests under each."""
    (instruction,) = books(OrderState.FILLED).instructions
    return {
        Label(label): Permitted(instruction=instruction.model_copy(update={"label": label}))
        for label in labels
    }


def test_late_fills_are_those_of_our_orders_since_then() -> None:
    """An order that is skipped in the history does not hide those after it."""
    early = order("filled", label="p-2:e1").model_copy(update={"updated_at": NOW - timedelta(seconds=1)})
    unfilled = order("cancelled", label="p-3:e1")
    foreign = order("filled", label="manual")
    ours = order("filled", filled=2)
    told = tuple(t for label in ("p-2:e1", "manual", LABEL) for t in trades(2, label=label))
    found = view(history=(foreign, early, unfilled, ours), trades=told)
    books_know = known("p-2:e1", "p-3:e1", LABEL)
    corrections, disputed = late_fills(found, NOW, books_know)
    assert corrections == (Correction(row=order_row(ours, LABEL), fills=fills(told), was_sent=False),)
    assert disputed == ()
    earlier, _ = late_fills(found, NOW - timedelta(seconds=1), books_know)
    assert [c.row.label for c in earlier] == ["p-2:e1", LABEL]


def test_late_fills_of_labels_that_the_books_do_not_know_are_left_alone() -> None:
    """Another engine's labels have our form; the books would refuse its fills, which would arm."""
    theirs = order("filled", filled=2, label="p-1:zzzzzz:e1")
    found = view(history=(theirs,), trades=trades(2, label=theirs.label))
    assert late_fills(found, NOW, known(LABEL)) == ((), ())


def test_a_late_fill_that_was_not_permitted_is_disputed_and_not_offered_to_the_books() -> None:
    more = order("filled", filled=6).model_copy(update={"amount": Decimal(6)})
    corrections, (disputed,) = late_fills(view(history=(more,), trades=trades(6)), NOW, known(LABEL))
    assert corrections == ()
    assert disputed.differences == ("amount: permitted 2, found 6",)


@pytest.mark.parametrize("label", ["p-1:e1", "p-1:x12", "p-1:k3vq7a:e1"])
def test_labels_of_our_form_are_looked_up_in_the_books(label: str) -> None:
    found = view(history=(order("filled", label=label),))
    assert labels_of_our_form(found, NOW) == (label,)
    assert labels_of_our_form(found, LATER) == ()


@pytest.mark.parametrize("label", ["p-1:e", "p-1:z1", ":e1", "p-1:e1:", "p:1:e1", "e1"])
def test_labels_of_others_are_not(label: str) -> None:
    assert labels_of_our_form(view(history=(order("filled", label=label),)), NOW) == ()


def test_delivery_holds_the_venues_numbers() -> None:
    listed = [settlement(SHORT, -2, "-0.07", "0.0002"), settlement(LONG, 2, "0")]
    deliveries, differences = deliveries_for([position()], listed, AFTER)
    assert differences == ()
    assert deliveries == (
        Delivery(
            key=f"{LONG}@2026-01-16T08:00:00Z:p-1",
            position_id=PositionId("p-1"),
            instrument_name=LONG,
            delivery_price_usd=Decimal(2700),
            size=2,
            cash_flow_eth=Decimal(0),
            fee_eth=Decimal(0),
            at=EXPIRATION,
        ),
        Delivery(
            key=f"{SHORT}@2026-01-16T08:00:00Z:p-1",
            position_id=PositionId("p-1"),
            instrument_name=SHORT,
            delivery_price_usd=Decimal(2700),
            size=-2,
            cash_flow_eth=Decimal("-0.07"),
            fee_eth=Decimal("0.0002"),
            at=EXPIRATION,
        ),
    )


def test_the_last_holder_takes_the_rest_of_cash_and_fee() -> None:
    positions = [position(f"p-{n}", 1) for n in range(3)]
    listed = [settlement(SHORT, -3, "-0.1", "0.00000002"), settlement(LONG, 3, "0")]
    deliveries, _ = deliveries_for(positions, listed, AFTER)
    shorts = [d for d in deliveries if d.instrument_name == SHORT]
    assert [str(d.cash_flow_eth) for d in shorts] == ["-0.03333333", "-0.03333333", "-0.03333334"]
    assert [d.fee_eth for d in shorts] == [Decimal("1e-8"), Decimal("1e-8"), Decimal(0)]


def test_larger_holders_get_the_larger_share() -> None:
    positions = [position("p-0", 3), position("p-1", 1)]
    listed = [settlement(SHORT, -4, "-0.08", "0.0004"), settlement(LONG, 4, "0")]
    deliveries, _ = deliveries_for(positions, listed, AFTER)
    shorts = [(d.cash_flow_eth, d.fee_eth) for d in deliveries if d.instrument_name == SHORT]
    assert shorts == [(Decimal("-0.06"), Decimal("0.0003")), (Decimal("-0.02"), Decimal("0.0001"))]


def test_a_leg_expires_on_the_moment_and_only_where_something_is_held() -> None:
    listed = [settlement(SHORT, -2, "-0.07"), settlement(LONG, 2, "0")]
    assert len(deliveries_for([position()], listed, EXPIRATION)[0]) == 2
    assert deliveries_for([position()], listed, EXPIRATION - timedelta(seconds=1)) == ((), ())
    assert deliveries_for([position(contracts=0)], listed, AFTER) == ((), ())
    assert len(deliveries_for([position(contracts=1)], [], AFTER)[1]) == 2


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ([], "not_delivered:{}: books -2, venue none"),
        ([settlement(SHORT, -1, "0")], "not_delivered:{}: books -2, venue -1"),
        ([settlement(SHORT, -2, "0")] * 2, "not_delivered:{}: books -2, venue -2, -2"),
    ],
)
def test_what_was_not_delivered_is_told_with_all_that_the_venue_lists(
    listed: list[object], told: str
) -> None:
    _, differences = deliveries_for([position()], [*listed, settlement(LONG, 2, "0")], AFTER)  # type: ignore[list-item]
    assert [str(difference) for difference in differences] == [told.format(SHORT)]


def test_only_positions_of_the_lacking_leg_wait() -> None:
    other = plan(short="ETH-16JAN26-2700-P", long=LONG)
    second = position("p-2").model_copy(update={"plan": other})
    listed = [settlement("ETH-16JAN26-2700-P", -2, "-0.01"), settlement(LONG, 4, "0")]
    deliveries, differences = deliveries_for([position(), second], listed, AFTER)
    assert [d.subject for d in differences] == [SHORT]
    assert {d.position_id for d in deliveries} == {"p-2"}
    assert len(deliveries) == 2
