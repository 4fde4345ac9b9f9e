"""The account at the venue: balance, positions, orders, trades and settlements, and what moves them.

Cash is ETH, rounded to 1e-8 half-even. Every change of the balance is a trade's or a settlement's cash
flow, so the balance is always the start plus their sum. Nothing here reads a clock or a market.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from core.contract import Order, Settlement, Trade
from core.pricing.fees import delivery_fee_eth, is_daily_expiry, trade_fee_eth
from core.values import ETH_QUANTUM, Side, Value, premium_eth, round_eth
from gateway.paper.instruments import ListedOption, parse_instrument

ZERO = Decimal(0)
RecordKind = Literal["order", "trade", "settlement", "position"]


class HeldPosition(Value):
    """A position: `size` in contracts, signed; `cost_eth` the price paid for all of it (negative if sold)."""

    instrument_name: str
    size: Decimal
    cost_eth: Decimal

    @property
    def average_price_eth(self) -> Decimal:
        return (self.cost_eth / self.size).quantize(ETH_QUANTUM)


class VenueOrder(Value):
    """An order of the contract with the venue's internal state of it."""

    order: Order
    side: Side
    reduce_only: bool
    next_check_at: datetime
    """When the venue next tries to match the order, if it rests."""
    fills_not_before: datetime
    """No fill before this: the touch that a fill consumed is back a minute later."""
    is_silent: bool = False
    """A fault: the order will never fill again."""
    late_fill_at: datetime | None = None
    """A fault: the order is cancelled, yet fills at this moment."""

    @property
    def remaining(self) -> int:
        return int(self.order.amount - self.order.filled_amount)

    @property
    def is_open(self) -> bool:
        return self.order.state == "open"

    def changed(self, at: datetime, **update: object) -> VenueOrder:
        """A copy with these fields of the contract's order changed and `updated_at` set to `at`."""
        return self.model_copy(update={"order": self.order.model_copy(update={**update, "updated_at": at})})


class Fees(NamedTuple):
    """What the venue takes, ETH: of a trade by price and contracts, of a delivery by payoff, size and whether
    the expiry is a daily one."""

    trade_eth: Callable[[Decimal, Decimal], Decimal] = trade_fee_eth
    delivery_eth: Callable[[Decimal, Decimal, bool], Decimal] = delivery_fee_eth


VENUE_FEES: Final = Fees()


