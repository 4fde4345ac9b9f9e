"""The account's books: exact cash, positions that add up, deliveries as the venue pays them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import Order, OrderLeg
from core.values import Side, round_eth
from gateway.paper.account import Account, HeldPosition, VenueOrder, payoff_eth
from gateway.paper.assumptions import Assumptions
from gateway.paper.instruments import parse_instrument
from gateway.paper.ledger import cash_flows
from gateway.paper.venue import Venue
from tests.gateway.market_fake import FRIDAY, LONG_PUT, SHORT_PUT, START, FakeMarket

PRICES = st.integers(1, 3000).map(lambda n: Decimal(n) / 10_000)
DELIVERIES = st.integers(50_000, 900_000).map(lambda n: Decimal(n) / 100)


def order_of(account: Account, amount: int, *legs: tuple[str, str]) -> VenueOrder:
    number = account.next_id("ETH-O")
    order = Order(
        order_id=number,
        label=number,
        state="open",
        amount=Decimal(amount),
        filled_amount=Decimal(0),
        average_price=None,
        price=Decimal("0.01"),
        legs=tuple(OrderLeg(instrument_name=name, side=side, ratio=1) for name, side in legs),
        created_at=START,
        updated_at=START,
    )
    made = VenueOrder(
        order=order, side=Side.SELL, reduce_only=False, next_check_at=START, fills_not_before=START
    )
    account.put_order(made)
    return made


SPREAD = ((SHORT_PUT, "sell"), (LONG_PUT, "buy"))


def test_a_fill_books_premium_less_fees_on_each_leg() -> None:
    account = Account(Decimal(10))
    account.fill(order_of(account, 2, *SPREAD), 2, [Decimal("0.02"), Decimal("0.011")], START, Decimal(3000))
    assert account.balance_eth == Decimal(10) + Decimal("0.04") - Decimal("0.022") - 2 * Decimal("0.0006")
    assert {n: p.size for n, p in account.positions.items()} == {SHORT_PUT: -2, LONG_PUT: 2}


def test_the_fee_is_capped_at_an_eighth_of_the_price() -> None:
    account = Account(Decimal(10))
    account.fill(order_of(account, 1, (LONG_PUT, "buy")), 1, [Decimal("0.0008")], START, Decimal(3000))
    assert next(iter(account.trades.values())).fee == Decimal("0.0001")


def test_a_partial_fill_stays_open_and_the_average_is_weighted() -> None:
    account = Account(Decimal(10))
    order = order_of(account, 3, *SPREAD)
    order = account.fill(order, 1, [Decimal("0.02"), Decimal("0.01")], START, Decimal(3000))
    assert (order.order.state, order.order.filled_amount) == ("open", Decimal(1))
    order = account.fill(order, 2, [Decimal("0.02"), Decimal("0.013")], START, Decimal(3000))
    assert (order.order.state, order.order.average_price) == ("filled", Decimal("0.008"))


def test_the_average_price_stays_while_a_position_shrinks_and_restarts_when_it_turns() -> None:
    account = Account(Decimal(10))
    account.move_position(SHORT_PUT, Decimal(4), Decimal("0.01"))
    account.move_position(SHORT_PUT, Decimal(-1), Decimal("0.05"))
    assert account.positions[SHORT_PUT].average_price_eth == Decimal("0.01")
    account.move_position(SHORT_PUT, Decimal(-5), Decimal("0.03"))
    assert account.positions[SHORT_PUT].size == -2
    assert account.positions[SHORT_PUT].average_price_eth == Decimal("0.03")
    account.move_position(SHORT_PUT, Decimal(2), Decimal("0.03"))
    assert SHORT_PUT not in account.positions


@given(DELIVERIES)
def test_an_option_pays_its_intrinsic_value_in_eth_and_never_less_than_nothing(delivery: Decimal) -> None:
    put, call = parse_instrument("ETH-16JAN26-2800-P"), parse_instrument("ETH-16JAN26-2800-C")
    assert payoff_eth(put, delivery) * delivery == pytest.approx(max(2800 - delivery, 0))
    assert payoff_eth(call, delivery) * delivery == pytest.approx(max(delivery - 2800, 0))


@pytest.mark.parametrize(
    ("name", "fee"), [("ETH-16JAN26-2800-P", Decimal("0.0003")), ("ETH-17JAN26-2800-P", Decimal(0))]
)
def test_delivery_of_a_weekly_costs_a_fee_and_of_a_daily_none(name: str, fee: Decimal) -> None:
    account = Account(Decimal(10))
    account.move_position(name, Decimal(-2), Decimal("0.02"))
    settled = account.settle(account.positions[name], Decimal("2500"), parse_instrument(name).expiration)
    assert settled.cash_flow == -2 * Decimal("0.12")
    assert settled.fee == fee
    assert account.balance_eth == 10 - Decimal("0.24") - fee
    assert not account.positions


def test_cash_is_rounded_half_even_to_the_eighth_decimal() -> None:
    account = Account(Decimal(10))
    held = HeldPosition(instrument_name=SHORT_PUT, size=Decimal(1), cost_eth=Decimal("0.01"))
    account.positions[SHORT_PUT] = held
    settled = account.settle(held, Decimal("2700"), FRIDAY)
    assert settled.cash_flow == round_eth(Decimal(100) / Decimal(2700)) == Decimal("0.03703704")


@given(
    st.lists(
        st.tuples(st.sampled_from(("fill", "exit", "settle")), st.integers(1, 4), PRICES, PRICES, DELIVERIES),
        max_size=12,
    )
)
def test_the_balance_is_the_start_plus_every_cash_flow(
    acts: list[tuple[str, int, Decimal, Decimal, Decimal]],
) -> None:
    account = Account(Decimal(10))
    at = START
    for act, amount, sold, bought, delivery in acts:
        at += timedelta(minutes=1)
        if act == "settle":
            for held in list(account.positions.values()):
                account.settle(held, delivery, at)
            continue
        legs = SPREAD if act == "fill" else ((SHORT_PUT, "buy"), (LONG_PUT, "sell"))
        account.fill(order_of(account, amount, *legs), amount, [sold, bought], at, Decimal(3000))
    flows = cash_flows(Venue(FakeMarket(), account, at, Assumptions()))
    assert account.balance_eth == 10 + sum(flow.amount_eth for flow in flows)
    assert [flow.at for flow in flows] == sorted(flow.at for flow in flows)
    net: dict[str, Decimal] = {}
    for trade in account.trades.values():
        net[trade.instrument_name] = net.get(trade.instrument_name, Decimal(0)) + (
            trade.amount if trade.side == "buy" else -trade.amount
        )
    for settlement in account.settlements.values():
        net[settlement.instrument_name] -= settlement.size
    assert {name: size for name, size in net.items() if size} == {
        name: position.size for name, position in account.positions.items()
    }


def test_hands_out_each_change_once() -> None:
    account = Account(Decimal(10))
    order_of(account, 1, *SPREAD)
    assert account.take_changes()
    assert not account.take_changes()


def test_times_of_records_are_utc() -> None:
    account = Account(Decimal(10))
    account.fill(order_of(account, 1, (LONG_PUT, "buy")), 1, [Decimal("0.01")], START, Decimal(3000))
    assert next(iter(account.trades.values())).timestamp == datetime(2026, 1, 5, 14, tzinfo=UTC)


@given(
    changes=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=12), since=st.integers(0, 6)
)
def test_the_orders_changed_since_a_moment_are_found_whenever_each_was_put(
    changes: list[tuple[int, int]], since: int
) -> None:
    account = Account(Decimal(10))
    orders = [order_of(account, 1, *SPREAD) for _ in range(4)]
    account.forget_order(orders.pop(0).order.order_id)
    for place, hour in changes:
        if place < len(orders):
            orders[place] = orders[place].changed(START + timedelta(hours=hour))
            account.put_order(orders[place])
    moment = START + timedelta(hours=since)
    expected = [order for order in account.orders.values() if order.order.updated_at >= moment]
    assert account.orders_changed_since(moment) == expected
