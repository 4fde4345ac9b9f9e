"""Black-76 to 50 digits: the reference of the pricing tests, written from the formula alone."""

from __future__ import annotations

from mpmath import erfc, log, mp, mpf, sqrt

from core.values import OptionType

DIGITS = 50
Real = float | mpf


def total_vol(t_years: Real, sigma: Real) -> mpf:
    with mp.workdps(max(DIGITS, mp.dps)):
        return mpf(sigma) * sqrt(mpf(t_years))


def normal(z: mpf) -> mpf:
    return erfc(-z / sqrt(mpf(2))) / 2


def exact_d1_d2(forward: Real, strike: Real, t_years: Real, sigma: Real) -> tuple[mpf, mpf]:
    with mp.workdps(max(DIGITS, mp.dps)):
        s = total_vol(t_years, sigma)
        d1 = log(mpf(forward) / mpf(strike)) / s + s / 2
        return d1, d1 - s


def exact_price_eth(option_type: OptionType, forward: Real, strike: Real, t_years: Real, sigma: Real) -> mpf:
    with mp.workdps(max(DIGITS, mp.dps)):
        d1, d2 = exact_d1_d2(forward, strike, t_years, sigma)
        ratio = mpf(strike) / mpf(forward)
        if option_type is OptionType.CALL:
            return normal(d1) - ratio * normal(d2)
        return ratio * normal(-d2) - normal(-d1)


def exact_delta(option_type: OptionType, forward: Real, strike: Real, t_years: Real, sigma: Real) -> mpf:
    with mp.workdps(max(DIGITS, mp.dps)):
        d1, _ = exact_d1_d2(forward, strike, t_years, sigma)
        return normal(d1) if option_type is OptionType.CALL else -normal(-d1)
