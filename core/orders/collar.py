"""The price collar: how much worse than natural a price may be. The price ladder and the gate share it."""

from __future__ import annotations

from decimal import Decimal

from core.strategy import LimitsSection
from core.values import COMBO_TICK_ETH


def collar_eth(natural_eth: Decimal, limits: LimitsSection) -> Decimal:
    """ETH per combo: `collar_ticks`, or `collar_frac` of the natural price if that is wider."""
    return max(COMBO_TICK_ETH * limits.collar_ticks, abs(natural_eth) * Decimal(str(limits.collar_frac)))
