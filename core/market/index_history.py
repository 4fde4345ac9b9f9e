"""What hourly closes of the index tell of a moment, and whether they are of the index at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from core.contract import GET_HISTORICAL, Router
from core.market.incomplete import IncompleteError
from core.market.observations import HourlyClose

AGO_TOLERANCE: Final = timedelta(hours=2)
"""How long before the requested moment the last bar may have ended."""
OFF_MAX: Final = 0.4
"""Index against its last hourly close, at most two hours old; another unit or coin is factors off."""


def close_at(closes: Sequence[HourlyClose], moment: datetime) -> float:
    """The close, USD, of the last hour over by then. Raises `IncompleteError` if none ended lately."""
    ended = [close for close in closes if close.at <= moment]
    last = max(ended, key=lambda close: close.at, default=None)
    if last is None or moment - last.at > AGO_TOLERANCE:
        raise IncompleteError(Router.DERIBIT, GET_HISTORICAL.name, f"no hourly close by {moment.isoformat()}")
    return last.close_usd


def require_same_index(closes: Sequence[HourlyClose], index_usd: float) -> None:
    """Raise `IncompleteError` if the last close can't be the index's own: the trend is index over closes."""
    if closes and abs(index_usd / closes[-1].close_usd - 1.0) > OFF_MAX:
        detail = (
            f"the last hourly close is {closes[-1].close_usd:.2f} USD, but the index {index_usd:.2f} USD: "
            f"expected at most {OFF_MAX:.0%} apart; one may be of another market or in another unit"
        )
        raise IncompleteError(Router.DERIBIT, GET_HISTORICAL.name, detail)
