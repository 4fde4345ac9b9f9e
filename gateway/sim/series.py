"""The simulated venue's past: bars of DVOL, points of the index, candles of the perpetual and of options."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from gateway.paper.source import Bar, MarketSource
from gateway.sim.errors import RpcError, invalid_params
from gateway.sim.moods import Moods
from gateway.sim.options import SimOptions

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LENGTHS: Final = {"1": timedelta(seconds=1), "60": MINUTE, "3600": HOUR, "1D": DAY}
"""Of DVOL's bars, by the venue's names for them; 12 hours are not there."""
CANDLES: Final = {"60": HOUR, "1D": DAY}
ROWS_MAX: Final = 1000
PERPETUAL: Final = "ETH-PERPETUAL"
PERPETUAL_OVER_INDEX: Final = 1.0003
VOLUME_ETH: Final = 5000.0
CHART_SPANS: Final = {"1h": HOUR, "1d": DAY, "2d": 2 * DAY, "1m": 30 * DAY}
CHART_LATE_S_MAX: Final = 40
"""A point of the chart is so late after its hour, at most."""


class _Span(NamedTuple):
    start: datetime
    end: datetime


def _span(params: dict[str, object]) -> _Span:
    found = []
    for name in ("start_timestamp", "end_timestamp"):
        value = params.get(name)
        if not isinstance(value, int):
            raise invalid_params(name, "must be an integer")
        found.append(datetime.fromtimestamp(value / 1000, UTC))
    return _Span(*found)


def _ms(at: datetime) -> int:
    return round(at.timestamp()) * 1000


def _floor(at: datetime, length: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return at - (at - epoch) % length


def _ceil(at: datetime, length: timedelta) -> datetime:
    floored = _floor(at, length)
    return floored if floored == at else floored + length


class SimSeries:
    """Whatever has a history, up to the bar that is under way."""

    def __init__(self, source: MarketSource, options: SimOptions, words: Moods, seed: int) -> None:
        self._source = source
        self._options = options
        self._words = words
        self._seed = seed

    def dvol(self, params: dict[str, object], now: datetime) -> dict[str, object]:
        """`public/get_volatility_index_data`: the newest page first, a page by time."""
        if params.get("currency") != "ETH":
            raise invalid_params("currency", "no volatility index for it")
        length = LENGTHS.get(str(params.get("resolution")))
        if length is None:
            raise invalid_params("resolution", "value is not one of the allowed")
        start, end = _span(params)
        first, last = _ceil(start, length), _floor(min(end, now), length)
        oldest = max(first, last - (ROWS_MAX - 1) * length)
        bars = self._dvol_bars(oldest, last, length, now) if oldest <= last else []
        return {
            "data": [
                [_ms(bar.start), *(round(each, 2) for each in (bar.open, bar.high, bar.low, bar.close))]
                for bar in bars
            ],
            "continuation": _ms(oldest) - 1 if oldest > first else None,
        }

    def chart(self, params: dict[str, object], now: datetime) -> list[list[float]]:
        """`public/get_index_chart_data`: about one point an hour."""
        if params.get("index_name") != "eth_usd":
            raise invalid_params("index_name", "unknown index")
        span = CHART_SPANS.get(str(params.get("range")))
        if span is None:
            raise invalid_params("range", "value is not one of the allowed")
        points: list[list[float]] = []
        hour = _ceil(now - span, HOUR)
        while hour <= now:
            late_s = Random(f"{self._seed}:chart:{hour.isoformat()}").randrange(CHART_LATE_S_MAX)
            at = hour + timedelta(seconds=late_s)
            if at <= now:
                points.append([_ms(at), round(self._source.index_usd(hour), 2)])
            hour += HOUR
        return points

    def candles(self, params: dict[str, object], now: datetime) -> dict[str, object]:
        """`public/get_tradingview_chart_data`, in columns, with the bar that is under way."""
        length = CANDLES.get(str(params.get("resolution")))
        if length is None:
            raise invalid_params("resolution", "value is not one of the allowed")
        start, end = _span(params)
        first, last = _ceil(start, length), _floor(min(end, now), length)
        name = params.get("instrument_name")
        if name == PERPETUAL:
            bars = self._perpetual(first, last, length, now)
        else:
            bars = self._marks(name, first, last, length, now)
        price = self._words.price
        return {
            "status": "ok" if bars else "no_data",
            "ticks": [_ms(bar.start) for bar in bars],
            "open": [price(bar.open) for bar in bars],
            "high": [price(bar.high) for bar in bars],
            "low": [price(bar.low) for bar in bars],
            "close": [price(bar.close) for bar in bars],
            "volume": [bar.volume for bar in bars],
            "cost": [round(bar.volume * bar.close, 2) for bar in bars],
        }

    def _dvol_bars(self, first: datetime, last: datetime, length: timedelta, now: datetime) -> list[Bar]:
        if length < HOUR:
            return list(_between(self._source.dvol_pct, first, last, length, now))
        whole = min(last + length, _floor(now, HOUR))
        hourly = self._source.dvol_bars(first, whole)
        if whole < last + length:
            hourly += _between(self._source.dvol_pct, whole, whole, HOUR, now)
        return _joined(hourly, length)

    def _perpetual(self, first: datetime, last: datetime, length: timedelta, now: datetime) -> list[Bar]:
        if first > last:
            return []
        whole = min(last + length, _floor(now, HOUR))
        hourly = self._source.index_bars(first, whole)
        if whole < last + length:
            hourly += _between(self._source.index_usd, whole, whole, HOUR, now)
        over = PERPETUAL_OVER_INDEX
        return [
            Bar(
                bar.start,
                round(bar.open * over, 2),
                round(bar.high * over, 2),
                round(bar.low * over, 2),
                round(bar.close * over, 2),
                VOLUME_ETH,
            )
            for bar in _joined(hourly, length)
        ]

    def _marks(
        self, name: object, first: datetime, last: datetime, length: timedelta, now: datetime
    ) -> list[Bar]:
        if self._options.mark(name, now) is None:
            raise RpcError(13020, "not_found")
        bars = []
        at = max(first, _ceil(self._source.start, length))
        while at <= last:
            opened = self._options.mark(name, at)
            closed = self._options.mark(name, min(at + length, now))
            if opened is not None and closed is not None:
                opened, closed = round(opened, 6), round(closed, 6)
                bars.append(Bar(at, opened, max(opened, closed), min(opened, closed), closed, 0.0))
            at += length
        return bars


def _between(
    value: Callable[[datetime], float], first: datetime, last: datetime, length: timedelta, now: datetime
) -> Iterable[Bar]:
    """Bars from a function of time, by their two ends; the last may be under way."""
    at = first
    while at <= last:
        opened, closed = value(at), value(min(at + length, now))
        yield Bar(at, opened, max(opened, closed), min(opened, closed), closed, 0.0)
        at += length


def _joined(hourly: list[Bar], length: timedelta) -> list[Bar]:
    """Hourly bars as longer ones."""
    joined: dict[datetime, Bar] = {}
    for bar in hourly:
        start = _floor(bar.start, length)
        known = joined.get(start)
        if known is None:
            joined[start] = bar._replace(start=start)
        else:
            joined[start] = Bar(
                start,
                known.open,
                max(known.high, bar.high),
                min(known.low, bar.low),
                bar.close,
                known.volume + bar.volume,
            )
    return list(joined.values())
