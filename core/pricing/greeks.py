"""Greeks of an option, of a leg, of a position and of the book, with their units in the names.

The greeks of several legs are summed; if their expiries differ, as if their forwards moved together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from core.errors import InputError
from core.pricing.black76 import (
    black76_price_eth,
    delta,
    gamma_per_usd,
    theta_usd_per_day,
    vega_usd_per_point,
)
from core.values import OptionType


@dataclass(frozen=True, slots=True)
class Greeks:
    """Greeks and their units: `delta` and `net_delta` (delta less the price) are ETH.

    `gamma_per_usd` is ETH of delta per USD of the forward, `vega_usd_per_point` USD per vol point,
    `theta_usd_per_day` USD per calendar day.
    """

    delta: float
    net_delta: float
    gamma_per_usd: float
    vega_usd_per_point: float
    theta_usd_per_day: float

    def scaled(self, amount: float) -> Greeks:
        """Return the greeks of `amount` contracts, negative if sold."""
        return Greeks(
            delta=amount * self.delta,
            net_delta=amount * self.net_delta,
            gamma_per_usd=amount * self.gamma_per_usd,
            vega_usd_per_point=amount * self.vega_usd_per_point,
            theta_usd_per_day=amount * self.theta_usd_per_day,
        )


class HeldLeg(NamedTuple):
    """A leg with its market: `t_years` to expiry, `sigma_frac` the mark IV, `amount` negative if sold."""

    option_type: OptionType
    forward_usd: float
    strike_usd: float
    t_years: float
    sigma_frac: float
    amount: float


def option_greeks(
    option_type: OptionType, forward_usd: float, strike_usd: float, t_years: float, sigma_frac: float
) -> Greeks:
    """Return the greeks of one contract; `InputError` names a field that can not be priced."""
    market = (forward_usd, strike_usd, t_years, sigma_frac)
    option_delta = delta(option_type, *market)
    return Greeks(
        delta=option_delta,
        net_delta=option_delta - black76_price_eth(option_type, *market),
        gamma_per_usd=gamma_per_usd(*market),
        vega_usd_per_point=vega_usd_per_point(*market),
        theta_usd_per_day=theta_usd_per_day(*market),
    )


def leg_greeks(leg: HeldLeg) -> Greeks:
    """Return the greeks of a leg in its full, signed amount."""
    if not math.isfinite(leg.amount):
        raise InputError(f"amount: expected a finite number of contracts, found {leg.amount!r}")
    return option_greeks(
        leg.option_type, leg.forward_usd, leg.strike_usd, leg.t_years, leg.sigma_frac
    ).scaled(leg.amount)


def position_greeks(legs: Iterable[HeldLeg]) -> Greeks:
    """Return the greeks of all legs of a position together."""
    return total_greeks(leg_greeks(leg) for leg in legs)


def book_greeks(positions: Iterable[Iterable[HeldLeg]]) -> Greeks:
    """Return the greeks of all positions together; those of an empty book are 0."""
    return total_greeks(position_greeks(legs) for legs in positions)


def total_greeks(parts: Iterable[Greeks]) -> Greeks:
    """Return the sum of greeks, each component summed exactly and rounded once."""
    summands = tuple(parts)
    return Greeks(
        delta=math.fsum(part.delta for part in summands),
        net_delta=math.fsum(part.net_delta for part in summands),
        gamma_per_usd=math.fsum(part.gamma_per_usd for part in summands),
        vega_usd_per_point=math.fsum(part.vega_usd_per_point for part in summands),
        theta_usd_per_day=math.fsum(part.theta_usd_per_day for part in summands),
    )
