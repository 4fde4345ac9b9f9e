"""Trades of legs, complete or not at all, in each of the ways that nobody has published."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.sim.ways import Ways
from tests.gateway.live.desk import refusing
from tests.gateway.live.trading_desk import Engine, traded
from tests.gateway.sim.account import LONG, SHORT


def plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("order_id", "label", "side", "amount")}


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("way", ["full", "bare", "parent"])
def test_each_way_gives_the_same_trades_of_legs_and_no_parent(
    tmp_path: Path, way: Any, inverse: bool
) -> None:
    async def play(engine: Engine) -> None:
        order = await engine.filled()
        trades = (await engine.ask("get_trades_by_order", order_id=order["order_id"]))[1]["trades"]
        assert {each["instrument_name"]: each["side"] for each in trades} == {SHORT: "sell", LONG: "buy"}
        assert {each["label"] for each in trades} == {"one"}
        assert {each["order_id"] for each in trades} == {order["order_id"]}
        assert {each["amount"] for each in trades} == {"3"}
        prices = {each["instrument_name"]: Decimal(each["price"]) for each in trades}
        assert prices[SHORT] - prices[LONG] == Decimal(order["average_price"])
        venue = engine.desk.venue.books.account.trades
        assert {each["trade_id"] for each in trades} == set(venue)
        assert all(Decimal(each["fee"]) == venue[each["trade_id"]].fee for each in trades)
        since = order["created_at"]
        assert (await engine.ask("get_user_trades", since=since))[1]["trades"] == trades
        cash = sum(
            Decimal(each["price"]) * Decimal(each["amount"]) * (1 if each["side"] == "sell" else -1)
            - Decimal(each["fee"])
            for each in trades
        )
        summary = (await engine.ask("get_account_summary"))[1]
        assert Decimal(summary["balance"]) == Decimal(10) + cash

    traded(tmp_path, play, ways=Ways(trades=way, inverse=inverse))


@pytest.mark.parametrize("way", ["full", "bare", "parent"])
def test_trades_of_yesterday_are_found_in_the_older_half(tmp_path: Path, way: Any) -> None:
    async def play(engine: Engine) -> None:
        order = await engine.filled()
        await engine.wait(25 * 3600.0)
        found = (await engine.ask("get_user_trades", since=order["created_at"]))[1]["trades"]
        assert len(found) == 2
        found = (await engine.ask("get_trades_by_order", order_id=order["order_id"]))[1]["trades"]
        assert len(found) == 2

    traded(tmp_path, play, ways=Ways(trades=way))


def test_a_direction_without_fees_is_taken_as_the_venue_says_it(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        order = await engine.filled()
        trades = (await engine.ask("get_trades_by_order", order_id=order["order_id"]))[1]["trades"]
        assert sorted(Decimal(each["fee"]) == 0 for each in trades) == [False, True]

    traded(tmp_path, play, ways=Ways(waives=True))


@pytest.mark.parametrize(
    ("way", "instead", "status"),
    [
        # The legs have no row yet, and the parent does not tell their fees.
        ("bare", {"get_transaction_log": (200, {"result": {"logs": []}})}, 503),
        ("full", {"get_user_trades_by_order": (200, {"result": []})}, 503),
        ("full", {"get_user_trades_by_order": refusing(11051, "system_maintenance")}, 503),
    ],
)
def test_what_is_not_complete_is_not_served(
    tmp_path: Path, way: Any, instead: dict[str, Any], status: int
) -> None:
    async def play(engine: Engine) -> None:
        order = await engine.filled()
        found = await engine.ask("get_trades_by_order", order_id=order["order_id"])
        assert found[0] == status
        assert "trades" not in found[1]

    traded(tmp_path, play, ways=Ways(trades=way), instead=instead)


def test_an_order_of_one_leg_is_its_own_trade(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        quote = engine.desk.venue.books.quote(SHORT)
        assert quote is not None
        assert quote.bid_units is not None
        legs = [{"instrument_name": SHORT, "side": "sell", "ratio": 1}]
        price = str(Decimal(quote.bid_units).scaleb(-4))
        _, body = await engine.place(legs=legs, price=price, amount="1")
        assert body["order"]["state"] == "filled", body
        trades = (await engine.ask("get_trades_by_order", order_id=body["order"]["order_id"]))[1]["trades"]
        assert [plain(each) for each in trades] == [
            {"order_id": body["order"]["order_id"], "label": "one", "side": "sell", "amount": "1"}
        ]

    traded(tmp_path, play)
