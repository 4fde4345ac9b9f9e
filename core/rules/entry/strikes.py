"""Rule 4: the expiry, and on each side the pair of strikes nearest the target delta and width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from core.checks import Check, RuleResult, Scalar, holds
from core.market.option_chain import OptionChain, Quote
from core.rules.entry.liquidity import is_liquid
from core.strategy import LiquiditySection, LongLegBy, StrikesSection
from core.values import OptionType, Side, SpreadKind

_SECONDS_PER_DAY = 86_400.0
_DISTANCE_DIGITS = 9
"""Distances equal to this many digits are a tie: rounding noise must not decide between two pairs."""
SIDES: dict[SpreadKind, tuple[OptionType, ...]] = {
    SpreadKind.BULL_PUT: (OptionType.PUT,),
    SpreadKind.BEAR_CALL: (OptionType.CALL,),
    SpreadKind.IRON_CONDOR: (OptionType.PUT, OptionType.CALL),
}


class Pair(NamedTuple):
    """A credit spread on one side: sell `short`, buy `long` further out of the money."""

    short: Quote
    long: Quote

    @property
    def width_usd(self) -> float:
        return abs(self.short.strike_usd - self.long.strike_usd)


Choosing: TypeAlias = Callable[
    [OptionChain, SpreadKind, float, datetime, StrikesSection, LiquiditySection],
    tuple[tuple[Pair, ...], RuleResult],
]
"""What chooses as `choose_strikes` does."""


def dte_days(now: datetime, expiration: datetime) -> float:
    """Days to expiry, fractional."""
    return (expiration - now).total_seconds() / _SECONDS_PER_DAY


def choose_expiry(expiries: Sequence[datetime], now: datetime, strikes: StrikesSection) -> datetime | None:
    """The expiry nearest the target DTE in its range, the earlier one of a tie; None without any."""
    within = [expiry for expiry in expiries if strikes.dte_min <= dte_days(now, expiry) <= strikes.dte_max]
    return min(
        within, key=lambda expiry: (abs(dte_days(now, expiry) - strikes.dte_target), expiry), default=None
    )


def choose_strikes(
    chain: OptionChain,
    kind: SpreadKind,
    spot_usd: float,
    now: datetime,
    strikes: StrikesSection,
    liquidity: LiquiditySection,
) -> tuple[tuple[Pair, ...], RuleResult]:
    """Rule 4. Choose one pair for each side of `kind`, or none at all with the reasons of every side.

    A side's reason is the first condition that leaves no pair: delta, then width (or the long leg's delta),
    then liquidity for one contract. A broken quote that could have been a leg is a reason of its own.
    """
    expiry = choose_expiry(chain.expiries, now, strikes)
    if expiry is None:
        shown = " ".join(moment.date().isoformat() for moment in chain.expiries)
        return (), RuleResult(rule="strikes", checks=(holds("no_expiry_in_range", False, shown, "one"),))
    checks: list[Check] = []
    pairs: list[Pair] = []
    inputs: dict[str, Scalar] = {"expiry": expiry.isoformat(), "dte": dte_days(now, expiry)}
    for option_type in SIDES[kind]:
        quotes = chain.side(expiry, option_type)
        found = _best_pair(quotes, option_type, spot_usd, now, strikes, liquidity)
        broken = broken_candidates(quotes, option_type, spot_usd, strikes)
        checks += [
            holds("broken_candidate", False, _faults(quote), "sound", quote.instrument_name)
            for quote in broken
        ]
        if isinstance(found, str):
            checks.append(holds(found, False, len(quotes), "a pair", option_type.value))
        else:
            checks.append(holds("pair", True, found.short.instrument_name, "a pair", option_type.value))
            pairs.append(found)
            inputs |= _described(found, spot_usd)
    result = RuleResult(rule="strikes", checks=tuple(checks), inputs=inputs)
    return (tuple(pairs) if result.passed else ()), result


def has_broken_candidate(result: RuleResult) -> bool:
    """True if a broken quote stopped the rule: an anomaly of the data, not a property of the market."""
    return any(check.code == "broken_candidate" for check in result.checks)


def broken_candidates(
    quotes: Sequence[Quote], option_type: OptionType, spot_usd: float, strikes: StrikesSection
) -> list[Quote]:
    """Broken quotes whose strike lies where a short or a long leg could be.

    A broken quote has no delta to trust. The zone of the short leg is bounded by the nearest sound strikes
    whose deltas lie outside the range, that of the long leg by the width (or by its own delta range).
    """
    broken = [quote for quote in quotes if quote.faults]
    if not broken:
        return []
    sound = [quote for quote in quotes if not quote.faults]
    short_zone = _zone(sound, option_type, strikes.delta_min, strikes.delta_max)
    if strikes.long_leg.by is LongLegBy.DELTA:
        long_zone = _zone(sound, option_type, strikes.long_leg.delta_min, strikes.long_leg.delta_max)
    else:
        widest, narrowest = strikes.width_max_frac * spot_usd, strikes.width_min_frac * spot_usd
        if option_type is OptionType.PUT:
            long_zone = (short_zone[0] - widest, short_zone[1] - narrowest)
        else:
            long_zone = (short_zone[0] + narrowest, short_zone[1] + widest)
    zones = (short_zone, long_zone)
    return [quote for quote in broken if any(low < quote.strike_usd < high for low, high in zones)]


def _zone(
    sound: Sequence[Quote], option_type: OptionType, delta_min: float, delta_max: float
) -> tuple[float, float]:
    """The open interval of strikes whose delta may be in the range; |delta| rises with a put's strike."""
    farther = [quote.strike_usd for quote in sound if quote.abs_delta < delta_min]
    nearer = [quote.strike_usd for quote in sound if quote.abs_delta > delta_max]
    if option_type is OptionType.PUT:
        return max(farther, default=0.0), min(nearer, default=float("inf"))
    return max(nearer, default=0.0), min(farther, default=float("inf"))


