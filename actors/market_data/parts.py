"""Which tools make up each picture of the market, and with what they are asked. The chain is not among them:
it is fetched last, so that its age is small when the decision is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel

from core.contract import (
    CoinRequest,
    CurrencyRequest,
    GetCalendar,
    GetDvolHistory,
    GetFundingHistory,
    GetFundingRate,
    GetFxRate,
    GetHistorical,
    GetOptionsChain,
    NoArguments,
    Router,
)
from core.market.statistics import TREND_HOURS
from core.strategy import Strategy

CHAIN = "get_options_chain"
STORED_DTE_MIN = 5
STORED_DTE_MAX = 25
"""A stored picture holds the expiries of so many days, and those of the open legs."""
BACK_4H = timedelta(hours=4)
_HOUR = timedelta(hours=1)
_COIN = "ETH"
_INDEX = "ETH-INDEX"


@dataclass(frozen=True)
class Part:
    """One tool's answer that a picture needs; without a required one there is no picture."""

    router: Router
    tool: str
    request: BaseModel
    required: bool = True


def _now_parts() -> tuple[Part, ...]:
    return (
        Part(Router.DERIBIT, "get_index_price", CurrencyRequest()),
        Part(Router.DERIBIT, "get_dvol", CurrencyRequest()),
    )


def entry_parts(now: datetime, strategy: Strategy) -> tuple[Part, ...]:
    """Everything that the entry rules read, but the chain."""
    entry = strategy.entry
    deribit = (
        Part(
            Router.DERIBIT,
            "get_dvol_history",
            GetDvolHistory(start=now - 27 * _HOUR, end=now - 24 * _HOUR),
        ),
        Part(
            Router.DERIBIT,
            "get_historical",
            GetHistorical(instrument=_INDEX, start=now - (TREND_HOURS + 4) * _HOUR, end=now),
        ),
        Part(Router.DERIBIT, "get_account_summary", CurrencyRequest()),
    )
    others = (
        Part(
            Router.HYPERLIQUID,
            "get_funding_history",
            GetFundingHistory(coin=_COIN, start=now - 24 * _HOUR, end=now),
        ),
        Part(Router.SENTIMENT, "get_cross_exchange_funding", CoinRequest(coin=_COIN)),
        Part(Router.SENTIMENT, "get_liquidation_pressure", CoinRequest(coin=_COIN)),
        Part(
            Router.MACRO,
            "get_calendar",
            GetCalendar(
                start=now - timedelta(hours=entry.macro_before_h),
                end=now + timedelta(hours=entry.macro_blackout_h),
                countries=(entry.macro_country,),
                importance="high",
            ),
        ),
        Part(Router.PORTFOLIO, "get_total_equity", CurrencyRequest(currency="USD")),
        Part(Router.PORTFOLIO, "get_holdings", NoArguments()),
        Part(Router.PORTFOLIO, "get_fx_rate", GetFxRate(base="EUR", quote="USD")),
    )
    return (*deribit, *others, *_now_parts())


def monitor_parts(now: datetime, *, spot_4h_ago_known: bool) -> tuple[Part, ...]:
    """Index and DVOL, and the index of 4 hours ago where our own pictures don't hold it."""
    history = Part(
        Router.DERIBIT,
        "get_historical",
        GetHistorical(instrument=_INDEX, start=now - 7 * _HOUR, end=now),
    )
    return (*(() if spot_4h_ago_known else (history,)), *_now_parts())


def stored_parts() -> tuple[Part, ...]:
    """What a stored picture holds beside the quotes; it may lack the funding, and then says so."""
    funding = Part(Router.HYPERLIQUID, "get_funding_rate", GetFundingRate(coin=_COIN), required=False)
    return (funding, *_now_parts())


def chain_of(first: datetime, last: datetime) -> Part:
    """The chain of the expiries in [first, last]."""
    return Part(Router.DERIBIT, CHAIN, GetOptionsChain(expiry_from=first, expiry_to=last))


def entry_chain(now: datetime, strategy: Strategy) -> Part:
    return chain_of(
        now + timedelta(days=strategy.strikes.dte_min), now + timedelta(days=strategy.strikes.dte_max)
    )


def stored_chain(now: datetime, open_expirations: Iterable[datetime]) -> Part:
    """One request that spans both the usual expiries and those of open legs."""
    usual = (now + timedelta(days=STORED_DTE_MIN), now + timedelta(days=STORED_DTE_MAX))
    live = [expiration for expiration in open_expirations if expiration > now]
    return chain_of(min((*usual, *live)), max((*usual, *live)))
