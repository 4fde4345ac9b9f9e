"""Reads the recorded series from the chains' parent folder: index and DVOL bars, funding, events.

`eth_usd_1h` and `eth_dvol_1h` (hourly bars, no gap), `macro_events_high`, and any
`eth_funding_<exchange>_<1h|2h|4h|8h>`, each as `.csv` or `.csv.gz`. A broken row raises `InputError` with
file name, line and reason.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final, cast, get_args

from core.contract import Importance
from core.errors import InputError
from gateway.paper.csv_rows import CsvRows, files_of, found_text, series_file, stem_of
from gateway.paper.engine_defaults import FUNDING_AGE_MAX
from gateway.paper.recorded_files import PRICE_MAX_USD
from gateway.paper.source import Bar, HourlyFunding, ScheduledRelease, VenueFunding

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
HOURS_PER_YEAR: Final = 8760.0
INDEX_FILE: Final = "eth_usd_1h"
DVOL_FILE: Final = "eth_dvol_1h"
EVENTS_FILE: Final = "macro_events_high"
FUNDING_PREFIX: Final = "eth_funding_"
FUNDING_HOURS: Final = (1, 2, 4, 8)
DVOL_RANGE_PCT: Final = (5.0, 500.0)
RATE_MAX_HOURLY: Final = 0.04
"""The highest hourly cap of an exchange (Hyperliquid)."""
VOLUME_MAX: Final = 1e12
NAME_LENGTH_MAX: Final = 200
_IN_PERCENT: Final = "if the file has percent, divide by 100"
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


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

    def closes(self) -> list[tuple[datetime, float]]:
        """Every close at its time."""
        return [(bar.start + HOUR, bar.close) for bar in self._bars]

    def all_bars(self) -> list[Bar]:
        """Every bar, by time."""
        return list(self._bars)

    def last_known(self, at: datetime) -> float:
        """The last close at or before `at`."""
        return self._bars[self._closed(at)].close

    def bar_over(self, at: datetime) -> Bar:
        """The bar of the hour that holds `at`; of the last close itself, the hour that it ends."""
        return self._bars[min(self._closed(at) + 1, len(self._bars) - 1)]

    def bars(self, start: datetime, end: datetime) -> list[Bar]:
        """The bars that start in [start, end)."""
        origin = self._bars[0].start
        return self._bars[max(0, (start - origin) // HOUR) : max(0, (end - origin) // HOUR)]

    def _closed(self, at: datetime) -> int:
        """The position of the last bar that was complete by `at`."""
        hour = (at - self._first_close) // HOUR
        if hour < 0 or at > self.last_close:
            raise InputError(
                f"time: the record holds {self._first_close.isoformat()} to {self.last_close.isoformat()}, "
                f"found {at.isoformat()}"
            )
        return hour


class FundingSeries:
    """One exchange's funding: a rate for each period that ended at its time."""

    def __init__(self, exchange: str, period: timedelta, rates: list[tuple[datetime, float]]) -> None:
        self.exchange = exchange
        self.period = period
        self._times = [at for at, _ in rates]
        self._hourly = [rate / (period / HOUR) for _, rate in rates]

    @classmethod
    def of_hourly(
        cls, exchange: str, period: timedelta, times: list[datetime], hourly: list[float]
    ) -> FundingSeries:
        """A series whose rates are hourly ones already, to the bit as `all_points` gave them."""
        made = cls(exchange, period, [])
        made._times, made._hourly = times, hourly
        return made

    def all_points(self) -> list[HourlyFunding]:
        """Every rate, as an hourly one."""
        return [HourlyFunding(*pair) for pair in zip(self._times, self._hourly, strict=True)]

    @property
    def first(self) -> datetime:
        return self._times[0]

    @property
    def last(self) -> datetime:
        return self._times[-1]

    @property
    def rows(self) -> int:
        return len(self._times)

    @property
    def annual_median(self) -> float:
        """The median rate, annualised, a fraction."""
        return median(self._hourly) * HOURS_PER_YEAR

    def points(self, start: datetime, end: datetime) -> list[HourlyFunding]:
        """The record in [start, end], as hourly rates."""
        span = slice(bisect_left(self._times, start), bisect_right(self._times, end))
        return [HourlyFunding(*pair) for pair in zip(self._times[span], self._hourly[span], strict=True)]

    def last_day(self, at: datetime) -> VenueFunding | None:
        """The mean of the 24 h up to `at`, annualised; None if the last rate by then is older than 9 h, or if
        the rates cover less than what such an age leaves of the day."""
        points = self.points(at - DAY + timedelta(microseconds=1), at)
        if not points or at - points[-1].at > FUNDING_AGE_MAX:
            return None
        if len(points) * self.period < DAY - FUNDING_AGE_MAX:
            return None
        mean = sum(point.hourly_rate for point in points) / len(points)
        return VenueFunding(self.exchange, mean * HOURS_PER_YEAR, points[-1].at)