def _best_pair(
    quotes: Sequence[Quote],
    option_type: OptionType,
    spot_usd: float,
    now: datetime,
    strikes: StrikesSection,
    liquidity: LiquiditySection,
) -> Pair | str:
    """The pair with the smallest distance, or the code of the first condition that no pair meets."""
    sound = [quote for quote in quotes if not quote.faults]
    shorts = [quote for quote in sound if strikes.delta_min <= quote.abs_delta <= strikes.delta_max]
    if not shorts:
        return "no_short_in_delta_range"
    pairs = [
        Pair(short, long)
        for short in shorts
        for long in sound
        if _is_further_out(short, long, option_type) and _long_fits(short, long, spot_usd, strikes)
    ]
    if not pairs:
        return "no_long_leg_in_range"
    liquid_shorts = {q.row for q in shorts if is_liquid(q, Side.SELL, 1, now, liquidity)}
    liquid_longs = {
        row
        for row, q in {p.long.row: p.long for p in pairs}.items()
        if is_liquid(q, Side.BUY, 1, now, liquidity)
    }
    pairs = [pair for pair in pairs if pair.short.row in liquid_shorts and pair.long.row in liquid_longs]
    if not pairs:
        return "no_liquid_pair"
    return min(pairs, key=lambda pair: _rank(pair, spot_usd, strikes))


def _is_further_out(short: Quote, long: Quote, option_type: OptionType) -> bool:
    if option_type is OptionType.PUT:
        return long.strike_usd < short.strike_usd
    return long.strike_usd > short.strike_usd


def _long_fits(short: Quote, long: Quote, spot_usd: float, strikes: StrikesSection) -> bool:
    if strikes.long_leg.by is LongLegBy.DELTA:
        return strikes.long_leg.delta_min <= long.abs_delta <= strikes.long_leg.delta_max
    width_frac = abs(short.strike_usd - long.strike_usd) / spot_usd
    return strikes.width_min_frac <= width_frac <= strikes.width_max_frac


def distance(pair: Pair, spot_usd: float, strikes: StrikesSection) -> float:
    """|Δ − target|/scale of the short leg plus the same of the width (or of the long leg's own delta)."""
    short = abs(pair.short.abs_delta - strikes.delta_target) / strikes.delta_scale
    if strikes.long_leg.by is LongLegBy.DELTA:
        leg = strikes.long_leg
        return short + abs(pair.long.abs_delta - leg.delta_target) / leg.delta_scale
    return short + abs(pair.width_usd / spot_usd - strikes.width_target_frac) / strikes.width_scale_frac


def _rank(pair: Pair, spot_usd: float, strikes: StrikesSection) -> tuple[float, float, float]:
    """Sort key: smallest distance first; ties by the short, then the long strike nearest spot."""
    return (
        round(distance(pair, spot_usd, strikes), _DISTANCE_DIGITS),
        abs(pair.short.strike_usd - spot_usd),
        abs(pair.long.strike_usd - spot_usd),
    )


def _described(pair: Pair, spot_usd: float) -> dict[str, Scalar]:
    side = pair.short.option_type.value
    return {
        f"short_{side}": pair.short.instrument_name,
        f"long_{side}": pair.long.instrument_name,
        f"delta_short_{side}": pair.short.delta,
        f"delta_long_{side}": pair.long.delta,
        f"width_frac_{side}": pair.width_usd / spot_usd,
    }


def _faults(quote: Quote) -> str:
    return " ".join(fault.value for fault in quote.faults)
