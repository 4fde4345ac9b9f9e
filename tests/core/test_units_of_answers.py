"""What is booked can be true: cash is in ETH, and a final state agrees with what it filled."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.contract import Order, Orders, Settlement, Settlements, Trade, Trades

PUT, CALL = "ETH-16JAN26-2800-P", "ETH-16JAN26-3600-C"
TRADE: dict[str, Any] = {
    "trade_id": "T1",
    "order_id": "O1",
    "label": "p-1:e1",
    "instrument_name": PUT,
    "side": "sell",
    "amount": "2",
    "price": "0.0125",
    "fee": "0.0006",
    "timestamp": "2026-01-05T14:00:00Z",
    "index_price": "3000",
}
DELIVERED: dict[str, Any] = {
    "instrument_name": PUT,
    "delivery_price": "2700",
    "size": "-2",
    "cash_flow": "-0.0741",
    "fee": "0.0003",
    "timestamp": "2026-01-16T08:00:00Z",
}
ORDER: dict[str, Any] = {
    "order_id": "O1",
    "label": "p-1:e1",
    "state": "filled",
    "amount": "2",
    "filled_amount": "2",
    "average_price": "0.01",
    "price": "0.01",
    "legs": [{"instrument_name": PUT, "side": "sell", "ratio": 1}],
    "created_at": "2026-01-05T14:00:00Z",
    "updated_at": "2026-01-05T14:00:00Z",
}


@pytest.mark.parametrize(
    ("state", "filled"),
    [("filled", "0"), ("filled", "1"), ("Filled ", "1"), ("rejected", "1"), ("rejected", "2")],
)
def test_a_final_order_that_contradicts_itself_is_not_read(state: str, filled: str) -> None:
    """It would end the look-ups, and what it has filled would be nowhere in the books."""
    Order.model_validate(ORDER)
    told = ORDER | {"state": state, "filled_amount": filled}
    with pytest.raises(ValidationError, match=f"state '{state.strip().lower()}'"):
        Order.model_validate(told)
    (unread,) = Orders.model_validate({"orders": [told]}).unread
    assert unread.label == "p-1:e1"


@pytest.mark.parametrize(
    "update",
    [{"price": "37.5"}, {"price": "37.5", "instrument_name": CALL}, {"fee": "1.8"}],
    ids=["a put's price", "a call's price", "the fee"],
)
def test_a_trade_in_usd_is_not_read(update: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="ETH"):
        Trade.model_validate(TRADE | update)
    (unread,) = Trades.model_validate({"trades": [TRADE | update]}).unread
    assert unread.label == "p-1:e1"


@pytest.mark.parametrize(
    "update",
    [{"cash_flow": "-200"}, {"cash_flow": "0.0741"}, {"size": "2"}, {"fee": "0.9"}, {"size": "0"}],
    ids=["in USD", "of the other sign", "of the other side", "a fee in USD", "of nothing"],
)
def test_a_delivery_that_can_not_have_paid_so_is_not_read(update: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="ETH"):
        Settlement.model_validate(DELIVERED | update)
    assert Settlements.model_validate({"settlements": [DELIVERED | update]}).settlements == ()


def test_what_an_option_can_be_worth_is_read() -> None:
    Trade.model_validate(TRADE | {"price": "1.8", "index_price": "1500"})  # 2800 / 1500
    Trade.model_validate(TRADE | {"instrument_name": CALL, "price": "0.9995"})
    Settlement.model_validate(DELIVERED)
    Settlement.model_validate(DELIVERED | {"cash_flow": "0", "fee": "0"})
    Settlement.model_validate(DELIVERED | {"delivery_price": "1400", "cash_flow": "-2.0"})
