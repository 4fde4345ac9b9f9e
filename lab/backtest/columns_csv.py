"""Mapped snapshots in a CSV file, plain or gzipped. What can be meant in one way only is read, as of recorded
chains (`gateway/paper/csv_rows.py`)."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Final

from core.errors import InputError
from core.plain_number import number_advice, plain_number
from gateway.paper.csv_rows import CsvRows
from lab.backtest.column_map import FIELDS, MAY_BE_EMPTY, NUMBERS, ROWS_MAX, ColumnMap, Columns
from lab.backtest.columns_check import EXPIRY_S, check_kinds, check_rows
from lab.backtest.columns_moments import MOMENT, Moments
from lab.backtest.columns_search import PlainSearch

_PART_ROWS: Final = 512
"""So many rows are turned into columns at a time."""


def read_csv(path: Path, names: ColumnMap) -> Columns:
    """Raises `InputError` with file, line, column, what was expected and what was found."""
    return _CsvColumns(path, names).read()


class _CsvColumns:
    def __init__(self, path: Path, names: ColumnMap) -> None:
        self._path = path
        self._names = names
        self._moments = {"time": Moments(names.day_s), "expiration": Moments(EXPIRY_S)}
        self._times = {field: array("q") for field in self._moments}
        self._puts = array("b")
        self._numbers = {field: array("d") for field in NUMBERS}
        self._kinds: dict[str, int] = {}

    def read(self) -> Columns:
        rows = iter(self._rows())
        while part := list(islice(rows, _PART_ROWS)):
            self._add(dict(zip(FIELDS, zip(*part, strict=True), strict=True)))
        check_kinds(self._kinds, self._names, self._refused)
        times, expirations = (self._moments[field].settled(self._times[field]) for field in self._times)
        columns = Columns(times, expirations, self._puts, *self._numbers.values())
        check_rows(columns, PlainSearch(), self._refused)
        return columns

    def _rows(self) -> CsvRows:
        return CsvRows(self._path, self._names.columns, rows_max=ROWS_MAX)

    def _add(self, texts: dict[str, tuple[str, ...]]) -> None:
        kinds, put = texts["kind"], self._names.put
        for kind in set(kinds) - self._kinds.keys():
            self._kinds[kind] = len(self._puts) + kinds.index(kind)
        self._puts.extend([kind == put for kind in kinds])
        for field, times in self._times.items():
            self._extend(times, map(self._moments[field].__getitem__, texts[field]), field, MOMENT)
        for field, numbers in self._numbers.items():
            found: Iterable[str] = texts[field]
            if field in MAY_BE_EMPTY:
                found = [text or "0" for text in found]
            self._extend(numbers, map(plain_number, found), field, "a number")

    def _extend(self, values: array[Any], found: Iterable[float | None], field: str, expected: str) -> None:
        try:
            values.extend(found)
        except (TypeError, ValueError):
            # It has taken all before the one that is none.
            raise self._refused(len(values), field, expected) from None

    def _refused(self, row: int, field: str, expected: str, advice: str = "") -> InputError:
        """The file is read once more, up to the row: nobody keeps the lines of rows that are sound."""
        rows = self._rows()
        text = next(islice(rows, row, None))[FIELDS.index(field)]
        column = self._names.columns[FIELDS.index(field)]
        return rows.wrong(column, expected, text, advice or number_advice(text))
