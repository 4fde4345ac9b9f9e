"""Reads the recorded series from the chains' parent folder: index and DVOL bars, funding, events.

`eth_usd_1h.csv.gz` and `eth_dvol_1h.csv.gz` (hourly bars, no gap), `macro_events_high.csv` and any
`eth_funding_<exchange>_<1h|8h>.csv.gz`. A broken row raises `InputError` with file name, line and reason.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, cast, get_args

from core.contract import Importance
from core.errors import InputError
from gateway.paper.recorded_files import CsvRows
from gateway.paper.source import Bar, HourlyFunding, ScheduledRelease, VenueFunding

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
HOURS_PER_YEAR: Final = 8760.0
FUNDING_AGE_MAX: Final = timedelta(hours=9)
INDEX_FILE: Final = "eth_usd_1h.csv.gz"
DVOL_FILE: Final = "eth_dvol_1h.csv.gz"
EVENTS_FILE: Final = "macro_events_high.csv"


class HourlySeries:
    """Hourly bars without a gap. A close is known at its bar's end."""

    def __init__(self, bars: list[Bar]) -> None:
        self._bars = bars
        self._first_close = bars[0].start + HOUR

    @property
    def first_close(self) -> datetime:
        return self._first_close

    @property
    def last_close(self) -> datetime:
        return self._bars[-1].start + HOUR

    def last_known(self, at: datetime) -> float:
        """The last close at or before `at`."""
        return self._bars[self._position(at)[0]].close

    def interpolated(self, at: datetime) -> float:
        """The close, linear in time between the hours."""
        hour, part = self._position(at)
        before = self._bars[hour].close
        return before if part == 0.0 else before + (self._bars[hour + 1].close - before) * part

    def bars(self, start: datetime, end: datetime) -> list[Bar]:
        """The bars that start in [start, end)."""
        origin = self._bars[0].start
        return self._bars[max(0, (start - origin) // HOUR) : max(0, (end - origin) // HOUR)]

    def _position(self, at: datetime) -> tuple[int, float]:
        hour, rest = divmod(at - self._first_close, HOUR)
        if hour < 0 or at > self.last_close:
            raise InputError(
                f"time: the record holds {self._first_close.isoformat()} to {self.last_close.isoformat()}, "
                f"found {at.isoformat()}"
            )
        return hour, rest / HOUR


class FundingSeries:
    """One exchange's funding: a rate for each period that ended at its time."""

    def __init__(self, exchange: str, period: timedelta, rates: list[tuple[datetime, float]]) -> None:
        self.exchange = exchange
        self.period = period
        self._times = [at for at, _ in rates]
        self._hourly = [rate / (period / HOUR) for _, rate in rates]

    def points(self, start: datetime, end: datetime) -> list[HourlyFunding]:
        """The record in [start, end], as hourly rates."""
        span = slice(bisect_left(self._times, start), bisect_right(self._times, end))
        return [HourlyFunding(*pair) for pair in zip(self._times[span], self._hourly[span], strict=True)]

    def last_day(self, at: datetime) -> VenueFunding | None:
        """The mean of the 24 h up to `at`, annualised; None if the last rate by then is older than 9 h."""
        points = self.points(at - DAY + timedelta(microseconds=1), at)
        if not points or at - points[-1].at > FUNDING_AGE_MAX:
            return None
        mean = sum(point.hourly_rate for point in points) / len(points)
        return VenueFunding(self.exchange, mean * HOURS_PER_YEAR, points[-1].at)


def read_hourly(path: Path, not_before: datetime, *, with_volume: bool) -> HourlySeries:
    """Hourly bars from `not_before` on; their volume is 0 unless `with_volume`."""
    columns = ("timestamp", "open", "high", "low", "close", *(("volume",) if with_volume else ()))
    rows = CsvRows(path, columns)
    bars: list[Bar] = []
    for stamp, *prices in rows:
        start = rows.time("timestamp", stamp)
        if start < not_before:
            continue
        if bars and start != bars[-1].start + HOUR:
            raise rows.broken(f"timestamp: expected {(bars[-1].start + HOUR).isoformat()}, found {stamp!r}")
        opened, high, low, close = (
            rows.number(name, text, 1e-9) for name, text in zip(columns[1:5], prices[:4], strict=True)
        )
        volume = rows.number("volume", prices[4], 0.0) if with_volume else 0.0
        bars.append(Bar(start, opened, high, low, close, volume))
    if not bars:
        raise InputError(f"{path.name}: expected bars from {not_before.isoformat()} on, found none")
    return HourlySeries(bars)


def read_funding(folder: Path, not_before: datetime) -> list[FundingSeries]:
    """Every exchange's funding from `not_before` on, in the order of the file names."""
    found = []
    for path in sorted(folder.glob("eth_funding_*_*h.csv.gz")):
        _, _, exchange, period = path.name.removesuffix(".csv.gz").split("_")
        hours = int(period.removesuffix("h"))
        rows = CsvRows(path, ("timestamp", "hourly_rate" if hours == 1 else f"rate_{hours}h"))
        rates: list[tuple[datetime, float]] = []
        for stamp, text in rows:
            at = rows.time("timestamp", stamp)
            if rates and at <= rates[-1][0]:
                raise rows.broken(
                    f"timestamp: expected later than {rates[-1][0].isoformat()}, found {stamp!r}"
                )
            if at >= not_before:
                rates.append((at, rows.number("rate", text, -1.0, 1.0)))
        if rates:
            found.append(FundingSeries(exchange, hours * HOUR, rates))
    return found


def read_events(path: Path) -> list[ScheduledRelease]:
    """All events, by time."""
    rows = CsvRows(path, ("scheduled_at", "name", "country", "importance"))
    events = []
    for stamp, name, country, importance in rows:
        if importance not in get_args(Importance):
            raise rows.broken(f"importance: expected low, medium or high, found {importance!r}")
        at = rows.time("scheduled_at", stamp)
        events.append(ScheduledRelease(name, country, cast(Importance, importance), at))
    return sorted(events, key=lambda event: event.scheduled_at)
