"""The venue at a moment: a market, an account and a clock that only moves forward, event by event.

Nothing runs between two requests. At each request `advance` plays, in order, what would have happened since
the last: deliveries at 08:00 UTC, and an attempt to match every resting order a minute after its last one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol

from core.contract import iso_utc
from core.pricing.margin import MarginLeg, held_initial_margin_eth, initial_margin_eth, maintenance_margin_eth
from core.values import Side, round_eth
from gateway.paper.account import Account, HeldPosition, VenueOrder
from gateway.paper.assumptions import Assumptions
from gateway.paper.instruments import ListedOption, parse_instrument
from gateway.paper.matching import LegTouch, combo_book, fillable, leg_prices
from gateway.paper.quotes import PaperQuote
from gateway.paper.refusals import Reason
from gateway.paper.source import MarketSource, hole_at
from gateway.paper.ticks import units_decimal
from gateway.shell.refusals import SoftRefusalError

RECHECK: Final = timedelta(seconds=60)
MARK_QUANTUM: Final = Decimal("0.000001")
USD_QUANTUM: Final = Decimal("0.01")
ZERO: Final = Decimal(0)


class NamedSide(Protocol):
    """What a leg of a request and a leg of an order have in common."""

    @property
    def instrument_name(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def ratio(self) -> int: ...


class Venue:
    """One account in one market."""

    def __init__(
        self,
        source: MarketSource,
        account: Account,
        clock: datetime,
        assumptions: Assumptions,
        usd_quantum: Decimal = USD_QUANTUM,
    ) -> None:
        """`usd_quantum` is what index and delivery price are rounded to; a venue tells them in cents."""
        self._usd_quantum = usd_quantum
        self.source = source
        self.account = account
        self.clock = clock
        self.assumptions = assumptions

    def assumed(self) -> dict[str, str]:
        """The assumptions that it goes by, key and value as text."""
        return self.assumptions.as_text(self.source.assumes)

    def advance(self, to: datetime) -> None:
        """Move the clock to `to` (never back), playing every event up to then in order."""
        while (at := self._next_event_at()) is not None and at <= to:
            self.clock = max(self.clock, at)
            self._settle()
            for order in self.account.active_orders():
                if order.late_fill_at is not None and order.late_fill_at <= self.clock:
                    self._fill_late(order)
                elif order.is_open and order.next_check_at <= self.clock:
                    self.match(order)
        self.clock = max(self.clock, to)

    def index_usd(self, at: datetime | None = None) -> Decimal:
        """The index now, or at a moment that is over, in cents unless `usd_quantum` is another."""
        return Decimal(self.source.index_usd(self.clock if at is None else at)).quantize(self._usd_quantum)

    def require_quotes(self) -> None:
        """Raise `SoftRefusalError` if the market has no quotes now, so that nobody takes old ones for new."""
        hole = hole_at(self.source.holes, self.clock)
        if hole is not None:
            span = f"between {iso_utc(hole.last)} and {iso_utc(hole.following)}"
            raise SoftRefusalError(Reason.NO_QUOTES, f"the record has no snapshot {span}")

    def quote(self, instrument_name: str) -> PaperQuote | None:
        """One option's quote now, None if it is not listed."""
        return self.source.quote(self.clock, parse_instrument(instrument_name))

    def mark_eth(self, instrument_name: str) -> Decimal:
        """One option's mark now, by which a position is valued; 0 if the market no longer knows it."""
        quote = self.source.valued(self.clock, parse_instrument(instrument_name))
        return ZERO if quote is None else Decimal(quote.mark_eth).quantize(MARK_QUANTUM)

    def touches(self, legs: Iterable[NamedSide]) -> list[LegTouch] | None:
        """The legs with the touches of their books, None if one is not listed."""
        touches = []
        for leg in legs:
            quote = self.quote(leg.instrument_name)
            if quote is None:
                return None
            touches.append(
                LegTouch(
                    Side(leg.side),
                    leg.ratio,
                    None if quote.bid_units is None else units_decimal(quote.bid_units),
                    None if quote.ask_units is None else units_decimal(quote.ask_units),
                    quote.bid_size,
                    quote.ask_size,
                )
            )
        return touches

    def match(self, order: VenueOrder) -> VenueOrder:
        """Match a resting order with the market now, and set when the next attempt is due."""
        update = {"next_check_at": self.clock + RECHECK}
        touches = None if order.is_silent else self.touches(order.order.legs)
        amount = 0
        if touches is not None and self.clock >= order.fills_not_before:
            amount = fillable(order.order.price, order.remaining, combo_book(touches))
        is_over = False
        if order.reduce_only:
            reducible = self.reducible(order)
            is_over = reducible == 0
            amount = min(amount, reducible)
        if touches is not None and amount > 0:
            order = order.model_copy(update={**update, "fills_not_before": self.clock + RECHECK})
            prices = leg_prices(order.order.price, touches)
            return self.account.fill(order, amount, prices, self.clock, self.index_usd())
        order = order.model_copy(update=update)
        if is_over:
            order = order.changed(self.clock, state="cancelled")
        self.account.put_order(order)
        return order

    def fill_regardless(self, order: VenueOrder, amount: int) -> VenueOrder:
        """A fault: fill at the limit wherever the market is."""
        touches = self.touches(order.order.legs)
        if touches is None:
            return order
        prices = leg_prices(order.order.price, touches)
        return self.account.fill(order, amount, prices, self.clock, self.index_usd())

    def reducible(self, order: VenueOrder) -> int:
        """How many combos of an order would only shrink positions."""
        room = order.remaining
        for leg in order.order.legs:
            held = self.account.positions.get(leg.instrument_name)
            size = ZERO if held is None else held.size
            against = size if leg.side == "sell" else -size
            room = min(room, max(0, int(against)) // leg.ratio)
        return room

    def margin_leg(self, instrument: ListedOption, amount: Decimal) -> MarginLeg:
        """One leg as margin sees it; an option that is no longer listed counts at the index with mark 0."""
        quote = self.source.valued(self.clock, instrument)
        forward = float(self.index_usd()) if quote is None else quote.forward_usd
        mark = 0.0 if quote is None else quote.mark_eth
        return MarginLeg(instrument.option_type, forward, float(instrument.strike_usd), mark, float(amount))

    def held_margins_eth(self) -> tuple[Decimal, Decimal]:
        """Initial and maintenance margin of the positions: standard margin, no hedge offset."""
        legs = [self.margin_leg(parse_instrument(p.instrument_name), p.size) for p in self._positions()]
        return _eth(held_initial_margin_eth(legs)), _eth(maintenance_margin_eth(legs))

    def combo_margins_eth(self, legs: Iterable[NamedSide], amount: Decimal) -> tuple[Decimal, Decimal]:
        """Initial margin (premiums of bought legs included) and maintenance margin that a combo would add."""
        margin_legs = [
            self.margin_leg(parse_instrument(leg.instrument_name), _signed(leg) * amount) for leg in legs
        ]
        return _eth(initial_margin_eth(margin_legs)), _eth(maintenance_margin_eth(margin_legs))

    def available_eth(self, besides: str | None = None) -> Decimal:
        """Balance less the margin of positions and of resting entry orders, except the order `besides`."""
        return self.available_beyond_eth(self.held_margins_eth()[0], besides)

    def available_beyond_eth(self, held_margin_eth: Decimal, besides: str | None = None) -> Decimal:
        """As `available_eth`, of which the initial margin of the positions is known."""
        reserved = held_margin_eth
        for order in self.account.open_orders():
            if not order.reduce_only and order.order.order_id != besides:
                reserved += self.combo_margins_eth(order.order.legs, Decimal(order.remaining))[0]
        return self.account.balance_eth - reserved

    def equity_eth(self) -> Decimal:
        """Balance plus every position at its mark."""
        return self.account.balance_eth + sum(
            (round_eth(p.size * self.mark_eth(p.instrument_name)) for p in self._positions()), ZERO
        )

    def _positions(self) -> list[HeldPosition]:
        return list(self.account.positions.values())

    def _next_event_at(self) -> datetime | None:
        if not self.account.positions and not self.account.has_active_orders:
            return None
        moments = [parse_instrument(name).expiration for name in self.account.positions]
        for order in self.account.active_orders():
            if order.late_fill_at is not None:
                moments.append(order.late_fill_at)
            if order.is_open:
                moments.append(order.next_check_at)
                moments += [parse_instrument(leg.instrument_name).expiration for leg in order.order.legs]
        return min(moments, default=None)

    def _settle(self) -> None:
        """Cancel orders on expired options, then deliver expired positions."""
        for order in self.account.open_orders():
            expiries = [parse_instrument(leg.instrument_name).expiration for leg in order.order.legs]
            if min(expiries) <= self.clock:
                self.account.put_order(order.changed(self.clock, state="cancelled"))
        for held in sorted(self._positions(), key=lambda p: p.instrument_name):
            expiry = parse_instrument(held.instrument_name).expiration
            if expiry <= self.clock:
                delivery_usd = Decimal(self.source.delivery_price_usd(expiry))
                delivery = delivery_usd.quantize(self._usd_quantum)
                self.account.settle(held, delivery, expiry)

    def _fill_late(self, order: VenueOrder) -> None:
        order = order.model_copy(update={"late_fill_at": None})
        self.account.put_order(order)
        if order.remaining:
            self.fill_regardless(order, order.remaining)


def _signed(leg: NamedSide) -> int:
    return Side(leg.side).sign * leg.ratio


def _eth(amount: float) -> Decimal:
    return round_eth(Decimal(amount))
