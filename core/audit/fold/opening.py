"""The rows of the books as records: what a log opens with if the books are older than it.

A chain that begins anew after a break, or that an older version wrote, does not say how the books came to be
as they are. So it is given their rows, in parts that stay below a size that every tool can show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue

from core.audit.fold.books import TABLES, FoldedBooks
from core.audit.fold.forms import ContradictionError, Detail, whole
from core.audit.fold.tables import Cell, ProvedTable, Row
from core.audit.hash_chain import canonical_json

PART_BYTES_MAX = 1_000_000
"""Of the rows of one record; with what stands around them it stays below 1 MiB."""

Cells = list[JsonValue]
_WHOLE = frozenset({"amount", "filled_amount", "size"})
"""Columns that are counted, in whichever table."""


def parts(tables: Iterable[tuple[ProvedTable, Iterable[Mapping[str, Cell]]]], why: str) -> list[Detail]:
    """The details of the records that hold these rows, at least one. A longer row has a record of its own."""
    made: list[dict[str, JsonValue]] = [{}]
    used = 0
    for table, cells in _rows(tables):
        size = len(canonical_json(cells)) + 1
        if used + size > PART_BYTES_MAX and used:
            made.append({})
            used = 0
        used += size
        rows = made[-1].setdefault(table.name, [])
        assert isinstance(rows, list)
        rows.append(cells)
    columns: dict[str, JsonValue] = {name: list(table.columns) for name, table in TABLES.items()}
    return [
        {
            "part": number,
            "parts": len(made),
            "why": why,
            "columns": {name: columns[name] for name in rows},
            "rows": rows,
        }
        for number, rows in enumerate(made, start=1)
    ]


def opened(books: FoldedBooks, _: str, detail: Detail) -> None:
    """The rows of one part; the first part forgets whatever was folded before it."""
    part, last = whole(detail, "part"), whole(detail, "parts")
    if part == 1:
        books.begin_anew()
    if part != books.parts_read + 1:
        raise ContradictionError(f"part: expected {books.parts_read + 1}, found {part}")
    books.parts_read = 0 if part == last else part
    books.is_opened = part == last
    for name, row in read_rows(detail):
        if name == "decisions":
            row["record"] = books.keep(str(row["record"]))
        books.insert(name, row)


def read_rows(detail: Detail) -> list[tuple[str, Row]]:
    """The rows that a record holds, each with its table, no row before one that it refers to.

    Raises ContradictionError if they are not rows of the books.
    """
    named, rows = detail.get("columns"), detail.get("rows")
    if not isinstance(named, dict) or not isinstance(rows, dict) or not set(rows) <= set(TABLES):
        raise ContradictionError("rows: expected rows of the books by table, found something else")
    return [
        (name, row) for name in TABLES if name in rows for row in _read(name, named.get(name), rows[name])
    ]


def _rows(
    tables: Iterable[tuple[ProvedTable, Iterable[Mapping[str, Cell]]]],
) -> Iterator[tuple[ProvedTable, Cells]]:
    for table, rows in tables:
        for row in rows:
            if table.proves(row):
                yield table, [row[column] for column in table.columns]


def _read(name: str, columns: JsonValue, rows: JsonValue) -> Iterator[Row]:
    expected = TABLES[name].columns
    if columns != list(expected) or not isinstance(rows, list):
        raise ContradictionError(f"{name}: expected rows of the columns {list(expected)}, found {columns}")
    for cells in rows:
        if not isinstance(cells, list) or len(cells) != len(expected):
            raise ContradictionError(f"{name}: expected rows of {len(expected)} cells, found another")
        row: Row = {}
        for column, cell in zip(expected, cells, strict=True):
            if cell is not None and (isinstance(cell, bool) or not isinstance(cell, str | int)):
                raise ContradictionError(f"{name}, {column}: expected text, a number or null, found {cell!r}")
            row[column] = cell
        for column in _WHOLE & row.keys():
            whole(dict(row), column)
        yield row
