"""The `sentiment` router: funding across exchanges and liquidation pressure."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, FailFast, Field

from core.contract.base import Router, Tool, ToolAnswer, ToolRequest
from core.contract.scalars import Money, Named, Statistic, UtcTime, word
from core.contract.series import rows


class CoinRequest(ToolRequest):
    """`coin` as exchanges name it, e.g. `ETH`."""

    coin: str = Field(min_length=1)


class ExchangeFunding(ToolAnswer):
    """`annualized_rate` is the mean of the exchange's last 24 h, annualised, a fraction."""

    name: Annotated[Named, BeforeValidator(word)]
    annualized_rate: Statistic
    timestamp: UtcTime


class CrossExchangeFunding(ToolAnswer):
    """One entry an exchange, by its name in lower case."""

    exchanges: Annotated[
        tuple[ExchangeFunding, ...], FailFast(), rows(lambda row: row.name, dated=lambda row: row.timestamp)
    ]


class LiquidationPressure(ToolAnswer):
    """Forced closes of the last 24 h in USD, by the side that was liquidated."""

    long_usd_24h: Annotated[Money, Field(ge=0)]
    short_usd_24h: Annotated[Money, Field(ge=0)]
    level: Annotated[Literal["low", "medium", "high"], BeforeValidator(word)]


GET_CROSS_EXCHANGE_FUNDING: Final = Tool(
    Router.SENTIMENT, "get_cross_exchange_funding", CoinRequest, CrossExchangeFunding
)
GET_LIQUIDATION_PRESSURE: Final = Tool(
    Router.SENTIMENT, "get_liquidation_pressure", CoinRequest, LiquidationPressure
)
