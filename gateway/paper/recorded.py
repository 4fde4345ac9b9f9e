"""Recorded chains as a source. Between two snapshots the market moves on (`move`) or stands still (`hold`).

`move`: each contract keeps its IV and its distances in ticks from bid to mark and from mark to ask; its
forward moves with the index, F_snap·I(t)/I(t_snap) (`IndexPath`). `hold`: the quotes of the last snapshot are
served. In both, quotes are stamped with the time of the request. Between two snapshots that are more than
`max_gap_h` apart is a hole: nobody knows the quotes there, so there are none. DVOL is the last that is known,
of the hourly closes and the snapshots' own; the delivery price is the mean of I over the half hour before
08:00.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import floor
from pathlib import Path
from typing import Final, Literal, NamedTuple

from core.errors import InputError
from core.pricing.black76 import SECONDS_PER_YEAR
from gateway.paper.assumptions import MAX_GAP_H
from gateway.paper.instruments import ListedOption
from gateway.paper.quotes import PaperQuote, StrikeValue, value_strike
from gateway.paper.recorded_files import NO_QUOTE, RecordedSnapshot, Slice, read_snapshots
from gateway.paper.recorded_index import IndexPath
from gateway.paper.recorded_series import (
    DAY,
    HOUR,
    HOURS_PER_YEAR,
    FundingSeries,
    HourlySeries,
    ToldFunding,
    is_told,
    read_dvol,
    read_events,
    read_funding,
    read_index,
    read_told,
)
from gateway.paper.source import Bar, Hole, HourlyFunding, ScheduledRelease, VenueFunding, hole_at
from gateway.paper.ticks import rung_of, units_of_rung

Between = Literal["move", "hold"]
HISTORY: Final = timedelta(days=120)
REFERENCE_EXCHANGE: Final = "hyperliquid"
DELIVERY_SPAN: Final = timedelta(minutes=30)
_CHAINS_KEPT: Final = 64


class Record(NamedTuple):
    """All that a folder of chains and the series beside it hold, checked."""

    snapshots: list[RecordedSnapshot]
    hourly: HourlySeries
    dvol: HourlySeries
    funding: list[FundingSeries]
    events: list[ScheduledRelease]
    told: list[ToldFunding]


def read_record(chains: Path) -> Record:
    """Read it. Raises `InputError` naming file, line and reason if a file is broken or missing."""
    snapshots = read_snapshots(chains)
    not_before, beside = snapshots[0].at - HISTORY, chains.resolve().parent
    return Record(
        snapshots,
        read_index(beside, not_before),
        read_dvol(beside, not_before),
        read_funding(beside, not_before),
        read_events(beside),
        read_told(beside, not_before),
    )


class RecordedMarket:
    """Replays a folder of recorded chains and the series beside it (its parent folder)."""

    name: Final[Literal["recorded"]] = "recorded"
    assumes: Final = ("touch_size", "funding_annual", "max_gap_h")

    def __init__(
        self,
        chains: Path,
        between: Between,
        touch_size: float,
        funding_annual: float,
        max_gap_h: float = MAX_GAP_H,
        record: Record | None = None,
    ) -> None:
        """Read and validate everything, unless the folder's `record` is given, which has been read before.
        `touch_size` and `funding_annual` stand in for what is not recorded.

        Raises `InputError` naming file, line and reason if a file is broken or missing.
        """
        max_gap = timedelta(hours=max_gap_h)
        self._between = between
        self._touch_size = touch_size
        self._funding_annual = funding_annual
        record = read_record(chains) if record is None else record
        self._snapshots, self._hourly, self._dvol, self._funding, self._events, self._told = record
        self._told_at = [told.told_at for told in self._told]
        self._times = [snapshot.at for snapshot in self._snapshots]
        self._index = IndexPath(self._hourly, self._snapshots)
        self._holes = holes_between(self._times, max_gap)
        self._start, self._end = replayed_span(self._times, self._hourly, self._dvol, max_gap)
        self._values: dict[tuple[datetime, datetime], list[StrikeValue]] = {}
        self._chains: dict[tuple[datetime, datetime], Sequence[PaperQuote]] = {}

    @property
    def start(self) -> datetime:
        return self._start

    @property
    def end(self) -> datetime | None:
        return self._end

    @property
    def holes(self) -> Sequence[Hole]:
        return self._holes

    def index_usd(self, at: datetime) -> float:
        return self._index.at(at)

    def dvol_pct(self, at: datetime) -> float:
        snapshot = self._last(at)
        if snapshot.dvol_pts is not None and at - snapshot.at < HOUR and snapshot.at.hour == at.hour:
            return snapshot.dvol_pts
        return self._dvol.last_known(at)

    def delivery_price_usd(self, expiry: datetime) -> float:
        return self._index.mean(expiry - DELIVERY_SPAN, expiry)

    def index_bars(self, start: datetime, end: datetime) -> list[Bar]:
        return self._hourly.bars(start, end)

    def dvol_bars(self, start: datetime, end: datetime) -> list[Bar]:
        return self._dvol.bars(start, end)

    def funding_history(self, start: datetime, end: datetime) -> list[HourlyFunding]:
        """The reference exchange's record; the assumed rate only if no exchange has a record at `end`."""
        for series in self._funding:
            if series.exchange == REFERENCE_EXCHANGE and (points := series.points(start, end)):
                return points
        if self._told_by(end) or any(series.last_day(end) is not None for series in self._funding):
            return []
        hour = start.replace(minute=0, second=0, microsecond=0)
        hour = hour if hour == start else hour + HOUR
        assumed = []
        while hour <= end:
            assumed.append(HourlyFunding(hour, self._funding_annual / HOURS_PER_YEAR))
            hour += HOUR
        return assumed

    def exchange_funding(self, at: datetime) -> list[VenueFunding]:
        told = self._told_by(at)
        if told:
            return list(told)
        found = [mean for series in self._funding if (mean := series.last_day(at)) is not None]
        hour = at.replace(minute=0, second=0, microsecond=0)
        return found or [VenueFunding("assumed", self._funding_annual, hour)]

    def _told_by(self, at: datetime) -> tuple[VenueFunding, ...]:
        """What an engine was told last, if it is not too old to count."""
        if not is_told(self._told_at, at):
            return ()
        return self._told[bisect_right(self._told_at, at) - 1].rates

    def events(self, start: datetime, end: datetime) -> list[ScheduledRelease]:
        return [event for event in self._events if start <= event.scheduled_at <= end]

    def expiries(self, at: datetime) -> Sequence[datetime]:
        snapshot = self._quoted(at)
        return [] if snapshot is None else [expiry for expiry in snapshot.slices if expiry > at]

    def instruments(self, at: datetime, expiry: datetime) -> Sequence[ListedOption]:
        snapshot = self._quoted(at)
        part = None if snapshot is None or expiry <= at else snapshot.slices.get(expiry)
        return () if part is None else part.instruments

    def chain(self, at: datetime, expiry: datetime) -> Sequence[PaperQuote]:
        known = self._chains.get((at, expiry))
        if known is not None:
            return known
        snapshot = self._quoted(at)
        part = None if snapshot is None or expiry <= at else snapshot.slices.get(expiry)
        if snapshot is None or part is None:
            return ()
        moved = self._moved_by(at, snapshot)
        quotes = [self._quote(at, snapshot, part, row, moved) for row in range(len(part.instruments))]
        if len(self._chains) >= _CHAINS_KEPT:
            self._chains.clear()
        self._chains[at, expiry] = quotes
        return quotes

    def quote(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        snapshot = self._quoted(at)
        return None if snapshot is None else self._quote_in(snapshot, at, instrument)

    def valued(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        return self._quote_in(self._last(at), at, instrument)

    def mark_eth(self, at: datetime, instrument: ListedOption) -> float | None:
        quote = self.quote(at, instrument)
        return None if quote is None else quote.mark_eth

    def _quote_in(
        self, snapshot: RecordedSnapshot, at: datetime, instrument: ListedOption
    ) -> PaperQuote | None:
        part = snapshot.slices.get(instrument.expiration)
        if part is None or instrument.expiration <= at or instrument not in part.instruments:
            return None
        row = part.instruments.index(instrument)
        return self._quote(at, snapshot, part, row, self._moved_by(at, snapshot))

    def _quoted(self, at: datetime) -> RecordedSnapshot | None:
        """The snapshot whose quotes stand at `at`; None in a hole."""
        snapshot = self._last(at)
        return snapshot if hole_at(self._holes, at) is None else None

    def _last(self, at: datetime) -> RecordedSnapshot:
        """The last snapshot by `at`, however old."""
        place = bisect_right(self._times, at) - 1
        if place < 0 or at > self._end:
            raise InputError(
                f"time: the record covers {self._times[0].isoformat()} to {self._end.isoformat()}, "
                f"found {at.isoformat()}"
            )
        return self._snapshots[place]

    def quoted_since(self, at: datetime) -> datetime:
        """The time of the snapshot whose quotes are served at `at`: they are so old."""
        return self._last(at).at

    def has_sizes(self, at: datetime) -> bool:
        """Whether the sizes at the touch that are served at `at` were recorded."""
        return self._last(at).has_sizes

    def _moved_by(self, at: datetime, snapshot: RecordedSnapshot) -> float | None:
        """By what factor the index has moved since the snapshot; None if its quotes stand still."""
        if self._between == "hold":
            return None
        return self._index.at(at) / self._index.at(snapshot.at)

    def _quote(
        self, at: datetime, snapshot: RecordedSnapshot, part: Slice, row: int, moved: float | None
    ) -> PaperQuote:
        instrument, iv, forward = part.instruments[row], part.ivs[row], part.forwards_usd[row]
        bid, ask = part.bid_units[row], part.ask_units[row]
        then = self._values_then(snapshot, instrument.expiration)[row]
        value = then
        if moved is not None:
            forward *= moved
            t_years = (instrument.expiration - at).total_seconds() / SECONDS_PER_YEAR
            value = value_strike(forward, instrument.strike_usd, t_years, iv)
            rungs = rung_of(_price(value, instrument)) - rung_of(_price(then, instrument))
            bid, ask = _moved(bid, rungs), _moved(ask, rungs)
        return PaperQuote(
            instrument,
            bid if bid > 0 else None,
            ask if ask > 0 else None,
            _size(part.bid_sizes, row, self._touch_size) if bid > 0 else 0.0,
            _size(part.ask_sizes, row, self._touch_size) if ask > 0 else 0.0,
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


def replayed_span(
    times: Sequence[datetime], index: HourlySeries, dvol: HourlySeries, max_gap: timedelta
) -> tuple[datetime, datetime]:
    """From the first Monday 00:00 UTC that all three cover to the last moment that has quotes.

    Raises `InputError` if there is no such Monday.
    """
    first = max(times[0], index.first_close, dvol.first_close)
    end = min(times[-1] + max_gap, index.last_close, dvol.last_close)
    start = first_monday(first)
    if start >= end:
        raise InputError(
            f"chains: the chains, the index and DVOL together cover {first.isoformat()} to "
            f"{end.isoformat()}, expected a Monday 00:00 UTC in it"
        )
    return start, end


def holes_between(times: Sequence[datetime], max_gap: timedelta) -> tuple[Hole, ...]:
    """The spans between two snapshots that are more than `max_gap` apart."""
    return tuple(Hole(last, following) for last, following in pairwise(times) if following - last > max_gap)


def _size(sizes: Sequence[float] | None, row: int, assumed: float) -> float:
    return assumed if sizes is None else sizes[row]


def _price(value: StrikeValue, instrument: ListedOption) -> float:
    return value.call_eth if instrument.is_call else value.put_eth


def _moved(units: int, rungs: float) -> int:
    """A quote moved by as many ticks as its mark. Bid and ask round alike, so their spread in ticks stays."""
    if units == NO_QUOTE:
        return NO_QUOTE
    rung = floor(rung_of(units / 10_000.0) + rungs + 0.5 + 1e-9)
    return units_of_rung(rung) if rung > 0 else NO_QUOTE


def first_monday(at: datetime) -> datetime:
    """The first Monday 00:00 UTC at or after a moment: there a replay begins."""
    midnight = datetime(at.year, at.month, at.day, tzinfo=UTC)
    monday = midnight + DAY * ((7 - midnight.weekday()) % 7)
    return monday if monday >= at else monday + 7 * DAY
