"""Reads recorded option chains: `*.csv` and `*.csv.gz`, a row per contract and snapshot, each row validated.

Columns (any order, others ignored): `timestamp` (the snapshot's, ISO-8601 Z), `instrument_name`, `underlying`
(forward, USD), `bid_price`, `ask_price` (ETH on the tick grid; empty = no quote), `implied_volatility`
(mark IV, a fraction), `open_interest`, `volume` (contracts). A broken row raises `InputError` with file
name, line and reason.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Final, NamedTuple

from core.errors import InputError
from gateway.paper.instruments import ListedOption, parse_instrument
from gateway.paper.ticks import UNITS_PER_ETH, is_on_grid

CHAIN_COLUMNS: Final = (
    "timestamp",
    "instrument_name",
    "underlying",
    "bid_price",
    "ask_price",
    "implied_volatility",
    "open_interest",
    "volume",
)
NO_QUOTE: Final = -1
_GRID_NOISE: Final = 1e-6


class Slice(NamedTuple):
    """One expiry of one snapshot as columns, sorted by strike, calls before puts."""

    instruments: tuple[ListedOption, ...]
    forwards_usd: Sequence[float]
    bid_units: Sequence[int]
    ask_units: Sequence[int]
    ivs: Sequence[float]
    open_interests: Sequence[float]
    volumes: Sequence[float]


class RecordedSnapshot(NamedTuple):
    """All contracts at one moment that have not expired, by expiry."""

    at: datetime
    slices: Mapping[datetime, Slice]


class _Row(NamedTuple):
    instrument: ListedOption
    forward_usd: float
    bid_units: int
    ask_units: int
    iv: float
    open_interest: float
    volume: float


class CsvRows:
    """The rows of one CSV file, plain or gzipped; keeps the line number for errors."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.line = 0
        self._columns = columns

    def __iter__(self) -> Iterator[list[str]]:
        """Each row's fields in the order of `columns`."""
        try:
            opener = gzip.open if self.path.suffix == ".gz" else open
            with opener(self.path, "rt", encoding="utf-8", newline="") as file:
                reader = csv.reader(file)
                header = next(reader, [])
                self.line = 1
                missing = [name for name in self._columns if name not in header]
                if missing:
                    raise self.broken(f"expected the column {missing[0]!r}, found {','.join(header)!r}")
                places, width = [header.index(name) for name in self._columns], len(header)
                for row in reader:
                    self.line = reader.line_num
                    if len(row) != width:
                        raise self.broken(f"expected {width} fields, found {len(row)}")
                    yield [row[place] for place in places]
        except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
            raise self.broken(f"can't be read: {error}") from error

    def broken(self, reason: str) -> InputError:
        """The error that names this file and the line being read."""
        return InputError(f"{self.path.name}, line {self.line}: {reason}")

    def number(self, name: str, text: str, low: float, high: float = float("inf")) -> float:
        """`text` as a finite number in [low, high]."""
        try:
            value = float(text)
        except ValueError as error:
            raise self.broken(f"{name}: expected a number, found {text!r}") from error
        if not (isfinite(value) and low <= value <= high):
            raise self.broken(f"{name}: expected a number from {low} to {high}, found {text!r}")
        return value

    def time(self, name: str, text: str) -> datetime:
        """`text` as an aware UTC time."""
        try:
            value = datetime.fromisoformat(text)
        except ValueError as error:
            raise self.broken(f"{name}: expected an ISO-8601 time, found {text!r}") from error
        if value.tzinfo is None:
            raise self.broken(f"{name}: expected a time with its zone, found {text!r}")
        return value.astimezone(UTC)


def read_snapshots(folder: Path) -> list[RecordedSnapshot]:
    """Every snapshot of the folder's files, in order.

    Raises `InputError` naming file, line and reason for the first broken row, or if there is no file.
    """
    if not folder.is_dir():
        raise InputError(f"chains: expected a folder of recorded chains, found {str(folder)!r}")
    files = sorted(path for path in folder.iterdir() if path.name.endswith((".csv", ".csv.gz")))
    if not files:
        raise InputError(f"chains: expected *.csv.gz or *.csv files in {str(folder)!r}, found none")
    snapshots: list[RecordedSnapshot] = []
    for path in files:
        _read_file(CsvRows(path, CHAIN_COLUMNS), snapshots)
    if not snapshots:
        raise InputError(f"chains: the files in {str(folder)!r} hold no snapshot")
    return snapshots


def _read_file(rows: CsvRows, snapshots: list[RecordedSnapshot]) -> None:
    stamp, at, pending = "", None, dict[ListedOption, _Row]()
    for fields in rows:
        if fields[0] != stamp:
            if at is not None:
                snapshots.append(_snapshot(at, pending))
            stamp, pending = fields[0], {}
            at = rows.time("timestamp", stamp)
            if snapshots and at <= snapshots[-1].at:
                raise rows.broken(
                    f"timestamp: expected later than {snapshots[-1].at.isoformat()}, found {stamp}"
                )
        row = _row(rows, fields)
        if row.instrument in pending:
            raise rows.broken(
                f"instrument_name: {row.instrument.name} stands twice in the snapshot of {stamp}"
            )
        pending[row.instrument] = row
    if at is not None:
        snapshots.append(_snapshot(at, pending))


def _row(rows: CsvRows, fields: Sequence[str]) -> _Row:
    _, name, forward, bid, ask, iv, interest, volume = fields
    try:
        instrument = parse_instrument(name)
    except InputError as error:
        raise rows.broken(str(error)) from error
    return _Row(
        instrument,
        rows.number("underlying", forward, 1e-9),
        _units(rows, "bid_price", bid),
        _units(rows, "ask_price", ask),
        rows.number("implied_volatility", iv, 1e-4, 100.0),
        rows.number("open_interest", interest, 0.0),
        rows.number("volume", volume, 0.0),
    )


def _units(rows: CsvRows, name: str, text: str) -> int:
    if not text:
        return NO_QUOTE
    exact = rows.number(name, text, 0.0) * UNITS_PER_ETH
    units = round(exact)
    if abs(exact - units) > _GRID_NOISE * max(1.0, exact) or not is_on_grid(units):
        raise rows.broken(f"{name}: expected a price on the tick grid, found {text!r}")
    return units if units else NO_QUOTE


def _snapshot(at: datetime, rows: Mapping[ListedOption, _Row]) -> RecordedSnapshot:
    by_expiry: dict[datetime, list[_Row]] = {}
    for instrument, row in rows.items():
        if instrument.expiration > at:
            by_expiry.setdefault(instrument.expiration, []).append(row)
    return RecordedSnapshot(at, {expiry: _slice(by_expiry[expiry]) for expiry in sorted(by_expiry)})


def _slice(rows: list[_Row]) -> Slice:
    rows.sort(key=lambda row: (row.instrument.strike_usd, not row.instrument.is_call))
    instruments, forwards, bids, asks, ivs, interests, volumes = zip(*rows, strict=True)
    return Slice(
        instruments,
        array("d", forwards),
        array("i", bids),
        array("i", asks),
        array("d", ivs),
        array("d", interests),
        array("d", volumes),
    )
