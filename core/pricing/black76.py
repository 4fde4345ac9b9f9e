"""Black-76 on an expiry's forward, quoted the inverse way: prices in ETH, greeks with their unit in the name.

Interest is zero, time is Act/365 and one contract is 1 ETH, as at the venue. With `s = sigma·√t` and
`x = ln(F/K)`: `d1 = x/s + s/2`, `d2 = d1 - s`, a call costs `N(d1) - (K/F)·N(d2)` ETH and a put
`(K/F)·N(-d2) - N(-d1)` (Black 1976, divided by the forward because the premium is paid in ETH).

Every function raises `InputError` naming the field if the forward or the strike is not positive, if
time or volatility is negative, or if any of them is not finite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from math import erfc, exp, log, log1p, sqrt

from core.errors import InputError
from core.values import OptionType

SECONDS_PER_YEAR = 365.0 * 86_400.0
DAYS_PER_YEAR = 365.0
POINTS_PER_FRACTION = 100.0
"""A volatility of 1.0 is 100 points."""

_INFINITY = math.inf
_SQRT_HALF = sqrt(0.5)
_SQRT_TWO_PI = sqrt(2.0 * math.pi)
_SMALL_S = 2e-2
"""Below this total volatility the two normal terms agree in too many digits and a series takes over."""
_MILLS_FRACTION_FROM = 4.0
"""From this distance on, `_MILLS_TERMS` terms of the continued fraction of Mills' ratio are enough."""
_MILLS_TERMS = 40
_DENSITY_VANISHES_AT = 39.0
"""Beyond this many standard deviations the normal density is below the smallest double."""


def year_fraction(now: datetime, expiration: datetime) -> float:
    """Return the time from `now` to `expiration` in years, Act/365; negative once it has passed.

    Both times must be timezone-aware, otherwise `InputError`.
    """
    for name, moment in (("now", now), ("expiration", expiration)):
        if moment.tzinfo is None:
            raise InputError(f"{name}: expected a timezone-aware time, found {moment.isoformat()}")
    return (expiration - now).total_seconds() / SECONDS_PER_YEAR


def normal_cdf(z: float) -> float:
    """Return N(z), with full relative accuracy in the left tail."""
    return 0.5 * erfc(-z * _SQRT_HALF)


def normal_density(z: float) -> float:
    """Return the standard normal density at `z`."""
    return exp(-0.5 * z * z) / _SQRT_TWO_PI


def d1_d2(forward_usd: float, strike_usd: float, t_years: float, sigma_frac: float) -> tuple[float, float]:
    """Return Black's d1 and d2; without time or volatility their limit: ±inf, or 0 at the strike."""
    require_market(forward_usd, strike_usd, t_years, sigma_frac)
    return d1_d2_of_total_vol(forward_usd, strike_usd, sigma_frac * sqrt(t_years))


def black76_price_eth(
    option_type: OptionType, forward_usd: float, strike_usd: float, t_years: float, sigma_frac: float
) -> float:
    """Return the price of one contract in ETH: the USD price of Black-76 with r = 0, divided by the forward.

    The out-of-the-money side is priced and the other one follows by parity, so that no digit of a small
    price is lost. The relative error of a price of at least 1e-12 ETH is below 1e-11 (see `docs/pricing.md`).
    """
    require_market(forward_usd, strike_usd, t_years, sigma_frac)
    time_value_eth = otm_price_eth(forward_usd, strike_usd, sigma_frac * sqrt(t_years))
    return intrinsic_eth(option_type, forward_usd, strike_usd) + time_value_eth


def intrinsic_eth(option_type: OptionType, forward_usd: float, strike_usd: float) -> float:
    """Return what one contract would pay in ETH if the delivery price were the forward."""
    if option_type is OptionType.CALL:
        return max(forward_usd - strike_usd, 0.0) / forward_usd
    return max(strike_usd - forward_usd, 0.0) / forward_usd


