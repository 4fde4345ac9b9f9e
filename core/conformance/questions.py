"""One question to each tool that changes nothing, for whoever wants to see what a server answers.

Some tools are asked about what another one has answered: the order book of an instrument, the trades of an
order. They come after it, and are left out if it named nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from core.contract.base import CurrencyRequest, NoArguments, Router, Tool, ToolRequest
from core.contract.deribit_market import (
    ENVIRONMENT_INFO,
    GET_DVOL,
    GET_DVOL_HISTORY,
    GET_HISTORICAL,
    GET_INDEX_PRICE,
    GET_INSTRUMENTS,
    GET_OPTIONS_CHAIN,
    GET_ORDER_BOOK,
    GetDvolHistory,
    GetHistorical,
    GetInstruments,
    GetOptionsChain,
    GetOrderBook,
)
from core.contract.deribit_trading import (
    GET_ACCOUNT_SUMMARY,
    GET_MARGINS,
    GET_OPEN_ORDERS,
    GET_ORDER_BY_LABEL,
    GET_ORDER_HISTORY,
    GET_POSITIONS,
    GET_SETTLEMENTS,
    GET_TRADES_BY_ORDER,
    GET_USER_TRADES,
    ComboLeg,
    GetMargins,
    GetOrderByLabel,
    GetOrderHistory,
    GetSince,
    OrderIdRequest,
)
from core.contract.hyperliquid import (
    GET_FUNDING_HISTORY,
    GET_FUNDING_RATE,
    GetFundingHistory,
    GetFundingRate,
)
from core.contract.macro import GET_CALENDAR, GetCalendar
from core.contract.portfolio import GET_FX_RATE, GET_HOLDINGS, GET_TOTAL_EQUITY, GetFxRate
from core.contract.sentiment import GET_CROSS_EXCHANGE_FUNDING, GET_LIQUIDATION_PRESSURE, CoinRequest

COIN: Final = "ETH"
NOBODYS_LABEL: Final = "contract-check"
"""No order is ever placed under it, so that a server that knows it answers with null."""
EXPIRY_FROM, EXPIRY_TO = timedelta(days=9), timedelta(days=15)
"""The expiries that an entry looks at."""
BACK: Final = timedelta(days=7)
AHEAD: Final = timedelta(days=21)
CONTRACTS: Final = 1


@dataclass(frozen=True)
class AnsweredSoFar:
    """What has been answered so far, as far as other questions need it."""

    now: datetime
    puts: tuple[str, ...] = ()
    """Two puts of one expiry, the higher strike first; fewer if none are listed."""
    order_id: str | None = None

    def learnt(self, tool: str, body: Mapping[str, object]) -> AnsweredSoFar:
        """With what this answer adds; whatever of it can't be read adds nothing."""
        if tool == GET_INSTRUMENTS.name:
            return replace(self, puts=_two_puts(body.get("instruments")))
        if tool in (GET_OPEN_ORDERS.name, GET_ORDER_HISTORY.name) and self.order_id is None:
            return replace(self, order_id=_first(body.get("orders"), "order_id"))
        return self


Question = Callable[[AnsweredSoFar], ToolRequest | None]


def _spread(known: AnsweredSoFar) -> ToolRequest | None:
    if len(known.puts) < 2:
        return None
    short, bought = known.puts
    legs = (
        ComboLeg(instrument_name=short, side="sell"),
        ComboLeg(instrument_name=bought, side="buy"),
    )
    return GetMargins.model_validate({"legs": legs, "amount": CONTRACTS})


def _book(known: AnsweredSoFar) -> ToolRequest | None:
    return GetOrderBook(instrument_name=known.puts[0]) if known.puts else None


def _trades(known: AnsweredSoFar) -> ToolRequest | None:
    return None if known.order_id is None else OrderIdRequest(order_id=known.order_id)


def _since(known: AnsweredSoFar) -> ToolRequest:
    return GetSince(since=known.now - BACK)


