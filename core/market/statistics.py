"""Statistics that the rules derive from the raw market facts: RV14, the 30-day return, median funding.

RV14 and the 30-day return need closes in which `history_faults` finds no fault.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from core.market.observations import HourlyClose, MeanFunding

RV_RETURNS = 336
"""Hourly log returns in RV14: 14 days."""
HOURS_PER_YEAR = 8760
TREND_HOURS = 720
"""Hours of r30: 30 days."""
_HOUR = timedelta(hours=1)
_LAG_MAX = timedelta(hours=2)
"""The newest complete hour may be published a little after it ends."""


def history_faults(closes: Sequence[HourlyClose], now: datetime, *, latest: datetime) -> tuple[str, ...]:
    """Codes why the hourly closes can't be used: too few, a gap, not current at `now`. Empty if they can.

    `latest` is the latest time that an hour that is over may bear (`venue_clock.latest_time`).
    """
    needed = TREND_HOURS + 1
    if len(closes) < needed:
        return ("index_history_short",)
    faults = []
    recent = closes[-needed:]
    if any(later.at - earlier.at != _HOUR for earlier, later in pairwise(recent)):
        faults.append("index_history_gap")
    if recent[-1].at > latest or now - recent[-1].at > _LAG_MAX:
        faults.append("index_history_not_current")
    return tuple(faults)


def rv14_pct(closes: Sequence[HourlyClose]) -> float:
    """100·√(8760/336 · Σ r²) over the last 336 hourly log returns, zero mean, percent points."""
    window = [close.close_usd for close in closes[-RV_RETURNS - 1 :]]
    squares = math.fsum(math.log(later / earlier) ** 2 for earlier, later in pairwise(window))
    return 100.0 * math.sqrt(HOURS_PER_YEAR / RV_RETURNS * squares)


def r30_frac(spot_usd: float, closes: Sequence[HourlyClose], now: datetime) -> float:
    """S(t)/S(t − 720 h) − 1, the base being the last hourly close at or before t − 720 h."""
    moment = now - timedelta(hours=TREND_HOURS)
    base = next(close for close in reversed(closes) if close.at <= moment)
    return spot_usd / base.close_usd - 1.0


def median_funding_frac(
    rates: Sequence[MeanFunding], now: datetime, age_max_h: float, *, latest: datetime
) -> float | None:
    """Median of the rates at most `age_max_h` hours old, a fraction per year; None if there is none.

    `latest` is the latest time that a rate of now may bear (`venue_clock.latest_time`).
    """
    oldest = now - timedelta(hours=age_max_h)
    usable = [rate.annualised_frac for rate in rates if oldest <= rate.as_of <= latest]
    return median(usable) if usable else None
