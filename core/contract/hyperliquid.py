"""The `hyperliquid` router: funding of the perpetual. Rates are fractions."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import FailFast, Field

from core.contract.base import Router, Tool, ToolAnswer, ToolRequest
from core.contract.scalars import Statistic, UtcTime
from core.contract.series import rows


class GetFundingRate(ToolRequest):
    """`coin` as the venue names it, e.g. `ETH`."""

    coin: str = Field(min_length=1)


class FundingRate(ToolAnswer):
    """The last hourly rate and its annualisation (hourly × 8760)."""

    hourly_rate: Statistic
    annualized_rate: Statistic
    timestamp: UtcTime


class GetFundingHistory(ToolRequest):
    """Hourly rates with a time in [start, end]."""

    coin: str = Field(min_length=1)
    start: UtcTime
    end: UtcTime


class FundingPoint(ToolAnswer):
    """The rate paid at `timestamp` for the hour before it."""

    timestamp: UtcTime
    hourly_rate: Statistic


class FundingHistory(ToolAnswer):
    """Points, oldest first."""

    points: Annotated[
        tuple[FundingPoint, ...], FailFast(), rows(lambda row: row.timestamp, order=lambda row: row.timestamp)
    ]


GET_FUNDING_RATE: Final = Tool(Router.HYPERLIQUID, "get_funding_rate", GetFundingRate, FundingRate)
GET_FUNDING_HISTORY: Final = Tool(
    Router.HYPERLIQUID, "get_funding_history", GetFundingHistory, FundingHistory
)