QUESTIONS: Final[tuple[tuple[Tool[Any, Any], Question], ...]] = (
    (ENVIRONMENT_INFO, lambda _: NoArguments()),
    (GET_INDEX_PRICE, lambda _: CurrencyRequest()),
    (GET_DVOL, lambda _: CurrencyRequest()),
    (GET_DVOL_HISTORY, lambda known: GetDvolHistory(start=known.now - BACK, end=known.now)),
    (
        GET_HISTORICAL,
        lambda known: GetHistorical(instrument="ETH-INDEX", start=known.now - BACK, end=known.now),
    ),
    (
        GET_INSTRUMENTS,
        lambda known: GetInstruments(expiry_from=known.now + EXPIRY_FROM, expiry_to=known.now + EXPIRY_TO),
    ),
    (
        GET_OPTIONS_CHAIN,
        lambda known: GetOptionsChain(expiry_from=known.now + EXPIRY_FROM, expiry_to=known.now + EXPIRY_TO),
    ),
    (GET_ORDER_BOOK, _book),
    (GET_ACCOUNT_SUMMARY, lambda _: CurrencyRequest()),
    (GET_POSITIONS, lambda _: CurrencyRequest()),
    (GET_OPEN_ORDERS, lambda _: CurrencyRequest()),
    (GET_ORDER_HISTORY, lambda known: GetOrderHistory(since=known.now - BACK)),
    (GET_ORDER_BY_LABEL, lambda _: GetOrderByLabel(label=NOBODYS_LABEL)),
    (GET_USER_TRADES, _since),
    (GET_TRADES_BY_ORDER, _trades),
    (GET_SETTLEMENTS, _since),
    (GET_MARGINS, _spread),
    (GET_FUNDING_RATE, lambda _: GetFundingRate(coin=COIN)),
    (
        GET_FUNDING_HISTORY,
        lambda known: GetFundingHistory(coin=COIN, start=known.now - BACK, end=known.now),
    ),
    (GET_CALENDAR, lambda known: GetCalendar(start=known.now, end=known.now + AHEAD)),
    (GET_CROSS_EXCHANGE_FUNDING, lambda _: CoinRequest(coin=COIN)),
    (GET_LIQUIDATION_PRESSURE, lambda _: CoinRequest(coin=COIN)),
    (GET_TOTAL_EQUITY, lambda _: CurrencyRequest(currency="EUR")),
    (GET_HOLDINGS, lambda _: NoArguments()),
    (GET_FX_RATE, lambda _: GetFxRate(base="EUR", quote="USD")),
)
"""Every tool of the contract that has no effect at the venue, once."""
NOT_ASKED: Final[Mapping[str, str]] = MappingProxyType(
    {
        GET_ORDER_BOOK.name: "no put is listed 9 to 15 days ahead",
        GET_MARGINS.name: "no two puts of one expiry are listed 9 to 15 days ahead",
        GET_TRADES_BY_ORDER.name: "there is no order that is open or has ended in a week",
    }
)
"""Why a tool that needs another one's answer was not asked."""


def of_router(router: Router) -> tuple[tuple[Tool[Any, Any], Question], ...]:
    """The questions to one router, in their order."""
    return tuple(each for each in QUESTIONS if each[0].router is router)


def _rows(listed: object) -> list[Mapping[str, object]]:
    return [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []


def _first(listed: object, key: str) -> str | None:
    return next((value for row in _rows(listed) if isinstance(value := row.get(key), str)), None)


def _two_puts(listed: object) -> tuple[str, ...]:
    """Of the first expiry that has two, those in the middle of its strikes."""
    by_expiry: dict[object, list[tuple[float, str]]] = {}
    for row in _rows(listed):
        name, strike = row.get("instrument_name"), row.get("strike")
        if (
            row.get("option_type") == "put"
            and isinstance(name, str)
            and isinstance(strike, str | int | float)
        ):
            try:
                by_expiry.setdefault(str(row.get("expiration")), []).append((float(strike), name))
            except ValueError:
                continue
    for puts in by_expiry.values():
        if len(puts) >= 2:
            middle = len(puts) // 2
            lower, higher = sorted(puts)[middle - 1 : middle + 1]
            return higher[1], lower[1]
    return tuple(name for puts in by_expiry.values() for _, name in puts)[:1]
