"""Reads recorded option chains: `*.csv` and `*.csv.gz`, a row per contract and snapshot, each row checked.

Columns (any order, others ignored): `timestamp` (the snapshot's, ISO-8601 Z), `instrument_name`, `underlying`
(forward, USD), `bid_price`, `ask_price` (ETH on the tick grid; empty = no quote), `implied_volatility`
(mark IV, a fraction), `open_interest`, `volume` (contracts), and, if the record has them, `index_price` (USD,
when the row was read), `dvol` (points, of the snapshot), `bid_size` and `ask_size` (contracts at the touch).
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from core.errors import InputError
from core.plain_number import plain_number
from gateway.paper.csv_rows import CsvRows, files_of
from gateway.paper.instruments import ListedOption, parse_instrument
from gateway.paper.ticks import UNITS_PER_ETH, is_on_grid

CHAINS_FOLDER: Final = "chains"
"""The folder of a record that holds its chains; the series lie beside it."""
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
INDEX_COLUMN: Final = "index_price"
DVOL_COLUMN: Final = "dvol"
SIZE_COLUMNS: Final = ("bid_size", "ask_size")
OPTIONAL_COLUMNS: Final = (INDEX_COLUMN, DVOL_COLUMN, *SIZE_COLUMNS)
DVOL_RANGE_PCT: Final = (5.0, 500.0)
NO_QUOTE: Final = -1
PRICE_MAX_USD: Final = 1e6
"""Beyond it a price of ETH in USD is a misprint."""
PRICE_MAX_ETH: Final = 100.0
IV_MIN, IV_MAX = 0.01, 10.0
CONTRACTS_MAX: Final = 1e9
ROWS_MAX: Final = 10_000_000
"""Rows of a whole record, which is kept in memory: about 0.6 GB, or eight years of four snapshots a day."""
SNAPSHOT_ROWS_MAX: Final = 10_000
SNAPSHOTS_APART_MIN: Final = timedelta(minutes=1)
"""Times that are closer are those of the rows of one snapshot: each would replace the whole chain."""
STRIKE_STEP_USD: Final = 5
"""Every strike is a multiple of it; of those in the recorded chains of 2026, of 25."""
EXPIRED_MAX: Final = timedelta(hours=1)
"""For so long a recorder may still list what has just expired. It is left out: nobody can trade it."""
FORWARD_OVER_INDEX: Final = (0.5, 2.0)
"""A forward beyond these multiples of the index is in another unit, or that of another coin."""
INDEX_SPREAD_MAX: Final = 0.05
"""How far the index may move while one snapshot is read; recorded: at most 1.1 %."""
_GRID_NOISE: Final = 1e-6
_PRICES_KEPT: Final = 65_536
_WORTH_NOISE: Final = 1.05
_PERCENT: Final = "if the file has percent, divide by 100"


class Slice(NamedTuple):
    """One expiry of one snapshot as columns, sorted by strike, calls before puts."""

    instruments: tuple[ListedOption, ...]
    forwards_usd: Sequence[float]
    bid_units: Sequence[int]
    ask_units: Sequence[int]
    ivs: Sequence[float]
    open_interests: Sequence[float]
    volumes: Sequence[float]
    bid_sizes: Sequence[float] | None = None
    """Contracts at the touch; None if the record has none."""
    ask_sizes: Sequence[float] | None = None


class RecordedSnapshot(NamedTuple):
    """All contracts at one moment that have not expired, by expiry."""

    at: datetime
    slices: Mapping[datetime, Slice]
    index_usd: float | None
    """The index as the snapshot's own rows have it, their median; None if the file has no such column."""
    place: str
    """File and line where it begins, for messages."""
    dvol_pts: float | None = None
    """DVOL as it was read with the quotes; None if the file has no such column."""

    @property
    def has_sizes(self) -> bool:
        """Whether the sizes at the touch are on record."""
        return all(part.bid_sizes is not None for part in self.slices.values())

    @property
    def contracts(self) -> int:
        return sum(len(part.instruments) for part in self.slices.values())


class _Row(NamedTuple):
    instrument: ListedOption
    forward_usd: float
    bid_units: int
    ask_units: int
    iv: float
    open_interest: float
    volume: float
    bid_size: float | None
    ask_size: float | None


class _Pending:
    """The snapshot whose rows are being read."""

    def __init__(self, stamp: str, at: datetime, place: str) -> None:
        self.stamp = stamp
        self.at = at
        self.place = place
        self.rows: dict[ListedOption, _Row] = {}
        self.indices_usd: list[float] = []
        self.dvol_pts: float | None = None


def read_snapshots(folder: Path) -> list[RecordedSnapshot]:
    """Every snapshot of the folder's files, in order.

    Raises `InputError` naming file, line and reason for the first broken row, or if there is no file.
    """
    snapshots: list[RecordedSnapshot] = []
    rows_left = ROWS_MAX
    for path in chain_files(folder):
        rows_left -= _read_file(CsvRows(path, CHAIN_COLUMNS, OPTIONAL_COLUMNS), snapshots, rows_left)
    return snapshots


