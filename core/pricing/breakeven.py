"""The delivery prices at which inverse options neither gain nor lose, and the probability of a gain.

Rule 8 of the strategy gives a credit spread's breakevens in closed form; `breakevens_usd` finds those of any
signed legs exactly, because S times the P&L is piecewise linear in the delivery price S.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from core.errors import InputError
from core.pricing.black76 import probability_above
from core.pricing.fees import DELIVERY_FEE_CAP_FRACTION, DELIVERY_FEE_ETH
from core.pricing.inverse import SignedLeg, require_price
from core.values import OptionType

_FEE, _CAP = float(DELIVERY_FEE_ETH), float(DELIVERY_FEE_CAP_FRACTION)


def payoff_affordable_eth(net_credit_eth: float) -> float:
    """Return the payoff that, with its delivery fee, uses up the credit left after entry fees.

    The delivery fee is 0.00015 ETH but at most 12.5 % of the payoff, so the payoff p with `p + fee(p) = c` is
    `max(c - 0.00015, c/1.125)` (rule 8).
    """
    return max(net_credit_eth - _FEE, net_credit_eth / (1.0 + _CAP))


def put_breakeven_usd(strike_usd: float, payoff_eth: float) -> float:
    """Return the delivery price at which a put pays `payoff_eth` per contract: K/(1 + p)."""
    require_price("strike_usd", strike_usd)
    if not -1.0 < payoff_eth < math.inf:
        raise InputError(f"payoff_eth: expected a finite number above -1, found {payoff_eth!r}")
    return strike_usd / (1.0 + payoff_eth)


def call_breakeven_usd(strike_usd: float, payoff_eth: float) -> float:
    """Return the delivery price at which a call pays `payoff_eth` per contract: K/(1 - p)."""
    require_price("strike_usd", strike_usd)
    if not -math.inf < payoff_eth < 1.0:
        raise InputError(f"payoff_eth: expected a finite number below 1, found {payoff_eth!r}")
    return strike_usd / (1.0 - payoff_eth)


def probability_between(
    forward_usd: float,
    t_years: float,
    *,
    low_usd: float | None,
    low_sigma_frac: float,
    high_usd: float | None,
    high_sigma_frac: float,
) -> float:
    """Return the probability of a delivery between two prices, N(d2) at the low less N(d2) at the high one.

    None is an open end, so a bull put's probability of profit has only the low breakeven, a bear call's only
    the high one. Each price takes its own volatility (rule 8: the mark IV of the short leg there). If a
    steep smile makes the difference negative, the answer is 0.
    """
    above_low, above_high = 1.0, 0.0
    if low_usd is not None:
        above_low = probability_above(forward_usd, low_usd, t_years, low_sigma_frac)
    if high_usd is not None:
        above_high = probability_above(forward_usd, high_usd, t_years, high_sigma_frac)
    return max(above_low - above_high, 0.0)


def value_at_delivery_usd(
    legs: Iterable[SignedLeg],
    credit_eth: float,
    settlement_usd: float,
    *,
    fees_eth: float = 0.0,
    with_delivery_fees: bool = False,
) -> float:
    """Return the P&L in USD at a delivery price of 0 or more; at 0 it is the limit.

    `credit_eth` and `fees_eth` are totals; with `with_delivery_fees` each leg's delivery is charged too.
    """
    if not 0.0 <= settlement_usd < math.inf:
        raise InputError(f"settlement_usd: expected a finite price of at least 0, found {settlement_usd!r}")
    parts = [settlement_usd * (credit_eth - fees_eth)]
    for leg in legs:
        above_usd = settlement_usd - leg.strike_usd
        intrinsic_usd = max(above_usd if leg.option_type is OptionType.CALL else -above_usd, 0.0)
        parts.append(leg.amount * intrinsic_usd)
        if with_delivery_fees:
            parts.append(-abs(leg.amount) * min(_FEE * settlement_usd, _CAP * intrinsic_usd))
    return math.fsum(parts)


def breakevens_usd(
    legs: Sequence[SignedLeg], credit_eth: float, *, fees_eth: float = 0.0, with_delivery_fees: bool = False
) -> tuple[float, ...]:
    """Return, in ascending order, the delivery prices at which profit turns into loss or back.

    Between two of `bends_usd` the value is a straight line, so its zero there is exact; for a credit spread
    these are the `put_breakeven_usd` and `call_breakeven_usd` of rule 8. Raises `InputError` without a leg.
    """
    knots = bends_usd(legs, with_delivery_fees)
    # Beyond the last knot the value is a straight line: one more point gives its slope.
    points = (*knots, 2.0 * knots[-1])
    values = [
        value_at_delivery_usd(
            legs, credit_eth, point, fees_eth=fees_eth, with_delivery_fees=with_delivery_fees
        )
        for point in points
    ]
    found = []
    for index, low_usd in enumerate(knots):
        value, next_value = values[index], values[index + 1]
        slope = (next_value - value) / (points[index + 1] - low_usd)
        is_last = index == len(knots) - 1
        # The last piece has no far end. Its sign at infinity is its slope's, or its value's if it is flat.
        ends_negative = (slope < 0.0 or (value < 0.0 and slope <= 0.0)) if is_last else next_value < 0.0
        if (value < 0.0) != ends_negative:
            found.append(low_usd - value / slope)
    # A zero at 0 is no breakeven: no delivery price is 0.
    return tuple(price_usd for price_usd in found if price_usd > 0.0)


def bends_usd(legs: Sequence[SignedLeg], with_delivery_fees: bool = False) -> tuple[float, ...]:
    """Return 0 and, in ascending order, the delivery prices at which the value changes its slope.

    These are the strikes and, with delivery fees, the prices at which a leg's fee meets its cap.
    """
    if not legs:
        raise InputError("legs: expected at least one leg, found none")
    knots = {0.0}
    # At a payoff of this many ETH the cap equals the fixed fee.
    cap_payoff_eth = _FEE / _CAP
    for leg in legs:
        require_price("strike_usd", leg.strike_usd)
        knots.add(leg.strike_usd)
        if with_delivery_fees and leg.option_type is OptionType.CALL:
            knots.add(call_breakeven_usd(leg.strike_usd, cap_payoff_eth))
        elif with_delivery_fees:
            knots.add(put_breakeven_usd(leg.strike_usd, cap_payoff_eth))
    return tuple(sorted(knots))
