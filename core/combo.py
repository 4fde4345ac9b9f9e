"""Rule 8, `combo`: the legs as one order, its limit and floor, and the next price when it is not filled.

Prices are ETH per combo, multiples of the combo tick, always rounded against us: credits down, costs up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from pydantic import model_validator

from core.breakeven import call_breakeven_usd, payoff_affordable_eth, put_breakeven_usd
from core.option_chain import Quote
from core.pricing import probability_above, year_fraction
from core.rules import RuleResult
from core.sizing import OneContract
from core.strikes import Pair
from core.values import COMBO_TICK_ETH, Leg, OptionType, Side, SpreadKind, Value
from core.worth import Credit, width_usd


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


def plan_combo(
    kind: SpreadKind,
    pairs: Sequence[Pair],
    contracts: int,
    *,
    credit: Credit,
    one: OneContract,
    now: datetime,
    spot_usd: float,
    dvol: float,
    price_aggression: float,
) -> tuple[ComboPlan, RuleResult]:
    """Rule 8: legs with their signs, limit, floor, and what the combo is expected to do at that floor."""
    floor = round_credit_eth(credit.natural_eth)
    affordable_eth = payoff_affordable_eth(float(floor) - credit.fees_one_way_eth)
    low, high, pop = _breakevens_and_pop(pairs, affordable_eth, now)
    legs = [(pair.short, Side.SELL) for pair in pairs] + [(pair.long, Side.BUY) for pair in pairs]
    plan = ComboPlan(
        kind=kind,
        legs=tuple(_leg(quote, side) for quote, side in legs),
        leg_facts=tuple(_leg_facts(quote) for quote, _ in legs),
        contracts=contracts,
        limit_eth=entry_limit_eth(credit.mid_eth, credit.natural_eth, price_aggression),
        floor_eth=floor,
        mid_eth=credit.mid_eth,
        natural_eth=credit.natural_eth,
        width_usd=width_usd(pairs),
        fees_round_trip_eth=2.0 * credit.fees_one_way_eth,
        worst_loss_usd=one.worst_loss_usd,
        worst_loss_eth=one.worst_loss_eth,
        initial_margin_eth=one.initial_margin_eth,
        breakeven_low_usd=low,
        breakeven_high_usd=high,
        pop=pop,
        expiration=pairs[0].short.expiration,
        entry_spot_usd=spot_usd,
        entry_dvol=dvol,
    )
    result = RuleResult(
        rule="combo",
        checks=(),
        inputs={
            "limit_eth": str(plan.limit_eth),
            "floor_eth": str(plan.floor_eth),
            "mid_eth": str(plan.mid_eth),
            "natural_eth": str(plan.natural_eth),
            "contracts": contracts,
            "breakeven_low_usd": low,
            "breakeven_high_usd": high,
            "pop": pop,
        },
    )
    return plan, result


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


def _leg(quote: Quote, side: Side) -> Leg:
    return Leg(
        instrument_name=quote.instrument_name,
        option_type=quote.option_type,
        strike_usd=quote.strike_usd,
        expiration=quote.expiration,
        side=side,
    )


def _leg_facts(quote: Quote) -> LegFacts:
    bid, ask = quote.bid_eth, quote.ask_eth
    if bid is None or ask is None:
        raise ValueError(f"{quote.instrument_name}: expected a two-sided quote")
    return LegFacts(
        instrument_name=quote.instrument_name,
        bid_eth=bid,
        ask_eth=ask,
        mark_eth=quote.mark_eth,
        mark_iv_pct=quote.mark_iv_pct,
        delta=quote.delta,
        forward_usd=quote.forward_usd,
    )


def _breakevens_and_pop(
    pairs: Sequence[Pair], affordable_eth: float, now: datetime
) -> tuple[float | None, float | None, float]:
    """Breakevens put K/(1 + p), call K/(1 - p), and the probability N(d2) to end between them.

    Each breakeven is seen with its own short leg's mark IV on the forward.
    """
    low = high = None
    above_low, above_high = 1.0, 0.0
    for short, _ in pairs:
        t_years = year_fraction(now, short.expiration)
        sigma = short.mark_iv_pct / 100.0
        if short.option_type is OptionType.PUT:
            low = put_breakeven_usd(short.strike_usd, affordable_eth)
            above_low = probability_above(short.forward_usd, low, t_years, sigma)
        else:
            high = call_breakeven_usd(short.strike_usd, affordable_eth)
            above_high = probability_above(short.forward_usd, high, t_years, sigma)
    return low, high, above_low - above_high