class SnapshotRows:
    """The rows of one snapshot that is about to be written, each held to what a reader takes."""

    def __init__(self, name: str, at: datetime) -> None:
        self._rows = CsvRows(Path(name), CHAIN_COLUMNS, OPTIONAL_COLUMNS)
        self._rows.optional_found = frozenset(OPTIONAL_COLUMNS)
        self._pending = _Pending(at.isoformat(), at, name)

    @property
    def has_rows(self) -> bool:
        return bool(self._pending.rows)

    def refused(self, fields: Sequence[str]) -> str | None:
        """The column by which a reader would refuse this row; None if it takes it. The fields are those of
        `CHAIN_COLUMNS` and `OPTIONAL_COLUMNS`."""
        try:
            _take(self._rows, fields, self._pending)
        except InputError as error:
            return str(error).partition(": ")[2].partition(":")[0]
        return None


def chain_files(folder: Path) -> list[Path]:
    """The files of a folder of chains. Raises `InputError` if it is no folder or holds none."""
    if not folder.is_dir():
        raise InputError(f"chains: expected a folder of recorded chains, found {str(folder)!r}")
    files, _ = files_of(folder)
    if not files:
        inside = folder / "chains"
        advice = f"; did you mean {str(inside)!r}?" if inside.is_dir() else ""
        raise InputError(f"chains: expected *.csv.gz or *.csv files in {str(folder)!r}, found none{advice}")
    return files


def _read_file(rows: CsvRows, snapshots: list[RecordedSnapshot], rows_left: int) -> int:
    """Append the file's snapshots and return how many rows it has."""
    count, pending = 0, None
    for count, fields in enumerate(rows, start=1):
        if count > rows_left:
            raise rows.broken(f"expected at most {ROWS_MAX:,} rows in the whole record; replay it in parts")
        stamp = fields[0]
        if pending is None or stamp != pending.stamp:
            at = rows.time("timestamp", stamp)
            if pending is None or at != pending.at:
                if pending is not None:
                    snapshots.append(_snapshot(pending))
                pending = _begun(rows, stamp, at, snapshots)
        _take(rows, fields, pending)
    if pending is not None:
        snapshots.append(_snapshot(pending))
    return count


def _begun(rows: CsvRows, stamp: str, at: datetime, snapshots: Sequence[RecordedSnapshot]) -> _Pending:
    if snapshots and at <= snapshots[-1].at:
        last = snapshots[-1]
        raise rows.wrong(
            "timestamp",
            f"a time later than {last.at.isoformat()} of the snapshot before ({last.place})",
            stamp,
            "rows and files have to be in the order of their times, and none may stand twice",
        )
    if snapshots and at - snapshots[-1].at < SNAPSHOTS_APART_MIN:
        raise rows.wrong(
            "timestamp",
            f"the time of the snapshot that begins in {snapshots[-1].place}, or one a minute later",
            stamp,
            "write the time of the snapshot on all its rows",
        )
    return _Pending(stamp, at, f"{rows.path.name}, line {rows.line}")


def _take(rows: CsvRows, fields: Sequence[str], pending: _Pending) -> None:
    """Check one row and put it into its snapshot."""
    row = _row(rows, fields)
    instrument = row.instrument
    if instrument.expiration + EXPIRED_MAX <= pending.at:
        raise rows.wrong(
            "instrument_name", f"an option that has not expired by {pending.at.isoformat()}", instrument.name
        )
    if instrument in pending.rows:
        raise rows.broken(
            f"instrument_name: {instrument.name} stands twice in the snapshot of {pending.stamp}"
        )
    if INDEX_COLUMN in rows.optional_found:
        index_usd = rows.number(INDEX_COLUMN, fields[8], 1.0, PRICE_MAX_USD, of="the index in USD")
        low, high = FORWARD_OVER_INDEX
        if not low <= row.forward_usd / index_usd <= high:
            raise rows.wrong(
                "underlying",
                f"a forward of {low:g} to {high:g} times the index of {fields[8]} USD",
                fields[2],
            )
        first_usd = pending.indices_usd[0] if pending.indices_usd else index_usd
        if abs(index_usd / first_usd - 1.0) > INDEX_SPREAD_MAX:
            raise rows.wrong(
                INDEX_COLUMN,
                f"within {INDEX_SPREAD_MAX:.0%} of {first_usd:g} of the snapshot's first row",
                fields[8],
            )
        pending.indices_usd.append(index_usd)
    if DVOL_COLUMN in rows.optional_found:
        dvol_pts = rows.number(DVOL_COLUMN, fields[9], *DVOL_RANGE_PCT, of="points such as 65 for 65 %")
        if pending.dvol_pts is None:
            pending.dvol_pts = dvol_pts
        elif dvol_pts != pending.dvol_pts:
            raise rows.wrong(DVOL_COLUMN, f"{pending.dvol_pts:g} as in the snapshot's first row", fields[9])
    pending.rows[instrument] = row
    if len(pending.rows) > SNAPSHOT_ROWS_MAX:
        raise rows.broken(f"timestamp: expected at most {SNAPSHOT_ROWS_MAX:,} contracts in a snapshot")


