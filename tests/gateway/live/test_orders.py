"""Orders through the gateway: placed, read, edited and cancelled, in the contract's words."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.sim.keys import SimKey
from gateway.sim.ways import Ways
from tests.gateway.live.desk import SIM_KEY
from tests.gateway.live.trading_desk import Engine, labels, traded
from tests.gateway.sim.account import LONG, SHORT

CLOSING = [
    {"instrument_name": SHORT, "side": "buy", "ratio": 1},
    {"instrument_name": LONG, "side": "sell", "ratio": 1},
]


@pytest.mark.parametrize("inverse", [False, True])
def test_an_entry_fills_and_reads_as_it_was_asked_for(tmp_path: Path, inverse: bool) -> None:
    async def play(engine: Engine) -> None:
        order = await engine.filled()
        natural = await engine.natural()
        assert (order["label"], order["amount"], order["filled_amount"]) == ("one", "3", "3")
        assert Decimal(order["price"]) == Decimal(order["average_price"]) == natural
        assert [(leg["instrument_name"], leg["side"]) for leg in order["legs"]] == [
            (SHORT, "sell"),
            (LONG, "buy"),
        ]
        (venue,) = engine.orders_at_venue
        assert venue["direction"] == ("buy" if inverse else "sell")
        _, positions = await engine.ask("get_positions")
        assert {each["instrument_name"]: each["size"] for each in positions["positions"]} == {
            SHORT: "-3",
            LONG: "3",
        }

    traded(tmp_path, play, ways=Ways(inverse=inverse))


@pytest.mark.parametrize("inverse", [False, True])
def test_an_exit_closes_what_is_held(tmp_path: Path, inverse: bool) -> None:
    async def play(engine: Engine) -> None:
        await engine.filled()
        natural = -(await engine.natural()) - Decimal("0.0030")
        status, body = await engine.place(
            "two", legs=CLOSING, side="buy", price=str(natural), reduce_only=True
        )
        assert (status, body["order"]["state"]) == (200, "filled")
        assert Decimal(body["order"]["average_price"]) == natural
        assert (await engine.ask("get_positions"))[1] == {"positions": []}

    traded(tmp_path, play, ways=Ways(inverse=inverse))


def test_a_resting_order_is_found_every_way_and_can_be_changed(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        status, body = await engine.place()
        order = body["order"]
        assert (status, order["state"], order["average_price"]) == (200, "open", None)
        assert (await engine.ask("get_order_by_label", label="one"))[1]["order"] == order
        assert (await engine.ask("get_open_orders"))[1]["orders"] == [order]
        until = engine.placement()["valid_until"]
        status, body = await engine.ask(
            "edit_order", order_id=order["order_id"], price="0.0110", amount="2", valid_until=until
        )
        edited = body["order"]
        assert (status, edited["price"], edited["amount"]) == (200, "0.011", "2")
        assert (edited["order_id"], edited["label"]) == (order["order_id"], "one")
        status, body = await engine.ask("cancel_order", order_id=order["order_id"])
        assert (status, body["order"]["state"]) == (200, "cancelled")
        assert body["order"]["reject_reason"] is None
        since = order["created_at"]
        found = (await engine.ask("get_order_history", since=since))[1]["orders"]
        assert [(each["order_id"], each["state"]) for each in found] == [(order["order_id"], "cancelled")]
        status, body = await engine.ask("cancel_order", order_id=order["order_id"])
        assert (status, body["error"]) == (200, f"11044 not_open_order: {order['order_id']} is cancelled")
        status, body = await engine.ask("cancel_order", order_id="ETH-0")
        assert (status, body["error"]) == (200, "10004 order_not_found: ETH-0")

    traded(tmp_path, play)


def test_cancel_all_cancels_everything_and_says_how_many(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        for label in ("one", "two"):
            await engine.place(label)
        assert (await engine.ask("cancel_all"))[1] == {"cancelled": 2}
        assert (await engine.ask("get_open_orders"))[1] == {"orders": []}

    traded(tmp_path, play)


@pytest.mark.parametrize(
    ("changed", "status", "text"),
    [
        ({"price": "0.00305"}, 200, "10043 price_wrong_tick"),
        ({"price": "0.0500"}, 200, "10007 price_too_high"),
        ({"amount": "1000"}, 200, "10009 not_enough_funds"),
        ({"amount": "1.5"}, 422, "amount"),
        ({"valid_until": None}, 422, "valid_until"),
        ({"valid_until": "2026-01-12T15:00:00Z"}, 422, "valid_until"),
        ({"valid_until": "2026-01-12T14:00:20Z"}, 200, "valid_until_passed"),
        ({"reduce_only": True}, 200, "reduce_only_violated"),
        ({"side": "buy"}, 422, "side"),
        (
            {"legs": [{"instrument_name": SHORT, "side": "sell"}, {"instrument_name": SHORT, "side": "buy"}]},
            422,
            "legs",
        ),
        (
            {
                "legs": [
                    {"instrument_name": SHORT, "side": "sell", "ratio": 2},
                    {"instrument_name": LONG, "side": "buy", "ratio": 1},
                ]
            },
            200,
            "13036 unavailable_for_combo_books",
        ),
        (
            {
                "legs": [
                    {"instrument_name": SHORT, "side": "sell"},
                    {"instrument_name": "ETH-16JAN26-99000-P", "side": "buy"},
                ]
            },
            200,
            "13020 not_found",
        ),
    ],
)
def test_what_is_not_sound_is_refused_and_nothing_is_placed(
    tmp_path: Path, changed: dict[str, Any], status: int, text: str
) -> None:
    async def play(engine: Engine) -> None:
        found, body = await engine.place(**changed)
        assert (found, text in str(body)) == (status, True), body
        assert set(body) == ({"error"} if status == 200 else {"detail"})
        assert engine.orders_at_venue == []
        assert (await engine.ask("get_order_by_label", label="one"))[1] == {"order": None}

    traded(tmp_path, play)


def test_a_label_is_sent_once_and_answered_with_the_order_that_stands(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        _, first = await engine.place()
        status, again = await engine.place(amount="1")
        assert (status, again) == (409, first)
        await engine.ask("cancel_order", order_id=first["order"]["order_id"])
        status, again = await engine.place()
        assert (status, again["order"]["state"]) == (409, "cancelled")
        assert len(engine.orders_at_venue) == 1
        # And what was refused is refused in the same words.
        refused = [await engine.place("two", price="0.0500") for _ in range(2)]
        assert refused[0] == refused[1]
        assert engine.desk.venue.calls.count("private/sell") == 2

    traded(tmp_path, play)


def test_a_label_that_the_venue_knows_of_somebody_else_is_not_sent(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        await engine.place("other")
        venue = engine.desk.venue
        combo = engine.orders_at_venue[0]["instrument_name"]
        asked = {"instrument_name": combo, "amount": 1, "price": 0.0119, "label": "one"}
        venue.call("private/sell", asked, SIM_KEY)
        status, body = await engine.place("one")
        assert (status, body["order"]["amount"]) == (409, "1")
        assert labels(engine.orders_at_venue) == ["other", "one"]
        # It is shown, and nobody here changes it.
        status, body = await engine.ask("edit_order", order_id=body["order"]["order_id"], price="0.0110")
        assert "foreign order" in body["error"]

    traded(tmp_path, play)


def test_an_exit_may_not_take_more_than_is_left_of_a_position(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        await engine.filled()
        asked: dict[str, Any] = {"legs": CLOSING, "side": "buy", "price": "-0.0001", "reduce_only": True}
        status, body = await engine.place("two", **asked)
        assert (status, body.get("order", {}).get("state")) == (200, "open"), body
        status, body = await engine.place("three", **asked)
        assert body["error"].startswith("reduce_only_violated")
        assert [each["reduce_only"] for each in engine.orders_at_venue] == [False, False]

    traded(tmp_path, play)


def test_the_venues_own_flag_is_sent_where_that_is_wanted(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        await engine.filled()
        await engine.place("two", legs=CLOSING, side="buy", price="-0.0001", reduce_only=True)
        assert [each["reduce_only"] for each in engine.orders_at_venue] == [False, True]

    traded(tmp_path, play, sends_reduce_only=True)


def test_a_combo_that_takes_too_long_to_come_to_life_is_given_up(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        _, body = await engine.place()
        assert body["error"].startswith("13036 unavailable_for_combo_books")
        assert engine.orders_at_venue == []

    traded(tmp_path, play, ways=Ways(active_after_s=(5.0, 6.0)))


def test_margins_make_the_combo_and_tell_collar_and_margin(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        legs = engine.placement()["legs"]
        status, margins = await engine.ask("get_margins", legs=legs, amount="3", price="0.0030")
        assert status == 200, margins
        books, venue = engine.desk.venue.books, engine.desk.venue
        _, placed = await engine.place()
        (order,) = books.account.orders.values()
        initial, maintenance = books.combo_margins_eth(order.order.legs, Decimal(3))
        assert Decimal(margins["initial_margin"]) == pytest.approx(initial, abs=Decimal("1e-3"))
        assert Decimal(margins["maintenance_margin"]) == pytest.approx(maintenance, abs=Decimal("1e-3"))
        low, high = (Decimal(margins[name]) for name in ("min_price", "max_price"))
        assert low < Decimal(placed["order"]["price"]) <= high
        assert "private/create_combo" in venue.calls[: venue.calls.index("private/get_margins")]
        for price, code in ((high + Decimal("0.0001"), "10007"), (low - Decimal("0.0001"), "10005")):
            side = "sell" if price >= 0 else "buy"
            _, body = await engine.place(f"beyond {code}", price=str(price), side=side)
            assert body["error"].startswith(code)

    traded(tmp_path, play)


@pytest.mark.parametrize("model", ["segregated_sm", "segregated_pm"])
def test_margins_are_those_of_the_accounts_own_model(tmp_path: Path, model: str) -> None:
    async def play(engine: Engine) -> tuple[str, bool]:
        legs = engine.placement()["legs"]
        _, margins = await engine.ask("get_margins", legs=legs, amount="1")
        return margins["maintenance_margin"], "private/simulate_portfolio" in engine.desk.venue.calls

    margin, simulated = traded(tmp_path, play, ways=Ways(margin_model=model))
    assert simulated == model.endswith("pm")
    assert Decimal(margin) > Decimal("0.07")


def test_a_key_that_may_not_trade_reads_and_claims_nothing(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        assert (await engine.ask("environment_info"))[1]["features"] == []
        assert "no trading: the key has no trade:read_write" in (await engine.place())[1]["error"]
        for tool, body in (("cancel_order", {"order_id": "ETH-1"}), ("cancel_all", {})):
            assert "no trading" in (await engine.ask(tool, **body))[1]["error"]
        assert (await engine.ask("get_positions"))[1] == {"positions": []}

    narrow = SimKey(SIM_KEY.client_id, SIM_KEY.secret, "account:read trade:read wallet:none")
    traded(tmp_path, play, keys=[narrow])


def test_features_are_claimed_once_the_start_has_seen_them(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        _, info = await engine.ask("environment_info")
        assert info["features"] == ["valid_until", "label_lookup", "order_history"]
        assert info["account"] == "deribit:testnet:10"

    traded(tmp_path, play)


def test_trading_that_is_switched_off_places_nothing(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        assert (await engine.ask("environment_info"))[1]["features"] == []
        assert "TRADING=no" in (await engine.place())[1]["error"]

    traded(tmp_path, play, trading=False)


def test_nothing_is_placed_while_the_clocks_are_apart(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        assert (await engine.place())[1]["error"].startswith("clock off")
        assert engine.orders_at_venue == []

    traded(tmp_path, play, venue_ahead_s=2.0)
