"""The simulated venue against what is known of the real one: its schema, and answers that were seen.

The schema's `ticker` and `get_order_book` describe their errors alone, and its `data` of volatility rows a
text; for these the answers that were seen count.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.sim.keys import SimKey
from gateway.sim.venue import SimVenue
from tests.gateway.live.conftest import SCHEMA
from tests.gateway.live.desk import NOW, model_market

KEY = SimKey("id", "secret")
NOW_MS = int(NOW.timestamp() * 1000)
OPTION = "ETH-16JAN26-3000-P"
SPAN = {"start_timestamp": NOW_MS - 7_200_000, "end_timestamp": NOW_MS}
ASKED: dict[str, dict[str, Any]] = {
    "public/get_time": {},
    "public/status": {},
    "public/test": {},
    "public/auth": {"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret"},
    "public/get_index_price": {"index_name": "eth_usd"},
    "public/get_index_chart_data": {"index_name": "eth_usd", "range": "1m"},
    "public/get_volatility_index_data": {"currency": "ETH", "resolution": "60", **SPAN},
    "public/get_tradingview_chart_data": {"instrument_name": "ETH-PERPETUAL", "resolution": "60", **SPAN},
    "public/get_instruments": {"currency": "ETH", "kind": "option"},
    "public/get_book_summary_by_currency": {"currency": "ETH", "kind": "option"},
    "public/ticker": {"instrument_name": OPTION},
    "public/get_order_book": {"instrument_name": OPTION, "depth": 5},
}
NUMBERS = {"number", "decimal"}
OF_A_PERPETUAL = {"current_funding", "funding_8h", "interest_value"}
OF_TODAY = {"state", "locked_currencies", "volume_notional", "underlying_type"}
"""What the venue has added or renamed between the schema and the documented answers."""


@pytest.fixture(scope="module")
def answers() -> dict[str, list[Any]]:
    """What the simulated venue says to each method, several times over: its moods leave fields out."""
    clock = [NOW.timestamp()]
    venue = SimVenue(model_market(), lambda: clock[0], keys=[KEY])
    found: dict[str, list[Any]] = {method: [] for method in ASKED}
    for _ in range(2):
        clock[0] += 11.0
        for method, params in ASKED.items():
            found[method].append(json.loads(json.dumps(venue.call(method, params, None))))
    return found


def kind(value: object) -> str:
    """A JSON type; a number is a number, whether it has a point or not."""
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case None:
            return "null"
        case list():
            return "array"
        case _:
            return "object"


def rows(results: list[Any]) -> list[Mapping[str, Any]]:
    """The objects of several results."""
    return [row for result in results for row in (result if isinstance(result, list) else [result])]


def fields_of(endpoint: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
    """The fields of a result by the schema: type and whether it is a list."""
    return {
        field["name"]: (field["type"]["name"], field["type"]["is_array"])
        for field in endpoint["response_type"]["fields"]
    }


@pytest.mark.parametrize(
    "method",
    [
        "public/status",
        "public/auth",
        "public/get_index_price",
        "public/get_tradingview_chart_data",
        "public/get_instruments",
        "public/get_book_summary_by_currency",
    ],
)
def test_answers_are_those_of_the_schema(reference: Path, answers: dict[str, list[Any]], method: str) -> None:
    with gzip.open(reference / SCHEMA, "rt", encoding="utf-8") as text:
        endpoint = next(
            each for each in json.load(text) if each is not None and each["endpoint"]["path"] == f"/{method}"
        )
    known = fields_of(endpoint)
    for row in rows(answers[method]):
        for name, value in row.items():
            if name.startswith("starbase_") or name in OF_TODAY or value is None:
                continue
            assert name in known, name
            wanted, is_list = known[name]
            if is_list:
                assert kind(value) == "array", name
            elif wanted in NUMBERS | {"integer", "string", "boolean"}:
                assert kind(value) == ("number" if wanted in NUMBERS | {"integer"} else wanted), name
                assert wanted != "integer" or isinstance(value, int), name


@pytest.mark.parametrize(
    ("method", "file", "absent"),
    [
        ("public/get_time", "recorded/http_get_time", set()),
        ("public/test", "recorded/http_test", set()),
        ("public/get_instruments", "recorded/http_get_instrument_option", set()),
        ("public/get_order_book", "recorded/http_get_order_book", OF_A_PERPETUAL | {"volume_notional"}),
        ("public/get_tradingview_chart_data", "recorded/http_get_tradingview_chart_data", set()),
        ("public/ticker", "community/ticker_option_live", set()),
        ("public/get_book_summary_by_currency", "documented/public__get_book_summary_by_currency", set()),
        ("public/get_index_chart_data", "documented/public__get_index_chart_data", set()),
        ("public/get_volatility_index_data", "documented/public__get_volatility_index_data", set()),
        ("public/auth", "documented/public__auth", set()),
    ],
)
def test_answers_have_the_keys_and_types_of_those_that_were_seen(
    deribit_responses: Path, answers: dict[str, list[Any]], method: str, file: str, absent: set[str]
) -> None:
    seen = json.loads((deribit_responses / f"{file}.json").read_text("utf-8"))
    seen = seen.get("response", seen)
    compared(seen.get("result", seen), answers[method], absent, method)


def compared(seen: Any, ours: list[Any], absent: set[str], where: str) -> None:
    """Every key of what was seen is in one of ours, with the same type, unless either is null."""
    if isinstance(seen, list):
        if isinstance(ours[0], list):
            ours = [row for each in ours for row in each]
        if seen and ours:
            compared(seen[0], ours, absent, f"{where}[]")
        return
    if isinstance(seen, dict):
        ours = [row for each in ours for row in (each if isinstance(each, list) else [each])]
        for name, value in seen.items():
            if name in absent:
                continue
            found = [row[name] for row in ours if row.get(name) is not None]
            if value is not None:
                assert found or any(name in row for row in ours), f"{where}.{name}"
                if found:
                    compared(value, found, absent, f"{where}.{name}")
        return
    assert {kind(each) for each in ours} <= {kind(seen)}, where


def test_numbers_have_the_noise_of_floats_and_fields_come_and_go(answers: dict[str, list[Any]]) -> None:
    text = json.dumps(answers)
    tickers = rows(answers["public/ticker"])
    assert "starbase_tier" in text
    assert any(len(part) >= 17 for part in text.replace(",", " ").split() if part.startswith("0.0"))
    assert len({frozenset(row) for row in tickers}) > 1
    summaries = rows(answers["public/get_book_summary_by_currency"])
    assert any(row["bid_price"] is None for row in summaries)
