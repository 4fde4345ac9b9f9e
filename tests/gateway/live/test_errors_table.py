"""What a read of the engine is answered with, whatever the venue says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.contract import Router
from gateway.live.app import make_app
from tests.gateway.live.desk import TOKEN, Desk, on_the_desk, our_key, refusing

GATEWAY = "http://127.0.0.1"
BOOK = {"instrument_name": "ETH-16JAN26-3000-P"}
HEADERS = {"Authorization": f"Bearer {TOKEN}", "X-Bot-Tag": "test"}


def asked(
    folder: Path,
    path: str = "/mcp-deribit/tools/get_order_book",
    body: dict[str, Any] | None = None,
    **desk: Any,
) -> list[httpx.Response]:
    """The same request twice, so that a latch shows at the second."""

    async def play(at: Desk) -> list[httpx.Response]:
        transport = httpx.ASGITransport(make_app(at.sources))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=HEADERS
        ) as client:
            if path.endswith("/health"):
                return [await client.get(path) for _ in range(2)]
            return [await client.post(path, json=BOOK if body is None else body) for _ in range(2)]

    return on_the_desk(folder, play, latency_s=0.0, **desk)


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (refusing(13020, "not_found"), 200, "13020 not_found"),
        (refusing(10012, "already_closed"), 200, "10012 already_closed"),
        (
            refusing(-32602, "Invalid params", param="instrument_name", reason="wrong format"),
            422,
            "instrument",
        ),
        (refusing(-32602, "Invalid params", param="depth", reason="not allowed"), 500, "-32602"),
        (refusing(11050, "bad_request"), 500, "11050"),
        (refusing(10028, "too_many_requests"), 429, "10028 too_many_requests"),
        (refusing(11051, "system_maintenance"), 503, "11051 system_maintenance"),
        (refusing(10041, "settlement_in_progress"), 503, "10041 settlement_in_progress"),
        (refusing(13888, "timed_out"), 503, "13888"),
        (refusing(424242, "brand_new"), 503, "424242 brand_new"),
        ((502, b"<html>"), 503, "no answer"),
        ((403, b"no"), 503, "HTTP 403"),
        ((429, b"slow down"), 429, "HTTP 429"),
        ((200, {"result": {"bids": [], "asks": []}}), 503, "anomaly: get_order_book.timestamp"),
        ((200, {"result": {"bids": [[1, "x"]], "asks": [], "timestamp": 1}}), 503, "get_order_book.bids[0]"),
        ((200, {"result": []}), 503, "anomaly: get_order_book: expected an object"),
    ],
)
def test_a_read_is_answered_as_the_table_says(
    tmp_path: Path, answer: tuple[int, object], status: int, text: str
) -> None:
    first, _ = asked(tmp_path, instead={"get_order_book": answer})
    assert first.status_code == status
    assert text in first.text
    assert set(first.json()) == ({"error"} if status == 200 else {"detail"})
    assert (first.headers.get("retry-after") == "1") == (status == 429)


@pytest.mark.parametrize("code", [10000, 13004, 13009, 13012, 13021, 13403, 11042])
def test_a_refused_key_latches_every_tool_and_the_health_page(tmp_path: Path, code: int) -> None:
    refused = {"get_order_book": refusing(code, "no")}

    async def play(at: Desk) -> list[httpx.Response]:
        transport = httpx.ASGITransport(make_app(at.sources))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=HEADERS
        ) as client:
            return [
                await client.post("/mcp-deribit/tools/get_order_book", json=BOOK),
                await client.post("/mcp-deribit/tools/get_index_price", json={}),
                await client.get("/mcp-deribit/health"),
                await client.get("/mcp-macro/health"),
            ]

    book, index, health, macro = on_the_desk(tmp_path, play, latency_s=0.0, instead=refused, key=our_key())
    assert book.json() == index.json() == {"error": f"{code} no"}
    assert health.status_code == 503
    assert macro.status_code == 200


def test_answers_of_the_other_environment_latch(tmp_path: Path) -> None:
    first, second = asked(tmp_path, testnet=False)
    assert first.status_code == 503
    assert "expected the answers of testnet" in second.json()["error"]


@pytest.mark.parametrize("router", [*Router])
def test_each_router_is_well_while_its_hosts_answer(tmp_path: Path, router: Router) -> None:
    first, _ = asked(tmp_path, f"/mcp-{router}/health")
    assert first.json()["status"] == "ok"


def test_the_end_of_the_calendar_stands_on_its_routers_health_page_alone(tmp_path: Path) -> None:
    ending = tmp_path / "ending.yaml"
    ending.write_text(
        "{version: 1, valid_from: 2026-01-01, valid_through: 2026-01-31, verified_on: 2026-01-01, "
        "sources: {}, events: []}",
        "utf-8",
    )
    macro, _ = asked(tmp_path, "/mcp-macro/health", calendar=ending)
    deribit, _ = asked(tmp_path, "/mcp-deribit/health", calendar=ending)
    assert macro.json()["warnings"] == [
        "the calendar of events ends 2026-01-31, in 19 days; entries stop then"
    ]
    assert deribit.json()["warnings"] == []


@pytest.mark.parametrize(
    ("router", "paths"),
    [
        (Router.DERIBIT, ["get_time"]),
        (Router.HYPERLIQUID, ["/info"]),
        (Router.SENTIMENT, ["fundingRate", "funding-rate-history", "funding/history"]),
        (Router.PORTFOLIO, ["eurofxref-daily.xml"]),
    ],
)
def test_a_router_is_unwell_if_none_of_its_hosts_answers(
    tmp_path: Path, router: Router, paths: list[str]
) -> None:
    first, _ = asked(tmp_path, f"/mcp-{router}/health", instead=dict.fromkeys(paths, (403, b"no")))
    assert first.status_code == 503
    assert json.loads(first.text)["detail"]


def test_what_needs_an_account_is_refused_in_words(tmp_path: Path) -> None:
    first, _ = asked(tmp_path, "/mcp-deribit/tools/get_account_summary", {})
    assert first.status_code == 200
    assert "market data alone" in first.json()["error"]


def test_without_a_key_there_is_no_account_that_could_hold_something(tmp_path: Path) -> None:
    first, _ = asked(tmp_path, "/mcp-deribit/tools/get_positions", {})
    assert first.json() == {"positions": []}


def test_with_a_key_the_account_is_asked(tmp_path: Path) -> None:
    shut = {"get_positions": refusing(11051, "system_maintenance")}
    first, _ = asked(tmp_path, "/mcp-deribit/tools/get_positions", {}, key=our_key(), instead=shut)
    assert first.status_code == 503


def test_another_coin_is_refused(tmp_path: Path) -> None:
    first, _ = asked(tmp_path, "/mcp-deribit/tools/get_index_price", {"currency": "EUR"})
    assert (first.status_code, first.json()["detail"]) == (422, "currency: expected ETH, found 'EUR'")
