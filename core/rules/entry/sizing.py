"""Rule 6: how many contracts, from the worst loss and the margin of one contract."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from core.checks import Check, RuleResult, at_least
from core.pricing.inverse import SignedLeg, worst_loss
from core.pricing.margin import short_initial_margin_eth
from core.rules.entry.strikes import Pair
from core.strategy import SizingSection


class OneContract(NamedTuple):
    """What one contract can lose and ties up; the two losses may be at different delivery prices."""

    worst_loss_usd: float
    worst_loss_eth: float
    initial_margin_eth: float


class Capital(NamedTuple):
    """The account as sizing sees it."""

    equity_usd: float
    eur_usd: float
    risk_open_usd: float
    venue_equity_eth: float
    initial_margin_eth: float


def one_contract(
    pairs: Sequence[Pair],
    floor_eth: float,
    fees_round_trip_eth: float,
    spot_usd: float,
    sizing: SizingSection,
) -> OneContract:
    """Worst loss at the floor price over [low, high] × spot in USD and in ETH, and the standard margin.

    The USD loss is linear between strikes, so the ends and the strikes are enough (`core.pricing.inverse`).
    """
    legs = [
        SignedLeg(quote.option_type, quote.strike_usd, amount)
        for pair in pairs
        for quote, amount in ((pair.short, -1.0), (pair.long, 1.0))
    ]
    worst = worst_loss(
        legs,
        floor_eth,
        fees_round_trip_eth,
        sizing.spot_low_frac * spot_usd,
        sizing.spot_high_frac * spot_usd,
    )
    margin_eth = math.fsum(
        short_initial_margin_eth(
            pair.short.option_type, pair.short.forward_usd, pair.short.strike_usd, float(pair.short.mark_eth)
        )
        for pair in pairs
    )
    return OneContract(worst.loss_usd, worst.loss_eth, margin_eth)


def budget_usd(capital: Capital, dvol: float, sizing: SizingSection) -> float:
    """The lowest cap, but at least 0, times the volatility factor."""
    caps = [
        sizing.risk_per_trade * capital.equity_usd,
        sizing.risk_total * capital.equity_usd - capital.risk_open_usd,
        sizing.cap_per_trade_eur * capital.eur_usd,
    ]
    if sizing.kelly_cap is not None:
        caps.append(sizing.kelly_cap * capital.equity_usd)
    factor = min(max(sizing.dvol_reference_pts / dvol, sizing.dvol_scale_min), sizing.dvol_scale_max)
    return max(min(caps), 0.0) * factor


def size(one: OneContract, capital: Capital, dvol: float, sizing: SizingSection) -> tuple[int, RuleResult]:
    """The contracts that every cap allows, and the rule's answer: refused below one.

    The reasons name every cap that by itself allows less than one contract.
    """
    budget = budget_usd(capital, dvol, sizing)
    venue_loss_eth = sizing.venue_loss_max * capital.venue_equity_eth
    margin_free_eth = sizing.margin_use_max * capital.venue_equity_eth - capital.initial_margin_eth
    caps = {
        "budget_below_one": _whole(budget, one.worst_loss_usd, sizing.contracts_max),
        "venue_loss_above_max": _whole(venue_loss_eth, one.worst_loss_eth, sizing.contracts_max),
        "margin_above_max": _whole(margin_free_eth, one.initial_margin_eth, sizing.contracts_max),
    }
    contracts = min(caps.values())
    checks = [at_least(code, allowed, 1) for code, allowed in caps.items()]
    return contracts, RuleResult(
        rule="sizing",
        checks=tuple(checks),
        inputs={
            "contracts": contracts,
            "contracts_max": sizing.contracts_max,
            "budget_usd": budget,
            "worst_loss_usd": one.worst_loss_usd,
            "worst_loss_eth": one.worst_loss_eth,
            "venue_loss_max_eth": venue_loss_eth,
            "initial_margin_one_eth": one.initial_margin_eth,
            "margin_free_eth": margin_free_eth,
        },
    )


def thin_capital_warning(equity_usd: float, spot_usd: float, dvol: float, sizing: SizingSection) -> Check:
    """Not a rule: one contract is 1 ETH, so below 5·S·max(1, DVOL/60) of equity most chains are undersize."""
    enough_usd = sizing.equity_spot_multiple * spot_usd * max(1.0, dvol / sizing.dvol_reference_pts)
    return at_least("equity_thin_for_one_contract", equity_usd, enough_usd)


def _whole(available: float, each: float, at_most: int) -> int:
    """⌊available / each⌋ within [0, `at_most`]; a cost of nothing is bounded by `at_most` alone."""
    if available <= 0.0:
        return 0
    if available >= each * at_most:
        return at_most
    return math.floor(available / each)
