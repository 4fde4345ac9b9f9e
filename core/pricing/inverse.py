"""Payoffs, P&L and worst loss of signed legs of inverse options, in ETH and USD.

An inverse option of strike K pays `max(K - S, 0)/S` (put) or `max(S - K, 0)/S` (call) ETH per contract at the
delivery price S. Between strikes a combination's payoff times S is linear in S, and its payoff is monotone in
S; so the worst loss over a range of S, in USD as in ETH, is at an end of the range or at a strike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.errors import InputError
from core.values import OptionType


class SignedLeg(NamedTuple):
    """One leg as the payoff sees it. `amount` is in contracts (1 ETH each), negative if sold."""

    option_type: OptionType
    strike_usd: float
    amount: float


@dataclass(frozen=True, slots=True)
class WorstLoss:
    """The largest loss over a range of delivery prices (negative: the least profit), and where it is."""

    loss_usd: float
    loss_usd_at: float
    loss_eth: float
    loss_eth_at: float


def payoff_eth(option_type: OptionType, strike_usd: float, settlement_usd: float) -> float:
    """Return what one contract pays in ETH at the delivery price `settlement_usd`."""
    require_price("settlement_usd", settlement_usd)
    require_price("strike_usd", strike_usd)
    if option_type is OptionType.CALL:
        return max(settlement_usd - strike_usd, 0.0) / settlement_usd
    return max(strike_usd - settlement_usd, 0.0) / settlement_usd


def legs_payoff_eth(legs: Iterable[SignedLeg], settlement_usd: float) -> float:
    """Return what the legs pay together in ETH; negative if the short legs owe more."""
    return math.fsum(leg.amount * payoff_eth(leg.option_type, leg.strike_usd, settlement_usd) for leg in legs)


def pnl_eth(
    legs: Iterable[SignedLeg], credit_eth: float, settlement_usd: float, fees_eth: float = 0.0
) -> float:
    """Return the P&L in ETH at delivery: payoff plus credit (negative for a debit) less fees, in total."""
    return legs_payoff_eth(legs, settlement_usd) + credit_eth - fees_eth


def pnl_usd(
    legs: Iterable[SignedLeg], credit_eth: float, settlement_usd: float, fees_eth: float = 0.0
) -> float:
    """Return `pnl_eth` valued at the delivery price."""
    return settlement_usd * pnl_eth(legs, credit_eth, settlement_usd, fees_eth)


def worst_loss_points_usd(legs: Iterable[SignedLeg], low_usd: float, high_usd: float) -> tuple[float, ...]:
    """Return the delivery prices at which a range can have its worst loss: ends and strikes inside."""
    require_price("low_usd", low_usd)
    if not low_usd <= high_usd < math.inf:
        raise InputError(f"high_usd: expected a finite price of at least {low_usd!r}, found {high_usd!r}")
    inside = {leg.strike_usd for leg in legs if low_usd < leg.strike_usd < high_usd}
    return tuple(sorted(inside | {low_usd, high_usd}))


def worst_loss(
    legs: Sequence[SignedLeg], credit_eth: float, fees_eth: float, low_usd: float, high_usd: float
) -> WorstLoss:
    """Return the largest loss in ETH (`fees - credit - payoff`) and in USD (times S) for S in [low, high]."""
    points = worst_loss_points_usd(legs, low_usd, high_usd)
    losses = [(-pnl_eth(legs, credit_eth, point, fees_eth), point) for point in points]
    loss_eth, loss_eth_at = max(losses)
    loss_usd, loss_usd_at = max((loss * point, point) for loss, point in losses)
    return WorstLoss(loss_usd, loss_usd_at, loss_eth, loss_eth_at)


def require_price(name: str, price_usd: float) -> None:
    """Raise `InputError` if a strike or a delivery price is not finite and above 0."""
    if not 0.0 < price_usd < math.inf:
        raise InputError(f"{name}: expected a finite price above 0 USD, found {price_usd!r}")
