"""Snapshots of chains with columns of their own: from CSV or Parquet, by a small YAML, into plain arrays.

The map names, for each field, the column that holds it. Times of the file are days or moments in UTC.
"""

from __future__ import annotations

import csv
import gzip
import importlib
from array import array
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, Literal, NamedTuple

from pydantic import Field

from config.strategy_file import validated
from config.yaml_lines import read_lined_yaml
from core.errors import InputError
from core.plain_number import plain_number
from core.section import Section
from core.strategy import TimeOfDay

ROWS_MAX: Final = 20_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ColumnMap(Section):
    """Which column holds what. Prices are ETH a contract, `delta` and `iv` as recorded, `spot` in USD."""

    time: str = Field(description="the snapshot's day or time")
    expiration: str = Field(description="the option's last day or its expiry")
    strike: str = Field(description="USD")
    kind: str = Field(description="the column of the option's type")
    put: str = Field(description="what stands there for a put")
    spot: str = Field(description="USD, the index")
    bid: str = Field(description="ETH; 0 or empty is no quote")
    ask: str = Field(description="ETH; 0 or empty is no quote")
    mark: str = Field(description="ETH")
    iv: str = Field(description="a fraction")
    delta: str = Field(description="of one contract, puts negative")
    time_of_day: TimeOfDay = Field("08:00", description="UTC, of times that are days alone")
    dvol_pts: float = Field(60.0, ge=5, le=500, description="points; the file has none")


class Columns(NamedTuple):
    """One row a quote, in the order of the file. Times are seconds since 1970, prices units of 0.0001 ETH."""

    times_s: Sequence[int]
    expirations_s: Sequence[int]
    puts: Sequence[int]
    strikes_usd: Sequence[float]
    spots_usd: Sequence[float]
    bids_eth: Sequence[float]
    asks_eth: Sequence[float]
    marks_eth: Sequence[float]
    ivs: Sequence[float]
    deltas: Sequence[float]


def read_map(path: Path) -> ColumnMap:
    """Raises `ConfigError` with file, line, key, what was expected and what was found."""
    return validated(read_lined_yaml(path), ColumnMap)


def read_columns(path: Path, names: ColumnMap) -> Columns:
    """Read the file. Raises `InputError`, naming file, line or column, and what was found."""
    if not path.is_file():
        raise InputError(f"{path}: expected a file of snapshots (.parquet, .csv or .csv.gz), found none")
    if path.suffix == ".parquet":
        return _of_parquet(path, names)
    if path.name.endswith((".csv", ".csv.gz")):
        return _of_csv(path, names)
    raise InputError(f"{path}: expected a name that ends with .parquet, .csv or .csv.gz")


def _day_s(names: ColumnMap) -> int:
    hours, minutes = names.time_of_day.split(":")
    return int(hours) * 3600 + int(minutes) * 60


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _of_csv(path: Path, names: ColumnMap) -> Columns:
    with _opened(path) as file:
        rows = csv.reader(file)
        header = next(rows, [])
        place = {}
        for field in _FIELDS:
            column = getattr(names, field)
            if column not in header:
                raise InputError(f"{path}: expected a column {column!r} ({field}), found {', '.join(header)}")
            place[field] = header.index(column)
        integers = [array("q") for _ in range(3)]
        numbers = [array("d") for _ in range(7)]
        seconds = _Seconds(_day_s(names))
        at, expires, kind = place["time"], place["expiration"], place["kind"]
        floats = [place[field] for field in _FIELDS[3:]]
        for line, row in enumerate(rows, start=2):
            if line > ROWS_MAX:
                raise InputError(f"{path}: expected at most {ROWS_MAX:,} rows")
            try:
                integers[0].append(seconds(row[at]))
                integers[1].append(seconds(row[expires]))
                integers[2].append(row[kind] == names.put)
                for values, column in zip(numbers, floats, strict=True):
                    values.append(_number(row[column]))
            except (ValueError, IndexError) as error:
                raise InputError(f"{path}, line {line}: {error}") from None
    return Columns(*integers, *numbers)


_FIELDS: Final = ("time", "expiration", "kind", "strike", "spot", "bid", "ask", "mark", "iv", "delta")


def _number(text: str) -> float:
    if not text:
        return 0.0
    found = plain_number(text)
    if found is None:
        found = float(text)  # An exponent, as programs write it.
    if not -1e12 < found < 1e12:
        raise ValueError(f"expected a number, found {text!r}")
    return found


class _Seconds:
    """Seconds since 1970 of a day or a time; each text is read once."""

    def __init__(self, day_s: int) -> None:
        self._day_s = day_s
        self._known: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        known = self._known.get(text)
        if known is None:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
            known = round((moment - _EPOCH).total_seconds())
            known += 0 if known % 86_400 else self._day_s
            self._known[text] = known
        return known


def _of_parquet(path: Path, names: ColumnMap) -> Columns:
    try:
        parquet, compute, arrow = map(
            importlib.import_module, ("pyarrow.parquet", "pyarrow.compute", "pyarrow")
        )
    except ImportError:
        raise InputError(
            f"{path}: Parquet needs the extra: make venv-research, or pip install 'cerbero-bite[parquet]'"
        ) from None
    try:
        file = parquet.ParquetFile(path, read_dictionary=[names.kind])
        found = file.schema_arrow.names
        columns = [getattr(names, field) for field in _FIELDS]
        lacking = [column for column in columns if column not in found]
        if lacking:
            raise InputError(f"{path}: expected columns {', '.join(lacking)}, found {', '.join(found)}")
    except arrow.ArrowException as error:
        raise InputError(f"{path}: expected a Parquet file: {error}") from None
    day_s = _day_s(names)

    def read(field: str) -> Any:
        """One column: the file is never in memory as a whole."""
        name = getattr(names, field)
        arrow.default_memory_pool().release_unused()
        try:
            return file.read(columns=[name], use_threads=False)[name]
        except arrow.ArrowException as error:
            raise InputError(f"{path}: expected a Parquet file: {error}") from None

    def flat(column: Any, kind: Any) -> Any:
        found = compute.cast(column, kind)
        return found.combine_chunks() if isinstance(found, arrow.ChunkedArray) else found

    def seconds(field: str) -> Sequence[int]:
        whole = flat(flat(read(field), arrow.timestamp("s")), arrow.int64())
        days = compute.multiply(compute.divide(whole, 86_400), 86_400)
        # A time that is a day alone is that day at the time that the map names.
        moved = compute.if_else(compute.equal(days, whole), compute.add(whole, day_s), whole)
        found: Sequence[int] = _values(moved, "q")
        return found

    def floats(field: str) -> Sequence[float]:
        column = compute.fill_null(flat(read(field), arrow.float64()), 0.0)
        found: Sequence[float] = _values(column, "d")
        return found

    return Columns(
        seconds("time"),
        seconds("expiration"),
        _values(flat(compute.equal(read("kind"), names.put), arrow.int8()), "b"),
        *(floats(field) for field in _FIELDS[3:]),
    )


def _values(column: Any, code: Literal["q", "d", "b"]) -> Any:
    """The numbers of a column of one chunk, in memory that goes back to the system when it is freed."""
    if column.null_count:
        raise InputError("expected no empty field in a column of times, expirations or types")
    values = array(code)
    first, last = column.offset * values.itemsize, (column.offset + len(column)) * values.itemsize
    values.frombytes(memoryview(column.buffers()[1])[first:last])
    return values
