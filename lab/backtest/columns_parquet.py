"""Mapped snapshots in a Parquet file, column by column: the file is never in memory as a whole."""

from __future__ import annotations

import importlib
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

from core.errors import InputError
from core.plain_number import number_advice, plain_number
from gateway.paper.csv_rows import found_text
from lab.backtest.column_map import FIELDS, MAY_BE_EMPTY, NUMBERS, ROWS_MAX, ColumnMap, Columns
from lab.backtest.columns_arrow import ArrowSearch
from lab.backtest.columns_check import EXPIRY_S, check_kinds, check_rows
from lab.backtest.columns_moments import DAY_S, MOMENT, Moments

_DAMAGED: Final = "it was cut off or damaged, or is in a form that is not read; fetch or write it anew"
_SHOWN_LENGTH_MAX: Final = 200


def read_parquet(path: Path, names: ColumnMap) -> Columns:
    """Raises `InputError` with file, row, column, what was expected and what was found."""
    try:
        for module in ("pyarrow", "pyarrow.compute", "pyarrow.parquet"):
            importlib.import_module(module)
    except ImportError:
        raise InputError(
            f"{path}: Parquet needs the extra: make venv-research, or pip install 'cerbero-bite[parquet]'"
        ) from None
    return _ParquetColumns(path, names).read()


