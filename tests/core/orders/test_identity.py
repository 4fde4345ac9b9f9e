"""Every single deviation from what was permitted under a label is found, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Order, OrderLeg
from core.orders.books import Edit, Instruction, InstructionKind
from core.orders.identity import Permitted, as_booked, disagreements, fills_disagree
from core.orders.lifecycle import OrderState
from core.values import Label
from tests.core.orders.test_reconcile import LABEL, NOW, books, fills, order, trades
from tests.fakes.trading import LONG, SHORT


def entry() -> Instruction:
    (instruction,) = books(OrderState.WORKING).instructions
    return instruction


def exit_() -> Instruction:
    instruction = entry()
    legs = tuple(leg.reversed() for leg in instruction.legs)
    return instruction.model_copy(update={"kind": InstructionKind.EXIT, "legs": legs, "reduce_only": True})


PERMITTED = Permitted(instruction=entry(), edited_eth=(Decimal("0.0095"), Decimal("0.009")))


def listed(**update: object) -> Order:
    return order().model_copy(update=update)


def legs(*each: tuple[str, str, int]) -> tuple[OrderLeg, ...]:
    return tuple(
        OrderLeg.model_validate({"instrument_name": name, "side": side, "ratio": ratio})
        for name, side, ratio in each
    )


OURS = legs((SHORT, "sell", 1), (LONG, "buy", 1))


@pytest.mark.parametrize("price", ["0.01", "0.0100", "0.0095", "0.0090"])
@pytest.mark.parametrize("filled", [0, 1, 2])
def test_an_order_at_any_permitted_price_is_ours(price: str, filled: int) -> None:
    assert disagreements(listed(price=Decimal(price), filled_amount=Decimal(filled)), PERMITTED) == ()


@pytest.mark.parametrize(
    "same",
    [
        OURS,
        OURS[::-1],
        legs((SHORT, "sell", 2), (LONG, "buy", 1), (SHORT, "buy", 1)),
        legs((SHORT, "sell", 1), (LONG, "buy", 1), ("ETH-Y", "buy", 1), ("ETH-Y", "sell", 1)),
    ],
    ids=["as sent", "in another order", "in parts", "with legs that cancel out"],
)
def test_legs_are_compared_by_their_net_size(same: tuple[OrderLeg, ...]) -> None:
    assert disagreements(listed(legs=same), PERMITTED) == ()


@pytest.mark.parametrize(
    ("update", "part"),
    [
        ({"legs": legs((SHORT, "buy", 1), (LONG, "sell", 1))}, "legs"),
        ({"legs": legs((SHORT, "sell", 2), (LONG, "buy", 2))}, "legs"),
        ({"legs": OURS[:1]}, "legs"),
        ({"legs": (*OURS, *legs(("ETH-Y", "buy", 1)))}, "legs"),
        ({"amount": Decimal(3)}, "amount"),
        ({"amount": Decimal(1)}, "amount"),
        ({"amount": Decimal("1.5")}, "amount"),
        ({"filled_amount": Decimal(3)}, "filled_amount"),
        ({"filled_amount": Decimal("0.5")}, "filled_amount"),
        ({"filled_amount": Decimal(-1)}, "filled_amount"),
        ({"price": Decimal("0.0094")}, "price"),
        ({"price": Decimal("-0.01")}, "price"),
    ],
)
def test_each_deviation_is_named_with_both_sides(update: dict[str, object], part: str) -> None:
    (told,) = disagreements(listed(**update), PERMITTED)
    assert told.startswith(f"{part}: ")
    assert "found " in told


def test_every_deviation_is_named() -> None:
    strange = listed(legs=(), amount=Decimal(6), price=Decimal(1))
    assert [told.partition(":")[0] for told in disagreements(strange, PERMITTED)] == [
        "legs",
        "amount",
        "price",
    ]


@pytest.mark.parametrize(("amount", "ours"), [(0, True), (1, True), (2, True), (3, False)])
def test_an_exit_may_be_smaller_than_permitted_and_not_larger(amount: int, ours: bool) -> None:
    """A venue cuts a reduce-only order to what is left of the position."""
    closing = legs((SHORT, "buy", 1), (LONG, "sell", 1))
    found = disagreements(listed(legs=closing, amount=Decimal(amount)), Permitted(instruction=exit_()))
    assert (found == ()) is ours


def test_the_edits_of_other_orders_permit_nothing() -> None:
    def edit(label: str, limit: str) -> Edit:
        return Edit(label=Label(label), number=1, limit_eth=Decimal(limit), at=NOW + timedelta(seconds=60))

    permitted = Permitted.of(entry(), [edit("p-2:e1", "0.009"), edit(LABEL, "0.0095")])
    assert permitted.edited_eth == (Decimal("0.0095"),)
    assert permitted.with_edit(Decimal("0.0093")).edited_eth == (Decimal("0.0095"), Decimal("0.0093"))


@given(
    amount=st.decimals(0, 9, places=1),
    filled=st.decimals(0, 9, places=1),
    price=st.decimals(-1, 1, places=4),
    same_legs=st.booleans(),
)
def test_what_can_be_booked_of_a_disputed_order_never_exceeds_what_was_permitted(
    amount: Decimal, filled: Decimal, price: Decimal, same_legs: bool
) -> None:
    found = listed(amount=amount, filled_amount=filled, price=price, legs=OURS if same_legs else OURS[:1])
    taken = as_booked(found, PERMITTED)
    if taken is None:
        assert not same_legs or filled > 2 or filled != int(filled)
    else:
        assert same_legs
        assert (taken.amount, taken.filled_amount) == (Decimal(2), filled)
        assert filled <= 2


def test_fills_without_an_order_are_compared_too() -> None:
    assert fills_disagree(fills(trades(2)), PERMITTED) == ()
    assert fills_disagree(fills(trades(6)), PERMITTED) == ("filled_amount: permitted 2, found 6",)
    (short, long) = fills(trades(1))
    wrong = short.model_copy(update={"side": "buy"})
    (told,) = fills_disagree((wrong, long), PERMITTED)
    assert told == f"legs: not permitted: buy {SHORT}"
