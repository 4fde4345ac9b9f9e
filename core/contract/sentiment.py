"""The `sentiment` router: funding across exchanges and liquidation pressure."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from core.contract.base import Money, Router, Statistic, Tool, ToolAnswer, ToolRequest, UtcTime
from core.venue_text import Name


class CoinRequest(ToolRequest):
    """`coin` as exchanges name it, e.g. `ETH`."""

    coin: str = Field(min_length=1)


class ExchangeFunding(ToolAnswer):
    """`annualized_rate` is the mean of the exchange's last 24 h, annualised, a fraction."""

    name: Name
    annualized_rate: Statistic
    timestamp: UtcTime


class CrossExchangeFunding(ToolAnswer):
    """One entry an exchange."""

    exchanges: tuple[ExchangeFunding, ...]


class LiquidationPressure(ToolAnswer):
    """Forced closes of the last 24 h in USD, by the side that was liquidated."""

    long_usd_24h: Annotated[Money, Field(ge=0)]
    short_usd_24h: Annotated[Money, Field(ge=0)]
    level: Literal["low", "medium", "high"]


GET_CROSS_EXCHANGE_FUNDING: Final = Tool(
    Router.SENTIMENT, "get_cross_exchange_funding", CoinRequest, CrossExchangeFunding
)
GET_LIQUIDATION_PRESSURE: Final = Tool(
    Router.SENTIMENT, "get_liquidation_pressure", CoinRequest, LiquidationPressure
)
