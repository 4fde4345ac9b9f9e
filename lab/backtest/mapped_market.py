"""Mapped snapshots as a market: what the last snapshot holds stands until the next one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from core.errors import InputError
from core.values import OptionType
from gateway.paper.instruments import ListedOption, option
from gateway.paper.quotes import PaperQuote
from gateway.paper.source import Bar, Hole, HourlyFunding, ScheduledRelease, VenueFunding
from gateway.paper.ticks import UNITS_PER_ETH
from lab.backtest.column_map import ColumnMap, Columns, read_map
from lab.backtest.columns_cache import kept_columns
from lab.backtest.reader import ceil_hour
from lab.backtest.shared_market import ANSWERS_MAX, Decoded, Once

HOUR: Final = timedelta(hours=1)
Side = dict[float, int]
"""The rows of one side by their strikes."""


class MappedMarket:
    """A market of snapshots alone. It has no funding, no events and no history: rules that read them must be
    switched off (`lab.gates`)."""

    name: Final[Literal["recorded"]] = "recorded"
    assumes: Final = ("touch_size",)

    def __init__(self, columns: Columns, names: ColumnMap, touch_size: float, *, label: str) -> None:
        """`columns` as `read_columns` has checked them. Raises `InputError` if they have no row."""
        self.columns = columns
        self._touch_size = touch_size
        self._dvol = names.dvol_pts
        self._times: list[int] = []
        self._spots: list[float] = []
        self._groups: list[dict[tuple[int, bool], tuple[int, int]]] = []
        self._group(label)
        self._starts = [datetime.fromtimestamp(at, UTC) for at in self._times]
        self._first_hour = ceil_hour(self._starts[0])
        self._bars: list[Bar] = []
        """Of each full hour from the start on, as far as asked for: each entry reads those of a month."""
        self.built: dict[tuple[str, str, float], Any] = {}
        """What chains have built of it; how, only they know."""
        self._quotes = Once[tuple[datetime, ListedOption], PaperQuote | None](ANSWERS_MAX)
        self.decoded = Decoded(is_kept=True, monitored_max=ANSWERS_MAX)
        self._asked_at, self._asked_place = self._starts[0], 0

    def _group(self, label: str) -> None:
        """Find where each side of each expiry of each snapshot begins and ends."""
        times, expirations, puts = (
            self.columns.times_s,
            self.columns.expirations_s,
            self.columns.puts,
        )
        rows, first = len(times), 0
        while first < rows:
            at, expiry, put = times[first], expirations[first], puts[first]
            last = _run_end(first, rows, at, expiry, put, times, expirations, puts)
            if not self._times or at != self._times[-1]:
                self._times.append(at)
                self._spots.append(self.columns.spots_usd[first])
                self._groups.append({})
            self._groups[-1][expiry, bool(put)] = (first, last)
            first = last
        if not self._times:
            raise InputError(f"{label}: expected at least one row")

    @property
    def start(self) -> datetime:
        return self._starts[0]

    @property
    def end(self) -> datetime | None:
        return self._starts[-1] + HOUR

    @property
    def last(self) -> datetime:
        """The time of the last snapshot."""
        return self._starts[-1]

    @property
    def holes(self) -> Sequence[Hole]:
        return ()

    def quoted_since(self, at: datetime) -> datetime:
        return self._starts[self._place(at)]

    def has_sizes(self, at: datetime) -> bool:  # noqa: ARG002
        """No such file has the sizes at the touch."""
        return False

    @property
    def assumed_dvol_pts(self) -> float:
        return self._dvol

    def index_usd(self, at: datetime) -> float:
        return self._spots[0 if at < self.start else self._place(at)]

    def dvol_pct(self, at: datetime) -> float:  # noqa: ARG002  (the map has one for all times)
        return self._dvol

    def delivery_price_usd(self, expiry: datetime) -> float:
        return self.index_usd(expiry)

    def index_bars(self, start: datetime, end: datetime) -> list[Bar]:
        first = max(ceil_hour(start), self._first_hour)
        place = (first - self._first_hour) // HOUR
        last = place + max(0, (end - first) // HOUR)
        if last > len(self._bars):
            self._bars += self._bars_of(self._first_hour + HOUR * len(self._bars), last - len(self._bars))
        return self._bars[place:last]

    def _bars_of(self, hour: datetime, number: int) -> list[Bar]:
        """Those of so many hours from this one on."""
        starts, spots, bars = self._starts, self._spots, []
        place = self._place(hour)
        for _ in range(number):
            while place + 1 < len(starts) and starts[place + 1] <= hour:
                place += 1
            spot_usd = spots[place]
            bars.append(Bar(hour, spot_usd, spot_usd, spot_usd, spot_usd, 0.0))
            hour += HOUR
        return bars

    def dvol_bars(self, start: datetime, end: datetime) -> list[Bar]:
        hours = (start + HOUR * number for number in range(max(0, (end - start) // HOUR)))
        return [Bar(hour, *(self._dvol,) * 4, 0.0) for hour in hours]

    def funding_history(self, start: datetime, end: datetime) -> list[HourlyFunding]:  # noqa: ARG002
        return []

    def exchange_funding(self, at: datetime) -> list[VenueFunding]:  # noqa: ARG002
        return []

    def events(self, start: datetime, end: datetime) -> list[ScheduledRelease]:  # noqa: ARG002
        return []

    def expiries(self, at: datetime) -> Sequence[datetime]:
        found = {expiry for expiry, _ in self._groups[self._place(at)]}
        return [expiry for expiry in (datetime.fromtimestamp(s, UTC) for s in sorted(found)) if expiry > at]

    def instruments(self, at: datetime, expiry: datetime) -> Sequence[ListedOption]:
        return [
            option(expiry, int(strike), kind)
            for strike, kind in sorted(
                (strike, kind)
                for kind in (OptionType.CALL, OptionType.PUT)
                for strike in self.side(at, expiry, kind)
            )
        ]

    def chain(self, at: datetime, expiry: datetime) -> Sequence[PaperQuote]:
        found = (self.quote(at, instrument) for instrument in self.instruments(at, expiry))
        return [quote for quote in found if quote is not None]

    def quote(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        return self._quotes((at, instrument), lambda: self._quote(at, instrument))

    def _quote(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        if instrument.expiration <= at:
            return None
        row = self.row(at, instrument)
        return None if row is None else self.quote_at(row, instrument)

    def valued(self, at: datetime, instrument: ListedOption) -> PaperQuote | None:
        return self.quote(at, instrument)

    def mark_eth(self, at: datetime, instrument: ListedOption) -> float | None:
        quote = self.quote(at, instrument)
        return None if quote is None else quote.mark_eth

    def row(self, at: datetime, instrument: ListedOption) -> int | None:
        """The row of an option in the snapshot of `at`."""
        group = self._groups[self._place(at)].get(
            (int(instrument.expiration.timestamp()), not instrument.is_call)
        )
        if group is None:
            return None
        first, last = group
        strikes, strike = self.columns.strikes_usd, float(instrument.strike_usd)
        row = bisect_left(strikes, strike, first, last)
        if row < last and strikes[row] == strike:
            return row
        return next((row for row in range(first, last) if strikes[row] == strike), None)

    def side(self, at: datetime, expiry: datetime, kind: OptionType) -> Side:
        """The rows of one side of an expiry in the snapshot of `at`, by strike."""
        group = self._groups[self._place(at)].get((int(expiry.timestamp()), kind is OptionType.PUT))
        if group is None:
            return {}
        strikes = self.columns.strikes_usd
        return {strikes[row]: row for row in range(*group)}

    def quote_at(self, row: int, instrument: ListedOption) -> PaperQuote:
        """The quote of a row."""
        columns = self.columns
        bid, ask = round(columns.bids_eth[row] * UNITS_PER_ETH), round(columns.asks_eth[row] * UNITS_PER_ETH)
        return PaperQuote(
            instrument,
            bid if bid > 0 else None,
            ask if ask > 0 else None,
            self._touch_size if bid > 0 else 0.0,
            self._touch_size if ask > 0 else 0.0,
            columns.marks_eth[row],
            round(100.0 * columns.ivs[row], 4),
            columns.deltas[row],
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            columns.spots_usd[row],
        )

    def _place(self, at: datetime) -> int:
        """Of the snapshot that stands at a moment. Much is asked of one moment, and then of the next one."""
        if at is not self._asked_at:
            place = bisect_right(self._starts, at) - 1
            if place < 0:
                raise InputError(
                    f"time: the record begins at {self.start.isoformat()}, found {at.isoformat()}"
                )
            self._asked_at, self._asked_place = at, place
        return self._asked_place


def open_mapped(path: Path, map_path: Path, touch_size: float, cache: Path) -> MappedMarket:
    """Read a file of snapshots by its map, or what `cache` has kept of it.

    Raises `InputError` or `ConfigError`.
    """
    names = read_map(map_path)
    return MappedMarket(kept_columns(path, names, cache), names, touch_size, label=str(path))


def _run_end(
    first: int,
    rows: int,
    at: int,
    expiry: int,
    put: int,
    times: Sequence[int],
    expirations: Sequence[int],
    puts: Sequence[int],
) -> int:
    """The row after the last of a run of equal time, expiry and side, found by steps that double: rows of one
    such run stand together, which was checked of each of them when they were read."""
    step, last, grows = 1, first, True
    while step:
        row = last + step
        if row < rows and puts[row] == put and expirations[row] == expiry and times[row] == at:
            last = row
            step = 2 * step if grows else step
        else:
            grows = False
            step //= 2
    return last + 1
