"""What a tool answers as a value is what a client would read out of its JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import contract
from core.contract import (
    CHANGING_TOOLS,
    TOOLS,
    CoinRequest,
    ComboLeg,
    CurrencyRequest,
    GetCalendar,
    GetDvolHistory,
    GetFundingHistory,
    GetFundingRate,
    GetFxRate,
    GetHistorical,
    GetInstruments,
    GetMargins,
    GetOrderBook,
    GetOrderByLabel,
    GetOrderHistory,
    GetSince,
    NoArguments,
    OrderIdRequest,
    PlaceComboOrder,
    Router,
)
from gateway.paper.account import Account
from gateway.paper.assumptions import Assumptions
from gateway.paper.model_market import ModelMarket
from gateway.paper.toolbox import TOOLBOX, TYPED
from gateway.paper.venue import Venue

START = datetime(2026, 1, 5, 14, tzinfo=UTC)
BACK = START - timedelta(days=3)
SHORT, LONG = "ETH-16JAN26-3000-C", "ETH-16JAN26-3200-C"
LEGS = (
    ComboLeg(instrument_name=SHORT, side="sell", ratio=1),
    ComboLeg(instrument_name=LONG, side="buy", ratio=1),
)
REQUESTS: dict[str, Any] = {
    "environment_info": NoArguments(),
    "get_dvol_history": GetDvolHistory(start=BACK, end=START),
    "get_historical": GetHistorical(instrument="ETH-INDEX", start=BACK, end=START),
    "get_instruments": GetInstruments(),
    "get_order_book": GetOrderBook(instrument_name=SHORT),
    "get_order_by_label": GetOrderByLabel(label="p-1:e1"),
    "get_order_history": GetOrderHistory(since=BACK, include_unfilled=True),
    "get_user_trades": GetSince(since=BACK),
    "get_settlements": GetSince(since=BACK),
    "get_margins": GetMargins(legs=LEGS, amount=Decimal(1)),
    "get_trades_by_order": OrderIdRequest(order_id="ETH-O-000000001"),
    "get_funding_rate": GetFundingRate(coin="ETH"),
    "get_funding_history": GetFundingHistory(coin="ETH", start=BACK, end=START),
    "get_calendar": GetCalendar(start=BACK, end=START + timedelta(days=30)),
    "get_cross_exchange_funding": CoinRequest(coin="ETH"),
    "get_liquidation_pressure": CoinRequest(coin="ETH"),
    "get_holdings": NoArguments(),
    "get_fx_rate": GetFxRate(base="EUR", quote="USD"),
}
"""The other tools are asked for a currency."""


@pytest.fixture
def venue() -> Venue:
    """An account with a filled order, a rejected one and positions."""
    made = Venue(ModelMarket(1), Account(Decimal(10)), START, Assumptions())
    for number, price in ((1, "0.0001"), (2, "0.00015")):
        order = PlaceComboOrder(
            legs=LEGS,
            amount=Decimal(2),
            side="sell",
            price=Decimal(price),
            label=f"p-1:e{number}",
            reduce_only=False,
        )
        TYPED[Router.DERIBIT, "place_combo_order"](made, order)
    return made


@pytest.mark.parametrize("name", sorted(TYPED.keys() - {(r, t) for r, t in TOOLS if t in CHANGING_TOOLS}))
def test_a_typed_answer_is_what_the_json_says(name: tuple[Router, str], venue: Venue) -> None:
    tool = TOOLS[name]
    request = REQUESTS.get(tool.name) or CurrencyRequest(currency="ETH")
    assert isinstance(request, tool.request)
    body = TOOLBOX[name](venue, request.model_dump_json().encode())
    assert TYPED[name](venue, request) == tool.answer.model_validate_json(body)


def test_only_the_chain_has_no_typed_tool() -> None:
    chain = contract.GET_OPTIONS_CHAIN
    assert TOOLBOX.keys() - TYPED.keys() == {(chain.router, chain.name)}
