"""A host that differs in words is spoken to in its own, reads and orders alike."""

from __future__ import annotations

import json
from datetime import datetime

from actors.http import Response
from actors.mcp import McpClient, Unclear
from core.contract import CurrencyRequest, IndexPrice, Order, PlaceComboOrder, Router
from core.contract.words import ContractWords, ToolWords
from core.strategy import Strategy
from tests.actors.mcp.test_client import CREDENTIALS, OneAnswer

WORDS = ContractWords(
    {Router.DERIBIT: "/up"},
    {
        (Router.DERIBIT, "get_index_price"): ToolWords(
            "/index", {"": {"currency": "symbol"}}, {"": {"price": "index_price"}}
        ),
        (Router.DERIBIT, "place_combo_order"): ToolWords(
            "/place", {"legs[]": {"side": "direction"}}, {"": {"order": "placed"}, "order": {"label": "tag"}}
        ),
    },
)


def answering(body: bytes) -> OneAnswer:
    return OneAnswer(Response(200, {}, body))


def spoken_to(transport: OneAnswer) -> McpClient:
    return McpClient(
        router=Router.DERIBIT,
        transport=transport,
        credentials=CREDENTIALS,
        strategy=Strategy(),
        words=WORDS,
    )


def test_a_host_is_read_in_its_own_words() -> None:
    host = answering(b'{"index_price": "3100", "price": "1", "timestamp": "2026-01-05T14:00:00Z"}')
    now = datetime.fromisoformat("2026-01-05T14:00:01+00:00")
    found = spoken_to(host).read("get_index_price", CurrencyRequest(), correlation="c", now=now)
    assert isinstance(found, IndexPrice)
    assert found.price == 3100
    [(method, path, _, body)] = host.sent
    assert (method, path, body) == ("POST", "/index", b'{"symbol": "ETH"}')


def test_a_placement_goes_out_and_its_order_comes_back_in_the_hosts_words() -> None:
    """An answer in other words than those says nothing, and nothing is assumed of the order."""
    order: dict[str, object] = {
        "order_id": "7",
        "tag": "a",
        "state": "open",
        "amount": "2",
        "filled_amount": "0",
        "average_price": None,
        "price": "0.01",
        "legs": [],
        "created_at": "2026-01-05T14:00:00Z",
        "updated_at": "2026-01-05T14:00:00Z",
    }
    asked = PlaceComboOrder.model_validate(
        {
            "legs": [{"instrument_name": "ETH-16JAN26-2800-P", "side": "sell"}],
            "amount": "2",
            "side": "sell",
            "price": "0.01",
            "label": "a",
        }
    )
    host = answering(json.dumps({"placed": order}).encode())
    placed = spoken_to(host).change("place_combo_order", asked, correlation="c")
    assert isinstance(placed, Order)
    assert placed.label == "a"
    [(_, path, _, body)] = host.sent
    assert (path, json.loads(body or b"")["legs"][0]["direction"]) == ("/place", "sell")
    unclear = spoken_to(answering(json.dumps({"order": order}).encode()))
    assert isinstance(unclear.change("place_combo_order", asked, correlation="c"), Unclear)
