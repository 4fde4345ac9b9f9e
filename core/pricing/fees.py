"""The venue's fees: 0.0003 ETH per contract to trade, 0.00015 to deliver, each at most 12.5 % of the value.

Source: Deribit's fee schedule for ETH options (maker and taker alike). The discount on a combo's cheaper
direction is not applied: budgets are made without it. Booked amounts are `Decimal`, rounded as the venue does
(1e-8 ETH, half-even); the `…_estimate_eth` functions give unrounded doubles for analytics.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from core.errors import InputError
from core.values import round_eth

TRADE_FEE_ETH = Decimal("0.0003")
TRADE_FEE_CAP_FRACTION = Decimal("0.125")
DELIVERY_FEE_ETH = Decimal("0.00015")
DELIVERY_FEE_CAP_FRACTION = Decimal("0.125")

_FRIDAY = 4
_TRADE_FEE, _TRADE_CAP = float(TRADE_FEE_ETH), float(TRADE_FEE_CAP_FRACTION)
_DELIVERY_FEE, _DELIVERY_CAP = float(DELIVERY_FEE_ETH), float(DELIVERY_FEE_CAP_FRACTION)


def is_daily_expiry(expiration: datetime) -> bool:
    """Tell whether an expiry is a daily: weeklies, monthlies and quarterlies all fall on Fridays."""
    return expiration.weekday() != _FRIDAY


def trade_fee_eth(price_eth: Decimal, amount: Decimal) -> Decimal:
    """Return the fee to trade `amount` contracts (of either sign) of one leg at `price_eth`, rounded."""
    _require_value("price_eth", price_eth)
    return round_eth(min(TRADE_FEE_ETH, TRADE_FEE_CAP_FRACTION * price_eth) * abs(amount))


def delivery_fee_eth(payoff_eth: Decimal, amount: Decimal, is_daily: bool) -> Decimal:
    """Return the fee to deliver `amount` contracts (of either sign) that pay `payoff_eth` each, rounded."""
    _require_value("payoff_eth", payoff_eth)
    if is_daily:
        return round_eth(Decimal(0))
    return round_eth(min(DELIVERY_FEE_ETH, DELIVERY_FEE_CAP_FRACTION * payoff_eth) * abs(amount))


def trade_fee_estimate_eth(price_eth: float, amount: float = 1.0) -> float:
    """Return `trade_fee_eth` as an unrounded double."""
    _require_value("price_eth", price_eth)
    return min(_TRADE_FEE, _TRADE_CAP * price_eth) * abs(amount)


def delivery_fee_estimate_eth(payoff_eth: float, amount: float = 1.0, *, is_daily: bool = False) -> float:
    """Return `delivery_fee_eth` as an unrounded double."""
    _require_value("payoff_eth", payoff_eth)
    if is_daily:
        return 0.0
    return min(_DELIVERY_FEE, _DELIVERY_CAP * payoff_eth) * abs(amount)


def combo_fee_estimate_eth(leg_prices_eth: Iterable[float]) -> float:
    """Return the undiscounted fee to trade one contract of every leg once."""
    return math.fsum(trade_fee_estimate_eth(price_eth) for price_eth in leg_prices_eth)


def _require_value(name: str, value: Decimal | float) -> None:
    if not math.isfinite(value) or value < 0:
        raise InputError(f"{name}: expected a finite number of at least 0 ETH, found {value}")
