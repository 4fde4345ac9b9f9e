"""What was: bars of DVOL, of an instrument, and of the index, complete and oldest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from time import monotonic
from typing import Final, TypeVar

from core.contract import (
    Candle,
    DvolHistory,
    DvolPoint,
    GetDvolHistory,
    GetHistorical,
    Historical,
    iso_utc,
)
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError
from gateway.live.fields import AnswerFields, as_decimal, as_time, list_of, ms_of
from gateway.live.kept import Kept
from gateway.live.market.index_hours import HOUR, candles, chart_hours, floor_hour, spliced
from gateway.live.market.instruments import INDEX, money
from gateway.live.store import StateFolder
from gateway.live.venue.limits import Priority
from gateway.live.venue.methods import Method
from gateway.live.venue.reads import DeribitReads
from gateway.shell.refusals import MalformedRequestError

INDEX_INSTRUMENT: Final = "ETH-INDEX"
PERPETUAL: Final = "ETH-PERPETUAL"
HISTORY_KEPT_S: Final = 60.0
DAY: Final = timedelta(days=1)
BARS_MAX: Final = 10_000
CONTINUATIONS_MAX: Final = 20
_RESOLUTION: Final = {"1h": ("3600", "60", HOUR), "1d": ("1D", "1D", DAY)}
"""Ours: DVOL's name for it, the candles' name for it, and its length."""
BarT = TypeVar("BarT", Candle, DvolPoint)


class DeribitHistory:
    """The venue's past, and our own record of its index."""

    def __init__(
        self, reads: DeribitReads, folder: StateFolder, clock: Callable[[], float] = monotonic
    ) -> None:
        self._reads = reads
        self._folder = folder
        self._dvol_bars: Kept[GetDvolHistory, tuple[DvolPoint, ...]] = Kept(
            self._ask_dvol_bars, HISTORY_KEPT_S, clock
        )
        self._bars: Kept[GetHistorical, tuple[Candle, ...]] = Kept(self._ask_bars, HISTORY_KEPT_S, clock)

    async def dvol_history(self, request: GetDvolHistory, deadline: Deadline) -> DvolHistory:
        """Complete bars that begin in [start, end)."""
        _check_span(request.start, request.end, _RESOLUTION[request.resolution][2])
        return DvolHistory(points=await self._dvol_bars.get(request, deadline))

    async def historical(self, request: GetHistorical, deadline: Deadline) -> Historical:
        """Complete bars that begin in [start, end)."""
        _check_span(request.start, request.end, _RESOLUTION[request.resolution][2])
        return Historical(candles=await self._bars.get(request, deadline))

    async def _ask_dvol_bars(self, request: GetDvolHistory, deadline: Deadline) -> tuple[DvolPoint, ...]:
        name, _, length = _RESOLUTION[request.resolution]
        rows = await dvol_rows(self._reads, request.currency, request.start, request.end, name, deadline)
        return _complete(rows, request.start, request.end, length, self._reads.wire.clock.now())

    async def _ask_bars(self, request: GetHistorical, deadline: Deadline) -> tuple[Candle, ...]:
        if request.instrument == INDEX_INSTRUMENT:
            return await self._index_bars(request, deadline)
        _, name, length = _RESOLUTION[request.resolution]
        bars = await self._candles(request.instrument, request.start, request.end, name, deadline)
        return _complete(bars, request.start, request.end, length, self._reads.wire.clock.now())

    async def _index_bars(self, request: GetHistorical, deadline: Deadline) -> tuple[Candle, ...]:
        if request.resolution != "1h":
            raise MalformedRequestError(f"resolution: expected 1h for {INDEX_INSTRUMENT}, found 1d")
        start = _ceil_hour(request.start)
        end = min(_ceil_hour(request.end), floor_hour(self._reads.wire.clock.now()))
        if start >= end:
            return ()
        recorded = self._folder.index_hours(start, end)
        asked = {"index_name": INDEX, "range": "1m"}
        answer = await self._reads.read(Method.GET_INDEX_CHART, asked, deadline, Priority.HISTORY)
        chart = chart_hours(chart_points(answer.result))
        perpetual: dict[datetime, Decimal] = {}
        if not chart or start < min(chart):
            until = min(chart, default=end) + HOUR
            for bar in await self._candles(PERPETUAL, start - HOUR, until, "60", deadline):
                perpetual[bar.timestamp + HOUR] = bar.close
        hours = spliced(recorded, chart, perpetual)
        # The chart may be late: what it has not yet is no hole, and the engine judges how old its end is.
        return candles(hours, start, min(end, max(hours, default=end)))

    async def _candles(
        self, instrument: str, start: datetime, end: datetime, resolution: str, deadline: Deadline
    ) -> list[Candle]:
        asked = {
            "instrument_name": instrument,
            "start_timestamp": ms_of(start),
            "end_timestamp": ms_of(end),
            "resolution": resolution,
        }
        answer = await self._reads.read(Method.GET_CANDLES, asked, deadline, Priority.HISTORY)
        return candles_of(answer.result)


