"""The terms of an order tell whether it adds risk and which side it takes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.orders.terms import OrderPurpose, OrderTerms
from core.values import Side

TERMS = OrderTerms(
    purpose=OrderPurpose.ENTRY, legs=(), amount=2, limit_eth=Decimal("0.01"), reduce_only=False
)


@pytest.mark.parametrize(
    ("purpose", "is_entry", "is_placement", "edit"),
    [
        (OrderPurpose.ENTRY, True, True, OrderPurpose.EDIT_ENTRY),
        (OrderPurpose.EXIT, False, True, OrderPurpose.EDIT_EXIT),
        (OrderPurpose.EDIT_ENTRY, True, False, OrderPurpose.EDIT_ENTRY),
        (OrderPurpose.EDIT_EXIT, False, False, OrderPurpose.EDIT_EXIT),
    ],
)
def test_a_purpose_knows_what_it_is(
    purpose: OrderPurpose, is_entry: bool, is_placement: bool, edit: OrderPurpose
) -> None:
    assert (purpose.is_entry, purpose.is_placement, purpose.edit) == (is_entry, is_placement, edit)


@pytest.mark.parametrize("limit_eth", ["-0.01", "0", "0.01"])
def test_an_exit_buys_the_combo_back_at_whatever_price(limit_eth: str) -> None:
    changes = {"purpose": OrderPurpose.EXIT, "limit_eth": Decimal(limit_eth), "reduce_only": True}
    assert TERMS.model_copy(update=changes).side is Side.BUY
    assert TERMS.side is Side.SELL


def test_an_edit_changes_the_limit_and_nothing_else() -> None:
    edited = TERMS.edited(Decimal("0.009"))
    assert edited == TERMS.model_copy(
        update={"purpose": OrderPurpose.EDIT_ENTRY, "limit_eth": Decimal("0.009")}
    )
