"""The lists of an answer come out in order, each row once, whatever the pages were that they came from."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import ValidationError

from core.contract import (
    Calendar,
    CrossExchangeFunding,
    DvolHistory,
    FundingHistory,
    Historical,
    Instruments,
    OrderBook,
    Orders,
    Positions,
    Settlements,
    Trades,
)
from core.contract.base import ToolAnswer

NAME = "ETH-16JAN26-2800-P"


def hour(n: int) -> str:
    return f"2026-01-05T{n:02d}:00:00Z"


def candle(n: int, close: str = "3000") -> dict[str, Any]:
    return {"timestamp": hour(n), "open": "1", "high": "1", "low": "1", "close": close, "volume": 0.0}


def bar(n: int, close: float = 60.0) -> dict[str, Any]:
    return {"timestamp": hour(n), "open": 1.0, "high": 1.0, "low": 1.0, "close": close}


def point(n: int, rate: float = 1e-5) -> dict[str, Any]:
    return {"timestamp": hour(n), "hourly_rate": rate}


def trade(n: int, price: str = "0.01") -> dict[str, Any]:
    return {
        "trade_id": f"T-{n}",
        "order_id": "O",
        "label": "",
        "instrument_name": NAME,
        "side": "Sell",
        "amount": "1",
        "price": price,
        "fee": "0",
        "timestamp": hour(n),
        "index_price": "3000",
    }


def settled(n: int, cash: str = "-0.01") -> dict[str, Any]:
    return {
        "instrument_name": NAME,
        "delivery_price": "2700",
        "size": "-1",
        "cash_flow": cash,
        "fee": "0",
        "timestamp": hour(n),
    }


def order(n: int, state: str = "open", updated: int = 9) -> dict[str, Any]:
    return {
        "order_id": f"O-{n}",
        "label": "",
        "state": state,
        "amount": "1",
        "filled_amount": "1" if state.strip().lower() == "filled" else "0",
        "average_price": None,
        "price": "0.01",
        "legs": [{"instrument_name": NAME, "side": "SELL", "ratio": 1}],
        "created_at": hour(n),
        "updated_at": hour(updated),
    }


def held(n: int, size: str = "-1") -> dict[str, Any]:
    zeros = dict.fromkeys(("delta", "gamma", "theta", "vega"), 0.0)
    money = dict.fromkeys(("average_price", "mark_price", "floating_pnl"), "0")
    return {"instrument_name": f"ETH-16JAN26-{2000 + n}-P", "size": size, **money, **zeros}


def listed(n: int, tick: str = "0.0005") -> dict[str, Any]:
    return {
        "instrument_name": f"ETH-16JAN26-{2000 + n}-P",
        "strike": str(2000 + n),
        "option_type": "P",
        "expiration": hour(8),
        "tick_size": tick,
        "tick_size_steps": [],
        "min_trade_amount": "1",
        "contract_size": "1",
        "is_active": True,
    }


SERIES = [
    (Historical, "candles", candle, {"close": "3001"}),
    (DvolHistory, "points", bar, {"close": 61.0}),
    (FundingHistory, "points", point, {"hourly_rate": 2e-5}),
    (Trades, "trades", trade, {"price": "0.02"}),
    (Settlements, "settlements", settled, {"cash_flow": "-0.02"}),
    (Orders, "orders", order, {"state": "cancelled"}),
    (Positions, "positions", held, {"size": "-2"}),
    (Instruments, "instruments", listed, {"tick_size": "0.0001"}),
]
SERIES_NAMES = [model.__name__ for model, *_ in SERIES]


@pytest.mark.parametrize(("model", "field", "row", "changed"), SERIES, ids=SERIES_NAMES)
def test_rows_out_of_order_and_twice_are_each_there_once_and_in_order(
    model: type[ToolAnswer], field: str, row: Any, changed: dict[str, Any]
) -> None:
    rows = [row(n) for n in range(8)]
    shuffled = [*rows, *rows[2:5]]
    random.Random(7).shuffle(shuffled)
    found = getattr(model.model_validate({field: shuffled}), field)
    expected = getattr(model.model_validate({field: rows}), field)
    assert len(found) == len(rows)
    assert found == expected or (field in ("positions", "instruments") and set(found) == set(expected))


@pytest.mark.parametrize(("model", "field", "row", "changed"), SERIES, ids=SERIES_NAMES)
def test_two_rows_about_the_same_thing_that_differ_refuse_the_list(
    model: type[ToolAnswer], field: str, row: Any, changed: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match="is listed twice, and the two differ"):
        model.model_validate({field: [row(1), row(2), row(1) | changed]})


def test_of_an_order_that_changed_between_two_pages_the_newer_row_holds() -> None:
    newer, older = order(1, "filled", updated=10), order(1, "open", updated=9)
    for listed in ([newer, older], [older, newer]):
        (found,) = Orders.model_validate({"orders": [*listed, order(2)]}).orders[:1]
        assert found.state == "filled"


def test_two_orders_under_one_id_are_two_and_none_hides_the_other() -> None:
    """They differ in their labels, so that they are no two states of one order: an open one would be lost."""
    ours, other = order(1, "open", updated=9), order(1, "filled", updated=10) | {"label": "by-hand"}
    for listed in ([ours, other], [other, ours, ours]):
        found = Orders.model_validate({"orders": listed}).orders
        assert {(one.order_id, one.label, one.state) for one in found} == {
            (ours["order_id"], ours["label"], "open"),
            (ours["order_id"], "by-hand", "filled"),
        }


def test_a_venue_that_is_named_twice_has_one_rate_its_newest() -> None:
    told = [
        {"name": name, "annualized_rate": rate, "timestamp": hour(n)}
        for name, rate, n in (("binance", 0.1, 1), (" Binance ", 0.2, 2), ("OKX", 0.3, 2))
    ]
    found = CrossExchangeFunding.model_validate({"exchanges": told}).exchanges
    assert [(one.name, one.annualized_rate) for one in found] == [("binance", 0.2), ("okx", 0.3)]


def test_events_come_by_time_and_each_once() -> None:
    events = [
        {"name": "CPI", "country": "US", "importance": "High", "scheduled_at": hour(n)} for n in (3, 1, 3)
    ]
    found = Calendar.model_validate({"events": events}).events
    assert [event.scheduled_at.hour for event in found] == [1, 3]
    assert {event.importance for event in found} == {"high"}


def test_levels_of_an_order_book_come_best_first() -> None:
    levels = [["0.01", 1.0], ["0.03", 1.0], ["0.02", 1.0]]
    book = OrderBook.model_validate({"bids": levels, "asks": levels, "timestamp": hour(1)})
    assert [str(price) for price, _ in book.bids] == ["0.03", "0.02", "0.01"]
    assert [str(price) for price, _ in book.asks] == ["0.01", "0.02", "0.03"]


@pytest.mark.parametrize(
    ("word", "state"),
    [("Open", "open"), ("FILLED", "filled"), ("canceled", "cancelled"), (" Cancelled ", "cancelled")],
)
def test_a_state_in_another_spelling_is_the_same_state(word: str, state: str) -> None:
    (found,) = Orders.model_validate({"orders": [order(1, word)]}).orders
    assert (found.state, found.legs[0].side) == (state, "sell")


@pytest.mark.parametrize(
    "change", [{"state": "untriggered"}, {"amount": "-1"}, {"order_id": ""}, {"legs": 7}]
)
def test_an_order_by_a_word_or_number_that_is_not_known_is_named_and_not_read(change: dict[str, Any]) -> None:
    answer = Orders.model_validate({"orders": [order(1) | change | {"label": "p-1:e1"}]})
    assert answer.orders == ()
    assert next(iter(change)) in answer.unread[0].problem


def test_a_list_without_end_is_refused_at_its_first_row() -> None:
    """One error for each of three million rows took 5 GB."""
    for model, field in ((Historical, "candles"), (Orders, "orders")):
        with pytest.raises(ValidationError) as refused:
            model.model_validate({field: [0] * 30_000})
        assert len(refused.value.errors()) == 1