def delta(
    option_type: OptionType, forward_usd: float, strike_usd: float, t_years: float, sigma_frac: float
) -> float:
    """Return N(d1) for a call and N(d1) - 1 for a put, in ETH per contract."""
    require_market(forward_usd, strike_usd, t_years, sigma_frac)
    return _delta(option_type, forward_usd, strike_usd, sigma_frac * sqrt(t_years))


def deltas(
    option_types: Sequence[OptionType],
    forward_usd: float,
    strikes_usd: Sequence[float],
    t_years: float,
    sigmas_frac: Sequence[float],
) -> list[float]:
    """Return `delta` of many options of one expiry, in their order; the three sequences are of one length."""
    root_t = sqrt(max(t_years, 0.0))
    result = []
    for option_type, strike_usd, sigma_frac in zip(option_types, strikes_usd, sigmas_frac, strict=True):
        require_market(forward_usd, strike_usd, t_years, sigma_frac)
        result.append(_delta(option_type, forward_usd, strike_usd, sigma_frac * root_t))
    return result


def net_delta(
    option_type: OptionType, forward_usd: float, strike_usd: float, t_years: float, sigma_frac: float
) -> float:
    """Return `delta` minus the price in ETH: the hedge of a contract whose premium is itself held in ETH."""
    return delta(option_type, forward_usd, strike_usd, t_years, sigma_frac) - black76_price_eth(
        option_type, forward_usd, strike_usd, t_years, sigma_frac
    )


def gamma_per_usd(forward_usd: float, strike_usd: float, t_years: float, sigma_frac: float) -> float:
    """Return the change of `delta` per USD of the forward, φ(d1)/(F·s); 0 without time or volatility."""
    require_market(forward_usd, strike_usd, t_years, sigma_frac)
    s = sigma_frac * sqrt(t_years)
    if s <= 0.0:
        return 0.0
    return normal_density(d1_d2_of_total_vol(forward_usd, strike_usd, s)[0]) / (forward_usd * s)


def vega_usd_per_point(forward_usd: float, strike_usd: float, t_years: float, sigma_frac: float) -> float:
    """Return the change of the USD price per vol point, F·φ(d1)·√t/100; 0 without time or volatility."""
    require_market(forward_usd, strike_usd, t_years, sigma_frac)
    root_t = sqrt(t_years)
    s = sigma_frac * root_t
    if s <= 0.0:
        return 0.0
    return (
        forward_usd
        * normal_density(d1_d2_of_total_vol(forward_usd, strike_usd, s)[0])
        * root_t
        / POINTS_PER_FRACTION
    )


def theta_usd_per_day(forward_usd: float, strike_usd: float, t_years: float, sigma_frac: float) -> float:
    """Return the change of the USD price per calendar day, -F·φ(d1)·sigma/(2·√t)/365; 0 if t or sigma is."""
    require_market(forward_usd, strike_usd, t_years, sigma_frac)
    root_t = sqrt(t_years)
    s = sigma_frac * root_t
    if s <= 0.0:
        return 0.0
    density = normal_density(d1_d2_of_total_vol(forward_usd, strike_usd, s)[0])
    return -forward_usd * density * sigma_frac / (2.0 * root_t) / DAYS_PER_YEAR


def probability_above(forward_usd: float, level_usd: float, t_years: float, sigma_frac: float) -> float:
    """Return N(d2) at `level_usd`: the probability that the delivery price ends above it."""
    return normal_cdf(d1_d2(forward_usd, level_usd, t_years, sigma_frac)[1])


