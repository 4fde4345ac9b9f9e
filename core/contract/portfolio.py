"""The `portfolio` router: everything that the owner holds, at the venue and elsewhere."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from core.contract.base import (
    Currency,
    CurrencyRequest,
    Money,
    NoArguments,
    Router,
    Statistic,
    Tool,
    ToolAnswer,
    ToolRequest,
    UtcTime,
)
from core.venue_text import Name, Said


class TotalEquity(ToolAnswer):
    """All equity in `currency`. Beside a non-blank `error` no other field means anything."""

    equity: Money
    currency: Currency
    timestamp: UtcTime
    error: Said | None = None


class Holding(ToolAnswer):
    """One asset: `amount` in its own unit, `share` of the whole as a fraction."""

    asset: Name
    amount: Money
    value_eur: Money
    share: Annotated[Statistic, Field(ge=0, le=1)]


class Holdings(ToolAnswer):
    """Every asset held."""

    holdings: tuple[Holding, ...]


class GetFxRate(ToolRequest):
    """How many `quote` one `base` costs."""

    base: Currency
    quote: Currency


class FxRate(ToolAnswer):
    """`rate` quote units per base unit."""

    rate: Annotated[Statistic, Field(gt=0)]
    timestamp: UtcTime


GET_TOTAL_EQUITY: Final = Tool(Router.PORTFOLIO, "get_total_equity", CurrencyRequest, TotalEquity)
GET_HOLDINGS: Final = Tool(Router.PORTFOLIO, "get_holdings", NoArguments, Holdings)
GET_FX_RATE: Final = Tool(Router.PORTFOLIO, "get_fx_rate", GetFxRate, FxRate)