def read_index(folder: Path, not_before: datetime) -> HourlySeries:
    """The index's hourly bars from `not_before` on, in USD."""
    return _read_hourly(series_file(folder, INDEX_FILE), not_before, (1.0, PRICE_MAX_USD), "USD", volume=True)


def read_dvol(folder: Path, not_before: datetime) -> HourlySeries:
    """DVOL's hourly bars from `not_before` on, in points; their volume is 0."""
    path = series_file(folder, DVOL_FILE)
    return _read_hourly(path, not_before, DVOL_RANGE_PCT, "points such as 65 for 65 %", volume=False)


def _read_hourly(
    path: Path, not_before: datetime, bounds: tuple[float, float], unit: str, *, volume: bool
) -> HourlySeries:
    columns = ("timestamp", "open", "high", "low", "close", *(("volume",) if volume else ()))
    rows = CsvRows(path, columns)
    bars: list[Bar] = []
    for stamp, *prices in rows:
        start = rows.full_hour("timestamp", stamp)
        if start < not_before:
            continue
        if bars and start != (following := bars[-1].start + HOUR):
            raise rows.wrong("timestamp", f"{following.isoformat()}, an hour after the row before", stamp)
        opened, high, low, close = (
            rows.number(name, text, *bounds, of=unit)
            for name, text in zip(columns[1:5], prices[:4], strict=True)
        )
        if not low <= min(opened, close) <= max(opened, close) <= high:
            raise rows.broken("low, open, close, high: expected low the least and high the greatest of them")
        traded = rows.number("volume", prices[4], 0.0, VOLUME_MAX) if volume else 0.0
        bars.append(Bar(start, opened, high, low, close, traded))
    if not bars:
        raise InputError(f"{path.name}: expected bars from {not_before.isoformat()} on, found none")
    return HourlySeries(bars)


def read_funding(folder: Path, not_before: datetime) -> list[FundingSeries]:
    """Every exchange's funding from `not_before` on, in the order of the file names."""
    found: dict[str, FundingSeries] = {}
    for path in files_of(folder)[0]:
        if not stem_of(path).startswith(FUNDING_PREFIX):
            continue
        exchange, hours = _named_funding(path)
        if exchange in found:
            raise InputError(
                f"{path.name}: expected one file of the funding of {exchange}, found another before it"
            )
        series = _read_rates(path, exchange, hours, not_before)
        if series is not None:
            found[exchange] = series
    return list(found.values())


def _named_funding(path: Path) -> tuple[str, int]:
    """Exchange and period in hours, from the file's name."""
    exchange, _, period = stem_of(path).removeprefix(FUNDING_PREFIX).rpartition("_")
    hours = {f"{hours}h": hours for hours in FUNDING_HOURS}.get(period)
    if not exchange or hours is None:
        known = ", ".join(f"{hours}h" for hours in FUNDING_HOURS)
        raise InputError(
            f"{path.name}: expected a name such as {FUNDING_PREFIX}okx_8h.csv.gz that ends with the period "
            f"(one of {known}); rename it, or move it out of the folder"
        )
    return exchange, hours


def _read_rates(path: Path, exchange: str, hours: int, not_before: datetime) -> FundingSeries | None:
    column, rate_max = "hourly_rate" if hours == 1 else f"rate_{hours}h", RATE_MAX_HOURLY * hours
    of = "a fraction an hour" if hours == 1 else f"a fraction for {hours} hours"
    rows = CsvRows(path, ("timestamp", column))
    rates: list[tuple[datetime, float]] = []
    last: datetime | None = None
    for stamp, text in rows:
        at = rows.time("timestamp", stamp)
        if last is not None and at <= last:
            raise rows.wrong("timestamp", f"a time later than {last.isoformat()} of the row before", stamp)
        last = at
        rate = rows.number(column, text, -rate_max, rate_max, of=of, advice=_IN_PERCENT)
        if at >= not_before:
            rates.append((at, rate))
    return FundingSeries(exchange, hours * HOUR, rates) if rates else None


def read_events(folder: Path) -> list[ScheduledRelease]:
    """All events, by time."""
    rows = CsvRows(series_file(folder, EVENTS_FILE), ("scheduled_at", "name", "country", "importance"))
    events: set[ScheduledRelease] = set()
    for stamp, name, country, importance in rows:
        if importance not in get_args(Importance):
            raise rows.wrong("importance", "low, medium or high", importance)
        if not _COUNTRY.fullmatch(country):
            raise rows.wrong("country", "a code of two capitals such as US", country)
        if not name.strip() or len(name) > NAME_LENGTH_MAX or not name.isprintable():
            raise rows.wrong("name", f"a printable text of at most {NAME_LENGTH_MAX} characters", name)
        event = ScheduledRelease(
            name, country, cast(Importance, importance), rows.time("scheduled_at", stamp)
        )
        if event in events:
            raise rows.broken(f"{found_text(name)} of {stamp} stands twice")
        events.add(event)
    return sorted(events, key=lambda event: (event.scheduled_at, event.name))
