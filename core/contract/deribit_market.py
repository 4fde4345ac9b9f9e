"""The `deribit` router's public tools: environment, index, DVOL, candles, instruments, chains, order books.

Option prices are ETH per contract, multiples of the instrument's tick; strikes, index and underlying are USD;
IV and DVOL are percent points.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, FailFast, Field, StrictBool

from core.contract.base import CurrencyRequest, NoArguments, Router, Tool, ToolAnswer, ToolRequest
from core.contract.scalars import (
    Amount,
    EnvironmentName,
    Money,
    Named,
    Positive,
    Resolution,
    Statistic,
    UtcTime,
    option_type,
)
from core.contract.series import rows

OptionTypeName = Annotated[Literal["put", "call"], BeforeValidator(option_type)]


DVOL_MIN_PTS, DVOL_MAX_PTS = 1.0, 1000.0
"""Outside, it is not in percent points, or it is no volatility."""


def _at(bar: DvolPoint | Candle) -> datetime:
    return bar.timestamp


def _name(instrument: Instrument) -> str:
    return instrument.instrument_name


class EnvironmentInfo(ToolAnswer):
    """What the token selects. The engine trades only if every needed feature is listed."""

    environment: EnvironmentName
    account: Named
    server_time: UtcTime
    features: Annotated[tuple[Named, ...], FailFast()]


class IndexPrice(ToolAnswer):
    """The index, USD per ETH."""

    price: Positive
    timestamp: UtcTime


class Dvol(ToolAnswer):
    """The 30-day implied volatility index, percent points."""

    dvol: Annotated[Statistic, Field(ge=DVOL_MIN_PTS, le=DVOL_MAX_PTS)]
    timestamp: UtcTime


class GetDvolHistory(ToolRequest):
    """Bars whose start lies in [start, end)."""

    currency: Literal["ETH"] = "ETH"
    start: UtcTime
    end: UtcTime
    resolution: Resolution = "1h"


class DvolPoint(ToolAnswer):
    """One bar of DVOL; `timestamp` is its start."""

    timestamp: UtcTime
    open: Statistic
    high: Statistic
    low: Statistic
    close: Annotated[Statistic, Field(ge=DVOL_MIN_PTS, le=DVOL_MAX_PTS)]


class DvolHistory(ToolAnswer):
    """Complete bars, oldest first; the bar under way is not among them."""

    points: Annotated[tuple[DvolPoint, ...], FailFast(), rows(_at, order=_at)]


class GetHistorical(ToolRequest):
    """`instrument`: an option, `ETH-PERPETUAL`, or `ETH-INDEX` (the index); bars start in [start, end)."""

    instrument: str = Field(min_length=1)
    start: UtcTime
    end: UtcTime
    resolution: Resolution = "1h"


class Candle(ToolAnswer):
    """One bar; `timestamp` is its start. Index and perpetual in USD, options in ETH; volume in ETH."""

    timestamp: UtcTime
    open: Money
    high: Money
    low: Money
    close: Money
    volume: Statistic


class Historical(ToolAnswer):
    """Complete bars, oldest first; the bar under way is not among them."""

    candles: Annotated[tuple[Candle, ...], FailFast(), rows(_at, order=_at)]


class GetInstruments(ToolRequest):
    """Expiries in [expiry_from, expiry_to], either end open if null."""

    currency: Literal["ETH"] = "ETH"
    kind: Literal["option"] = "option"
    expiry_from: UtcTime | None = None
    expiry_to: UtcTime | None = None


class TickStep(ToolAnswer):
    """From `above_price` on (ETH), the tick is `tick_size`."""

    above_price: Money
    tick_size: Money


class Instrument(ToolAnswer):
    """One listed option. `strike` in USD, ticks in ETH."""

    instrument_name: Named
    strike: Positive
    option_type: OptionTypeName
    expiration: UtcTime
    tick_size: Positive
    tick_size_steps: Annotated[tuple[TickStep, ...], FailFast()]
    min_trade_amount: Amount
    contract_size: Amount
    is_active: StrictBool


class Instruments(ToolAnswer):
    """The listed options, by expiry, strike and type."""

    instruments: Annotated[tuple[Instrument, ...], FailFast(), rows(_name)]


class GetOptionsChain(ToolRequest):
    """Expiries in [expiry_from, expiry_to], either end open if null."""

    currency: Literal["ETH"] = "ETH"
    expiry_from: UtcTime | None = None
    expiry_to: UtcTime | None = None


class OptionQuote(ToolAnswer):
    """One option's market. `bid` and `ask` are null if that side is empty.

    `gamma` per USD, `theta` USD per day, `vega` USD per volatility point, all per contract; sizes, open
    interest and volume in contracts; `underlying_price` is the expiry's forward in USD.
    """

    instrument_name: Named
    strike: Positive
    option_type: OptionTypeName
    expiration: UtcTime
    bid: Money | None
    ask: Money | None
    bid_size: Statistic
    ask_size: Statistic
    mark_price: Money
    mark_iv: Statistic
    delta: Statistic
    gamma: Statistic
    theta: Statistic
    vega: Statistic
    open_interest: Statistic
    volume_24h: Statistic
    underlying_price: Positive
    timestamp: UtcTime


class OptionsChain(ToolAnswer):
    """The quotes of the asked-for expiries, by expiry, strike and type (calls before puts)."""

    quotes: Annotated[tuple[OptionQuote, ...], FailFast()]


class GetOrderBook(ToolRequest):
    """The best `depth` levels of each side."""

    instrument_name: str = Field(min_length=1)
    depth: Annotated[int, Field(ge=1, le=100)] = 5


Levels = tuple[tuple[Decimal, float], ...]


def _falling(levels: Levels) -> Levels:
    return tuple(sorted(levels, key=lambda level: level[0], reverse=True))


def _rising(levels: Levels) -> Levels:
    return tuple(sorted(levels, key=lambda level: level[0]))


class OrderBook(ToolAnswer):
    """Levels `[price, amount]`, best first."""

    bids: Annotated[tuple[tuple[Money, Statistic], ...], FailFast(), AfterValidator(_falling)]
    asks: Annotated[tuple[tuple[Money, Statistic], ...], FailFast(), AfterValidator(_rising)]
    timestamp: UtcTime


ENVIRONMENT_INFO: Final = Tool(Router.DERIBIT, "environment_info", NoArguments, EnvironmentInfo)
GET_INDEX_PRICE: Final = Tool(Router.DERIBIT, "get_index_price", CurrencyRequest, IndexPrice)
GET_DVOL: Final = Tool(Router.DERIBIT, "get_dvol", CurrencyRequest, Dvol)
GET_DVOL_HISTORY: Final = Tool(Router.DERIBIT, "get_dvol_history", GetDvolHistory, DvolHistory)
GET_HISTORICAL: Final = Tool(Router.DERIBIT, "get_historical", GetHistorical, Historical)
GET_INSTRUMENTS: Final = Tool(Router.DERIBIT, "get_instruments", GetInstruments, Instruments)
GET_OPTIONS_CHAIN: Final = Tool(Router.DERIBIT, "get_options_chain", GetOptionsChain, OptionsChain)
GET_ORDER_BOOK: Final = Tool(Router.DERIBIT, "get_order_book", GetOrderBook, OrderBook)
