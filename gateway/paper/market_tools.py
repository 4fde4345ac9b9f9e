"""The public tools: they read the market source and return answers of the contract."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Final

from core.contract import (
    Calendar,
    CalendarEvent,
    CoinRequest,
    CrossExchangeFunding,
    CurrencyRequest,
    Dvol,
    ExchangeFunding,
    FundingHistory,
    FundingPoint,
    FundingRate,
    GetCalendar,
    GetDvolHistory,
    GetFundingHistory,
    GetFundingRate,
    GetHistorical,
    GetInstruments,
    GetOptionsChain,
    GetOrderBook,
    IndexPrice,
    Instrument,
    Instruments,
    LiquidationPressure,
    OrderBook,
    TickStep,
    iso_utc,
)
from core.errors import InputError
from gateway.paper.calendar import DAY
from gateway.paper.coin import require_eth
from gateway.paper.history_json import dvol_history_json, historical_json
from gateway.paper.instruments import parse_instrument
from gateway.paper.quotes import quotes_json
from gateway.paper.refusals import Reason
from gateway.paper.source import Bar
from gateway.paper.ticks import units_decimal
from gateway.paper.venue import Venue
from gateway.shell.refusals import MalformedRequestError, SoftRefusalError

HOUR: Final = timedelta(hours=1)
HOURS_PER_YEAR: Final = 8760
BARS_MAX: Final = 10_000
INDEX_NAMES: Final = frozenset({"ETH-INDEX", "ETH-PERPETUAL"})
"""The perpetual trades at the index here."""
_FINE_TICK, _COARSE_TICK, _COARSE_FROM = Decimal("0.0001"), Decimal("0.0005"), Decimal("0.005")
USD_DECIMALS, OPTION_DECIMALS = 2, 6


def get_index_price(venue: Venue, request: CurrencyRequest) -> IndexPrice:
    require_eth(request.currency)
    return IndexPrice(price=venue.index_usd(), timestamp=venue.clock)


def get_dvol(venue: Venue, request: CurrencyRequest) -> Dvol:
    require_eth(request.currency)
    return Dvol(dvol=round(venue.source.dvol_pct(venue.clock), 2), timestamp=venue.clock)


def get_dvol_history(venue: Venue, request: GetDvolHistory) -> bytes:
    return dvol_history_json(dvol_history_bars(venue, request))


def get_historical(venue: Venue, request: GetHistorical) -> bytes:
    return historical_json(*historical_bars(venue, request))


def dvol_history_bars(venue: Venue, request: GetDvolHistory) -> list[Bar]:
    """The bars of the answer, percent points."""
    start, end = _span(venue, request.start, request.end)
    return _resampled(venue.source.dvol_bars(start, end), request.resolution)


def historical_bars(venue: Venue, request: GetHistorical) -> tuple[list[Bar], int]:
    """The bars of the answer, and how many decimals their prices are told with."""
    start, end = _span(venue, request.start, request.end)
    if request.instrument in INDEX_NAMES:
        bars, decimals = venue.source.index_bars(start, end), USD_DECIMALS
    else:
        bars, decimals = _option_bars(venue, request.instrument, start, end), OPTION_DECIMALS
    return _resampled(bars, request.resolution), decimals


def get_instruments(venue: Venue, request: GetInstruments) -> Instruments:
    venue.require_quotes()
    return Instruments(
        instruments=tuple(
            Instrument(
                instrument_name=option.name,
                strike=Decimal(option.strike_usd),
                option_type=option.option_type.value,
                expiration=option.expiration,
                tick_size=_FINE_TICK,
                tick_size_steps=(TickStep(above_price=_COARSE_FROM, tick_size=_COARSE_TICK),),
                min_trade_amount=Decimal(1),
                contract_size=Decimal(1),
                is_active=True,
            )
            for expiry in _expiries(venue, request.expiry_from, request.expiry_to)
            for option in venue.source.instruments(venue.clock, expiry)
        )
    )


def get_options_chain(venue: Venue, request: GetOptionsChain) -> bytes:
    """The chain, formatted by hand for speed: most of the venue's work is this answer."""
    venue.require_quotes()
    expiries = _expiries(venue, request.expiry_from, request.expiry_to)
    quotes = [quote for expiry in expiries for quote in venue.source.chain(venue.clock, expiry)]
    return quotes_json(quotes, iso_utc(venue.clock))


def get_order_book(venue: Venue, request: GetOrderBook) -> OrderBook:
    """One level a side: the touch is all that the market has."""
    venue.require_quotes()
    try:
        quote = venue.quote(request.instrument_name)
    except InputError as error:
        raise MalformedRequestError(str(error)) from error
    if quote is None:
        raise MalformedRequestError(f"instrument_name: {request.instrument_name} is not listed")
    bid, ask = quote.bid_units, quote.ask_units
    return OrderBook(
        bids=() if bid is None else ((units_decimal(bid), quote.bid_size),),
        asks=() if ask is None else ((units_decimal(ask), quote.ask_size),),
        timestamp=venue.clock,
    )


