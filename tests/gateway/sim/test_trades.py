"""Trades and deliveries of the simulated venue: a parent with its legs, in the ways that nobody has told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.sim.ways import Ways
from tests.gateway.sim.account import DAY, LONG, SHORT, SimDoor

EXPIRY = datetime(2026, 1, 16, 8, tzinfo=UTC)


def listed(door: SimDoor, kind: str, **also: object) -> list[dict[str, Any]]:
    now_ms = int(door.now_s * 1000) + 10_000
    span = {"start_timestamp": now_ms - 10 * 86_400_000, "end_timestamp": now_ms}
    asked: dict[str, object] = {"currency": "ETH", "kind": kind, "count": 1000, **span, **also}
    found = door("private/get_user_trades_by_currency_and_time", **asked)
    return list(found["trades"])


def test_a_parent_is_the_sum_of_its_legs_and_they_name_it() -> None:
    door = SimDoor()
    order = door.sold(3)["order"]
    rows = door("private/get_user_trades_by_order", order_id=order["order_id"], sorting="asc")
    parent, legs = rows[0], rows[1:]
    prices = {leg["instrument_name"]: leg["price"] for leg in legs}
    assert parent["price"] == pytest.approx(prices[SHORT] - prices[LONG])
    assert {leg["combo_trade_id"] for leg in legs} == {parent["trade_id"]}
    assert {leg["timestamp"] - parent["timestamp"] for leg in legs} == {1}
    assert {leg["instrument_name"]: leg["direction"] for leg in legs} == {SHORT: "sell", LONG: "buy"}
    assert [leg["trade_id"] for leg in parent["legs"]] == [leg["trade_id"] for leg in legs]
    assert all(leg["fee"] > 0 and leg["label"] == "one" for leg in legs)


@pytest.mark.parametrize(
    ("way", "legs_by_order", "legs_by_time", "owned"),
    [("full", 2, 2, True), ("bare", 0, 2, False), ("parent", 0, 0, False)],
)
def test_what_a_legs_row_says_is_at_choice(
    way: Any, legs_by_order: int, legs_by_time: int, owned: bool
) -> None:
    door = SimDoor(Ways(trades=way))
    order_id = door.sold(2)["order"]["order_id"]
    by_order = door("private/get_user_trades_by_order", order_id=order_id)
    assert len([row for row in by_order if "combo_trade_id" in row]) == legs_by_order
    found = listed(door, "option")
    assert len(found) == legs_by_time
    assert all(("fee" in row) == owned and ("order_id" in row) == owned for row in found)
    (parent,) = listed(door, "option_combo")
    assert all(("fee" in leg) == (way == "parent") for leg in parent["legs"])
    now_ms = int(door.now_s * 1000) + 10_000
    log = door(
        "private/get_transaction_log",
        currency="ETH",
        query="trade",
        start_timestamp=now_ms - 86_400_000,
        end_timestamp=now_ms,
    )["logs"]
    assert all(row["commission"] > 0 for row in log)
    assert len(log) == 2


def test_one_direction_may_be_free() -> None:
    door = SimDoor(Ways(waives=True))
    order = door.sold(1)["order"]
    rows = door("private/get_user_trades_by_order", order_id=order["order_id"])
    legs = {row["instrument_name"]: row["fee"] for row in rows if "combo_trade_id" in row}
    assert sorted(fee == 0 for fee in legs.values()) == [False, True]
    assert float(door.venue.books.account.balance_eth) == pytest.approx(
        10 + order["average_price"] - sum(legs.values())
    )


def test_trades_leave_what_is_recent_after_a_day_with_a_gap_between() -> None:
    door = SimDoor()
    door.sold(1)
    assert (len(listed(door, "any")), len(listed(door, "any", historical=True))) == (3, 0)
    door.now_s += 86_400.0
    assert (len(listed(door, "any")), len(listed(door, "any", historical=True))) == (0, 0)
    door.now_s += 61.0
    assert (len(listed(door, "any")), len(listed(door, "any", historical=True))) == (0, 3)


@pytest.mark.parametrize("rows", [True, False])
def test_a_delivery_is_in_both_lists_a_while_after_it(rows: bool) -> None:
    door = SimDoor(Ways(worthless_rows=rows))
    door.sold(3)
    asked = {"currency": "ETH", "type": "delivery", "count": 100}
    door.now_s = EXPIRY.timestamp() + 2.0
    assert door("private/get_positions", currency="ETH") == []
    assert door("private/get_settlement_history_by_currency", **asked)["settlements"] == []
    door.now_s += 10.0
    history = door("private/get_settlement_history_by_currency", **asked)["settlements"]
    end_ms = int(door.now_s * 1000)
    log = door(
        "private/get_transaction_log",
        currency="ETH",
        query="delivery",
        start_timestamp=end_ms - 86_400_000,
        end_timestamp=end_ms,
    )["logs"]
    assert {row["instrument_name"] for row in history} == {row["instrument_name"] for row in log}
    assert (len(history) == 2) == rows
    prices = door("public/get_delivery_prices", index_name="eth_usd", count=1)["data"]
    assert prices[0]["date"] == "2026-01-16"
    strike = float(SHORT.split("-")[2])
    assert (prices[0]["delivery_price"] >= strike) == all(row["change"] == 0 for row in log)


def test_a_list_is_served_in_pages() -> None:
    door = SimDoor()
    door.sold(1)
    door.now_s = (EXPIRY + timedelta(seconds=20)).timestamp()
    first = door("private/get_settlement_history_by_currency", currency="ETH", type="delivery", count=1)
    rest = door(
        "private/get_settlement_history_by_currency",
        currency="ETH",
        type="delivery",
        count=1,
        continuation=first["continuation"],
    )
    assert {row["instrument_name"] for row in first["settlements"] + rest["settlements"]} == {SHORT, LONG}
    assert rest["continuation"] is None
    assert DAY in first["settlements"][0]["instrument_name"]
