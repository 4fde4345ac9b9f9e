"""The price collar: how much worse than natural a price may be, for the ladder that offers and the gate that
lets through."""

from __future__ import annotations

from decimal import Decimal

from core.strategy import LimitsSection
from core.values import COMBO_TICK_ETH


def collar_eth(natural_eth: Decimal, limits: LimitsSection) -> Decimal:
    """ETH per combo: the wider of so many ticks and a fraction of the natural price, credit or debit."""
    return max(COMBO_TICK_ETH * limits.collar_ticks, abs(natural_eth) * Decimal(str(limits.collar_frac)))
