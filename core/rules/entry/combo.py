"""Rule 8, `combo`: the legs as one order, with its limit, floor, breakevens and probability of profit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.checks import RuleResult
from core.market.option_chain import Quote
from core.orders.ladder import entry_limit_eth, round_credit_eth
from core.orders.plan import ComboPlan, LegFacts
from core.pricing.black76 import probability_above, year_fraction
from core.pricing.breakeven import call_breakeven_usd, payoff_affordable_eth, put_breakeven_usd
from core.rules.entry.sizing import OneContract
from core.rules.entry.strikes import Pair
from core.rules.entry.worth import Credit, width_usd
from core.values import Leg, OptionType, Side, SpreadKind


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
    """Rule 8: legs with their sides, limit and floor; breakevens and probability of profit at that floor."""
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
    """Low and high breakeven, put K/(1 + p) and call K/(1 - p), and the probability to end between them.

    The probability N(d2) of each breakeven takes the forward and mark IV of the short leg on its side.
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
