"""Sizes as sums of fills and deliveries, and the row that the venue's answers about an order make."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.orders.books import Delivery, Fill, InstructionKind, OrderRow
from core.orders.lifecycle import ORDER_FINAL, OrderState
from core.orders.sizes import Sizes, combos_filled, sizes_of
from core.orders.venue_order import no_longer_there, with_fills
from core.values import Failed, Label, Leg, OptionType, PositionId, Side
from tests.core.example_market import NOW

ENTRY, EXIT = InstructionKind.ENTRY, InstructionKind.EXIT
LABEL = Label("p-entry-1:e1")
ratios = st.lists(st.integers(1, 3), min_size=2, max_size=4)
combos = st.integers(0, 20)


def legs_of(of_ratios: list[int]) -> tuple[Leg, ...]:
    return tuple(
        Leg(
            instrument_name=f"ETH-16JAN26-{2000 + 100 * number}-P",
            option_type=OptionType.PUT,
            strike_usd=2000.0 + 100 * number,
            expiration=NOW + timedelta(days=14),
            side=Side.SELL if number % 2 else Side.BUY,
            ratio=ratio,
        )
        for number, ratio in enumerate(of_ratios)
    )


def fills(legs: tuple[Leg, ...], count: int) -> tuple[Fill, ...]:
    """So many whole combos, one fill per leg."""
    return tuple(
        Fill(
            trade_id=f"{leg.instrument_name}-{count}",
            label=LABEL,
            instrument_name=leg.instrument_name,
            side=leg.side.value,
            amount=count * leg.ratio,
            price_eth=Decimal("0.01"),
            fee_eth=Decimal("0.0003"),
            index_usd=Decimal(3000),
            at=NOW,
        )
        for leg in legs
        if count
    )


def delivery(leg: Leg, contracts: int) -> Delivery:
    return Delivery(
        key=f"{leg.instrument_name}-{contracts}",
        position_id=PositionId("p-entry-1"),
        instrument_name=leg.instrument_name,
        delivery_price_usd=Decimal(3000),
        size=-contracts,
        cash_flow_eth=Decimal(0),
        fee_eth=Decimal(0),
        at=NOW,
    )


def row(state: OrderState, amount: int, filled: int = 0) -> OrderRow:
    return OrderRow(
        label=LABEL,
        state=state,
        amount=amount,
        filled_amount=filled,
        limit_eth=Decimal("0.01"),
        updated_at=NOW,
    )


@given(ratios=ratios, opened=combos, exited=combos, delivered=combos)
def test_sizes_are_what_was_opened_less_what_was_closed_and_delivered(
    ratios: list[int], opened: int, exited: int, delivered: int
) -> None:
    legs = legs_of(ratios)
    booked = [(ENTRY, fill) for fill in fills(legs, opened)] + [(EXIT, fill) for fill in fills(legs, exited)]
    found = sizes_of(legs, booked, [delivery(leg, delivered * leg.ratio) for leg in legs])
    left = opened - exited - delivered
    if left < 0:
        assert found == Failed.of("oversold")
    else:
        assert found == Sizes(opened=opened, exited=exited, left=left)


@given(ratios=ratios, count=st.integers(1, 20))
def test_a_leg_without_its_fills_makes_no_whole_combos(ratios: list[int], count: int) -> None:
    legs = legs_of(ratios)
    some = fills(legs, count)[1:]
    assert combos_filled(some, legs) == Failed.of("legs_unequal")
    assert sizes_of(legs, [(ENTRY, fill) for fill in some], []) == Failed.of("legs_unequal")


def test_an_exit_that_made_no_whole_combos_is_told() -> None:
    legs = legs_of([1, 1])
    booked = [(ENTRY, fill) for fill in fills(legs, 3)] + [(EXIT, fill) for fill in fills(legs, 1)[1:]]
    assert sizes_of(legs, booked, []) == Failed.of("legs_unequal")


def test_an_instrument_that_is_no_leg_is_told() -> None:
    legs = legs_of([1, 1, 1])
    assert sizes_of(legs[:2], [(ENTRY, fill) for fill in fills(legs, 1)], []) == Failed.of("unknown_leg")


def test_legs_are_delivered_one_by_one_and_the_largest_rest_counts() -> None:
    legs = legs_of([1, 2])
    booked = [(ENTRY, fill) for fill in fills(legs, 2)]
    assert sizes_of(legs, booked, [delivery(legs[0], 2)]) == Sizes(opened=2, exited=0, left=2)
    assert sizes_of(legs, booked, [delivery(legs[1], 3)]) == Sizes(opened=2, exited=0, left=2)
    both = [delivery(legs[0], 2), delivery(legs[1], 3)]
    assert sizes_of(legs, booked, both) == Sizes(opened=2, exited=0, left=1)


def test_without_legs_or_fills_there_is_no_combo() -> None:
    assert combos_filled([], ()) == Failed.of("legs_unequal")
    assert combos_filled([], legs_of([1, 2])) == 0


@given(amount=st.integers(1, 10), known=combos, read=combos)
def test_fills_that_were_read_later_complete_the_row_and_take_nothing_back(
    amount: int, known: int, read: int
) -> None:
    known, read, legs = min(known, amount), min(read, amount), legs_of([1, 2])
    after = with_fills(row(OrderState.WORKING, amount, known), fills(legs, read), legs)
    assert after.filled_amount == max(known, read)
    grew = read > known
    assert after.state is (OrderState.FILLED if grew and read == amount else OrderState.WORKING)


@given(
    amount=st.integers(1, 10),
    read=combos,
    state=st.sampled_from([OrderState.UNKNOWN, OrderState.CANCEL_PENDING, OrderState.WORKING]),
)
def test_an_order_that_is_no_longer_there_ends_as_its_fills_say(
    amount: int, read: int, state: OrderState
) -> None:
    read, legs = min(read, amount), legs_of([1, 1])
    after = no_longer_there(row(state, amount), fills(legs, read), legs)
    assert after.state in ORDER_FINAL
    assert after.filled_amount == read
    assert (after.state is OrderState.FILLED) == (read == amount)
    never = read == 0 and state is OrderState.UNKNOWN
    assert (after.state is OrderState.NOT_PLACED) == never


@pytest.mark.parametrize("state", [OrderState.UNKNOWN, OrderState.CANCEL_PENDING])
def test_fills_that_make_no_whole_combos_leave_what_is_booked(state: OrderState) -> None:
    legs = legs_of([1, 1])
    after = no_longer_there(row(state, 3, 1), fills(legs, 2)[1:], legs)
    assert (after.state, after.filled_amount) == (OrderState.CANCELLED, 1)


@pytest.mark.parametrize(
    ("filled", "count", "state"),
    [(1, 0, OrderState.CANCELLED), (0, 1, OrderState.CANCELLED), (0, 0, OrderState.NOT_PLACED)],
)
def test_what_is_booked_and_what_has_traded_each_prove_that_an_order_was_there(
    filled: int, count: int, state: OrderState
) -> None:
    """`count` fills of one leg alone, which make no whole combos."""
    legs = legs_of([1, 1])
    after = no_longer_there(row(OrderState.UNKNOWN, 3, filled), fills(legs, 2)[:count], legs)
    assert (after.state, after.filled_amount) == (state, filled)
