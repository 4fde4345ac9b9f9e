"""What clients of the real venue expected of the simulated one, and did not find (`tests/crosscheck`)."""

from __future__ import annotations

import pytest

from tests.gateway.sim.account import SHORT, SimDoor

LISTED = {"option": {"option"}, "option_combo": {"option_combo"}, None: {"option", "option_combo"}}


@pytest.mark.parametrize("kind", LISTED)
def test_instruments_are_listed_by_kind_and_without_one_all_are(kind: str | None) -> None:
    door = SimDoor()
    combo = door.combo()
    asked = {} if kind is None else {"kind": kind, "currency": "any"}
    found = door("public/get_instruments", **asked)
    assert {row["kind"] for row in found} == LISTED[kind]
    assert (combo in {row["instrument_name"] for row in found}) == (kind != "option")
    assert {row["underlying_type"] for row in found} == {"crypto"}


@pytest.mark.parametrize("asked", [{"kind": "future"}, {"currency": "BTC"}])
def test_what_is_not_simulated_is_not_listed(asked: dict[str, str]) -> None:
    assert SimDoor().refusal("public/get_instruments", **asked)[0] == -32602


def test_currencies_are_listed() -> None:
    assert [row["currency"] for row in SimDoor()("public/get_currencies")] == ["ETH"]


@pytest.mark.parametrize("method", ["public/ticker", "public/get_order_book"])
def test_the_limits_that_a_ticker_tells_are_those_of_a_placement(method: str) -> None:
    door = SimDoor()
    combo = door.combo()
    for name in (SHORT, combo):
        row = door(method, instrument_name=name)
        order = {"instrument_name": name, "amount": 1, "label": "edge"}
        step = 0.0005
        low = -(-round(row["min_price"] / step, 6) // 1) * step
        high = round(row["max_price"] / step, 6) // 1 * step
        for price in (low, high):
            assert door("private/buy", price=price, **order)["order"]["order_state"] in ("open", "filled")
        assert door.refusal("private/buy", price=low - step, **order)[0] in (10005, -32602)
        assert door.refusal("private/buy", price=high + step, **order)[0] == 10007


def test_orders_and_trades_are_told_by_instrument_and_by_currency_too() -> None:
    door = SimDoor()
    door.sold(2)
    combo = door.combo()
    single = {"instrument_name": SHORT, "amount": 1, "price": 0.0005}
    resting = door(
        "private/buy", **(single | {"price": door("public/ticker", instrument_name=SHORT)["min_price"]})
    )
    by_instrument = "private/get_open_orders_by_instrument"
    assert [row["order_id"] for row in door(by_instrument, instrument_name=SHORT)] == [
        resting["order"]["order_id"]
    ]
    assert door(by_instrument, instrument_name=combo) == []
    history = "private/get_order_history_by_instrument"
    assert [row["order_state"] for row in door(history, instrument_name=combo)] == ["filled"]
    assert door(history, instrument_name=SHORT) == []
    trades = "private/get_user_trades_by"
    every = door(f"{trades}_currency", currency="ETH", kind="any")["trades"]
    assert {row["instrument_name"] for row in every} > {SHORT, combo}
    assert {
        row["instrument_name"] for row in door(f"{trades}_instrument", instrument_name=combo)["trades"]
    } == {combo}
    for method in (by_instrument, history, f"{trades}_instrument"):
        assert door.refusal(method)[0] == -32602


def test_positions_of_all_currencies_are_those_of_the_one() -> None:
    door = SimDoor()
    door.sold(2)
    names = {row["instrument_name"] for row in door("private/get_positions")}
    assert names == {row["instrument_name"] for row in door("private/get_positions", currency="ETH")} != set()
