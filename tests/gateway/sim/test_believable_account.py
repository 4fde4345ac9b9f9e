"""What the simulated venue says of an account, against the venue's schema and answers that were seen."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.sim.ways import Ways
from tests.gateway.live.conftest import SCHEMA
from tests.gateway.sim.account import SHORT, SimDoor
from tests.gateway.sim.test_believable import NUMBERS, OF_TODAY, compared, fields_of, kind, rows

SPAN = {"start_timestamp": 1_700_000_000_000, "end_timestamp": 1_800_000_000_000}
OF_A_PERPETUAL = {
    "estimated_liquidation_price",
    "interest_value",
    "leverage",
    "open_orders_margin",
    "realized_funding",
    "size_currency",
}
OF_THE_EXAMPLE = {"btc_usd", "fees", "user_seq"}
NOT_IN_THE_SCHEMA = OF_TODAY | {"max_show", "reject_post_only", "user_id", "matching_id", "instrument_id"}


@pytest.fixture(scope="module")
def answers() -> dict[str, list[Any]]:
    """Each method's answers after a trade, an order that rests, and a delivery."""
    found: dict[str, list[Any]] = {}
    door = SimDoor()
    combo = door.combo()
    placed = door.sold(2)
    order_id = placed["order"]["order_id"]
    resting = door("private/sell", instrument_name=combo, amount=1, price=0.012, label="resting")
    rested = resting["order"]["order_id"]
    found["private/sell"] = [placed, resting]
    for _ in range(3):
        door.now_s += 2.0
        asked: dict[str, dict[str, Any]] = {
            "private/create_combo": {
                "trades": [
                    {"instrument_name": SHORT, "amount": 1, "direction": "buy"},
                    {"instrument_name": SHORT.replace("2400", "2200"), "amount": 1, "direction": "sell"},
                ]
            },
            "public/get_combo_details": {"combo_id": combo},
            "public/get_instrument": {"instrument_name": combo},
            "public/get_order_book": {"instrument_name": combo},
            "public/get_delivery_prices": {"index_name": "eth_usd", "count": 3},
            "private/edit": {"order_id": rested, "amount": 1, "price": 0.011},
            "private/get_order_state_by_label": {"currency": "ETH", "label": "resting"},
            "private/get_open_orders_by_currency": {"currency": "ETH"},
            "private/get_order_history_by_currency": {"currency": "ETH", "count": 5},
            "private/get_user_trades_by_order": {"order_id": order_id},
            "private/get_user_trades_by_currency_and_time": {"currency": "ETH", "count": 5, **SPAN},
            "private/get_account_summary": {"currency": "ETH", "extended": True},
            "private/get_account_summaries": {"extended": True},
            "private/get_positions": {"currency": "ETH"},
            "private/get_margins": {"instrument_name": SHORT, "amount": 1, "price": 0.01},
            "private/simulate_portfolio": {
                "currency": "ETH",
                "add_positions": True,
                "simulated_positions": {SHORT: -1},
            },
        }
        for method, params in asked.items():
            found.setdefault(method, []).append(door(method, **params))
    found["private/cancel"] = [door("private/cancel", order_id=rested)]
    door.now_s += 5 * 86_400.0
    found["private/get_settlement_history_by_currency"] = [
        door("private/get_settlement_history_by_currency", currency="ETH", type="delivery", count=1)
    ]
    found["private/get_transaction_log"] = [door("private/get_transaction_log", currency="ETH", **SPAN)]
    return found


@pytest.mark.parametrize(
    ("method", "within"),
    [
        ("private/create_combo", ""),
        ("private/edit", "order"),
        ("private/get_order_state_by_label", ""),
        ("private/get_open_orders_by_currency", ""),
        ("private/get_order_history_by_currency", ""),
        ("private/get_positions", ""),
        ("private/get_margins", ""),
    ],
)
def test_answers_are_those_of_the_schema(
    reference: Path, answers: dict[str, list[Any]], method: str, within: str
) -> None:
    with gzip.open(reference / SCHEMA, "rt", encoding="utf-8") as text:
        endpoints = {each["endpoint"]["path"]: each for each in json.load(text) if each is not None}
    # What an edit answers with is an order, which another method describes.
    described = "private/get_order_state" if within else method
    known = fields_of(endpoints[f"/{described}"])
    for row in rows([answer[within] if within else answer for answer in answers[method]]):
        for name, value in row.items():
            if name.startswith("starbase_") or name in NOT_IN_THE_SCHEMA or value is None:
                continue
            assert name in known, name
            wanted, is_list = known[name]
            if is_list:
                assert kind(value) == "array", name
            elif wanted in NUMBERS | {"integer", "string", "boolean"} and name != "price":
                assert kind(value) == ("number" if wanted in NUMBERS | {"integer"} else wanted), name


