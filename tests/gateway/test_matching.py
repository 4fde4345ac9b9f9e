"""Matching: what a combo's legs imply, when a limit fills, and at which leg prices."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.values import Side
from gateway.paper.matching import LegTouch, combo_book, fillable, leg_prices

TICKS = st.integers(1, 400).map(lambda n: Decimal(n) / 10_000)


@st.composite
def touches(draw: st.DrawFn, side: Side | None = None) -> LegTouch:
    bid, width = draw(TICKS), draw(TICKS)
    return LegTouch(side or draw(st.sampled_from(Side)), 1, bid, bid + width, draw(st.integers(0, 30)), 7.0)


COMBOS = st.lists(touches(), min_size=1, max_size=4)


def touch(side: Side, bid: str | None, ask: str | None, size: float = 5.0, ratio: int = 1) -> LegTouch:
    return LegTouch(
        side, ratio, None if bid is None else Decimal(bid), None if ask is None else Decimal(ask), size, size
    )


def test_natural_sells_at_the_bid_and_buys_at_the_ask() -> None:
    legs = [touch(Side.SELL, "0.0200", "0.0210"), touch(Side.BUY, "0.0100", "0.0110")]
    assert combo_book(legs).natural_eth == Decimal("0.0090")


def test_the_smaller_leg_sets_the_size() -> None:
    legs = [touch(Side.SELL, "0.02", "0.021", 9), touch(Side.BUY, "0.01", "0.011", 7, ratio=2)]
    assert combo_book(legs).size == 3


def test_a_leg_without_an_ask_can_not_be_bought() -> None:
    legs = [touch(Side.SELL, "0.02", "0.021"), touch(Side.BUY, "0.01", None)]
    assert combo_book(legs).natural_eth is None
    assert fillable(Decimal("-9"), 3, combo_book(legs)) == 0


def test_a_leg_without_a_bid_can_be_given_away() -> None:
    legs = [touch(Side.BUY, "0.02", "0.021"), touch(Side.SELL, None, "0.0001")]
    assert combo_book(legs) == (Decimal("-0.0210"), 5)


def test_fills_nothing_above_natural_and_the_touch_at_it() -> None:
    book = combo_book([touch(Side.SELL, "0.02", "0.021"), touch(Side.BUY, "0.01", "0.011")])
    assert fillable(Decimal("0.0091"), 9, book) == 0
    assert fillable(Decimal("0.0090"), 9, book) == 5
    assert fillable(Decimal("0.0010"), 2, book) == 2


@given(COMBOS, st.integers(0, 300))
def test_leg_prices_give_the_limit_and_are_never_negative(legs: list[LegTouch], below: int) -> None:
    natural = combo_book(legs).natural_eth
    assert natural is not None
    limit = natural - Decimal(below) / 10_000
    if all(leg.side is Side.SELL for leg in legs) and limit < 0:
        return
    prices = leg_prices(limit, legs)
    assert sum(-leg.side.sign * price for leg, price in zip(legs, prices, strict=True)) == limit
    assert min(prices) >= 0


@given(st.lists(touches(Side.SELL), min_size=1, max_size=2), st.integers(1, 50))
def test_a_fault_may_fill_above_natural_and_still_give_the_limit(legs: list[LegTouch], above: int) -> None:
    legs = [*legs, touch(Side.BUY, "0.0010", "0.0011")]
    natural = combo_book(legs).natural_eth
    assert natural is not None
    limit = natural + Decimal(above) / 10_000
    prices = leg_prices(limit, legs)
    assert sum(-leg.side.sign * price for leg, price in zip(legs, prices, strict=True)) == limit
    assert min(prices) >= 0
