"""The histories as the models that their reader would make of them, without JSON on the way.

Every number is rounded as `history_json` writes it; a test holds both against each other. A bar that is over
never changes, and every entry reads a month of them, so each is made once.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Final

from core.contract import (
    Candle,
    DvolHistory,
    DvolPoint,
    GetDvolHistory,
    GetHistorical,
    Historical,
)
from gateway.paper.market_tools import dvol_history_bars, historical_bars
from gateway.paper.source import Bar
from gateway.paper.venue import Venue

BARS_KEPT: Final = 4096
"""More than the hours of the five weeks that an entry reads."""


def typed_historical(venue: Venue, request: GetHistorical) -> Historical:
    """The `get_historical` answer."""
    bars, decimals = historical_bars(venue, request)
    return Historical.model_construct(candles=tuple([_candle(bar, decimals) for bar in bars]))


def typed_dvol_history(venue: Venue, request: GetDvolHistory) -> DvolHistory:
    """The `get_dvol_history` answer."""
    points = tuple([_point(bar) for bar in dvol_history_bars(venue, request)])
    return DvolHistory(points=points)


@lru_cache(BARS_KEPT)
def _candle(bar: Bar, decimals: int) -> Candle:
    start, opened, high, low, close, volume = bar
    return Candle.model_construct(
        timestamp=start,
        open=Decimal(f"{opened:.{decimals}f}"),
        high=Decimal(f"{high:.{decimals}f}"),
        low=Decimal(f"{low:.{decimals}f}"),
        close=Decimal(f"{close:.{decimals}f}"),
        volume=volume,
    )


@lru_cache(BARS_KEPT)
def _point(bar: Bar) -> DvolPoint:
    start, opened, high, low, close, _ = bar
    return DvolPoint(
        timestamp=start,
        open=float(f"{opened:.2f}"),
        high=float(f"{high:.2f}"),
        low=float(f"{low:.2f}"),
        close=float(f"{close:.2f}"),
    )