@pytest.mark.parametrize(
    ("method", "file", "absent"),
    [
        ("private/create_combo", "documented/private__create_combo", set()),
        ("public/get_combo_details", "recorded/http_get_combos", set()),
        ("public/get_instrument", "recorded/http_get_instruments_option_combo", set()),
        (
            "public/get_order_book",
            "community/order_book_combo_inactive_implied",
            {"settlement_price", "open_interest"},
        ),
        ("private/sell", "recorded/ws_order_sell_response", set()),
        ("private/sell", "documented/private__buy", {"matching_id"}),
        ("private/edit", "recorded/ws_order_edit_response", set()),
        ("private/cancel", "recorded/ws_order_cancel_response", set()),
        ("private/get_order_state_by_label", "documented/private__get_order_state_by_label", set()),
        ("private/get_open_orders_by_currency", "documented/private__get_open_orders_by_currency", set()),
        ("private/get_order_history_by_currency", "documented/private__get_order_history_by_currency", set()),
        ("private/get_user_trades_by_order", "documented/private__get_user_trades_by_order", set()),
        (
            "private/get_user_trades_by_currency_and_time",
            "documented/private__get_user_trades_by_currency_and_time",
            {"underlying_price"},
        ),
        ("private/get_account_summary", "documented/private__get_account_summary", OF_THE_EXAMPLE),
        ("private/get_account_summaries", "recorded/http_get_account_summaries", OF_THE_EXAMPLE),
        ("private/get_positions", "documented/private__get_positions", OF_A_PERPETUAL),
        ("private/get_margins", "documented/private__get_margins", set()),
        (
            "private/get_settlement_history_by_currency",
            "documented/private__get_settlement_history_by_currency",
            {"continuation"},
        ),
        ("public/get_delivery_prices", "documented/public__get_delivery_prices", set()),
    ],
)
def test_answers_have_the_keys_and_types_of_those_that_were_seen(
    deribit_responses: Path, answers: dict[str, list[Any]], method: str, file: str, absent: set[str]
) -> None:
    seen = json.loads((deribit_responses / f"{file}.json").read_text("utf-8"))
    seen = seen.get("response", seen)
    compared(seen.get("result", seen), answers[method], absent, method)


def test_a_row_of_the_log_has_the_keys_of_one_that_was_seen(
    deribit_responses: Path, answers: dict[str, list[Any]]
) -> None:
    file = deribit_responses / "documented" / "private__get_transaction_log.json"
    seen = json.loads(file.read_text("utf-8"))["response"]["result"]["logs"]
    trade = next(row for row in seen if row["type"] == "trade")
    ours = [row for row in answers["private/get_transaction_log"][0]["logs"] if row["type"] == "trade"]
    compared(trade, ours, {"ip", "mark_price"}, "get_transaction_log")


def test_a_trade_of_a_combo_has_the_keys_of_one_that_was_seen(
    deribit_responses: Path, answers: dict[str, list[Any]]
) -> None:
    file = deribit_responses / "recorded" / "http_get_last_trades_option_combo.json"
    seen = json.loads(file.read_text("utf-8"))["result"]["trades"]
    ours = answers["private/get_user_trades_by_currency_and_time"][0]["trades"]
    parent = next(row for row in seen if "legs" in row)
    compared(parent, [row for row in ours if "legs" in row], set(), "trades")


def test_a_venue_without_makers_has_empty_books_of_combos() -> None:
    door = SimDoor(Ways(counterparty=False))
    book = door("public/get_order_book", instrument_name=door.combo())
    assert (book["bids"], book["asks"], book["best_bid_price"]) == ([], [], 0.0)
