"""What a person is told of an order that has not ended."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.orders.books import OrderRow
from core.orders.lifecycle import OrderState
from core.status.order_text import order_texts
from core.strategy import ExecutionSection
from core.values import Label, PositionId
from tests.fakes.open_position import NOW

SAID = "order {} at -0.0092 ETH, 1 of 3 filled"


def order(label: str, state: OrderState = OrderState.WORKING) -> OrderRow:
    limit_eth = Decimal("-0.0092")
    return OrderRow(
        label=Label(label), state=state, amount=3, filled_amount=1, limit_eth=limit_eth, updated_at=NOW
    )


@pytest.mark.parametrize(
    ("label", "state", "said", "follows"),
    [
        ("x7", OrderState.WORKING, "exit", "; every 60 s its price goes a step towards the market's"),
        (
            "e1",
            OrderState.WORKING,
            "entry",
            "; every 60 s its price goes a step towards its floor, and after 900 s it is cancelled",
        ),
        ("x7", OrderState.UNKNOWN, "exit", ""),
        ("x7", OrderState.CANCEL_PENDING, "exit", ""),
    ],
)
def test_an_order_says_its_price_and_what_comes_next(
    label: str, state: OrderState, said: str, follows: str
) -> None:
    orders = [order(f"p-1:abcdef:{label}", state), order("p-2:abcdef:x7"), order("by-hand")]
    begins = f"{said} {SAID.format(state.value.replace('_', ' '))}"
    assert order_texts(PositionId("p-1"), orders, ExecutionSection()) == (f"{begins}{follows}",)
