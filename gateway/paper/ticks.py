"""The option tick grid: 0.0001 ETH below 0.005, 0.0005 from there on, counted in units of 0.0001 ETH.

A *rung* counts ticks from zero: 0.0049 is rung 49, 0.0050 rung 50, 0.0055 rung 51.
"""

from __future__ import annotations

import math
from decimal import Decimal
from functools import lru_cache
from typing import Final

UNITS_PER_ETH: Final = 10_000
COARSE_FROM_UNITS: Final = 50
COARSE_TICK_UNITS: Final = 5
_NOISE = 1e-9
"""Float noise of a price that lies exactly on the grid must not move it to the next tick."""


def floor_units(price_eth: float) -> int:
    """The highest grid price at or below, in units; may be 0 or negative."""
    units = price_eth * UNITS_PER_ETH + _NOISE
    if units < COARSE_FROM_UNITS:
        return math.floor(units)
    return math.floor(units / COARSE_TICK_UNITS) * COARSE_TICK_UNITS


def ceil_units(price_eth: float) -> int:
    """The lowest grid price at or above, in units."""
    units = price_eth * UNITS_PER_ETH - _NOISE
    if units <= COARSE_FROM_UNITS:
        return math.ceil(units)
    return math.ceil(units / COARSE_TICK_UNITS) * COARSE_TICK_UNITS


def rung_of(price_eth: float) -> float:
    """Where a price lies on the ladder of ticks, fractions between rungs."""
    units = price_eth * UNITS_PER_ETH
    if units <= COARSE_FROM_UNITS:
        return units
    return COARSE_FROM_UNITS + (units - COARSE_FROM_UNITS) / COARSE_TICK_UNITS


def units_of_rung(rung: int) -> int:
    """The price of a rung in units."""
    if rung <= COARSE_FROM_UNITS:
        return rung
    return COARSE_FROM_UNITS + (rung - COARSE_FROM_UNITS) * COARSE_TICK_UNITS


def is_on_grid(units: int) -> bool:
    """Whether an option may be quoted at that many units."""
    return units < COARSE_FROM_UNITS or units % COARSE_TICK_UNITS == 0


@lru_cache(maxsize=65_536)
def units_text(units: int) -> str:
    """The price as decimal text, e.g. `0.0125`."""
    return f"{units / UNITS_PER_ETH:.4f}"


def units_decimal(units: int) -> Decimal:
    """The price in ETH, exactly."""
    return Decimal(units).scaleb(-4)
