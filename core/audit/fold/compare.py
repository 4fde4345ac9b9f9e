"""Compares the books that the log makes with those that were found, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from core.audit.fold.books import FoldedBooks, as_it_is
from core.audit.fold.tables import PROVED, Cell, ProvedTable, Row

KEPT = ("decisions", "record")
"""The column whose texts may be kept as digests."""
SHOWN_CHARACTERS_MAX = 120
WHAT_TO_DO = (
    "See all places with `run.py audit verify --books`; then stop the engine, move cerbero.db away, write it"
    " anew from the log with `run.py state rebuild --from-audit data/audit`, start, and disarm"
)
"""For a person whose books are not what the log makes of them."""


@dataclass(frozen=True)
class BooksDifference:
    """One place where the two are not the same. `field` is None if a whole row is there on one side only."""

    table: str
    row: str
    field: str | None
    by_log: str
    found: str

    def __str__(self) -> str:
        where = f"{self.table} {self.row}" + (f", {self.field}" if self.field else "")
        return f"{where}: expected {self.by_log} by the log, found {self.found}"


def digest_of(text: str) -> str:
    """SHA-256 of a text, for decisions that are only compared."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def differences(
    folded: FoldedBooks, found: Callable[[ProvedTable], Iterable[Mapping[str, Cell]]]
) -> Iterator[BooksDifference]:
    """Every difference, table by table. `found(table)` gives its rows in the order of their insertion."""
    for table in PROVED:
        yield from differences_in(table, folded.tables[table.name], found(table), folded.keep)


def differences_in(
    table: ProvedTable,
    by_log: Mapping[Cell, Row],
    found: Iterable[Mapping[str, Cell]],
    keep: Callable[[str], str] = as_it_is,
) -> Iterator[BooksDifference]:
    """Every difference in one table, of which both sides are whole or begin at the same row."""
    places = {key: place for place, key in enumerate(by_log)}
    seen: set[Cell] = set()
    last = -1
    for row in found:
        key = row[table.key]
        if key not in by_log:
            if table.proves(row):
                yield BooksDifference(table.name, _shown(key), None, "no such row", "one")
            continue
        if key in seen:
            yield BooksDifference(table.name, _shown(key), None, "one such row", "a second one")
            continue
        seen.add(key)
        for column in table.columns:
            cell = _kept(table, column, row[column], keep)
            expected = by_log[key][column]
            if cell != expected or type(cell) is not type(expected):
                yield BooksDifference(table.name, _shown(key), column, _shown(expected), _shown(cell))
        if table.ordered and places[key] < last:
            yield BooksDifference(
                table.name, _shown(key), None, f"it as row {places[key] + 1}", "it after others"
            )
        last = max(last, places[key])
    for key in by_log:
        if key not in seen:
            yield BooksDifference(table.name, _shown(key), None, "one such row", "none")


def _kept(table: ProvedTable, column: str, cell: Cell, keep: Callable[[str], str]) -> Cell:
    if keep is as_it_is or (table.name, column) != KEPT or not isinstance(cell, str):
        return cell
    return keep(cell)


def _shown(cell: Cell) -> str:
    return repr(cell) if len(repr(cell)) <= SHOWN_CHARACTERS_MAX else f"{repr(cell)[:SHOWN_CHARACTERS_MAX]}…"
