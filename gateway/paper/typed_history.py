"""The histories as the models that their reader would make of them, without JSON on the way.

Every number is rounded as `history_json` writes it; a test holds both against each other. A bar that is over
never changes, and every entry reads a month of them, so each is made once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Final

from core.contract import (
    Candle,
    DvolHistory,
    DvolPoint,
    GetDvolHistory,
    GetHistorical,
    Historical,
)
from core.made_once import MadeOnce
from gateway.paper.market_tools import dvol_history_bars, historical_bars
from gateway.paper.source import Bar
from gateway.paper.venue import Venue

LENGTHS_KEPT: Final = 4
"""More than the lengths of history that an engine asks for."""
PRICES_KEPT: Final = 4
"""Those of one bar: often it closes where it opened, or where the next one opens."""


def typed_historical(venue: Venue, request: GetHistorical) -> Historical:
    """The `get_historical` answer."""
    bars, decimals = historical_bars(venue, request)
    candles = _candles(request.end - request.start, decimals)
    return Historical.trusted(candles=candles(bars))


def typed_dvol_history(venue: Venue, request: GetDvolHistory) -> DvolHistory:
    """The `get_dvol_history` answer."""
    points = tuple([_point(bar) for bar in dvol_history_bars(venue, request)])
    return DvolHistory(points=points)


@lru_cache(LENGTHS_KEPT)
def _candles(length: timedelta, decimals: int) -> MadeOnce[Bar, Candle]:  # noqa: ARG001  (a key)
    """What makes the candles of all histories of one length, of which each moves on from the one before."""
    return MadeOnce(partial(_made, decimals))


def _made(decimals: int, bars: Iterable[Bar]) -> list[Candle]:
    return [
        Candle.trusted(
            timestamp=start,
            open=_price(opened, decimals),
            high=_price(high, decimals),
            low=_price(low, decimals),
            close=_price(close, decimals),
            volume=volume,
        )
        for start, opened, high, low, close, volume in bars
    ]


@lru_cache(PRICES_KEPT)
def _price(price: float, decimals: int) -> Decimal:
    return Decimal(f"{price:.{decimals}f}")


def _point(bar: Bar) -> DvolPoint:
    start, opened, high, low, close, _ = bar
    return DvolPoint(
        timestamp=start,
        open=float(f"{opened:.2f}"),
        high=float(f"{high:.2f}"),
        low=float(f"{low:.2f}"),
        close=float(f"{close:.2f}"),
    )
