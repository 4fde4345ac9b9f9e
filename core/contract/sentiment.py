"""The `sentiment` router: funding across exchanges and liquidation pressure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.contract.base import Money, Statistic, ToolAnswer, ToolRequest, UtcTime


class CoinRequest(ToolRequest):
    """`coin` as exchanges name it, e.g. `ETH`."""

    coin: str = Field(min_length=1)


class ExchangeFunding(ToolAnswer):
    """`annualized_rate` is the mean of the exchange's last 24 h, annualised, a fraction."""

    name: str
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


SENTIMENT_TOOLS: dict[str, tuple[type[ToolRequest], type[ToolAnswer]]] = {
    "get_cross_exchange_funding": (CoinRequest, CrossExchangeFunding),
    "get_liquidation_pressure": (CoinRequest, LiquidationPressure),
}
