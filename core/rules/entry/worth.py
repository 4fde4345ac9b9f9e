"""Rule 5: whether the credit is worth the risk and the cost of trading."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from core.checks import RuleResult, at_least, at_most, holds
from core.pricing.fees import combo_fee_estimate_eth
from core.rules.entry.strikes import Pair
from core.strategy import WorthSection


class Credit(NamedTuple):
    """The credit of the pairs and the cost of trading them, for one contract, in ETH.

    `fees_one_way_eth` is the undiscounted fee to trade every leg once, at the legs' mids.
    """

    mid_eth: Decimal
    natural_eth: Decimal
    fees_one_way_eth: float
    half_spreads_eth: float


def credit_of(pairs: Sequence[Pair]) -> Credit:
    """The credit at mid and natural (sell at the bid, buy at the ask). Every leg must be two-sided."""
    mid = natural = spread = Decimal(0)
    mids: list[float] = []
    for pair in pairs:
        for quote, sign in ((pair.short, 1), (pair.long, -1)):
            bid, ask = quote.bid_eth, quote.ask_eth
            if bid is None or ask is None:
                raise ValueError(f"{quote.instrument_name}: expected a two-sided quote")
            mid += sign * (bid + ask) / 2
            natural += bid if sign > 0 else -ask
            spread += ask - bid
            mids.append(float(bid + ask) / 2.0)
    return Credit(mid, natural, combo_fee_estimate_eth(mids), float(spread) / 2.0)


def width_usd(pairs: Sequence[Pair]) -> float:
    """The width; of a condor that of its wider side, because only one side can lose."""
    return max(pair.width_usd for pair in pairs)


def check_worth(
    pairs: Sequence[Pair],
    spot_usd: float,
    worth: WorthSection,
    *,
    crediting: Callable[[Sequence[Pair]], Credit] = credit_of,
) -> tuple[Credit, RuleResult]:
    """Rule 5: compare natural credit over width with the deltas, and round-trip cost with the mid credit.

    `crediting` finds the credit and its cost; no engine gives another one than `credit_of`.
    """
    credit = crediting(pairs)
    width = width_usd(pairs)
    mean_deltas = math.fsum((pair.short.abs_delta + pair.long.abs_delta) / 2.0 for pair in pairs)
    credit_of_width = float(credit.natural_eth) * spot_usd / width
    cost_eth = 2.0 * (credit.half_spreads_eth + credit.fees_one_way_eth)
    checks = [at_least("credit_below_floor", credit_of_width, worth.credit_floor_of_delta * mean_deltas)]
    if credit.natural_eth <= 0:
        checks.append(holds("no_credit", False, str(credit.natural_eth), "above 0"))
    if credit.mid_eth > 0:
        checks.append(at_most("cost_above_max", cost_eth / float(credit.mid_eth), worth.cost_max_of_credit))
    else:
        checks.append(holds("cost_above_max", False, str(credit.mid_eth), "a mid credit above 0"))
    return credit, RuleResult(
        rule="worth",
        checks=tuple(checks),
        inputs={
            "mid_eth": str(credit.mid_eth),
            "natural_eth": str(credit.natural_eth),
            "width_usd": width,
            "sum_mean_abs_delta": mean_deltas,
            "half_spreads_eth": credit.half_spreads_eth,
            "fees_round_trip_eth": 2.0 * credit.fees_one_way_eth,
            "cost_eth": cost_eth,
        },
    )