def get_funding_rate(venue: Venue, request: GetFundingRate) -> FundingRate:
    require_eth(request.coin, "coin")
    points = venue.source.funding_history(venue.clock - HOUR, venue.clock)
    if points:
        last = points[-1]
        yearly, at = last.hourly_rate * HOURS_PER_YEAR, last.at
    elif listed := venue.source.exchange_funding(venue.clock):
        # The reference perpetual has no rate for the last hour; the first exchange that has one stands in.
        _, yearly, at = listed[0]
    else:
        raise SoftRefusalError(
            Reason.NO_FUNDING, f"of any exchange for the hour to {venue.clock.isoformat()}"
        )
    return FundingRate(hourly_rate=yearly / HOURS_PER_YEAR, annualized_rate=yearly, timestamp=at)


def get_funding_history(venue: Venue, request: GetFundingHistory) -> FundingHistory:
    require_eth(request.coin, "coin")
    start, end = _span(venue, request.start, request.end)
    points = (
        venue.source.funding_history(request.start, min(request.end, venue.clock)) if start <= end else []
    )
    return FundingHistory(
        points=tuple(FundingPoint(timestamp=p.at, hourly_rate=p.hourly_rate) for p in points)
    )


def get_cross_exchange_funding(venue: Venue, request: CoinRequest) -> CrossExchangeFunding:
    require_eth(request.coin, "coin")
    return CrossExchangeFunding(
        exchanges=tuple(
            ExchangeFunding(name=funding.name, annualized_rate=funding.annualized_rate, timestamp=funding.at)
            for funding in venue.source.exchange_funding(venue.clock)
        )
    )


def get_liquidation_pressure(venue: Venue, request: CoinRequest) -> LiquidationPressure:
    require_eth(request.coin, "coin")
    usd = venue.assumptions.liquidation_usd_24h
    return LiquidationPressure(
        long_usd_24h=usd, short_usd_24h=usd, level=venue.assumptions.liquidation_pressure
    )


def get_calendar(venue: Venue, request: GetCalendar) -> Calendar:
    return Calendar(
        events=tuple(
            CalendarEvent(**event._asdict())
            for event in venue.source.events(request.start, request.end)
            if (request.countries is None or event.country in request.countries)
            and request.importance in (None, event.importance)
        )
    )


def _expiries(venue: Venue, first: datetime | None, last: datetime | None) -> list[datetime]:
    return [
        expiry
        for expiry in venue.source.expiries(venue.clock)
        if (first is None or expiry >= first) and (last is None or expiry <= last)
    ]


def _span(venue: Venue, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The bounds, both on the hour, of the hours that begin in [start, end) and are complete now."""
    if end < start:
        raise MalformedRequestError(f"end: expected not before start, found {iso_utc(end)}")
    if (end - start) / HOUR > BARS_MAX:
        raise MalformedRequestError(
            f"start: expected at most {BARS_MAX} hours before end, found {iso_utc(start)}"
        )
    return _ceil_hour(start), min(_ceil_hour(end), _floor_hour(venue.clock))


def _resampled(bars: Iterable[Bar], resolution: str) -> list[Bar]:
    """The bars as they are (`1h`), or one a full UTC day (`1d`)."""
    if resolution == "1h":
        return list(bars)
    days = []
    for _, group in groupby(bars, key=lambda bar: bar.start.date()):
        part = list(group)
        if part[0].start.hour == 0 and len(part) == DAY // HOUR:
            high, low = max(b.high for b in part), min(b.low for b in part)
            volume = sum(b.volume for b in part)
            days.append(Bar(part[0].start, part[0].open, high, low, part[-1].close, volume))
    return days


def _option_bars(venue: Venue, name: str, start: datetime, end: datetime) -> list[Bar]:
    """Bars between the marks on the hour; this market records no trades of others, so the volume is 0."""
    try:
        instrument = parse_instrument(name)
    except InputError as error:
        raise MalformedRequestError(str(error)) from error
    start, bars = max(start, venue.source.start), []
    opened = venue.source.quote(start, instrument) if start < end else None
    while start < end:
        closed = venue.source.quote(start + HOUR, instrument)
        if opened is not None and closed is not None:
            first, last = opened.mark_eth, closed.mark_eth
            bars.append(Bar(start, first, max(first, last), min(first, last), last, 0.0))
        start, opened = start + HOUR, closed
    return bars


def _floor_hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _ceil_hour(at: datetime) -> datetime:
    hour = _floor_hour(at)
    return hour if hour == at else hour + HOUR
