"""The tools that make up each kind of snapshot, with their requests.

The chain is a part of its own, fetched last, so that it is still fresh when the decision is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from core.contract import (
    GET_ACCOUNT_SUMMARY,
    GET_CALENDAR,
    GET_CROSS_EXCHANGE_FUNDING,
    GET_DVOL,
    GET_DVOL_HISTORY,
    GET_FUNDING_HISTORY,
    GET_FUNDING_RATE,
    GET_FX_RATE,
    GET_HISTORICAL,
    GET_HOLDINGS,
    GET_INDEX_PRICE,
    GET_LIQUIDATION_PRESSURE,
    GET_OPTIONS_CHAIN,
    GET_TOTAL_EQUITY,
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
    Tool,
    ToolRequest,
)
from core.market.chain_spans import entry_span, stored_span
from core.market.statistics import TREND_HOURS
from core.strategy import Strategy

EVENTS_AHEAD = timedelta(days=30)
_HOUR = timedelta(hours=1)
_COIN = "ETH"
_INDEX = "ETH-INDEX"


@dataclass(frozen=True)
class Part:
    """One tool's answer that a snapshot needs; without a required one there is no snapshot."""

    tool: Tool[Any, Any]
    request: ToolRequest
    required: bool = True

    @property
    def router(self) -> Router:
        """The router that has the tool."""
        return self.tool.router


_AT_VENUE = CurrencyRequest()
_IN_USD = CurrencyRequest(currency="USD")
_EUR_USD = GetFxRate(base="EUR", quote="USD")
_OF_ETH = CoinRequest(coin=_COIN)
_NOW_PARTS: Final = (Part(GET_INDEX_PRICE, _AT_VENUE), Part(GET_DVOL, _AT_VENUE))
WORTH_PARTS: Final = (
    Part(GET_TOTAL_EQUITY, _IN_USD, required=False),
    Part(GET_FX_RATE, _EUR_USD, required=False),
)
"""What all is worth, in USD. None of it is required: an exit must not depend on it."""
_ACCOUNT = Part(GET_ACCOUNT_SUMMARY, _AT_VENUE, required=False)
_HELD_PARTS: Final = (_ACCOUNT, *WORTH_PARTS)
"""The account at the venue while something is held, and what all is worth; none of it is required."""
STORED_PARTS: Final = (
    Part(GET_FUNDING_RATE, GetFundingRate(coin=_COIN), required=False),
    _ACCOUNT,
    *_NOW_PARTS,
)
"""All that is read for a stored snapshot except the quotes; funding and account are optional."""


def entry_parts(now: datetime, strategy: Strategy) -> tuple[Part, ...]:
    """Everything that the entry rules read except the chain."""
    entry = strategy.entry
    deribit = (
        Part(
            GET_DVOL_HISTORY,
            GetDvolHistory(start=now - 27 * _HOUR, end=now - 24 * _HOUR),
        ),
        Part(
            GET_HISTORICAL,
            GetHistorical(instrument=_INDEX, start=now - (TREND_HOURS + 4) * _HOUR, end=now),
        ),
        Part(GET_ACCOUNT_SUMMARY, _AT_VENUE),
    )
    others = (
        Part(
            GET_FUNDING_HISTORY,
            GetFundingHistory(coin=_COIN, start=now - 24 * _HOUR, end=now),
        ),
        Part(GET_CROSS_EXCHANGE_FUNDING, _OF_ETH),
        Part(GET_LIQUIDATION_PRESSURE, _OF_ETH),
        Part(
            GET_CALENDAR,
            GetCalendar(
                start=now - timedelta(hours=entry.macro_before_h),
                end=now + timedelta(hours=entry.macro_blackout_h),
                countries=(entry.macro_country,),
                importance="high",
            ),
        ),
        Part(GET_TOTAL_EQUITY, _IN_USD),
        Part(GET_HOLDINGS, NoArguments()),
        Part(GET_FX_RATE, _EUR_USD),
    )
    return (*deribit, *others, *_NOW_PARTS)


def monitor_parts(now: datetime, *, spot_4h_ago_known: bool) -> tuple[Part, ...]:
    """Index, DVOL and the account, and the index of 4 hours ago if our own snapshots don't hold it."""
    if spot_4h_ago_known:
        return (*_NOW_PARTS, *_HELD_PARTS)
    history = Part(
        GET_HISTORICAL,
        GetHistorical(instrument=_INDEX, start=now - 7 * _HOUR, end=now),
    )
    return (history, *_NOW_PARTS, *_HELD_PARTS)


def series_parts(start: datetime, now: datetime, country: str) -> tuple[Part, ...]:
    """What a record keeps by the hour from `start` on, and the events ahead; nobody trades on it."""
    return (
        Part(GET_HISTORICAL, GetHistorical(instrument=_INDEX, start=start, end=now), required=False),
        Part(GET_DVOL_HISTORY, GetDvolHistory(start=start, end=now), required=False),
        Part(GET_FUNDING_HISTORY, GetFundingHistory(coin=_COIN, start=start, end=now), required=False),
        Part(GET_CROSS_EXCHANGE_FUNDING, _OF_ETH, required=False),
        Part(
            GET_CALENDAR,
            GetCalendar(start=start, end=now + EVENTS_AHEAD, countries=(country,), importance="high"),
            required=False,
        ),
    )


def chain_of(first: datetime, last: datetime) -> Part:
    """The chain of the expiries in [first, last]."""
    return Part(GET_OPTIONS_CHAIN, GetOptionsChain(expiry_from=first, expiry_to=last))


def entry_chain(now: datetime, strategy: Strategy, held: Iterable[datetime]) -> Part:
    """The chain that an entry chooses from, with the expiries of held legs."""
    return chain_of(*entry_span(now, strategy.strikes, held))


def stored_chain(now: datetime, open_expirations: Iterable[datetime], *, recorded: bool = False) -> Part:
    """One request that spans both the usual expiries and those of open legs."""
    return chain_of(*stored_span(now, open_expirations, recorded=recorded))