async def dvol_rows(
    reads: DeribitReads,
    coin: str,
    start: datetime,
    end: datetime,
    resolution: str,
    deadline: Deadline,
    priority: Priority = Priority.HISTORY,
) -> list[DvolPoint]:
    """All bars from `start` to `end`, oldest first: the venue hands out pages, the newest first."""
    rows: dict[datetime, DvolPoint] = {}
    until: int | None = ms_of(end)
    for _ in range(CONTINUATIONS_MAX):
        asked = {
            "currency": coin,
            "start_timestamp": ms_of(start),
            "end_timestamp": until,
            "resolution": resolution,
        }
        answer = await reads.read(Method.GET_VOLATILITY_INDEX, asked, deadline, priority)
        found = AnswerFields(answer.result, "get_volatility_index_data")
        for number, row in enumerate(found.values("data")):
            point = _dvol_point(row, f"get_volatility_index_data.data[{number}]")
            rows[point.timestamp] = point
        if not found.has("continuation"):
            return [rows[at] for at in sorted(rows)]
        following = ms_of(found.time("continuation"))
        if until is not None and following >= until:
            raise AnomalyError(f"get_volatility_index_data.continuation: expected a time before {until}")
        until = following
    raise AnomalyError(f"get_volatility_index_data: expected at most {CONTINUATIONS_MAX} pages, found more")


def candles_of(result: object) -> list[Candle]:
    """The columns of `get_tradingview_chart_data` as bars; none if the venue has no data."""
    found = AnswerFields(result, "get_tradingview_chart_data")
    if found.text("status") == "no_data":
        return []
    names = ("ticks", "open", "high", "low", "close", "volume")
    columns = [found.values(name) for name in names]
    if len({len(column) for column in columns}) != 1:
        raise AnomalyError("get_tradingview_chart_data: expected columns of one length, found others")
    return [
        Candle(
            timestamp=as_time(tick, "get_tradingview_chart_data.ticks"),
            open=money(as_decimal(opened, "get_tradingview_chart_data.open")),
            high=money(as_decimal(high, "get_tradingview_chart_data.high")),
            low=money(as_decimal(low, "get_tradingview_chart_data.low")),
            close=money(as_decimal(close, "get_tradingview_chart_data.close")),
            volume=float(as_decimal(volume, "get_tradingview_chart_data.volume")),
        )
        for tick, opened, high, low, close, volume in zip(*columns, strict=True)
    ]


def _dvol_point(row: object, what: str) -> DvolPoint:
    cells = list_of(row, what)
    if len(cells) != 5:
        raise AnomalyError(f"{what}: expected time, open, high, low and close, found {len(cells)} values")
    opened, high, low, close = (float(as_decimal(cell, what)) for cell in cells[1:])
    return DvolPoint(timestamp=as_time(cells[0], what), open=opened, high=high, low=low, close=close)


def _complete(
    rows: Sequence[BarT], start: datetime, end: datetime, length: timedelta, now: datetime
) -> tuple[BarT, ...]:
    """Those that begin in [start, end) and have ended."""
    return tuple(row for row in rows if start <= row.timestamp < end and row.timestamp + length <= now)


def chart_points(result: object) -> list[tuple[datetime, Decimal]]:
    """The rows of `get_index_chart_data`: time and price."""
    found = []
    for number, row in enumerate(list_of(result, "get_index_chart_data")):
        what = f"get_index_chart_data[{number}]"
        if not isinstance(row, list) or len(row) != 2:
            raise AnomalyError(f"{what}: expected time and price, found {row!r}"[:120])
        found.append((as_time(row[0], f"{what}[0]"), as_decimal(row[1], f"{what}[1]")))
    return found


def _check_span(start: datetime, end: datetime, length: timedelta) -> None:
    if end < start:
        raise MalformedRequestError(f"end: expected not before start, found {iso_utc(end)}")
    if (end - start) / length > BARS_MAX:
        raise MalformedRequestError(
            f"start: expected at most {BARS_MAX} bars before end, found {iso_utc(start)}"
        )


def _ceil_hour(at: datetime) -> datetime:
    hour = floor_hour(at)
    return hour if hour == at else hour + HOUR
