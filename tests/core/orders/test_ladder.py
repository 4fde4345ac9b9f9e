"""The price ladder of an exit, and the collar that it shares with the gate."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.orders.ladder import (
    entry_limit_eth,
    exit_cost_max_eth,
    exit_reference_eth,
    next_entry_price_eth,
    next_exit_price_eth,
    round_cost_eth,
    round_credit_eth,
)
from core.orders.limits import GateFacts, check_limits
from core.orders.terms import OrderPurpose, OrderTerms
from core.strategy import LimitsSection, Strategy
from core.values import COMBO_TICK_ETH
from tests.core.example_market import NOW

prices = st.integers(1, 2000).map(lambda ticks: Decimal(ticks) * COMBO_TICK_ETH / 2)
THREE_TICKS = LimitsSection(collar_ticks=3, collar_frac=0.0)


def test_the_exit_ladder_by_hand() -> None:
    """Mid to natural in five steps, then a tick per step up to the collar."""
    shown = [
        "0.0050",
        "0.0052",
        "0.0054",
        "0.0056",
        "0.0058",
        "0.0060",
        "0.0061",
        "0.0062",
        "0.0063",
        "0.0063",
    ]
    prices = [
        next_exit_price_eth(
            step,
            mid_cost_eth=Decimal("0.0050"),
            natural_cost_eth=Decimal("0.0060"),
            exit_steps=5,
            limits=THREE_TICKS,
        )
        for step in range(len(shown))
    ]
    assert [str(price) for price in prices] == shown


def test_the_collar_is_the_wider_of_ticks_and_fraction() -> None:
    limits = LimitsSection(collar_ticks=20, collar_frac=0.25)
    assert exit_cost_max_eth(Decimal("0.0060"), limits) == Decimal("0.0080")
    assert exit_cost_max_eth(Decimal("0.0200"), limits) == Decimal("0.0250")


def test_the_narrowest_collar_never_keeps_an_exit_from_natural() -> None:
    prices = tuple(
        next_exit_price_eth(
            step,
            mid_cost_eth=Decimal("0.00500"),
            natural_cost_eth=Decimal("0.00595"),
            exit_steps=2,
            limits=LimitsSection(collar_ticks=1, collar_frac=0.0),
        )
        for step in range(4)
    )
    assert prices == (Decimal("0.0050"), Decimal("0.0055"), Decimal("0.0060"), Decimal("0.0060"))


@pytest.mark.parametrize("natural", ["-0.0003", "-0.0021", "-0.0500"])
def test_to_be_paid_for_closing_is_never_asked_for(natural: str) -> None:
    cost = Decimal(natural)
    assert exit_reference_eth(cost) == 0
    offered = [
        next_exit_price_eth(step, mid_cost_eth=cost, natural_cost_eth=cost, exit_steps=2, limits=THREE_TICKS)
        for step in (0, 2)
    ]
    assert offered == [0, 0]


@given(
    step=st.integers(0, 60),
    mid=st.decimals("-0.05", "0.05", places=5),
    spread=st.decimals("0", "0.02", places=5),
    ticks=st.integers(1, 40),
    frac=st.floats(0.0, 0.5),
)
def test_the_gate_lets_through_whatever_an_exit_offers(
    step: int, mid: Decimal, spread: Decimal, ticks: int, frac: float
) -> None:
    """Ladder and gate measure the collar from the same natural price by the same rule."""
    limits, natural = LimitsSection(collar_ticks=ticks, collar_frac=frac), mid + spread
    cost = next_exit_price_eth(step, mid_cost_eth=mid, natural_cost_eth=natural, exit_steps=5, limits=limits)
    assert "price_outside_collar" not in gate_reasons(-cost, exit_reference_eth(natural), limits)


@given(
    mid=st.decimals("0.0001", "0.05", places=5),
    spread=st.decimals("0", "0.02", places=5),
    aggression=st.floats(0.0, 1.0),
    ticks=st.integers(1, 40),
    frac=st.floats(0.0, 0.5),
)
def test_the_gate_lets_through_whatever_an_entry_offers(
    mid: Decimal, spread: Decimal, aggression: float, ticks: int, frac: float
) -> None:
    limits, natural = LimitsSection(collar_ticks=ticks, collar_frac=frac), mid - spread
    floor = round_credit_eth(natural)
    price: Decimal | None = entry_limit_eth(mid, natural, aggression)
    while price is not None:
        assert "price_outside_collar" not in gate_reasons(price, natural, limits)
        price = next_entry_price_eth(price, mid_eth=mid, floor_eth=floor, reprice_steps=5)


def gate_reasons(limit_eth: Decimal, reference_eth: Decimal, limits: LimitsSection) -> tuple[str, ...]:
    """All the gate's reasons against an exit at this price; the missing facts are among them."""
    order = OrderTerms(purpose=OrderPurpose.EXIT, legs=(), amount=1, limit_eth=limit_eth, reduce_only=True)
    facts = GateFacts(
        now=NOW,
        environment=None,
        venue_clock_offset_s=None,
        venue_clock_offset_max_s=None,
        spot_usd=None,
        marks_as_of=None,
        books_as_of=None,
        open_positions=0,
        orders_in_doubt=0,
        entry_requests_last_hour=0,
        position_contracts=1,
    )
    return check_limits(order, reference_eth, facts, Strategy(limits=limits)).reasons


def test_a_step_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0, found -1"):
        next_exit_price_eth(
            -1,
            mid_cost_eth=Decimal(1),
            natural_cost_eth=Decimal(1),
            exit_steps=1,
            limits=THREE_TICKS,
        )


@given(mid=prices, spread=prices, steps=st.integers(1, 20), beyond=st.integers(1, 40))
def test_exit_prices_rise_from_mid_over_natural_to_the_collar_and_stay(
    mid: Decimal, spread: Decimal, steps: int, beyond: int
) -> None:
    natural = round_cost_eth(mid + spread)
    terms: dict[str, Any] = {
        "mid_cost_eth": mid,
        "natural_cost_eth": natural,
        "exit_steps": steps,
        "limits": LimitsSection(collar_ticks=beyond, collar_frac=0.0),
    }
    ladder = [next_exit_price_eth(step, **terms) for step in range(steps + beyond + 2)]
    assert ladder == sorted(ladder)
    assert ladder[0] == round_cost_eth(mid)
    assert ladder[steps] == natural
    assert ladder[-2] == ladder[-1] == natural + beyond * COMBO_TICK_ETH
    assert all(price - before == COMBO_TICK_ETH for before, price in pairwise(ladder[steps:-1]))
