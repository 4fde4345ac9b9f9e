"""The simulated venue's combos and orders do what is known of the real one's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.sim.keys import SimKey
from gateway.sim.ways import Ways
from tests.gateway.sim.account import DAY, LONG, SHORT, SimDoor

SPREAD = f"ETH-PS-{DAY}-2400_2300"


def trades(short: str, long: str, amount: int = 1) -> list[dict[str, object]]:
    return [
        {"instrument_name": short, "amount": amount, "direction": "sell"},
        {"instrument_name": long, "amount": amount, "direction": "buy"},
    ]


@pytest.mark.parametrize(
    ("short", "long", "name", "legs"),
    [
        (SHORT, LONG, SPREAD, {SHORT: 1, LONG: -1}),
        (LONG, SHORT, SPREAD, {SHORT: 1, LONG: -1}),
        (
            f"ETH-{DAY}-2600-C",
            f"ETH-{DAY}-2700-C",
            f"ETH-CS-{DAY}-2600_2700",
            {f"ETH-{DAY}-2600-C": 1, f"ETH-{DAY}-2700-C": -1},
        ),
    ],
)
def test_a_combo_is_oriented_by_the_venue_whoever_asks(
    short: str, long: str, name: str, legs: dict[str, int]
) -> None:
    found = SimDoor()("private/create_combo", trades=trades(short, long, 2))
    assert found["id"] == name
    assert {leg["instrument_name"]: leg["amount"] for leg in found["legs"]} == legs


def test_a_legs_amount_may_be_written_as_a_float_or_as_text() -> None:
    door = SimDoor()
    for amount in (1, 1.0, "1"):
        legs = [each | {"amount": amount} for each in trades(SHORT, LONG)]
        assert door("private/create_combo", trades=legs)["id"] == SPREAD
    for wrong in (1.5, 0, -1, True, "1.5", None):
        legs = [each | {"amount": wrong} for each in trades(SHORT, LONG)]
        assert door.refusal("private/create_combo", trades=legs)[0] == -32602


def test_the_inverse_is_handed_out_where_the_venue_likes_it() -> None:
    found = SimDoor(Ways(inverse=True))("private/create_combo", trades=trades(SHORT, LONG))
    assert {leg["instrument_name"]: leg["amount"] for leg in found["legs"]} == {SHORT: -1, LONG: 1}


def test_a_combo_is_born_inactive_and_can_be_traded_a_moment_later() -> None:
    door = SimDoor()
    name = door("private/create_combo", trades=trades(SHORT, LONG))["id"]
    door.now_s -= 0.5
    assert door("public/get_combo_details", combo_id=name)["state"] in ("inactive", "active")
    door.now_s += 1.0
    assert door("public/get_combo_details", combo_id=name)["state"] == "active"
    assert door("private/create_combo", trades=trades(SHORT, LONG))["state"] == "active"


def test_a_quiet_book_is_closed_and_opened_again_on_demand() -> None:
    door = SimDoor(Ways(quiet_after_s=60.0))
    name = door.combo()
    door.now_s += 120.0
    assert door("public/get_combo_details", combo_id=name)["state"] == "inactive"
    assert door.refusal("private/sell", instrument_name=name, amount=1, price=0.0030)[0] == 13036
    assert door.combo() == name
    assert door("public/get_combo_details", combo_id=name)["state"] == "active"


def test_there_is_room_for_so_many_combos_and_no_more() -> None:
    door = SimDoor(Ways(combos_max=1))
    door.combo()
    other = trades(f"ETH-{DAY}-2200-P", f"ETH-{DAY}-2100-P")
    assert door.refusal("private/create_combo", trades=other)[0] == 13035


def test_a_fill_moves_the_legs_and_the_order_says_so() -> None:
    door = SimDoor()
    found = door.sold(3)
    order = found["order"]
    assert (order["order_state"], order["filled_amount"], order["direction"]) == ("filled", 3.0, "sell")
    assert order["average_price"] == pytest.approx(order["price"])
    assert [trade["instrument_name"] for trade in found["trades"]] == [SPREAD]
    sizes = {
        row["instrument_name"]: (row["size"], row["direction"])
        for row in door("private/get_positions", currency="ETH")
    }
    assert sizes == {SHORT: (3.0, "sell"), LONG: (3.0, "buy")}


def test_labels_are_not_unique_and_nothing_is_refused_for_a_second_time() -> None:
    door = SimDoor(Ways(counterparty=False))
    combo = door.combo()
    for _ in range(2):
        door("private/sell", instrument_name=combo, amount=1, price=0.0030, label="same")
    assert len(door("private/get_open_orders_by_label", currency="ETH", label="same")) == 2
    assert len(door("private/get_order_state_by_label", currency="ETH", label="same")) == 2


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"price": 0.00305}, -32602),
        ({"amount": 0.5}, -32602),
        ({"amount": 0}, -32602),
        ({"price": 0.5}, 10007),
        ({"amount": 10_000}, 10009),
        ({"valid_until": 1}, 13888),
        ({"reduce_only": True}, 11030),
        ({"instrument_name": "ETH-16JAN26-99000-P"}, 13020),
        ({"instrument_name": "nonsense"}, -32602),
        ({"label": "x" * 65}, -32602),
    ],
)
def test_an_order_is_refused_with_the_venues_own_number(changed: dict[str, object], code: int) -> None:
    door = SimDoor()
    asked = {"instrument_name": door.combo(), "amount": 1, "price": 0.0030, "label": "x"} | changed
    assert door.refusal("private/sell", **asked)[0] == code
    assert door("private/get_open_orders_by_currency", currency="ETH") == []


def test_post_only_moves_the_price_without_a_word() -> None:
    door = SimDoor()
    combo = door.combo()
    natural = door.natural(combo)
    asked = {"instrument_name": combo, "amount": 1, "price": float(natural) - 0.001, "post_only": True}
    order = door("private/sell", **asked)["order"]
    assert order["order_state"] == "open"
    assert order["price"] > float(natural)
    assert door.refusal("private/sell", **asked, reject_post_only=True)[0] == 11054


def test_an_edit_keeps_the_id_and_wants_the_new_total() -> None:
    door = SimDoor(Ways(counterparty=False))
    placed = door("private/sell", instrument_name=door.combo(), amount=2, price=0.0030, label="x")["order"]
    assert door.refusal("private/edit", order_id=placed["order_id"], price=0.0029)[0] == -32602
    edited = door("private/edit", order_id=placed["order_id"], amount=3, price=0.0029)["order"]
    assert (edited["order_id"], edited["amount"], edited["replaced"]) == (placed["order_id"], 3.0, True)
    assert edited["label"] == "x"


def test_a_cancelled_order_is_gone_for_edit_and_cancel() -> None:
    door = SimDoor(Ways(counterparty=False))
    order_id = door("private/sell", instrument_name=door.combo(), amount=2, price=0.0030)["order"]["order_id"]
    assert door("private/cancel", order_id=order_id)["order_state"] == "cancelled"
    assert door.refusal("private/cancel", order_id=order_id) == (11044, "not_open_order")
    assert door.refusal("private/edit", order_id=order_id, amount=1, price=0.0029)[0] == 11044
    assert door.refusal("private/cancel", order_id="ETH-0")[0] == 10004


def test_the_history_splits_after_half_an_hour_with_a_gap_between() -> None:
    door = SimDoor(Ways(counterparty=False))
    order_id = door("private/sell", instrument_name=door.combo(), amount=2, price=0.0030)["order"]["order_id"]
    door("private/cancel", order_id=order_id)
    asked = {"currency": "ETH", "kind": "any", "count": 1000, "include_unfilled": True}

    def seen() -> tuple[bool, bool]:
        halves = (
            door("private/get_order_history_by_currency", **asked, historical=old) for old in (False, True)
        )
        recent, old = (any(row["order_id"] == order_id for row in half) for half in halves)
        return recent, old

    assert seen() == (True, False)
    door.now_s += timedelta(minutes=30).total_seconds()
    assert seen() == (False, False)
    assert door("private/get_order_state_by_label", currency="ETH", label="") == []
    door.now_s += 61.0
    assert seen() == (False, True)


def test_matching_has_a_purse_of_its_own() -> None:
    door = SimDoor()
    door.now_s += 10.0
    for _ in range(20):
        door.now_s -= 0.5
        assert door.refusal("private/cancel", order_id="ETH-0")[0] == 10004
    door.now_s -= 0.5
    assert door.refusal("private/cancel", order_id="ETH-0")[0] == 10028


@pytest.mark.parametrize(
    ("key", "method", "code"),
    [
        (None, "private/get_positions", 13009),
        (SimKey("id", "secret", "account:read trade:read wallet:none"), "private/cancel", 13021),
        (SimKey("id", "secret", "trade:read_write"), "private/get_account_summary", 13021),
    ],
)
def test_a_method_of_an_account_wants_its_right(key: SimKey | None, method: str, code: int) -> None:
    assert SimDoor(key=key).refusal(method, currency="ETH", order_id="ETH-0")[0] == code


def test_the_venue_is_shut_for_an_account_while_it_settles() -> None:
    door = SimDoor(Ways(settling_s=20.0))
    at = 8 * 3600 - (door.now_s % 86_400) + 86_400
    door.now_s += at
    assert door.refusal("private/get_positions", currency="ETH")[0] == 10041
    assert door("public/get_time")
    door.now_s += 30.0
    assert door("private/get_positions", currency="ETH") == []
