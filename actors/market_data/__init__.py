"""Market data: one snapshot of the market out of several routers, whole or not at all."""

from __future__ import annotations

from actors.market_data.actor import MarketData

__all__ = ["MarketData"]
