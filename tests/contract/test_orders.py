"""What every venue does with an order; the fake must not be kinder than the real thing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from core.contract import (
    CurrencyRequest,
    EditOrderRequest,
    EnvironmentInfo,
    GetOrderByLabel,
    GetOrderHistory,
    GetSince,
    MaybeOrder,
    NoArguments,
    OrderIdRequest,
    Orders,
    Positions,
    Trades,
)
from core.contract.registry import REQUIRED_FEATURES
from core.orders.sizes import combos_filled
from core.orders.venue_order import fills_of
from core.values import Failed, Label, Leg, OptionType, Side
from tests.contract.bench import Bench, order_in


def by_label(bench: Bench, label: str) -> MaybeOrder:
    return bench.read("get_order_by_label", GetOrderByLabel(label=label), MaybeOrder)


def test_venue_says_what_it_is_and_that_it_can_be_traded(bench: Bench) -> None:
    info = bench.read("environment_info", NoArguments(), EnvironmentInfo)
    assert info.environment == bench.environment
    assert set(info.features) >= REQUIRED_FEATURES
    assert info.server_time == bench.clock.now()


def test_resting_order_is_found_by_its_label_and_among_the_open_ones(bench: Bench) -> None:
    placed = bench.place("p-rest:e1")
    assert (placed.state, placed.filled_amount, placed.average_price) == ("open", Decimal(0), None)
    assert by_label(bench, "p-rest:e1").order == placed
    listed = bench.read("get_open_orders", CurrencyRequest(), Orders).orders
    assert placed.order_id in {order.order_id for order in listed}


def test_label_seen_before_is_answered_409_with_the_first_order(bench: Bench) -> None:
    placed = bench.place("p-twice:e1")
    again = bench.post("place_combo_order", bench.entry("p-twice:e1", marketable=False))
    assert again.status == 409
    assert order_in(again).order_id == placed.order_id


def test_order_after_its_valid_until_is_never_placed(bench: Bench) -> None:
    request = bench.entry("p-late:e1", marketable=False)
    bench.clock.sleep(3.001)
    response = bench.post("place_combo_order", request)
    assert response.status != 200 or b'"error"' in response.body or order_in(response).state == "rejected"
    found = by_label(bench, "p-late:e1").order
    assert found is None or found.state == "rejected"


def test_label_that_was_never_placed_is_null(bench: Bench) -> None:
    assert by_label(bench, "p-never:e1").order is None


def test_edit_moves_the_price_and_keeps_the_order(bench: Bench) -> None:
    placed = bench.place("p-edit:e1")
    price = placed.price - Decimal("0.0001")
    request = EditOrderRequest(
        order_id=placed.order_id,
        price=price,
        amount=placed.amount,
        valid_until=bench.clock.now() + timedelta(seconds=3),
    )
    edited = order_in(bench.post("edit_order", request))
    assert (edited.order_id, edited.price, edited.state) == (placed.order_id, price, "open")


def test_edit_after_its_valid_until_changes_nothing(bench: Bench) -> None:
    placed = bench.place("p-late-edit:e1")
    request = EditOrderRequest(
        order_id=placed.order_id,
        price=placed.price - Decimal("0.0001"),
        amount=placed.amount,
        valid_until=bench.clock.now() + timedelta(seconds=3),
    )
    bench.clock.sleep(3.001)
    bench.post("edit_order", request)
    found = by_label(bench, "p-late-edit:e1").order
    assert found is not None
    assert found.price == placed.price


def test_cancelled_order_leaves_the_open_ones_and_stands_in_the_history(bench: Bench) -> None:
    placed = bench.place("p-cancel:e1")
    cancelled = order_in(bench.post("cancel_order", OrderIdRequest(order_id=placed.order_id)))
    assert (cancelled.state, cancelled.filled_amount) == ("cancelled", Decimal(0))
    listed = bench.read("get_open_orders", CurrencyRequest(), Orders).orders
    assert placed.order_id not in {order.order_id for order in listed}
    history = GetOrderHistory(since=placed.created_at, include_unfilled=True)
    found = bench.read("get_order_history", history, Orders).orders
    assert [order.state for order in found if order.order_id == placed.order_id] == ["cancelled"]


def test_final_order_is_not_edited(bench: Bench) -> None:
    placed = bench.place("p-final:e1")
    bench.post("cancel_order", OrderIdRequest(order_id=placed.order_id))
    request = EditOrderRequest(order_id=placed.order_id, price=placed.price, amount=placed.amount)
    response = bench.post("edit_order", request)
    assert response.status != 200 or b'"error"' in response.body
    found = by_label(bench, "p-final:e1").order
    assert found is not None
    assert found.state == "cancelled"


def test_filled_order_has_its_trades_on_every_leg_and_its_positions(bench: Bench) -> None:
    before = sizes(bench)
    placed = bench.place("p-fill:e1", marketable=True, amount=2)
    assert (placed.state, placed.filled_amount) == ("filled", Decimal(2))
    trades = bench.read("get_trades_by_order", OrderIdRequest(order_id=placed.order_id), Trades).trades
    legs = tuple(
        Leg(
            instrument_name=leg.instrument_name,
            option_type=OptionType.PUT,
            strike_usd=1.0,
            expiration=bench.clock.now(),
            side=Side(leg.side),
            ratio=leg.ratio,
        )
        for leg in placed.legs
    )
    fills = fills_of(trades, Label("p-fill:e1"))
    assert not isinstance(fills, Failed)
    assert combos_filled(fills, legs) == 2
    after = sizes(bench)
    grown = {name: after[name] - before.get(name, 0) for name in after}
    assert {name: size for name, size in grown.items() if size} == {
        leg.instrument_name: leg.side.sign * 2 for leg in legs
    }
    listed = bench.read("get_user_trades", GetSince(since=placed.created_at), Trades).trades
    assert {t.trade_id for t in trades} <= {t.trade_id for t in listed if t.label == "p-fill:e1"}


def test_price_of_a_fill_is_what_the_legs_add_up_to(bench: Bench) -> None:
    """Net ETH received per combo: sold legs less bought legs, at their prices."""
    placed = bench.place("p-price:e1", marketable=True)
    trades = bench.read("get_trades_by_order", OrderIdRequest(order_id=placed.order_id), Trades).trades
    received = sum((-Side(t.side).sign * t.price * t.amount for t in trades), Decimal(0))
    assert received == placed.average_price
    assert placed.average_price >= placed.price


def sizes(bench: Bench) -> dict[str, int]:
    held = bench.read("get_positions", CurrencyRequest(), Positions).positions
    return {position.instrument_name: int(position.size) for position in held}
