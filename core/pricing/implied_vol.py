"""The volatility that a price implies, or the reason why there is none.

The out-of-the-money value v(s), s = sigma·√t, rises from 0 to its bound min(1, K/F); its slope φ(d1) is
log-concave in s (its logarithm is `-x²/2s² - s²/8` plus a constant), so by Prékopa ln v and ln(bound - v) are
concave. Newton's method on the first from below, or on the second from above, therefore converges from one
side whatever its start: it needs no bracket, and deep wings and minutes to expiry need no special treatment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from core.errors import InputError
from core.pricing.black76 import (
    d1_d2_of_total_vol,
    intrinsic_eth,
    normal_cdf,
    normal_density,
    otm_price_eth,
    require_market,
)
from core.values import OptionType

SMALLEST_VALUE_ETH = 1e-280
"""Time values below this run into the smallest doubles and are not solved for."""
LOST_ULPS = 4.0
"""An in-the-money price holds its time value only to a few units in the last place of the price."""
_STEPS_MAX = 100
_STEP_RELATIVE = 1e-10
"""Convergence is quadratic: after a step this small the error is below the last digit."""


class NoVolReason(StrEnum):
    """Why a price has no implied volatility."""

    EXPIRED = "expired"
    BELOW_INTRINSIC = "below_intrinsic"
    NO_TIME_VALUE = "no_time_value"
    AT_OR_ABOVE_BOUND = "at_or_above_bound"


@dataclass(frozen=True, slots=True)
class NoImpliedVol:
    """There is no volatility at which the option costs this price; `detail` says what was found."""

    reason: NoVolReason
    detail: str


ImpliedVol = float | NoImpliedVol


def implied_vol(
    option_type: OptionType, forward_usd: float, strike_usd: float, t_years: float, price_eth: float
) -> ImpliedVol:
    """Return the volatility, as a fraction, at which the option costs `price_eth`, or why there is none.

    Raises `InputError` if the forward, the strike or the time can't be priced, or the price is not finite.
    """
    require_market(forward_usd, strike_usd, t_years, 0.0)
    if not math.isfinite(price_eth):
        raise InputError(f"price_eth: expected a finite number, found {price_eth!r}")
    if t_years <= 0.0:
        return NoImpliedVol(NoVolReason.EXPIRED, "no time is left to expiry")
    intrinsic = intrinsic_eth(option_type, forward_usd, strike_usd)
    value = price_eth - intrinsic
    resolution = max(SMALLEST_VALUE_ETH, LOST_ULPS * math.ulp(price_eth))
    if value < -resolution or price_eth < 0.0:
        return NoImpliedVol(
            NoVolReason.BELOW_INTRINSIC, f"{price_eth!r} ETH is below the intrinsic value {intrinsic!r} ETH"
        )
    if value <= resolution:
        return NoImpliedVol(
            NoVolReason.NO_TIME_VALUE, f"{price_eth!r} ETH holds no time value above {intrinsic!r} ETH"
        )
    bound = min(1.0, strike_usd / forward_usd)
    if value >= bound:
        return NoImpliedVol(
            NoVolReason.AT_OR_ABOVE_BOUND,
            f"a time value of {value!r} ETH is not below its bound of {bound!r} ETH",
        )
    if value < 0.5 * bound:
        total_vol = _total_vol_from_below(forward_usd, strike_usd, value)
    else:
        total_vol = _total_vol_from_above(forward_usd, strike_usd, bound - value)
    return total_vol / math.sqrt(t_years)


def _total_vol_from_below(forward_usd: float, strike_usd: float, value_eth: float) -> float:
    """Solve ln v(s) = ln value, starting from the larger of two lower bounds of s.

    With β = v/√(K/F) and x = ln(F/K): `β ≤ s/√(2π)`, and `β ≤ exp(-x²/2s²)/2` in the lower half of β.
    """
    scaled = value_eth / math.sqrt(strike_usd / forward_usd)
    log_moneyness = math.log(forward_usd / strike_usd)
    s = max(scaled * math.sqrt(2.0 * math.pi), abs(log_moneyness) / math.sqrt(-2.0 * math.log(2.0 * scaled)))
    step, steps = math.inf, 0
    while abs(step) > _STEP_RELATIVE * s and steps < _STEPS_MAX:
        reached = otm_price_eth(forward_usd, strike_usd, s)
        d1, _ = d1_d2_of_total_vol(forward_usd, strike_usd, s)
        step = reached / normal_density(d1) * math.log(value_eth / reached)
        s, steps = s + step, steps + 1
    return s


def _total_vol_from_above(forward_usd: float, strike_usd: float, missing_eth: float) -> float:
    """Solve ln(bound - v(s)) = ln missing, starting from an upper bound, `s = √(-8·ln(missing/√(K/F)))`."""
    ratio = strike_usd / forward_usd
    s = math.sqrt(-8.0 * math.log(missing_eth / math.sqrt(ratio)))
    step, steps = math.inf, 0
    while abs(step) > _STEP_RELATIVE * s and steps < _STEPS_MAX:
        d1, d2 = d1_d2_of_total_vol(forward_usd, strike_usd, s)
        # The distance to the bound is N(-d1) + (K/F)·N(d2) for the put and for the call.
        missing = normal_cdf(-d1) + ratio * normal_cdf(d2)
        step = missing / normal_density(d1) * math.log(missing / missing_eth)
        s, steps = s + step, steps + 1
    return s
