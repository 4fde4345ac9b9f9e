"""The rows of any table as they are stored: read for a comparison that trusts nothing, and inserted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing

from core.audit.fold.tables import ProvedTable

RawCell = str | int | None


def rows(
    db: sqlite3.Connection, table: str, key: str, columns: Sequence[str]
) -> Iterator[dict[str, RawCell]]:
    """Every row, in the order of insertion if the table keeps one, else in the order of `key`."""
    order = "rowid" if _keeps_order(db, table) else _quoted(key)
    names = ", ".join(_quoted(column) for column in columns)
    for row in db.execute(f"SELECT {names} FROM {_quoted(table)} ORDER BY {order}"):
        yield dict(zip(columns, row, strict=True))


def rows_json(db: sqlite3.Connection, table: ProvedTable, limit: int) -> Iterator[str]:
    """The first rows that the log proves, each as `core.audit.fold.final.row_json` writes it."""
    cells = f"json_array({', '.join(_quoted(column) for column in table.columns)})"
    for (row,) in db.execute(f"{_selected(db, table, cells)} LIMIT ?", (limit,)):
        yield row


def cells(db: sqlite3.Connection, table: ProvedTable, skip: int, limit: int) -> list[tuple[object, ...]]:
    """The cells of the columns that the log proves, of at most `limit` rows that it proves."""
    names = ", ".join(_quoted(column) for column in table.columns)
    return db.execute(f"{_selected(db, table, names)} LIMIT ? OFFSET ?", (limit, skip)).fetchall()


def insert(db: sqlite3.Connection, table: str, added: Iterable[Mapping[str, RawCell]]) -> None:
    """Insert rows, whose keys are the columns."""
    for row in added:
        names = ", ".join(_quoted(column) for column in row)
        places = ", ".join("?" for _ in row)
        db.execute(f"INSERT INTO {_quoted(table)} ({names}) VALUES ({places})", tuple(row.values()))


def page_fault(db: sqlite3.Connection) -> str | None:
    """What SQLite's own check of pages and indexes finds wrong first; None if all is well."""
    return _check(db)


def constraint_fault(db: sqlite3.Connection) -> str | None:
    """The first row that its own table forbids; None if there is none.

    The check is made on a copy in memory: on a connection that can't write, SQLite passes over constraints.
    """
    with closing(sqlite3.connect(":memory:")) as copy:
        db.backup(copy)
        return _check(copy)


def _check(db: sqlite3.Connection) -> str | None:
    found = str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])
    return None if found == "ok" else found


def _selected(db: sqlite3.Connection, table: ProvedTable, what: str) -> str:
    where = ""
    if table.only is not None:
        column, values = table.only
        where = f" WHERE {_quoted(column)} IN ({', '.join(map(_literal, sorted(values)))})"
    order = "rowid" if _keeps_order(db, table.name) else _quoted(table.key)
    return f"SELECT {what} FROM {_quoted(table.name)} NOT INDEXED{where} ORDER BY {order}"


def _keeps_order(db: sqlite3.Connection, table: str) -> bool:
    wanted = db.execute("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", (table,))
    row = wanted.fetchone()
    return row is not None and row[0] == 0


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
