"""Deribit's standard margin for ETH options, in ETH; a long leg gives a short one no offset.

Per contract sold, with F the forward, `otm = max(F - K, 0)/F` for a put and `max(K - F, 0)/F` for a call:

    call  MM = 0.075 + mark                    IM = max(0.15 - otm, 0.10) + mark
    put   MM = max(0.075, 0.075·mark) + mark   IM = max(max(0.15 - otm, 0.10) + mark, MM)

A bought contract needs its premium to open and nothing to hold. Portfolio margin is lower; the venue is asked
for it, it is never computed here. Source: Deribit's page on standard margin for inverse options.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from core.errors import InputError
from core.values import OptionType

INITIAL_BASE = 0.15
INITIAL_FLOOR = 0.10
MAINTENANCE_RATE = 0.075


class MarginLeg(NamedTuple):
    """One leg as margin sees it: `amount` in contracts, negative if sold; `mark_eth` per contract."""

    option_type: OptionType
    forward_usd: float
    strike_usd: float
    mark_eth: float
    amount: float


def short_initial_margin_eth(
    option_type: OptionType, forward_usd: float, strike_usd: float, mark_eth: float
) -> float:
    """Return the initial margin of one contract sold."""
    _require(forward_usd, strike_usd, mark_eth)
    otm_usd = forward_usd - strike_usd if option_type is OptionType.PUT else strike_usd - forward_usd
    margin = max(INITIAL_BASE - max(otm_usd, 0.0) / forward_usd, INITIAL_FLOOR) + mark_eth
    if option_type is OptionType.PUT:
        return max(margin, short_maintenance_margin_eth(option_type, mark_eth))
    return margin


def short_maintenance_margin_eth(option_type: OptionType, mark_eth: float) -> float:
    """Return the maintenance margin of one contract sold."""
    _require_mark(mark_eth)
    if option_type is OptionType.PUT:
        return max(MAINTENANCE_RATE, MAINTENANCE_RATE * mark_eth) + mark_eth
    return MAINTENANCE_RATE + mark_eth


def leg_initial_margin_eth(leg: MarginLeg) -> float:
    """Return what the account must have free to open this leg: the margin if sold, the premium if bought."""
    _require_leg(leg)
    if leg.amount < 0.0:
        return -leg.amount * short_initial_margin_eth(
            leg.option_type, leg.forward_usd, leg.strike_usd, leg.mark_eth
        )
    return leg.amount * leg.mark_eth


def leg_maintenance_margin_eth(leg: MarginLeg) -> float:
    """Return what holding this leg ties up; nothing if it was bought."""
    _require_leg(leg)
    if leg.amount < 0.0:
        return -leg.amount * short_maintenance_margin_eth(leg.option_type, leg.mark_eth)
    return 0.0


def initial_margin_eth(legs: Iterable[MarginLeg]) -> float:
    """Return what the account must have free to open all these legs: no offset between them."""
    return math.fsum(leg_initial_margin_eth(leg) for leg in legs)


def held_initial_margin_eth(legs: Iterable[MarginLeg]) -> float:
    """Return the initial margin in use by legs that are already held: their premiums have been paid."""
    return math.fsum(leg_initial_margin_eth(leg) for leg in legs if leg.amount < 0.0)


def maintenance_margin_eth(legs: Iterable[MarginLeg]) -> float:
    """Return the maintenance margin of all these legs."""
    return math.fsum(leg_maintenance_margin_eth(leg) for leg in legs)


def _require_leg(leg: MarginLeg) -> None:
    _require(leg.forward_usd, leg.strike_usd, leg.mark_eth)
    if not math.isfinite(leg.amount):
        raise InputError(f"amount: expected a finite number of contracts, found {leg.amount!r}")


def _require(forward_usd: float, strike_usd: float, mark_eth: float) -> None:
    for name, price_usd in (("forward_usd", forward_usd), ("strike_usd", strike_usd)):
        if not 0.0 < price_usd < math.inf:
            raise InputError(f"{name}: expected a finite price above 0 USD, found {price_usd!r}")
    _require_mark(mark_eth)


def _require_mark(mark_eth: float) -> None:
    if not 0.0 <= mark_eth < math.inf:
        raise InputError(f"mark_eth: expected a finite price of at least 0 ETH, found {mark_eth!r}")