class _ParquetColumns:
    def __init__(self, path: Path, names: ColumnMap) -> None:
        self._arrow, self._compute, parquet = map(
            importlib.import_module, ("pyarrow", "pyarrow.compute", "pyarrow.parquet")
        )
        self._path = path
        self._names = names
        self._column_of = dict(zip(FIELDS, names.columns, strict=True))
        with self._reading():
            opened = parquet.ParquetFile(path)
            found, self._rows = opened.schema_arrow.names, opened.metadata.num_rows
        for column in names.columns:
            if found.count(column) > 1:
                raise InputError(
                    f"{path}: expected the column {column!r} once, found it {found.count(column)} times"
                )
        lacking = [column for column in names.columns if column not in found]
        if lacking:
            raise InputError(
                f"{path}: expected columns {', '.join(lacking)}, found {_shown(', '.join(found))}"
            )
        if not 0 < self._rows <= ROWS_MAX:
            raise InputError(f"{path}: expected from 1 to {ROWS_MAX:,} rows, found {self._rows:,}")
        with self._reading():
            # What is read as a dictionary has each text once.
            self._file = parquet.ParquetFile(path, read_dictionary=[names.kind], metadata=opened.metadata)

    def read(self) -> Columns:
        columns = Columns(
            self._seconds("time", self._names.day_s),
            self._seconds("expiration", EXPIRY_S),
            self._puts(),
            *(self._floats(field) for field in NUMBERS),
        )
        check_rows(columns, ArrowSearch(), self._refused)
        return columns

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What Arrow raises of a file that it can't read, as an error that names the file."""
        try:
            yield
        except (self._arrow.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
            raise self._unreadable(" ".join(str(error).split())) from None

    def _unreadable(self, reason: str) -> InputError:
        return InputError(f"{self._path}: expected a Parquet file: {_shown(reason)}; {_DAMAGED}")

    def _column(self, field: str) -> Any:
        name = self._column_of[field]
        self._arrow.default_memory_pool().release_unused()
        with self._reading():
            found = self._file.read(columns=[name], use_threads=False)[name]
            if field != "kind" and self._arrow.types.is_dictionary(found.type):
                found = self._compute.cast(found, found.type.value_type)
        if len(found) != self._rows:
            raise self._unreadable(f"{name} has {len(found):,} of {self._rows:,} rows")
        return found

    def _seconds(self, field: str, day_s: int) -> Sequence[int]:
        column, types, compute = self._column(field), self._arrow.types, self._compute
        kind = column.type
        self._refuse_empty(column, field, MOMENT)
        if self._is_text(kind):
            moments = Moments(day_s)
            seconds = array("q")
            self._extend(seconds, map(moments.__getitem__, self._texts(column)), field, MOMENT)
            return moments.settled(seconds)
        if types.is_date(kind):
            whole = self._flat(compute.cast(column, self._arrow.timestamp("s")), self._arrow.int64())
            return _values(compute.add(whole, day_s), "q")
        if not types.is_timestamp(kind) and not types.is_integer(kind):
            raise self._wrong_type(field, MOMENT, kind)
        # What is left of a second is dropped.
        zone = kind.tz if types.is_timestamp(kind) else None
        with self._reading():
            moment = compute.cast(column, self._arrow.timestamp("s", zone), safe=False)
            whole = self._flat(moment, self._arrow.int64())
        days = compute.multiply(compute.divide(whole, DAY_S), DAY_S)
        if zone is None and days.equals(whole):
            whole = compute.add(whole, day_s)
        return _values(whole, "q")

    def _puts(self) -> Sequence[int]:
        column, types = self._column("kind"), self._arrow.types
        put = self._names.put
        self._refuse_empty(column, "kind", f"{put!r} for a put or another text for a call")
        kind = column.type
        if not self._is_text(kind.value_type if types.is_dictionary(kind) else kind):
            raise self._wrong_type("kind", "text", kind)
        with self._reading():
            encoded = column if types.is_dictionary(kind) else column.dictionary_encode()
            whole = encoded.unify_dictionaries().combine_chunks()
            texts = [_plain(text) for text in whole.dictionary.to_pylist()]
            rows = [self._compute.index(whole.indices, place).as_py() for place in range(len(texts))]
            is_put = self._compute.is_in(
                whole.indices,
                self._arrow.array(
                    [place for place, text in enumerate(texts) if text == put], whole.indices.type
                ),
            )
        # A dictionary may have a text that is in no row.
        first_rows = {text: row for text, row in zip(texts, rows, strict=True) if row >= 0}
        check_kinds(first_rows, self._names, self._refused)
        return _values(self._flat(is_put, self._arrow.int8()), "b")

    def _floats(self, field: str) -> Sequence[float]:
        column, types = self._column(field), self._arrow.types
        kind = column.type
        if field not in MAY_BE_EMPTY:
            self._refuse_empty(column, field, "a number")
        if self._is_text(kind):
            numbers = array("d")
            texts: Any = self._texts(column)
            if field in MAY_BE_EMPTY:
                texts = (text or "0" for text in texts)
            self._extend(numbers, map(plain_number, texts), field, "a number")
            return numbers
        is_number = any(check(kind) for check in (types.is_integer, types.is_floating, types.is_decimal))
        if not is_number and not types.is_null(kind):
            raise self._wrong_type(field, "numbers", kind)
        with self._reading():
            numbers_found = self._flat(column, self._arrow.float64(), safe=False)
            return _values(self._compute.fill_null(numbers_found, 0.0), "d")

    def _flat(self, column: Any, kind: Any, *, safe: bool = True) -> Any:
        found = self._compute.cast(column, kind, safe=safe)
        return found.combine_chunks() if isinstance(found, self._arrow.ChunkedArray) else found

    def _is_text(self, kind: Any) -> bool:
        types = self._arrow.types
        checks = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
        return any(check(kind) for check in checks)

    def _texts(self, column: Any) -> Iterator[str]:
        with self._reading():
            return map(_plain, column.to_pylist())

    def _extend(self, values: array[Any], found: Iterator[float | None], field: str, expected: str) -> None:
        try:
            values.extend(found)
        except (TypeError, ValueError):
            # It has taken all before the one that is none.
            raise self._refused(len(values), field, expected) from None

    def _refuse_empty(self, column: Any, field: str, expected: str) -> None:
        if column.null_count:
            row = self._compute.index(column.is_null(), True).as_py()
            raise self._refused(row, field, expected)

    def _refused(self, row: int, field: str, expected: str, advice: str = "") -> InputError:
        """The error about one field of a row."""
        with self._reading():
            found = self._column(field)[row]
            if self._arrow.types.is_timestamp(found.type):
                # Python knows neither nanoseconds nor the year 10,000.
                found = found.cast(self._arrow.timestamp(found.type.unit)).cast(self._arrow.string())
            value = found.as_py()
        text = "" if value is None else _plain(value)
        advice = advice or number_advice(text)
        return InputError(
            f"{self._path}, row {row + 1}: {self._column_of[field]}: expected {expected}, "
            f"found {found_text(text)}{'; ' if advice else ''}{advice}"
        )

    def _wrong_type(self, field: str, expected: str, kind: Any) -> InputError:
        return InputError(
            f"{self._path}: {self._column_of[field]}: expected {expected}, found the type {_shown(str(kind))}"
        )


def _shown(text: str) -> str:
    """What the file or Arrow says, fit for a message."""
    return (
        text if text.isprintable() and len(text) <= _SHOWN_LENGTH_MAX else found_text(text, _SHOWN_LENGTH_MAX)
    )


def _plain(found: object) -> str:
    """The text of a field; Parquet may have it as bytes."""
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)


def _values(column: Any, code: Literal["q", "d", "b"]) -> array[Any]:
    """The numbers of a column of one chunk, in memory that goes back to the system when it is freed."""
    values: array[Any] = array(code)
    first, last = column.offset * values.itemsize, (column.offset + len(column)) * values.itemsize
    values.frombytes(memoryview(column.buffers()[1])[first:last])
    return values
