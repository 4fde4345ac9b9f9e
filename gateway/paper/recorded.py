"""Recorded chains as a source. Between two snapshots the market moves on (`move`) or stands still (`hold`).

`move`: each contract keeps its IV and its distances in ticks from bid to mark and from mark to ask; its
forward moves with the index, F_snap·I(t)/I(t_snap), I linear between hourly closes. `hold`: the quotes of the
last snapshot are served. In both, quotes are stamped with the time of the request. DVOL is the last hourly
close; the delivery price is the mean of I over the half hour before 08:00.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import floor
from pathlib import Path
from typing import Final, Literal

from core.errors import InputError
from core.pricing.black76 import SECONDS_PER_YEAR
from gateway.paper.instruments import ListedOption
from gateway.paper.quotes import PaperQuote, StrikeValue, value_strike
from gateway.paper.recorded_files import NO_QUOTE, RecordedSnapshot, Slice, read_snapshots
from gateway.paper.recorded_series import (
    DAY,
    DVOL_FILE,
    EVENTS_FILE,
    HOUR,
    HOURS_PER_YEAR,
    INDEX_FILE,
    read_events,
    read_funding,
    read_hourly,
)
from gateway.paper.source import Bar, HourlyFunding, ScheduledRelease, VenueFunding
from gateway.paper.ticks import rung_of, units_of_rung

Between = Literal["move", "hold"]
HISTORY: Final = timedelta(days=120)
SNAPSHOT_AGE_MAX: Final = DAY
REFERENCE_EXCHANGE: Final = "hyperliquid"
DELIVERY_SPAN: Final = timedelta(minutes=30)
_CHAINS_KEPT: Final = 64


class RecordedMarket:
    """Replays a folder of recorded chains and the series beside it (its parent folder)."""

    name: Final[Literal["recorded"]] = "recorded"

    def __init__(self, chains: Path, between: Between, touch_size: float, funding_annual: float) -> None:
        """Read and validate everything. `touch_size` and `funding_annual` stand in for what is not recorded.

        Raises `InputError` naming file, line and reason if a file is broken or missing.
        """
        self._between = between
        self._touch_size = touch_size
        self._funding_annual = funding_annual
        self._snapshots = read_snapshots(chains)
        self._times = [snapshot.at for snapshot in self._snapshots]
        not_before = self._times[0] - HISTORY
        beside = chains.resolve().parent
        self._index = read_hourly(beside / INDEX_FILE, not_before, with_volume=True)
        self._dvol = read_hourly(beside / DVOL_FILE, not_before, with_volume=False)
        self._funding = read_funding(beside, not_before)
        self._events = read_events(beside / EVENTS_FILE)
        self._start = _first_monday(max(self._times[0], self._index.first_close, self._dvol.first_close))
        self._end = min(self._times[-1] + SNAPSHOT_AGE_MAX, self._index.last_close, self._dvol.last_close)
        if self._start >= self._end:
            raise InputError(
                f"chains: the record covers {self._times[0].isoformat()} to {self._end.isoformat()}, "
                "expected a Monday 00:00 UTC in it"
            )
        self._values: dict[tuple[datetime, datetime], list[StrikeValue]] = {}
        self._chains: dict[tuple[datetime, datetime], Sequence[PaperQuote]] = {}

    @property
    def start(self) -> datetime:
        return self._start

    @property
    def end(self) -> datetime | None:
        return self._end

    def index_usd(self, at: datetime) -> float:
        return self._index.interpolated(at)

    def dvol_pct(self, at: datetime) -> float:
        return self._dvol.last_known(at)

    def delivery_price_usd(self, expiry: datetime) -> float:
        first = self._index.interpolated(expiry - DELIVERY_SPAN)
        return 0.5 * (first + self._index.interpolated(expiry))

    def index_bars(self, start: datetime, end: datetime) -> list[Bar]:
        return self._index.bars(start, end)

    def dvol_bars(self, start: datetime, end: datetime) -> list[Bar]:
        return self._dvol.bars(start, end)

    def funding_history(self, start: datetime, end: datetime) -> list[HourlyFunding]:
        """The reference exchange's record; the assumed rate only if no exchange has a record at `end`."""
        for series in self._funding:
            if series.exchange == REFERENCE_EXCHANGE and (points := series.points(start, end)):
                return points
        if any(series.last_day(end) is not None for series in self._funding):
            return []
        hour = start.replace(minute=0, second=0, microsecond=0)
        hour = hour if hour == start else hour + HOUR
        assumed = []
        while hour <= end:
            assumed.append(HourlyFunding(hour, self._funding_annual / HOURS_PER_YEAR))
            hour += HOUR
        return assumed

    def exchange_funding(self, at: datetime) -> list[VenueFunding]:
        found = [mean for series in self._funding if (mean := series.last_day(at)) is not None]
        hour = at.replace(minute=0, second=0, microsecond=0)
        return found or [VenueFunding("assumed", self._funding_annual, hour)]

    def events(self, start: datetime, end: datetime) -> list[ScheduledRelease]:
        return [event for event in self._events if start <= event.scheduled_at <= end]

    def expiries(self, at: datetime) -> Sequence[datetime]:
        return [expiry for expiry in self._snapshot(at).slices if expiry > at]

    def instruments(self, at: datetime, expiry: datetime) -> Sequence[ListedOption]:
        part = self._snapshot(at).slices.get(expiry)
        return () if part is None or expiry <= at else part.instruments

    def chain(self, at: datetime, expiry: datetime) -> Sequence[PaperQuote]:
        known = self._chains.get((at, expiry))
        if known is not None:
            return known
        snapshot = self._snapshot(at)
        part = snapshot.slices.get(expiry)
        if part is None or expiry <= at:
            return ()
        quotes = [self._quote(at, snapshot, part, row) for row in range(len(part.instruments))]
        if len(self._chains) >= _CHAINS_KEPT:
            self._chains.clear()
        self._chains[at, expiry] = quotes
        return quotes

    def quote(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        snapshot = self._snapshot(at)
        part = snapshot.slices.get(instrument.expiration)
        if part is None or instrument.expiration <= at or instrument not in part.instruments:
            return None
        return self._quote(at, snapshot, part, part.instruments.index(instrument))

    def _snapshot(self, at: datetime) -> RecordedSnapshot:
        place = bisect_right(self._times, at) - 1
        if place < 0 or at > self._end:
            raise InputError(
                f"time: the record covers {self._times[0].isoformat()} to {self._end.isoformat()}, "
                f"found {at.isoformat()}"
            )
        return self._snapshots[place]

    def _quote(self, at: datetime, snapshot: RecordedSnapshot, part: Slice, row: int) -> PaperQuote:
        instrument, iv, forward = part.instruments[row], part.ivs[row], part.forwards_usd[row]
        bid, ask = part.bid_units[row], part.ask_units[row]
        then = self._values_then(snapshot, instrument.expiration)[row]
        value = then
        if self._between == "move":
            forward *= self._index.interpolated(at) / self._index.interpolated(snapshot.at)
            t_years = (instrument.expiration - at).total_seconds() / SECONDS_PER_YEAR
            value = value_strike(forward, instrument.strike_usd, t_years, iv)
            rungs = rung_of(_price(value, instrument)) - rung_of(_price(then, instrument))
            bid, ask = _moved(bid, rungs), _moved(ask, rungs)
        return PaperQuote(
            instrument,
            bid if bid > 0 else None,
            ask if ask > 0 else None,
            self._touch_size if bid > 0 else 0.0,
            self._touch_size if ask > 0 else 0.0,
            _price(value, instrument),
            round(100.0 * iv, 4),
            value.call_delta if instrument.is_call else value.call_delta - 1.0,
            value.gamma,
            value.theta,
            value.vega,
            part.open_interests[row],
            part.volumes[row],
            forward,
        )

    def _values_then(self, snapshot: RecordedSnapshot, expiry: datetime) -> list[StrikeValue]:
        """The value of each contract at the snapshot, from its recorded IV and forward."""
        known = self._values.get((snapshot.at, expiry))
        if known is None:
            part = snapshot.slices[expiry]
            t_years = (expiry - snapshot.at).total_seconds() / SECONDS_PER_YEAR
            known = [
                value_strike(forward, instrument.strike_usd, t_years, iv)
                for instrument, forward, iv in zip(part.instruments, part.forwards_usd, part.ivs, strict=True)
            ]
            if len(self._values) >= _CHAINS_KEPT:
                self._values.clear()
            self._values[snapshot.at, expiry] = known
        return known


def _price(value: StrikeValue, instrument: ListedOption) -> float:
    return value.call_eth if instrument.is_call else value.put_eth


def _moved(units: int, rungs: float) -> int:
    """A quote moved by as many ticks as its mark. Bid and ask round alike, so their spread in ticks stays."""
    if units == NO_QUOTE:
        return NO_QUOTE
    rung = floor(rung_of(units / 10_000.0) + rungs + 0.5 + 1e-9)
    return units_of_rung(rung) if rung > 0 else NO_QUOTE


def _first_monday(at: datetime) -> datetime:
    midnight = datetime(at.year, at.month, at.day, tzinfo=UTC)
    monday = midnight + DAY * ((7 - midnight.weekday()) % 7)
    return monday if monday >= at else monday + 7 * DAY
