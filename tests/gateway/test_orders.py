"""Orders at the front desk: what is taken, what is refused and how, and how a resting order goes on."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from core.contract import iso_utc
from tests.gateway.market_fake import FRIDAY, LONG_PUT, SHORT_PUT, START, Desk


def test_fills_at_its_limit_and_says_so() -> None:
    desk = Desk()
    order = desk.place(price="0.0085")
    assert (order["state"], order["filled_amount"]) == ("filled", "2")
    assert Decimal(str(order["average_price"])) == Decimal("0.0085")


def test_rests_above_natural_and_fills_when_the_market_comes() -> None:
    desk = Desk()
    assert desk.place(price="0.0095")["state"] == "open"
    desk.market.touch[SHORT_PUT] = (205, 215)
    desk.later(seconds=59)
    assert desk.order("p1:e1")["state"] == "open"
    desk.later(seconds=1)
    assert desk.order("p1:e1")["state"] == "filled"


def test_fills_the_touch_now_and_the_rest_a_minute_later() -> None:
    desk = Desk()
    desk.market.size = 3.0
    assert desk.place(amount="5")["filled_amount"] == "3"
    desk.later(seconds=59)
    assert desk.call("get_open_orders")["orders"]
    desk.later(seconds=1)
    assert desk.order("p1:e1")["filled_amount"] == "5"


def test_an_edit_does_not_bring_back_the_touch_it_consumed() -> None:
    desk = Desk()
    desk.market.size = 3.0
    order = desk.place(amount="5")
    desk.later(seconds=10)
    desk.call("edit_order", order_id=order["order_id"], price="0.0080")
    assert desk.order("p1:e1")["filled_amount"] == "3"


def test_an_edit_meets_the_market_at_its_new_price() -> None:
    desk = Desk()
    order = desk.place(price="0.0100")
    edited = desk.call("edit_order", order_id=order["order_id"], price="0.0090", amount="3")["order"]
    assert isinstance(edited, dict)
    assert (edited["state"], edited["filled_amount"]) == ("filled", "3")


def test_a_label_is_taken_for_ever_and_answers_its_order() -> None:
    desk = Desk()
    first = desk.place()
    again = desk.raw("deribit", "place_combo_order", json.dumps(desk.placement(price="0.0001")).encode())
    assert again.status == 409
    assert json.loads(again.body)["order"] == first
    assert len(desk.venue.account.orders) == 1


def test_drops_an_order_that_it_takes_up_too_late() -> None:
    desk = Desk()
    late = iso_utc(START - timedelta(milliseconds=1))
    assert "valid_until" in str(desk.call("place_combo_order", **desk.placement(valid_until=late))["error"])
    assert desk.call("get_order_by_label", label="p1:e1")["order"] is None
    assert not desk.venue.account.orders


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": "0.00905"}, "10043"),
        ({"price": "0.0500"}, "10007"),
        ({"reduce_only": True}, "reduce_only"),
        ({"amount": "100"}, "10009"),
        ({"legs": [{"instrument_name": "ETH-16JAN26-2750-P", "side": "sell"}]}, "10012"),
    ],
)
def test_rejects_with_a_reason_what_it_will_not_take(changes: dict[str, object], reason: str) -> None:
    desk = Desk()
    order = desk.place(**changes)
    assert order["state"] == "rejected"
    assert str(order["reject_reason"]).startswith(reason)
    assert desk.venue.account.balance_eth == 10


def test_rejects_an_exit_far_below_the_market() -> None:
    desk = Desk()
    desk.place()
    order = desk.place(**desk.exit(price="-0.0900"))
    assert str(order["reject_reason"]).startswith("10005")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"side": "buy", "price": "-0.0090"}, "side"),
        ({"side": "sell", "price": "-0.0090"}, "debit"),
        ({"side": "buy"}, "credit"),
        ({"amount": "1.5"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"label": ""}, "label"),
        ({"label": "x" * 65}, "label"),
        ({"price": 0.009}, "price"),
        ({"type": "market"}, "type"),
        ({"legs": []}, "legs"),
        ({"legs": [{"instrument_name": "nonsense", "side": "sell"}]}, "instrument_name"),
        ({"legs": [{"instrument_name": SHORT_PUT, "side": "sell"}] * 2}, "legs"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_answers_422_naming_what_the_request_gets_wrong(changes: dict[str, object], field: str) -> None:
    desk = Desk()
    answer = desk.raw("deribit", "place_combo_order", json.dumps(desk.placement(**changes)).encode())
    assert answer.status == 422
    assert field in json.loads(answer.body)["detail"]
    assert not desk.venue.account.orders


def test_a_closing_order_only_shrinks_the_position() -> None:
    desk = Desk()
    desk.place()
    assert desk.place(**desk.exit(amount="3"))["state"] == "rejected"
    assert desk.place(**desk.exit(label="p1:x2"))["state"] == "filled"
    assert desk.call("get_positions")["positions"] == []


def test_a_resting_exit_is_cancelled_when_nothing_is_left_to_close() -> None:
    desk = Desk()
    desk.place()
    desk.place(**desk.exit(price="-0.0100"))
    assert desk.place(**desk.exit(label="p1:x2"))["state"] == "filled"
    desk.later(minutes=1)
    assert desk.order("p1:x1")["state"] == "cancelled"


def test_an_exit_needs_no_free_margin() -> None:
    desk = Desk(balance="0.26")
    assert desk.place()["state"] == "filled"
    assert desk.place(label="p2:e1")["state"] == "rejected"
    assert desk.place(**desk.exit())["state"] == "filled"


def test_a_resting_entry_reserves_its_margin() -> None:
    desk = Desk(balance="0.4")
    before = Decimal(str(desk.call("get_account_summary")["available_funds"]))
    order = desk.place(price="0.0100")
    after = Decimal(str(desk.call("get_account_summary")["available_funds"]))
    margins = desk.call("get_margins", legs=desk.placement()["legs"], amount="2", price="0.0100")
    assert before - after == Decimal(str(margins["initial_margin"]))
    desk.call("cancel_order", order_id=order["order_id"])
    assert Decimal(str(desk.call("get_account_summary")["available_funds"])) == before


def test_cancels_once_and_then_says_that_it_is_gone() -> None:
    desk = Desk()
    order = desk.place(price="0.0100")
    desk.call("cancel_order", order_id=order["order_id"])
    assert desk.order("p1:e1")["state"] == "cancelled"
    assert str(desk.call("cancel_order", order_id=order["order_id"])["error"]).startswith("11044")
    assert str(desk.call("cancel_order", order_id="none")["error"]).startswith("10004")


def test_cancels_all_that_rests() -> None:
    desk = Desk()
    desk.place(price="0.0100")
    desk.place(price="0.0100", label="p2:e1")
    assert desk.call("cancel_all", currency="ETH") == {"cancelled": 2}
    assert desk.call("get_open_orders")["orders"] == []


@pytest.mark.parametrize(("force", "filled"), [("immediate_or_cancel", "3"), ("fill_or_kill", "0")])
def test_orders_that_may_not_rest_do_not(force: str, filled: str) -> None:
    desk = Desk()
    desk.market.size = 3.0
    order = desk.place(amount="5", time_in_force=force)
    assert (order["state"], order["filled_amount"]) == ("cancelled", filled)


def test_history_tells_final_orders_and_leaves_out_the_unfilled_if_asked() -> None:
    desk = Desk()
    desk.place()
    desk.place(label="p2:e1", price="0.0500")
    assert desk.labels("get_order_history", since=iso_utc(START)) == ["p1:e1", "p2:e1"]
    assert desk.labels("get_order_history", since=iso_utc(START), include_unfilled=False) == ["p1:e1"]


def test_a_label_is_found_for_half_an_hour_and_in_the_history_for_ever() -> None:
    desk = Desk()
    desk.place()
    desk.later(minutes=31)
    assert desk.call("get_order_by_label", label="p1:e1")["order"] is None
    assert len(desk.rows("get_order_history", "orders", since=iso_utc(START))) == 1


def test_delivers_at_eight_and_cancels_what_rests_on_the_expired() -> None:
    desk = Desk()
    desk.place()
    desk.place(**desk.exit(price="-0.0010"))
    desk.market.delivery = 2700.0
    desk.now = FRIDAY - timedelta(microseconds=1)
    assert len(desk.rows("get_positions", "positions")) == 2
    desk.now = FRIDAY
    assert desk.call("get_positions")["positions"] == []
    assert desk.call("get_open_orders")["orders"] == []
    settled = desk.rows("get_settlements", "settlements", since=iso_utc(START))
    by_name = {s["instrument_name"]: s for s in settled}
    assert Decimal(str(by_name[SHORT_PUT]["cash_flow"])) == Decimal("-0.07407407")
    assert Decimal(str(by_name[LONG_PUT]["cash_flow"])) == 0
    assert by_name[SHORT_PUT]["timestamp"] == iso_utc(FRIDAY)


def test_a_long_silence_plays_every_event_in_its_own_order() -> None:
    desk = Desk()
    desk.place(price="0.0095")
    desk.market.touch[SHORT_PUT] = (205, 215)
    desk.now = FRIDAY + timedelta(days=3)
    trades = desk.rows("get_user_trades", "trades", since=iso_utc(START))
    assert {t["timestamp"] for t in trades} == {iso_utc(START + timedelta(seconds=60))}
    assert len(desk.rows("get_settlements", "settlements", since=iso_utc(START))) == 2


def test_the_clock_never_goes_back() -> None:
    desk = Desk()
    desk.later(minutes=5)
    desk.call("get_dvol")
    desk.now = START
    assert desk.call("get_dvol")["timestamp"] == iso_utc(START + timedelta(minutes=5))
