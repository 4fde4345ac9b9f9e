"""Rule 8, `combo`: the legs as one order, its limit and floor, and the next price when it is not filled.

Prices are ETH per combo, multiples of the combo tick, always rounded against us: credits down, costs up.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from pydantic import model_validator

from core.values import COMBO_TICK_ETH, Leg, Side, SpreadKind, Value


class LegFacts(Value):
    """What the decision knew of one leg at entry; the exits and the reports compare with it."""

    instrument_name: str
    bid_eth: Decimal
    ask_eth: Decimal
    mark_eth: Decimal
    mark_iv_pct: float
    delta: float
    forward_usd: float


class ComboPlan(Value):
    """What to sell: `contracts` combos at `limit_eth` or better, never below `floor_eth`.

    All ETH and USD numbers are per combo of 1 contract. `mid_eth` and `natural_eth` are the credits with
    every leg at mid and with every leg crossing. Worst loss, breakevens and probability of profit are at the
    floor.
    A bull put has only the lower breakeven, a bear call only the upper one.
    """

    kind: SpreadKind
    legs: tuple[Leg, ...]
    leg_facts: tuple[LegFacts, ...]
    contracts: int
    limit_eth: Decimal
    floor_eth: Decimal
    mid_eth: Decimal
    natural_eth: Decimal
    width_usd: float
    fees_round_trip_eth: float
    worst_loss_usd: float
    worst_loss_eth: float
    initial_margin_eth: float
    breakeven_low_usd: float | None
    breakeven_high_usd: float | None
    pop: float
    expiration: datetime
    entry_spot_usd: float
    entry_dvol: float

    @model_validator(mode="after")
    def _consistent(self) -> ComboPlan:
        if self.contracts < 1:
            raise ValueError(f"contracts: expected at least 1, found {self.contracts}")
        if not Decimal(0) < self.floor_eth <= self.limit_eth:
            raise ValueError(f"expected 0 < floor <= limit, found {self.floor_eth} and {self.limit_eth}")
        if len(self.legs) != (4 if self.kind is SpreadKind.IRON_CONDOR else 2):
            raise ValueError(f"legs: expected 2, or 4 for a condor, found {len(self.legs)}")
        if any(leg.expiration != self.expiration for leg in self.legs):
            raise ValueError("legs: expected one expiration")
        return self

    @property
    def short_legs(self) -> tuple[Leg, ...]:
        return tuple(leg for leg in self.legs if leg.side is Side.SELL)

    @property
    def long_legs(self) -> tuple[Leg, ...]:
        return tuple(leg for leg in self.legs if leg.side is Side.BUY)


def round_credit_eth(credit_eth: Decimal) -> Decimal:
    """Round what we receive down to the combo tick."""
    return (credit_eth / COMBO_TICK_ETH).to_integral_value(ROUND_FLOOR) * COMBO_TICK_ETH


def round_cost_eth(cost_eth: Decimal) -> Decimal:
    """Round what we pay up to the combo tick."""
    return (cost_eth / COMBO_TICK_ETH).to_integral_value(ROUND_CEILING) * COMBO_TICK_ETH


def entry_limit_eth(mid_eth: Decimal, natural_eth: Decimal, price_aggression: float) -> Decimal:
    """The first limit: from mid towards natural by `price_aggression`, rounded down, never below natural."""
    towards = mid_eth + Decimal(str(price_aggression)) * (natural_eth - mid_eth)
    return max(round_credit_eth(towards), round_credit_eth(natural_eth))


def next_entry_price_eth(
    current_eth: Decimal, *, mid_eth: Decimal, floor_eth: Decimal, reprice_steps: int
) -> Decimal | None:
    """One step of max(1 tick, (mid - floor)/steps) towards the floor; None where the floor is reached."""
    if current_eth <= floor_eth:
        return None
    step = max(COMBO_TICK_ETH, (mid_eth - floor_eth) / reprice_steps)
    return max(floor_eth, round_credit_eth(current_eth - step))


def exit_collar_eth(natural_cost_eth: Decimal, *, collar_ticks: int, collar_frac: float) -> Decimal:
    """The most that closing may cost: natural plus the wider of the two collars, on the tick."""
    beyond = max(COMBO_TICK_ETH * collar_ticks, abs(natural_cost_eth) * Decimal(str(collar_frac)))
    return round_credit_eth(natural_cost_eth + beyond)


def next_exit_price_eth(
    step: int, *, mid_cost_eth: Decimal, natural_cost_eth: Decimal, exit_steps: int, collar_eth: Decimal
) -> Decimal:
    """The cost offered at `step`: 0 is mid, `exit_steps` natural, then a tick a step to the collar.

    The cost is positive where closing is paid for; the venue's `price` (net ETH received) is its negative.
    """
    if step < 0:
        raise ValueError(f"step: expected at least 0, found {step}")
    if step <= exit_steps:
        part = Decimal(step) / Decimal(exit_steps)
        price = round_cost_eth(mid_cost_eth + (natural_cost_eth - mid_cost_eth) * part)
    else:
        price = round_cost_eth(natural_cost_eth) + COMBO_TICK_ETH * (step - exit_steps)
    return min(price, max(collar_eth, round_cost_eth(natural_cost_eth)))


def exit_price_ladder(
    *, mid_cost_eth: Decimal, natural_cost_eth: Decimal, exit_steps: int, collar_eth: Decimal
) -> tuple[Decimal, ...]:
    """All costs of an exit in order, until the collar is reached (it is then repeated for ever)."""
    prices = [
        next_exit_price_eth(
            step,
            mid_cost_eth=mid_cost_eth,
            natural_cost_eth=natural_cost_eth,
            exit_steps=exit_steps,
            collar_eth=collar_eth,
        )
        for step in range(exit_steps + 1)
    ]
    top = max(collar_eth, round_cost_eth(natural_cost_eth))
    while prices[-1] < top:
        prices.append(min(prices[-1] + COMBO_TICK_ETH, top))
    return tuple(prices)