def require_market(forward_usd: float, strike_usd: float, t_years: float, sigma_frac: float) -> None:
    """Raise `InputError` naming the field that can not be priced; the comparisons are false for NaN too."""
    if (
        0.0 < forward_usd < _INFINITY
        and 0.0 < strike_usd < _INFINITY
        and 0.0 <= t_years < _INFINITY
        and 0.0 <= sigma_frac < _INFINITY
    ):
        return
    for name, value in (("forward_usd", forward_usd), ("strike_usd", strike_usd)):
        if not 0.0 < value < _INFINITY:
            raise InputError(f"{name}: expected a finite number above 0, found {value!r}")
    name, value = ("sigma_frac", sigma_frac) if 0.0 <= t_years < _INFINITY else ("t_years", t_years)
    raise InputError(f"{name}: expected a finite number of at least 0, found {value!r}")


def d1_d2_of_total_vol(forward_usd: float, strike_usd: float, s: float) -> tuple[float, float]:
    ratio = forward_usd / strike_usd
    # Near the money the logarithm of the exact difference keeps digits that the rounded ratio has lost.
    x = log1p((forward_usd - strike_usd) / strike_usd) if 0.5 < ratio < 2.0 else log(ratio)
    if s > 0.0:
        h = x / s
        return h + 0.5 * s, h - 0.5 * s
    limit = _INFINITY if x > 0.0 else -_INFINITY if x < 0.0 else 0.0
    return limit, limit


def _delta(option_type: OptionType, forward_usd: float, strike_usd: float, s: float) -> float:
    d1, _ = d1_d2_of_total_vol(forward_usd, strike_usd, s)
    if option_type is OptionType.CALL:
        return 0.5 * erfc(-d1 * _SQRT_HALF)
    return -0.5 * erfc(d1 * _SQRT_HALF)


def otm_price_eth(forward_usd: float, strike_usd: float, s: float) -> float:
    """Return the price of the put or the call, whichever is out of the money; `s` is sigma·√t. No checks."""
    if s <= 0.0:
        return 0.0
    d1, d2 = d1_d2_of_total_vol(forward_usd, strike_usd, s)
    if s < _SMALL_S:
        return _short_dated_otm_price_eth(d1, s)
    if forward_usd >= strike_usd:
        return 0.5 * (strike_usd / forward_usd * erfc(d2 * _SQRT_HALF) - erfc(d1 * _SQRT_HALF))
    return 0.5 * (erfc(-d1 * _SQRT_HALF) - strike_usd / forward_usd * erfc(-d2 * _SQRT_HALF))


def _short_dated_otm_price_eth(d1: float, s: float) -> float:
    """Return the out-of-the-money price for a small total volatility, without subtracting two normals.

    Both terms of the price are `φ(d1)·Y(z)` with `Y = N/φ`, at `z = -|h| ± s/2` and `h = x/s`. So the price
    is `φ(d1)·s·(Y' + s²/24·Y''' + s⁴/1920·Y⁽⁵⁾)` at -|h|, up to s⁶/7000; `Y' = 1 + z·Y` gives the others.
    """
    distance = abs(d1 - 0.5 * s)
    if distance > _DENSITY_VANISHES_AT:
        return 0.0
    mills, slope = _mills_ratio_and_slope(distance)
    second = mills - distance * slope
    third = 2.0 * slope - distance * second
    fourth = 3.0 * second - distance * third
    fifth = 4.0 * third - distance * fourth
    square = s * s
    return normal_density(d1) * s * (slope + square * (third / 24.0 + square * fifth / 1920.0))


def _mills_ratio_and_slope(distance: float) -> tuple[float, float]:
    """Return Mills' ratio `R = N(-y)/φ(y)` and `1 - y·R` at y = `distance`, without cancellation far out.

    Far out `R = 1/(y + c)` and `1 - y·R = c·R` with Laplace's fraction `c = 1/(y + 2/(y + 3/(y + …)))`.
    """
    if distance < _MILLS_FRACTION_FROM:
        mills = normal_cdf(-distance) / normal_density(distance)
        return mills, 1.0 - distance * mills
    tail = 0.0
    for term in range(_MILLS_TERMS, 0, -1):
        tail = term / (distance + tail)
    mills = 1.0 / (distance + tail)
    return mills, tail * mills
