"""The model market's option side: smile, half-spreads, liquidity and which strikes are listed.

iv = ATM(1 − 0.059 k + 0.052 k²) with k = ln(K/F)/(ATM√T), |k| ≤ 3 and ATM = DVOL − 2.9 points; fitted to
recorded ETH chains. Prices are ETH per contract, strikes USD.
"""

from __future__ import annotations

from math import ceil, exp, floor, log, sqrt
from typing import NamedTuple

from gateway.paper.instruments import ListedOption
from gateway.paper.quotes import PaperQuote, StrikeValue, value_option, value_strike
from gateway.paper.ticks import ceil_units, floor_units

SKEW = -0.059
CURVATURE = 0.052
K_MAX = 3.0
DVOL_OVER_ATM_POINTS = 2.9
BASIS_PER_YEAR = 0.015

HALF_SPREAD_BASE_ETH = 0.0001
HALF_SPREAD_PER_MARK = 0.012
HALF_SPREAD_MAX_ETH = 0.0003
STRESS_FROM_DVOL_PCT = 90.0
STRESS_FROM_MOVE = 0.05
"""Above this DVOL, or this 4-hour move of the index, spreads widen in proportion to it."""

OPEN_INTEREST = 1000.0
VOLUME_24H = 100.0
TOUCH_SIZE = 10.0
LIQUIDITY_DECAY_PER_K = 0.4

STEP_NEAR_USD, NEAR = 50, 0.10
STEP_MIDDLE_USD, MIDDLE = 100, 0.25
STEP_FAR_USD = 200
LISTED_AT_LEAST = 0.15
LISTED_FROM, LISTED_TO = 0.3, 3.0
"""Strikes are listed out to |k| = 3, but at least to ±15 % and at most from 0.3 to 3 times spot."""


class StrikeLevel(NamedTuple):
    """What both options of one strike share: IV in percent points (two decimals, as quoted), values, and how
    much there is of them, in contracts."""

    iv_pct: float
    value: StrikeValue
    size: float
    open_interest: float
    volume: float


class ExpirySmile(NamedTuple):
    """What all quotes of one expiry share at one moment."""

    forward_usd: float
    t_years: float
    atm: float
    sd: float
    """One k as a part of the forward, ATM√T."""

    def at_strike(self, strike_usd: int) -> StrikeLevel:
        """The level of a strike."""
        k, iv_pct = self._k_and_iv_pct(strike_usd)
        thinning = exp(-LIQUIDITY_DECAY_PER_K * abs(k))
        return StrikeLevel(
            iv_pct,
            value_strike(self.forward_usd, strike_usd, self.t_years, iv_pct / 100.0),
            float(max(1, round(TOUCH_SIZE * thinning))),
            float(round(OPEN_INTEREST * thinning)),
            float(round(VOLUME_24H * thinning)),
        )

    def mark_eth(self, instrument: ListedOption) -> float:
        """The mark of one option's quote, without the rest of it."""
        strike_usd = instrument.strike_usd
        sigma = self._k_and_iv_pct(strike_usd)[1] / 100.0
        return value_option(self.forward_usd, strike_usd, self.t_years, sigma, is_call=instrument.is_call)

    @property
    def iv_bounds_pct(self) -> tuple[float, float]:
        """The lowest and the highest IV of any strike, in percent points as quoted."""
        parts = [1.0 + SKEW * k + CURVATURE * k * k for k in (-K_MAX, -SKEW / (2.0 * CURVATURE), K_MAX)]
        return round(100.0 * self.atm * min(parts), 2), round(100.0 * self.atm * max(parts), 2)

    def iv_pct(self, strike_usd: int) -> float:
        """The IV of a strike, in percent points as quoted."""
        return self._k_and_iv_pct(strike_usd)[1]

    def _k_and_iv_pct(self, strike_usd: int) -> tuple[float, float]:
        k = log(strike_usd / self.forward_usd) / self.sd
        k = K_MAX if k > K_MAX else -K_MAX if k < -K_MAX else k
        return k, round(100.0 * self.atm * (1.0 + SKEW * k + CURVATURE * k * k), 2)


def expiry_smile(index_usd: float, dvol_pct: float, t_years: float) -> ExpirySmile:
    """The smile of the expiry `t_years` away."""
    atm = (dvol_pct - DVOL_OVER_ATM_POINTS) / 100.0
    return ExpirySmile(index_usd * (1.0 + BASIS_PER_YEAR * t_years), t_years, atm, atm * sqrt(t_years))


def stress_of(dvol_pct: float, move_4h: float) -> float:
    """How many times wider than in calm half spreads are; `move_4h` is the index's relative move over 4 h."""
    return max(1.0, dvol_pct / STRESS_FROM_DVOL_PCT, abs(move_4h) / STRESS_FROM_MOVE)


def quote_of(smile: ExpirySmile, stress: float, instrument: ListedOption, level: StrikeLevel) -> PaperQuote:
    """One option's quote: bid and ask around its mark, each rounded outwards to the tick grid."""
    iv_pct, value, size, interest, volume = level
    is_call = instrument.is_call
    mark = value.call_eth if is_call else value.put_eth
    half = stress * min(HALF_SPREAD_BASE_ETH + HALF_SPREAD_PER_MARK * mark, HALF_SPREAD_MAX_ETH)
    bid = floor_units(mark - half)
    return PaperQuote(
        instrument,
        bid if bid > 0 else None,
        ceil_units(mark + half),
        size if bid > 0 else 0.0,
        size,
        mark,
        iv_pct,
        value.call_delta if is_call else value.call_delta - 1.0,
        value.gamma,
        value.theta,
        value.vega,
        interest,
        volume,
        smile.forward_usd,
    )


def ladder(index_usd: float, dvol_pct: float, t_years: float) -> list[int]:
    """The strikes listed around that index: every 50 USD within 10 %, 100 to 25 %, 200 beyond."""
    reach = K_MAX * (dvol_pct - DVOL_OVER_ATM_POINTS) / 100.0 * sqrt(t_years)
    low = index_usd * max(LISTED_FROM, min(exp(-reach), 1.0 - LISTED_AT_LEAST))
    high = index_usd * min(LISTED_TO, max(exp(reach), 1.0 + LISTED_AT_LEAST))
    near_usd, middle_usd = NEAR * index_usd, MIDDLE * index_usd
    first, last = ceil(low / STEP_NEAR_USD) * STEP_NEAR_USD, floor(high / STEP_NEAR_USD) * STEP_NEAR_USD
    return [
        strike
        for strike in range(max(first, STEP_NEAR_USD), last + 1, STEP_NEAR_USD)
        if (distance_usd := abs(strike - index_usd)) <= near_usd
        or strike % STEP_FAR_USD == 0
        or (distance_usd <= middle_usd and strike % STEP_MIDDLE_USD == 0)
    ]
