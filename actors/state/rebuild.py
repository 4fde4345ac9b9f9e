"""Writes a new database from rows that were recomputed: nothing of an older one is read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from actors.state.database import database_path
from actors.state.schema import migrate
from actors.state.seals import seal_alerts
from actors.state.tables import chain, raw
from actors.state.tables.chain import ChainEnd
from core.audit.fold.books import FoldedBooks
from core.audit.fold.tables import PROVED, Cell
from core.audit.hash_chain import Link
from core.errors import FoundWrongError

DRAFT_SUFFIX = ".draft"


def write_database(data_dir: Path, books: FoldedBooks, link: Link, file: str | None, file_bytes: int) -> Path:
    """Write `cerbero.db` with these rows and the log's end, whole or not at all; the path.

    Every alert counts as delivered, to no channel. Raises FoundWrongError if there is a database already, if
    the rows contradict each other or if SQLite can't write them, OSError.
    """
    path = database_path(data_dir)
    for taken in (path, path.with_name(f"{path.name}-wal")):
        if taken.exists():
            raise FoundWrongError(f"{taken}: expected no database here, found one; move it away first")
    draft = path.with_name(f"{path.name}{DRAFT_SUFFIX}")
    draft.unlink(missing_ok=True)
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with sqlite_errors_named(f"{path}: the books can't be written"):
            _fill(draft, books, ChainEnd(link, file, file_bytes))
        _sync(draft)
        draft.rename(path)
    except BaseException:
        draft.unlink(missing_ok=True)  # A part of it would keep a full disk full.
        raise
    _sync(data_dir)
    return path


@contextmanager
def sqlite_errors_named(what: str) -> Iterator[None]:
    """Raise FoundWrongError that says what could not be done, in place of an error of SQLite."""
    try:
        yield
    except sqlite3.Error as error:
        raise FoundWrongError(f"{what}: {error}") from error


def _fill(draft: Path, books: FoldedBooks, end: ChainEnd) -> None:
    with closing(sqlite3.connect(draft, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = FULL")
        migrate(db)
        db.execute("BEGIN")
        for table in PROVED:
            raw.insert(db, table.name, _stored(table.name, books.tables[table.name].values()))
        seal_alerts(db)
        chain.write(db, end, None)
        fault = db.execute("PRAGMA foreign_key_check").fetchone()
        if fault is not None:
            raise FoundWrongError(
                f"{fault[0]}: expected each row's {fault[2]} to be there, found one missing"
            )
        db.execute("COMMIT")


def _stored(table: str, rows: Iterable[Mapping[str, Cell]]) -> Iterable[Mapping[str, Cell]]:
    """The rows with what their table holds beyond what the log says."""
    if table != "alerts":
        return rows
    return ({**row, "delivered_at": row["at"]} for row in rows)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
