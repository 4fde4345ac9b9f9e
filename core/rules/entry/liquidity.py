"""Rule 7: whether a leg can be traded: open interest, volume, spread, size at the touch, quote age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.checks import Check, RuleResult, at_least, at_most, holds, is_at_most
from core.market.option_chain import Quote
from core.strategy import LiquiditySection
from core.values import Side


def is_liquid(quote: Quote, side: Side, contracts: int, now: datetime, liquidity: LiquiditySection) -> bool:
    """The verdict of `leg_checks` alone, for the search over all pairs."""
    return (
        quote.two_sided
        and quote.open_interest >= liquidity.open_interest_min
        and quote.volume_24h >= liquidity.volume_24h_min
        and is_at_most(quote.relative_spread, _spread_max(side, liquidity))
        and _touch_size(quote, side) >= contracts
        and quote.age_s(now) <= liquidity.max_quote_age_s
    )


def leg_checks(
    quote: Quote, side: Side, contracts: int, now: datetime, liquidity: LiquiditySection
) -> list[Check]:
    """Every check of one leg, each noted with the instrument."""
    name = quote.instrument_name
    checks = [
        at_least("open_interest_low", quote.open_interest, liquidity.open_interest_min, name),
        at_least("volume_low", quote.volume_24h, liquidity.volume_24h_min, name),
        at_least("touch_size_small", _touch_size(quote, side), contracts, name),
        at_most("quote_too_old", quote.age_s(now), liquidity.max_quote_age_s, name),
    ]
    if quote.two_sided:
        checks.append(at_most("spread_too_wide", quote.relative_spread, _spread_max(side, liquidity), name))
    else:
        checks.append(holds("one_sided", False, "one-sided", "two-sided", name))
    return checks


def check_liquidity(
    legs: Sequence[tuple[Quote, Side]], contracts: int, now: datetime, liquidity: LiquiditySection
) -> RuleResult:
    """Rule 7 on the chosen legs for the size that is meant to be traded."""
    checks = [check for quote, side in legs for check in leg_checks(quote, side, contracts, now, liquidity)]
    return RuleResult(rule="liquidity", checks=tuple(checks), inputs={"contracts": contracts})


def _spread_max(side: Side, liquidity: LiquiditySection) -> float:
    return liquidity.spread_short_max if side is Side.SELL else liquidity.spread_long_max


def _touch_size(quote: Quote, side: Side) -> float:
    """The size that a crossing order meets: a sold leg hits the bid, a bought one lifts the ask."""
    return quote.bid_size if side is Side.SELL else quote.ask_size
