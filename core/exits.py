"""The exit rules of an open position, one function each; `core.exit_decision` puts them in order.

A rule that a null setting switches off answers with no check and never matches. Here a passed check means
that the rule matched.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from core.combo import round_cost_eth
from core.facts import OpenPositionFacts
from core.fees import combo_fee_estimate_eth
from core.option_chain import Quote
from core.pricing import black76_price_eth, year_fraction
from core.rules import Check, RuleResult, at_least, at_most
from core.strategy import ExitMeasure, ExitsSection
from core.values import COMBO_TICK_ETH, Leg, OptionType, Side, SpreadKind

_NO_ASK_TICKS = 2
"""Where nobody offers, closing is assumed to cost the model price and two ticks."""


class ClosingCost(NamedTuple):
    """What buying the combo back costs per contract, ETH; positive where we pay."""

    mid_eth: Decimal
    natural_eth: Decimal
    fees_eth: float
    flags: tuple[str, ...]

    @property
    def total_eth(self) -> float:
        return float(self.natural_eth) + self.fees_eth


def closing_cost(legs: Sequence[tuple[Leg, Quote]]) -> ClosingCost:
    """Σ ask of shorts − Σ bid of longs, and a fee a leg. No bid is 0, no ask the model price + 2 ticks."""
    mid = natural = Decimal(0)
    paid: list[float] = []
    flags: list[str] = []
    for leg, quote in legs:
        bid, ask = quote.bid_eth, quote.ask_eth
        if bid is None:
            bid = Decimal(0)
            flags.append(f"no_bid:{leg.instrument_name}")
        if ask is None:
            ask = max(_model_ask_eth(quote), bid)
            flags.append(f"no_ask:{leg.instrument_name}")
        sign = 1 if leg.side is Side.SELL else -1
        touch = ask if leg.side is Side.SELL else bid
        mid += sign * leg.ratio * (bid + ask) / 2
        natural += sign * leg.ratio * touch
        paid += [float(touch)] * leg.ratio
    return ClosingCost(mid, natural, combo_fee_estimate_eth(paid), tuple(flags))


def _model_ask_eth(quote: Quote) -> Decimal:
    model = black76_price_eth(
        quote.option_type,
        quote.forward_usd,
        quote.strike_usd,
        year_fraction(quote.timestamp, quote.expiration),
        quote.mark_iv_pct / 100.0,
    )
    return round_cost_eth(Decimal(repr(model))) + _NO_ASK_TICKS * COMBO_TICK_ETH


def check_expiry(dte: float, exits: ExitsSection) -> RuleResult:
    """DTE at or below `expiry_dte`; 0 leaves the position to the settlement."""
    checks = (at_most("expiry", dte, exits.expiry_dte),) if exits.expiry_dte > 0.0 else ()
    return RuleResult(rule="expiry", checks=checks, inputs={"dte": dte})


def check_profit(cost_over_credit: float, exits: ExitsSection) -> RuleResult:
    """Cost to close at most `profit_of_credit` of the credit."""
    limit = exits.profit_of_credit
    checks = (at_most("profit", cost_over_credit, limit),) if limit is not None else ()
    return RuleResult(rule="profit", checks=checks)


def check_stop(cost_over_credit: float, exits: ExitsSection) -> RuleResult:
    """Cost to close at least `stop_cost_multiple` credits."""
    limit = exits.stop_cost_multiple
    checks = (at_least("stop", cost_over_credit, limit),) if limit is not None else ()
    return RuleResult(rule="stop", checks=checks)


def check_volatility(dvol: float, entry_dvol: float, exits: ExitsSection) -> RuleResult:
    """DVOL up by so many points since entry, or to such a multiple."""
    checks = []
    if exits.dvol_rise_pts is not None:
        checks.append(at_least("dvol_rise_pts", dvol - entry_dvol, exits.dvol_rise_pts))
    if exits.dvol_rise_multiple is not None:
        checks.append(at_least("dvol_rise_multiple", dvol / entry_dvol, exits.dvol_rise_multiple))
    return RuleResult(
        rule="volatility", checks=tuple(checks), inputs={"dvol": dvol, "entry_dvol": entry_dvol}
    )


def check_delta(shorts: Sequence[Quote], kind: SpreadKind, exits: ExitsSection) -> RuleResult:
    """The |delta| of any short leg at or above its limit."""
    limit = exits.delta_max_condor if kind is SpreadKind.IRON_CONDOR else exits.delta_max
    checks: tuple[Check, ...] = ()
    if limit is not None:
        checks = tuple(at_least("delta", quote.abs_delta, limit, quote.instrument_name) for quote in shorts)
    return RuleResult(rule="delta", checks=checks)


def check_adverse(
    spot_usd: float, spot_4h_ago_usd: float, position: OpenPositionFacts, exits: ExitsSection
) -> RuleResult:
    """Spot most of the way to a short strike, or a 4-hour return against the position."""
    condor = position.kind is SpreadKind.IRON_CONDOR
    path_limit = exits.adverse_path_condor if condor else exits.adverse_path
    checks: list[Check] = []
    shorts = [leg for leg in position.legs if leg.side is Side.SELL]
    if path_limit is not None:
        checks += [
            at_least(
                "adverse_path",
                path_done(leg, position.entry_spot_usd, spot_usd),
                path_limit,
                leg.instrument_name,
            )
            for leg in shorts
        ]
    return_4h = spot_usd / spot_4h_ago_usd - 1.0
    if exits.adverse_return_4h is not None:
        for leg in shorts:
            against = -return_4h if leg.option_type is OptionType.PUT else return_4h
            checks.append(
                at_least("adverse_return_4h", against, exits.adverse_return_4h, leg.option_type.value)
            )
    return RuleResult(rule="adverse", checks=tuple(checks), inputs={"return_4h": return_4h})


def path_done(leg: Leg, entry_spot_usd: float, spot_usd: float) -> float:
    """The part of the way from the entry spot to a short strike that spot has gone; 1 at the strike.

    Where spot was already at or past the strike at entry, it is 1 while it still is and 0 otherwise.
    """
    sign = 1.0 if leg.option_type is OptionType.CALL else -1.0
    whole = sign * (leg.strike_usd - entry_spot_usd)
    if whole <= 0.0:
        return 1.0 if sign * (spot_usd - leg.strike_usd) >= 0.0 else 0.0
    return sign * (spot_usd - entry_spot_usd) / whole


def cost_over_credit(
    cost: ClosingCost, position: OpenPositionFacts, spot_usd: float, measure: ExitMeasure
) -> float:
    """Cost to close over the credit, both in ETH, or each at the index of its own time."""
    ratio = cost.total_eth / float(position.credit_eth)
    if measure is ExitMeasure.USD:
        return ratio * spot_usd / position.entry_spot_usd
    return ratio


def matched(result: RuleResult) -> bool:
    """An exit rule matches where any of its checks passed."""
    return any(check.passed for check in result.checks)
