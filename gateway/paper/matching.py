"""Matches combo orders with the market, as pure functions of the order and of its legs' quotes.

A combo's book is implied by its legs: its *natural* price is that of crossing all of them now, its size the
smallest at their touches. A limit order fills at its own limit as soon as the natural price reaches it. Combo
prices are the net ETH *received* per combo (a debit is negative), leg prices are ETH per contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from core.values import ETH_QUANTUM, Side

ZERO = Decimal(0)


class LegTouch(NamedTuple):
    """One leg as it would be executed: its side, contracts per combo, and the touch of its book."""

    side: Side
    ratio: int
    bid_eth: Decimal | None
    ask_eth: Decimal | None
    bid_size: float
    ask_size: float

    @property
    def crossing_eth(self) -> Decimal | None:
        """The price per contract to cross at, None if there is none. Without a bid an option sells at 0."""
        if self.side is Side.BUY:
            return self.ask_eth
        return ZERO if self.bid_eth is None else self.bid_eth

    @property
    def touch_size(self) -> float:
        """Contracts available at `crossing_eth`. For an option that sells at 0 it is the size of the ask."""
        if self.side is Side.BUY or self.bid_eth is None:
            return self.ask_size
        return self.bid_size


class ComboBook(NamedTuple):
    """The combo's implied book: the natural price (None: a leg can't be crossed) and the size, in combos."""

    natural_eth: Decimal | None
    size: int


def combo_book(legs: Sequence[LegTouch]) -> ComboBook:
    """The book that these legs imply; the leg with the smallest size limits the number of whole combos."""
    natural = ZERO
    size = min(int(leg.touch_size / leg.ratio) for leg in legs)
    for leg in legs:
        price = leg.crossing_eth
        if price is None:
            return ComboBook(None, 0)
        natural -= leg.side.sign * leg.ratio * price
    return ComboBook(natural, size)


def fillable(limit_eth: Decimal, remaining: int, book: ComboBook) -> int:
    """How many combos of a limit order fill now: none until natural reaches the limit, then up to `size`."""
    if book.natural_eth is None or book.natural_eth < limit_eth:
        return 0
    return min(remaining, book.size)


def leg_prices(limit_eth: Decimal, legs: Sequence[LegTouch]) -> list[Decimal]:
    """Each leg's price when the combo fills at its limit; at ratio 1 they add up to exactly the limit.

    The legs trade at their touch, corrected by the difference between natural and limit. If natural is better
    than the limit, it is taken off the sold legs, dearest first and down to 0, and any rest is added to the
    dearest bought leg. If the limit is better than natural (only a fault fills such an order), it is added to
    the dearest sold leg or, if nothing is sold, taken off the bought legs.
    """
    prices = [leg.crossing_eth or ZERO for leg in legs]
    natural = sum((-leg.side.sign * leg.ratio * p for leg, p in zip(legs, prices, strict=True)), ZERO)
    dearest_first = sorted(range(len(legs)), key=lambda i: -prices[i])
    sold = [i for i in dearest_first if legs[i].side is Side.SELL]
    bought = [i for i in dearest_first if legs[i].side is Side.BUY]
    too_much, lowered, raised = natural - limit_eth, sold, bought
    if too_much < 0:
        too_much, lowered, raised = -too_much, bought, sold
        if raised:
            lowered = []
    for i in lowered:
        part = min(too_much, prices[i] * legs[i].ratio)
        prices[i] -= (part / legs[i].ratio).quantize(ETH_QUANTUM)
        too_much -= part
    if too_much and raised:
        prices[raised[0]] += (too_much / legs[raised[0]].ratio).quantize(ETH_QUANTUM)
    return prices