def _row(rows: CsvRows, fields: Sequence[str]) -> _Row:
    _, name, forward, bid, ask, iv, interest, volume = fields[:8]
    try:
        instrument = parse_instrument(name)
    except InputError:
        raise rows.wrong("instrument_name", "an ETH option such as ETH-6JUL25-1500-P", name) from None
    if instrument.strike_usd % STRIKE_STEP_USD:
        raise rows.wrong("instrument_name", f"a strike in steps of {STRIKE_STEP_USD} USD", name)
    forward_usd = rows.number("underlying", forward, 1.0, PRICE_MAX_USD, of="a forward in USD")
    bid_units, ask_units = _units(rows, "bid_price", bid), _units(rows, "ask_price", ask)
    worth_max_eth = 1.0 if instrument.is_call else instrument.strike_usd / forward_usd
    if bid_units > worth_max_eth * UNITS_PER_ETH * _WORTH_NOISE:
        raise rows.wrong(
            "bid_price",
            f"at most {worth_max_eth:.4g} ETH, more than which the option can't be worth",
            bid,
            "if the file has prices in USD, divide them by the underlying",
        )
    if NO_QUOTE not in (bid_units, ask_units) and bid_units > ask_units:
        raise rows.wrong("bid_price", f"at most the ask price of {ask} ETH", bid)
    return _Row(
        instrument,
        forward_usd,
        bid_units,
        ask_units,
        rows.number("implied_volatility", iv, IV_MIN, IV_MAX, of="a fraction such as 0.65", advice=_PERCENT),
        rows.number("open_interest", interest, 0.0, CONTRACTS_MAX),
        rows.number("volume", volume, 0.0, CONTRACTS_MAX),
        *_sizes(rows, fields),
    )


def _sizes(rows: CsvRows, fields: Sequence[str]) -> tuple[float | None, float | None]:
    """The contracts at the touch of bid and ask; None if the record has none."""
    found = [name for name in SIZE_COLUMNS if name in rows.optional_found]
    if not found:
        return None, None
    if len(found) < len(SIZE_COLUMNS):
        raise rows.broken(f"expected both columns {' and '.join(SIZE_COLUMNS)} or neither, found {found[0]}")
    bid, ask = (
        rows.number(name, text, 0.0, CONTRACTS_MAX, of="contracts")
        for name, text in zip(SIZE_COLUMNS, fields[10:12], strict=True)
    )
    return bid, ask


def _units(rows: CsvRows, name: str, text: str) -> int:
    units = _sound_units(text)
    if units is not None:
        return units
    if rows.number(name, text, 0.0, PRICE_MAX_ETH, of="a price in ETH") == 0.0:
        raise rows.wrong(name, "a price above 0", text, "leave the field empty if nobody quotes")
    raise rows.wrong(name, "a price on the tick grid (0.0001 ETH, from 0.005 on 0.0005)", text)


@lru_cache(maxsize=_PRICES_KEPT)
def _sound_units(text: str) -> int | None:
    """A price in units; None if it is not a sound one."""
    if not text:
        return NO_QUOTE
    price_eth = plain_number(text)
    if price_eth is None or not 0.0 < price_eth <= PRICE_MAX_ETH:
        return None
    exact = price_eth * UNITS_PER_ETH
    units = round(exact)
    return units if units and abs(exact - units) <= _GRID_NOISE and is_on_grid(units) else None


def _snapshot(pending: _Pending) -> RecordedSnapshot:
    by_expiry: dict[datetime, list[_Row]] = {}
    for instrument, row in pending.rows.items():
        if instrument.expiration > pending.at:
            by_expiry.setdefault(instrument.expiration, []).append(row)
    return RecordedSnapshot(
        pending.at,
        {expiry: _slice(by_expiry[expiry]) for expiry in sorted(by_expiry)},
        median(pending.indices_usd) if pending.indices_usd else None,
        pending.place,
        pending.dvol_pts,
    )


def _slice(rows: list[_Row]) -> Slice:
    rows.sort(key=lambda row: (row.instrument.strike_usd, not row.instrument.is_call))
    instruments, forwards, bids, asks, ivs, interests, volumes, bid_sizes, ask_sizes = zip(*rows, strict=True)
    sized = bid_sizes[0] is not None
    return Slice(
        instruments,
        array("d", forwards),
        array("i", bids),
        array("i", asks),
        array("d", ivs),
        array("d", interests),
        array("d", volumes),
        array("d", bid_sizes) if sized else None,
        array("d", ask_sizes) if sized else None,
    )
