"""The `portfolio` router: everything that the owner holds, at the venue and elsewhere."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator, FailFast, Field

from core.contract.base import CurrencyRequest, NoArguments, Router, Tool, ToolAnswer, ToolRequest
from core.contract.scalars import NAME_LENGTH_MAX, Currency, FreeText, Money, Named, Statistic, UtcTime

FX_RATE_MIN, FX_RATE_MAX = 1e-9, 1e9


class TotalEquity(ToolAnswer):
    """All equity in `currency`. Beside a non-blank `error` no other field means anything."""

    equity: Money
    currency: Currency
    timestamp: UtcTime
    error: FreeText | None = None


def _one_word(asset: object) -> object:
    """A name of several words as one, so that it is a name and no text: `TETHER_USD`."""
    return (
        "_".join(asset.upper().split()) if isinstance(asset, str) and len(asset) <= NAME_LENGTH_MAX else asset
    )


class Holding(ToolAnswer):
    """One asset: `amount` in its own unit, `share` of the whole as a fraction."""

    asset: Annotated[Named, BeforeValidator(_one_word)]
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
