"""The `portfolio` router: everything that the owner holds, at the venue and elsewhere."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator, FailFast, Field

from core.contract.base import CurrencyRequest, NoArguments, Router, Tool, ToolAnswer, ToolRequest
from core.contract.scalars import Currency, FreeText, Money, Named, Statistic, UtcTime, code

FX_RATE_MIN, FX_RATE_MAX = 1e-9, 1e9


class TotalEquity(ToolAnswer):
    """All equity in `currency`. Beside a non-blank `error` no other field means anything."""

    equity: Money
    currency: Currency
    timestamp: UtcTime
    error: FreeText | None = None


class Holding(ToolAnswer):
    """One asset: `amount` in its own unit, `share` of the whole as a fraction."""

    asset: Annotated[Named, BeforeValidator(code)]
    amount: Money
    value_eur: Money
    share: Annotated[Statistic, Field(ge=0, le=1)]


class Holdings(ToolAnswer):
    """Every asset held."""

    holdings: Annotated[tuple[Holding, ...], FailFast()]


class GetFxRate(ToolRequest):
    """How many `quote` one `base` costs."""

    base: Currency
    quote: Currency


class FxRate(ToolAnswer):
    """`rate` quote units per base unit."""

    rate: Annotated[Statistic, Field(ge=FX_RATE_MIN, le=FX_RATE_MAX)]
    timestamp: UtcTime


GET_TOTAL_EQUITY: Final = Tool(Router.PORTFOLIO, "get_total_equity", CurrencyRequest, TotalEquity)
GET_HOLDINGS: Final = Tool(Router.PORTFOLIO, "get_holdings", NoArguments, Holdings)
GET_FX_RATE: Final = Tool(Router.PORTFOLIO, "get_fx_rate", GetFxRate, FxRate)
