"""Order books: the levels that are asked for, best first."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.contract import GetOrderBook, OrderBook
from gateway.live.fields import exact_json
from gateway.paper.instruments import parse_instrument
from tests.gateway.live.desk import Desk, model_market, on_the_desk

NAME = "ETH-16JAN26-3000-P"


def book(folder: Path, result: object | None = None, depth: int = 5) -> OrderBook:
    async def play(desk: Desk) -> OrderBook:
        return await desk.sources.market.order_book(
            GetOrderBook(instrument_name=NAME, depth=depth), desk.by()
        )

    instead = {} if result is None else {"get_order_book": (200, {"result": result})}
    return on_the_desk(folder, play, instead=instead)


def test_a_book_says_what_the_market_says(tmp_path: Path) -> None:
    found = book(tmp_path)
    said = model_market().quote(found.timestamp, parse_instrument(NAME))
    assert said is not None
    assert said.bid_units is not None
    assert found.bids == ((Decimal(said.bid_units).scaleb(-4), said.bid_size),)


@pytest.mark.parametrize("depth", [1, 2, 6, 100])
def test_the_depth_is_that_which_was_asked_for(tmp_path: Path, depth: int) -> None:
    levels = [[0.01 + 0.0005 * level, 1.0] for level in range(200)]
    found = book(tmp_path, {"bids": levels[::-1], "asks": levels, "timestamp": 1_768_226_420_123}, depth)
    assert len(found.bids) == len(found.asks) == depth
    assert found.asks[0][0] == Decimal("0.01")
    assert found.bids[0][0] > found.bids[-1][0] or depth == 1


def test_the_recorded_book_is_read(tmp_path: Path, deribit_responses: Path) -> None:
    path = deribit_responses / "recorded" / "http_get_order_book.json"
    recorded = exact_json(path.read_bytes())["result"]
    result = {
        "bids": [[float(cell) for cell in row] for row in recorded["bids"]],
        "asks": [[float(cell) for cell in row] for row in recorded["asks"]],
        "timestamp": recorded["timestamp"],
    }
    found = book(tmp_path, result, 20)
    assert found.bids[0] == (Decimal("87002.5"), 199_190.0)
    assert len(found.asks) == 20