class Account:
    """Books of one account. `take_changes` returns the changes that a store has to write."""

    def __init__(self, balance_eth: Decimal, fees: Fees = VENUE_FEES) -> None:
        self._fees = fees
        self.balance_eth = balance_eth
        self.positions: dict[str, HeldPosition] = {}
        self.orders: dict[str, VenueOrder] = {}
        self.trades: dict[str, Trade] = {}
        self.settlements: dict[str, Settlement] = {}
        self.last_number = 0
        self._by_label: dict[str, str] = {}
        self._trades_of: defaultdict[str, list[Trade]] = defaultdict(list)
        self._active: dict[str, None] = {}
        self._changed_at: list[tuple[datetime, str]] = []
        """When orders changed, oldest first, each with the order's id."""
        self._changes: dict[tuple[RecordKind, str], Value | Trade | Settlement | None] = {}

    def next_id(self, prefix: str) -> str:
        """A new id; ids sort in the order in which they were given."""
        self.last_number += 1
        return f"{prefix}-{self.last_number:09d}"

    def order_by_label(self, label: str) -> VenueOrder | None:
        order_id = self._by_label.get(label)
        return None if order_id is None else self.orders[order_id]

    def trades_of(self, order_id: str) -> tuple[Trade, ...]:
        """The trades of an order, oldest first."""
        return tuple(self._trades_of.get(order_id, ()))

    @property
    def has_active_orders(self) -> bool:
        """Whether there is any that `active_orders` lists."""
        return bool(self._active)

    def active_orders(self) -> list[VenueOrder]:
        """Orders that can change without a request, oldest first: resting ones and those with a late fill."""
        return [self.orders[order_id] for order_id in sorted(self._active)] if self._active else []

    def open_orders(self) -> list[VenueOrder]:
        """Resting orders, oldest first."""
        return [order for order in self.active_orders() if order.is_open]

    def orders_changed_since(self, since: datetime) -> list[VenueOrder]:
        """Orders whose last change was then or later, oldest first."""
        changed = self._changed_at[bisect_left(self._changed_at, (since, "")) :]
        listed = sorted({order_id for _, order_id in changed} & self.orders.keys())
        return [order for order_id in listed if (order := self.orders[order_id]).order.updated_at >= since]

    def put_order(self, order: VenueOrder) -> None:
        """Store an order, new or changed."""
        known = self.orders.get(order.order.order_id)
        if known is None or known.order.updated_at != order.order.updated_at:
            insort(self._changed_at, (order.order.updated_at, order.order.order_id))
        self.orders[order.order.order_id] = order
        self._by_label[order.order.label] = order.order.order_id
        if order.is_open or order.late_fill_at is not None:
            self._active[order.order.order_id] = None
        else:
            self._active.pop(order.order.order_id, None)
        self._changes["order", order.order.order_id] = order

    def forget_order(self, order_id: str) -> None:
        """Delete an order without a trace, as a venue does that loses its state in a restart."""
        order = self.orders.pop(order_id)
        del self._by_label[order.order.label]
        self._active.pop(order_id, None)
        self._changes["order", order_id] = None

    def fill(
        self, order: VenueOrder, amount: int, prices_eth: Iterable[Decimal], at: datetime, index_usd: Decimal
    ) -> VenueOrder:
        """Fill `amount` combos at these leg prices and book the trades, fees, cash, positions and order."""
        received = ZERO
        for leg, price in zip(order.order.legs, prices_eth, strict=True):
            side, contracts = Side(leg.side), Decimal(amount * leg.ratio)
            fee = self._fees.trade_eth(price, contracts)
            trade = Trade(
                trade_id=self.next_id("ETH-T"),
                order_id=order.order.order_id,
                label=order.order.label,
                instrument_name=leg.instrument_name,
                side=leg.side,
                amount=contracts,
                price=price,
                fee=fee,
                timestamp=at,
                index_price=index_usd,
            )
            self._keep_trade(trade)
            self._changes["trade", trade.trade_id] = trade
            self.balance_eth += premium_eth(side, price, contracts) - fee
            self.move_position(leg.instrument_name, side.sign * contracts, price)
            received -= side.sign * leg.ratio * price
        before, filled = order.order.filled_amount, order.order.filled_amount + amount
        paid_before = ZERO if order.order.average_price is None else order.order.average_price * before
        filled_order = order.changed(
            at,
            filled_amount=filled,
            average_price=((paid_before + received * amount) / filled).quantize(ETH_QUANTUM),
            state="filled" if filled == order.order.amount else order.order.state,
        )
        self.put_order(filled_order)
        return filled_order

    def move_position(self, name: str, amount: Decimal, price_eth: Decimal) -> None:
        """Add a signed amount to a position; the average price stays while it shrinks."""
        held = self.positions.get(name)
        size = ZERO if held is None else held.size
        cost = ZERO if held is None else held.cost_eth
        new_size = size + amount
        if size == 0 or (size > 0) == (amount > 0):
            cost += amount * price_eth
        elif (new_size > 0) == (size > 0):
            cost = (cost * new_size / size).quantize(ETH_QUANTUM)
        else:
            cost = new_size * price_eth
        if new_size == 0:
            self.positions.pop(name, None)
            self._changes["position", name] = None
            return
        self.positions[name] = HeldPosition(instrument_name=name, size=new_size, cost_eth=cost)
        self._changes["position", name] = self.positions[name]

    def settle(self, held: HeldPosition, delivery_price_usd: Decimal, at: datetime) -> Settlement:
        """Deliver a position in cash and close it: a put pays max(K − S, 0)/S, a call max(S − K, 0)/S."""
        instrument = parse_instrument(held.instrument_name)
        payoff = payoff_eth(instrument, delivery_price_usd)
        settlement = Settlement(
            instrument_name=held.instrument_name,
            delivery_price=delivery_price_usd,
            size=held.size,
            # Adding zero turns a negative zero, which no reader expects, into zero.
            cash_flow=round_eth(payoff * held.size) + ZERO,
            fee=self._fees.delivery_eth(payoff, held.size, is_daily_expiry(instrument.expiration)),
            timestamp=at,
        )
        key = self.next_id("ETH-S")
        self.settlements[key] = settlement
        self._changes["settlement", key] = settlement
        self.balance_eth += settlement.cash_flow - settlement.fee
        del self.positions[held.instrument_name]
        self._changes["position", held.instrument_name] = None
        return settlement

    def _keep_trade(self, trade: Trade) -> None:
        self.trades[trade.trade_id] = trade
        self._trades_of[trade.order_id].append(trade)

    def take_changes(self) -> dict[tuple[RecordKind, str], str | None]:
        """Records changed since the last call, as JSON by kind and key; None for a deleted one."""
        changes = {key: None if v is None else v.model_dump_json() for key, v in self._changes.items()}
        self._changes = {}
        return changes

    def restore(self, kind: RecordKind, key: str, body: str) -> None:
        """Put back one record that a store kept."""
        match kind:
            case "order":
                self.put_order(VenueOrder.model_validate_json(body))
            case "trade":
                self._keep_trade(Trade.model_validate_json(body))
            case "settlement":
                self.settlements[key] = Settlement.model_validate_json(body)
            case "position":
                self.positions[key] = HeldPosition.model_validate_json(body)
        self._changes = {}


def payoff_eth(instrument: ListedOption, delivery_price_usd: Decimal) -> Decimal:
    """What one bought contract pays at delivery, ETH, unrounded."""
    gap_usd = delivery_price_usd - instrument.strike_usd
    return max(gap_usd if instrument.is_call else -gap_usd, ZERO) / delivery_price_usd
