"""The simulated venue's orders: placed, edited, cancelled and looked up.

Labels are not unique, and nothing is refused for having been sent before. `post_only` moves a price away
from the market without a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from random import Random
from typing import Any, Final

from core.contract import Order, OrderLeg
from core.errors import InputError
from core.values import Side
from gateway.paper.account import VenueOrder
from gateway.paper.instruments import parse_instrument
from gateway.paper.matching import combo_book
from gateway.paper.orders import price_band_eth
from gateway.sim.asked_orders import (
    COMBO_TICK,
    AskedOrder,
    amount_of,
    asked_order,
    price_of,
    require_in_time,
    require_tick,
)
from gateway.sim.combos import SimCombos
from gateway.sim.errors import RpcError, invalid_params
from gateway.sim.fills import SimAccount, SimBooks
from gateway.sim.moods import Moods
from gateway.sim.ways import Ways

ZERO: Final = Decimal(0)
RECENT: Final = timedelta(minutes=30)
"""A final order is found by its label, and in the history without `historical`, for so long."""
COUNT_MAX: Final = 1000
BY_THE_VENUE: Final = "cancelled_by_venue"


@dataclass
class Placed:
    """What the venue knows of an order beside the books."""

    asked: AskedOrder
    kind: str
    number: int
    replaced: bool = False
    cancel_reason: str = ""
    indexed_after: timedelta = timedelta(0)


class SimDesk:
    """The orders of the one account."""

    def __init__(self, books: SimBooks, combos: SimCombos, ways: Ways, words: Moods, seed: int) -> None:
        self.books = books
        self._combos = combos
        self._ways = ways
        self._words = words
        self._chance = Random(f"{seed}:orders")
        self.placed: dict[str, Placed] = {}

    @property
    def account(self) -> SimAccount:
        """The books' account, which is one that keeps fills."""
        account = self.books.account
        if not isinstance(account, SimAccount):
            raise TypeError(f"account: expected one that keeps fills, found {type(account).__name__}")
        return account

    # What changes something

    def place(self, params: dict[str, Any], direction: str, now_ms: int) -> dict[str, object]:
        """`private/buy` and `private/sell`: the order as it stands, and its trades. Raises `RpcError`."""
        asked = asked_order(params, direction, now_ms)
        legs, kind = self._legs(asked, now_ms)
        require_tick(asked.price, is_combo=kind == "option_combo")
        clock = self.books.clock
        order = VenueOrder(
            order=Order(
                order_id=f"ETH-{self.account.last_number + 1}",
                label=asked.label,
                state="open",
                amount=asked.amount,
                filled_amount=ZERO,
                average_price=None,
                price=-asked.sign * asked.price + ZERO,
                legs=legs,
                created_at=clock,
                updated_at=clock,
            ),
            side=Side(direction),
            reduce_only=asked.reduce_only,
            next_check_at=clock,
            fills_not_before=clock,
            is_silent=not self._ways.counterparty,
        )
        order = self._posted(order, asked)
        self._require_acceptable(order)
        self.account.next_id("ETH-O")
        wait_s = self._chance.uniform(*self._ways.indexed_after_s)
        self.placed[order.order.order_id] = Placed(
            asked, kind, self.account.last_number, indexed_after=timedelta(seconds=wait_s)
        )
        return self._matched(order, asked.time_in_force)

    def edit(self, params: dict[str, Any], now_ms: int) -> dict[str, object]:
        """`private/edit`: `amount` is the new total, and has to be there. Raises `RpcError`."""
        require_in_time(params, now_ms)
        order = self._open(params.get("order_id"))
        amount, price = amount_of(params), order.order.price
        known = self.placed[order.order.order_id]
        if params.get("price") is not None:
            asked = price_of(params)
            require_tick(asked, is_combo=known.kind == "option_combo")
            price = -known.asked.sign * asked + ZERO
        if amount <= order.order.filled_amount:
            raise RpcError(10002, "qty_too_low")
        changed = order.changed(self.books.clock, price=price, amount=amount)
        self._require_acceptable(changed)
        known.replaced = True
        return self._matched(changed, known.asked.time_in_force)

    def cancel(self, params: dict[str, Any]) -> dict[str, object]:
        """`private/cancel`: the order. Raises `RpcError` if none of that id rests."""
        return self.row(self._cancelled(self._open(params.get("order_id")), "user_request"))

    def cancel_all(self, params: dict[str, Any]) -> int:
        """`private/cancel_all_by_currency`: how many."""
        open_now = [each for each in self.account.open_orders() if self._is_asked(each, params)]
        for order in open_now:
            self._cancelled(order, "user_request")
        return len(open_now)

    # What only reads

    def state(self, params: dict[str, Any]) -> dict[str, object]:
        """`private/get_order_state`; orders that ended unfilled are forgotten after a while."""
        order = self.account.orders.get(str(params.get("order_id")))
        if order is None or (self._is_old(order) and order.order.filled_amount == 0):
            raise RpcError(10004, "order_not_found")
        return self.row(order)

    def by_label(self, params: dict[str, Any]) -> list[dict[str, object]]:
        """`private/get_order_state_by_label`: open and recent ones, newest first."""
        found = [each for each in self._labelled(params.get("label")) if not self._is_old(each)]
        return [self.row(each) for each in reversed(found)]

    def open_by_label(self, params: dict[str, Any]) -> list[dict[str, object]]:
        """`private/get_open_orders_by_label`."""
        return [self.row(each) for each in self._labelled(params.get("label")) if each.is_open]

    def open_orders(self, params: dict[str, Any]) -> list[dict[str, object]]:
        """`private/get_open_orders_by_currency`, and by instrument."""
        return [self.row(each) for each in self.account.open_orders() if self._is_asked(each, params)]

    def history(self, params: dict[str, Any]) -> list[dict[str, object]]:
        """`private/get_order_history_by_currency`, and by instrument: final orders, newest first.

        Without `historical` those of the last half an hour; with it older ones, once they are indexed.
        """
        count, offset = params.get("count", 20), params.get("offset", 0)
        if not isinstance(count, int) or not 1 <= count <= COUNT_MAX:
            raise invalid_params("count", f"must be at most {COUNT_MAX}")
        historical, unfilled = params.get("historical") is True, params.get("include_unfilled") is True
        found = [
            order
            for order in self.account.orders.values()
            if not order.is_open
            and (unfilled or order.order.filled_amount > 0)
            and self._is_asked(order, params)
            and (self._is_indexed(order) if historical else not self._is_old(order))
        ]
        found.sort(key=lambda order: order.order.updated_at, reverse=True)
        return [self.row(each) for each in found[int(offset) : int(offset) + count]]

    def row(self, order: VenueOrder) -> dict[str, object]:
        """One order as the venue shows it."""
        of, known = order.order, self.placed[order.order.order_id]
        asked = known.asked
        average = ZERO if of.average_price is None else -asked.sign * of.average_price
        row: dict[str, object] = {
            "order_id": of.order_id,
            "label": of.label,
            "instrument_name": asked.instrument,
            "direction": asked.direction,
            "price": self._words.price(float(-asked.sign * of.price + ZERO)),
            "amount": float(of.amount),
            "contracts": float(of.amount),
            "filled_amount": float(of.filled_amount),
            "average_price": self._words.price(float(average + ZERO)),
            "order_state": of.state,
            "order_type": "limit",
            "time_in_force": asked.time_in_force,
            "post_only": asked.post_only,
            "reject_post_only": asked.reject_post_only,
            "reduce_only": asked.reduce_only,
            "replaced": known.replaced,
            "max_show": float(of.amount),
            "creation_timestamp": _ms(of.created_at),
            "last_update_timestamp": _ms(of.updated_at),
            "user_id": self._ways.account_id,
            "api": True,
            "web": False,
            "mmp": False,
            "is_liquidation": False,
            "is_rebalance": False,
            "risk_reducing": False,
        }
        if of.state == "cancelled":
            row["cancel_reason"] = known.cancel_reason or BY_THE_VENUE
        optional = ["max_show", "is_rebalance", "contracts"]
        return self._words.dressed(row, optional if of.filled_amount else [*optional, "filled_amount"])

    # What both need

    def natural_eth(self, legs: tuple[OrderLeg, ...]) -> tuple[Decimal | None, int]:
        """What crossing these legs would give now (net ETH received), and for how many; None if none can."""
        touches = self.books.touches(legs)
        if touches is None or not self._ways.counterparty:
            return None, 0
        return combo_book(touches)

    def _legs(self, asked: AskedOrder, now_ms: int) -> tuple[tuple[OrderLeg, ...], str]:
        """The legs as they are executed, and the kind of the instrument. Raises `RpcError`."""
        combo = self._combos.find(asked.instrument)
        if combo is not None:
            if self._combos.state(combo, now_ms) != "active":
                raise RpcError(13036, "unavailable_for_combo_books")
            combo.used_ms = now_ms
            return tuple(_leg(name, amount * asked.sign) for name, amount in combo.legs), "option_combo"
        try:
            option = parse_instrument(asked.instrument)
        except InputError as error:
            raise invalid_params("instrument_name", "wrong format") from error
        if self.books.quote(option.name) is None:
            raise RpcError(13020, "not_found")
        return (_leg(option.name, asked.sign),), "option"

    def _posted(self, order: VenueOrder, asked: AskedOrder) -> VenueOrder:
        """The order, moved away from the market if it must not take from it. Raises `RpcError`."""
        if not asked.post_only:
            return order
        natural, _ = self.natural_eth(order.order.legs)
        if natural is None or natural < order.order.price:
            return order
        if asked.reject_post_only:
            raise RpcError(11054, "post_only_reject")
        moved = (natural / COMBO_TICK).to_integral_value(ROUND_FLOOR) * COMBO_TICK + COMBO_TICK
        return order.changed(self.books.clock, price=moved)

    def _require_acceptable(self, order: VenueOrder) -> None:
        """Raise what the venue says of a price out of bounds, a lack of funds, or nothing to reduce."""
        of, sign = order.order, 1 if order.side is Side.BUY else -1
        band = price_band_eth(self.books, of.legs)
        if band is None:
            raise RpcError(10012, "already_closed")
        low, high = sorted(-sign * edge for edge in band)
        if -sign * of.price < low:
            raise RpcError(10005, "price_too_low")
        if -sign * of.price > high:
            raise RpcError(10007, "price_too_high")
        if self.books.reducible(order) >= order.remaining:
            return
        if order.reduce_only:
            raise RpcError(11030, "invalid_reduce_only_order")
        needed = self.books.combo_margins_eth(of.legs, Decimal(order.remaining))[0]
        if needed > self.books.available_eth(besides=of.order_id):
            raise RpcError(10009, "not_enough_funds")

    def _matched(self, order: VenueOrder, time_in_force: str) -> dict[str, object]:
        known = len(self.account.fills)
        order_id = order.order.order_id
        natural, size = self.natural_eth(order.order.legs)
        crossing = size if natural is not None and natural >= order.order.price else 0
        if time_in_force == "fill_or_kill" and crossing < order.remaining:
            self.account.put_order(order)
            self._cancelled(order, "fill_or_kill")
        else:
            order = self.books.match(order)
            if time_in_force == "immediate_or_cancel" and order.is_open:
                self._cancelled(order, "immediate_or_cancel")
        return {"order": self.row(self.account.orders[order_id]), "fills": self.account.fills[known:]}

    def _cancelled(self, order: VenueOrder, reason: str) -> VenueOrder:
        order = order.changed(self.books.clock, state="cancelled")
        self.placed[order.order.order_id].cancel_reason = reason
        self.account.put_order(order)
        return order

    def _open(self, order_id: object) -> VenueOrder:
        order = self.account.orders.get(str(order_id))
        if order is None:
            raise RpcError(10004, "order_not_found")
        if not order.is_open:
            raise RpcError(11044, "not_open_order")
        return order

    def _labelled(self, label: object) -> list[VenueOrder]:
        return [each for each in self.account.orders.values() if each.order.label == label]

    def _is_asked(self, order: VenueOrder, params: dict[str, Any]) -> bool:
        """Whether its kind and its instrument are among those that are asked for."""
        known, kind = self.placed[order.order.order_id], params.get("kind", "any")
        return kind in ("any", known.kind) and known.asked.instrument == params.get(
            "instrument_name", known.asked.instrument
        )

    def _is_old(self, order: VenueOrder) -> bool:
        return not order.is_open and self.books.clock - order.order.updated_at >= RECENT

    def _is_indexed(self, order: VenueOrder) -> bool:
        waits = RECENT + self.placed[order.order.order_id].indexed_after
        return self.books.clock - order.order.updated_at >= waits


def _leg(name: str, signed: int) -> OrderLeg:
    return OrderLeg(instrument_name=name, side="buy" if signed > 0 else "sell", ratio=abs(signed))


def _ms(at: datetime) -> int:
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
