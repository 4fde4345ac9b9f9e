"""Each way in which an answer may differ is named with its field and with what was found."""

from __future__ import annotations

from typing import Any

import pytest

from core.conformance.compared import DifferenceKind, compared
from core.contract import (
    GET_INSTRUMENTS,
    GET_OPEN_ORDERS,
    GET_OPTIONS_CHAIN,
    GET_ORDER_BOOK,
    GET_ORDER_BY_LABEL,
    Dvol,
    ExchangeFunding,
    FxRate,
    IndexPrice,
    OrderAnswer,
    TotalEquity,
)

AT = "2026-01-05T14:00:00Z"
QUOTE: dict[str, Any] = {
    "instrument_name": "ETH-16JAN26-2800-P",
    "strike": "2800",
    "option_type": "put",
    "expiration": "2026-01-16T08:00:00Z",
    "bid": "0.0060",
    "ask": None,
    "bid_size": 5.0,
    "ask_size": 0.0,
    "mark_price": "0.0065",
    "mark_iv": 62.5,
    "delta": -0.12,
    "gamma": 0.0001,
    "theta": -2.5,
    "vega": 1.5,
    "open_interest": 100.0,
    "volume_24h": 3.0,
    "underlying_price": "3100.5",
    "timestamp": AT,
}
ORDER: dict[str, Any] = {
    "order_id": "1",
    "label": "a",
    "state": "open",
    "amount": "2",
    "filled_amount": "0",
    "average_price": None,
    "price": "0.01",
    "legs": [{"instrument_name": "ETH-16JAN26-2800-P", "side": "sell", "ratio": 1}],
    "created_at": AT,
    "updated_at": AT,
}


def shown(model: Any, body: object) -> list[tuple[str, str, str]]:
    return [(each.kind, each.field, each.found) for each in compared(model, body)]


def test_an_answer_as_the_contract_has_it_differs_in_nothing() -> None:
    assert shown(IndexPrice, {"price": "3100.5", "timestamp": AT, "more": 1}) == []
    assert shown(GET_OPTIONS_CHAIN.answer, {"quotes": [QUOTE]}) == []
    assert shown(GET_OPEN_ORDERS.answer, {"orders": [ORDER]}) == []
    assert shown(GET_ORDER_BY_LABEL.answer, {"order": None}) == []
    assert shown(OrderAnswer, {"order": ORDER}) == []
    assert shown(GET_ORDER_BOOK.answer, {"bids": [["0.01", 5]], "asks": [], "timestamp": AT}) == []


def test_every_field_that_is_wrong_is_named_and_not_only_the_first() -> None:
    assert shown(IndexPrice, {"price": 3100.5, "timestamp": 1767621600000}) == [
        (DifferenceKind.TYPE, "price", "the number 3100.5"),
        (DifferenceKind.TYPE, "timestamp", "the number 1767621600000"),
    ]


@pytest.mark.parametrize("key", ["indexPrice", "index_price", "Price", "prices"])
def test_a_near_name_is_a_field_that_was_renamed(key: str) -> None:
    assert shown(IndexPrice, {key: "3100.5", "timestamp": AT}) == [
        (DifferenceKind.RENAMED, "price", f"{key}: ⟪3100.5⟫")
    ]


def test_of_two_near_names_the_one_whose_value_fits_is_taken() -> None:
    found = shown(IndexPrice, {"price_usd_note": True, "index_price": "1", "timestamp": AT})
    assert found[0][2].startswith("index_price: ")


def test_a_field_without_a_near_name_is_missing() -> None:
    assert shown(IndexPrice, {"when": "x", "timestamp": AT}) == [
        (DifferenceKind.MISSING, "price", "no field like it")
    ]
    assert shown(FxRate, {}) == [
        (DifferenceKind.MISSING, "rate", "no field like it"),
        (DifferenceKind.MISSING, "timestamp", "no field like it"),
    ]


@pytest.mark.parametrize(
    ("model", "body", "field"),
    [
        (Dvol, {"dvol": 0.62, "timestamp": AT}, "dvol"),
        (IndexPrice, {"price": "0.5", "timestamp": AT}, "price"),
        (ExchangeFunding, {"name": "okx", "annualized_rate": 10.95, "timestamp": AT}, "annualized_rate"),
    ],
)
def test_a_number_of_a_size_that_its_unit_has_not_is_of_another(
    model: Any, body: dict[str, object], field: str
) -> None:
    [(kind, name, _)] = shown(model, body)
    assert (kind, name) == (DifferenceKind.UNIT, field)


def test_rows_that_differ_alike_are_one_difference_with_their_number() -> None:
    usd = QUOTE | {"bid": "18.60", "instrument_name": "ETH-16JAN26-2600-P"}
    late = QUOTE | {"mark_iv": 0.625, "instrument_name": "ETH-16JAN26-2500-P"}
    more = QUOTE | {"mark_iv": 0.7, "instrument_name": "ETH-16JAN26-2400-P"}
    found = compared(GET_OPTIONS_CHAIN.answer, {"quotes": [QUOTE, usd, late, more]})
    assert [(each.kind, each.field, each.found, each.rows, each.of) for each in found] == [
        (DifferenceKind.UNIT, "quotes[].bid", "⟪18.60⟫", 1, 4),
        (DifferenceKind.UNIT, "quotes[].mark_iv", "the number 0.625", 2, 4),
    ]


def test_a_row_that_an_engine_would_leave_out_is_named_too() -> None:
    """The lists of the account keep a row that can't be read apart; the check has to see it."""
    row = {**ORDER, "legs": [{"instrument_name": "A", "side": "long", "ratio": 1}]}
    [difference] = compared(GET_OPEN_ORDERS.answer, {"orders": [ORDER, row]})
    assert (difference.kind, difference.field) == (DifferenceKind.VALUE, "orders[].legs[].side")
    assert (difference.found, difference.expected) == ("⟪long⟫", "'buy' or 'sell'")


def test_an_order_within_an_answer_is_looked_into() -> None:
    order = {key: value for key, value in ORDER.items() if key != "order_id"} | {"orderId": "1"}
    assert shown(GET_ORDER_BY_LABEL.answer, {"order": order}) == [
        (DifferenceKind.RENAMED, "order.order_id", "orderId: ⟪1⟫")
    ]


def test_a_list_that_contradicts_itself_is_told_although_each_row_is_sound() -> None:
    row = {
        "instrument_name": "ETH-16JAN26-2800-P",
        "strike": "2800",
        "option_type": "put",
        "expiration": "2026-01-16T08:00:00Z",
        "tick_size": "0.0001",
        "tick_size_steps": [],
        "min_trade_amount": "1",
        "contract_size": "1",
        "is_active": True,
    }
    assert shown(GET_INSTRUMENTS.answer, {"instruments": [row, row]}) == []
    [(_, field, _)] = shown(GET_INSTRUMENTS.answer, {"instruments": [row, row | {"strike": "2900"}]})
    assert field == "instruments"


@pytest.mark.parametrize("body", [None, [], "text", 5])
def test_what_is_no_object_is_of_another_type(body: object) -> None:
    [(kind, field, _)] = shown(TotalEquity, body)
    assert (kind, field) == (DifferenceKind.TYPE, "the answer")
    [(kind, field, _)] = shown(GET_OPTIONS_CHAIN.answer, {"quotes": [body]})
    assert (kind, field) == (DifferenceKind.TYPE, "quotes[]")
