"""How a combo order meets the market, as a pure function of the order and of its legs' quotes.

A combo's book is implied by its legs: crossing all of them now is its *natural* price, up to the size that
every touch carries. A limit order fills at its own limit as soon as the natural price reaches it. All
prices are the net ETH *received* per combo (a debit is negative), leg prices ETH per contract.
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
        """What crossing gives or costs per contract. Giving an option away (price 0) always finds a taker."""
        if self.side is Side.BUY:
            return self.ask_eth
        return ZERO if self.bid_eth is None else self.bid_eth

    @property
    def touch_size(self) -> float:
        """Contracts at the price of `crossing_eth`; an option given away goes in the other side's size."""
        if self.side is Side.BUY or self.bid_eth is None:
            return self.ask_size
        return self.bid_size


class ComboBook(NamedTuple):
    """The combo as its legs imply it: the natural price (None: a leg can't be crossed) and its size."""

    natural_eth: Decimal | None
    size: int


def combo_book(legs: Sequence[LegTouch]) -> ComboBook:
    """The combo that these legs imply; its size is whole combos, the smallest leg's."""
    natural = ZERO
    size = min(int(leg.touch_size / leg.ratio) for leg in legs)
    for leg in legs:
        price = leg.crossing_eth
        if price is None:
            return ComboBook(None, 0)
        natural -= leg.side.sign * leg.ratio * price
    return ComboBook(natural, size)


def fillable(limit_eth: Decimal, remaining: int, book: ComboBook) -> int:
    """How many combos of a limit order fill now: none before natural reaches the limit, then the touch."""
    if book.natural_eth is None or book.natural_eth < limit_eth:
        return 0
    return min(remaining, book.size)


def leg_prices(limit_eth: Decimal, legs: Sequence[LegTouch]) -> list[Decimal]:
    """Each leg's price when the combo fills at its limit; together they give exactly the limit at ratio 1.

    The legs trade at their touch. What the limit gives away comes off the dearest sold legs, down to 0, and
    then onto a bought one; what it wants beyond natural (only a fault fills such an order) goes onto a sold
    leg, or off the bought ones.
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
