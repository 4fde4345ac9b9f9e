"""Opens the books read-only from another process, while the engine runs or after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic

from actors.state.database import BUSY_TIMEOUT_MS, database_path
from actors.state.schema import migrate, newer_version, older_version
from core.errors import FoundWrongError, ReadingGivenUpError
from files.plain import BESIDE_DATABASE, require_plain

STEPS_BETWEEN_LOOKS = 1000
"""How many steps SQLite takes before `give_up` is asked again: well under a millisecond."""
PAGES_AT_ONCE = 512
"""Of a copy: 2 MB, a few milliseconds. In between nobody is held up."""
COPYING_S_MAX = 5.0
"""Whoever writes meanwhile makes the copy begin anew, so that it might never end."""


@contextmanager
def books_opened(
    data_dir: Path, *, give_up: Callable[[], bool] | None = None
) -> Iterator[sqlite3.Connection | None]:
    """A connection that can't write, on one consistent state of the books; None if there are none yet.

    Books of an older version are read from a copy that is converted as the next start would convert them; the
    file stays as it is. Raises FoundWrongError if the file is no database, of a newer version or can't be
    read, or if a row read within the block holds a value that its column can't have.

    With `give_up` reading ends with ReadingGivenUpError as soon as that is true, and books of an older
    version are not read, because their copy would take as long as it takes: whoever reads the books of a
    running engine again and again must not hold up its checkpoints.
    """
    path, older = database_path(data_dir), None
    if not path.exists():
        yield None
        return
    _require_plain(path)
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        ) as db:
            db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            if give_up is not None:
                db.set_progress_handler(give_up, STEPS_BETWEEN_LOOKS)
            db.execute("BEGIN")
            _refuse_newer(path, db)
            older = older_version(db)
            if older is None:
                yield db
                return
            if give_up is not None:
                raise FoundWrongError(f"{path}: {older}")
            # Without a name SQLite makes a file of its own, which is gone when it is closed.
            with closing(sqlite3.connect("", isolation_level=None)) as converted:
                db.backup(converted)
                migrate(converted)
                converted.execute("PRAGMA query_only = ON")
                yield converted
    except _UNREADABLE as error:
        if give_up is not None and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            raise ReadingGivenUpError(f"{path}: reading the books took too long") from error
        raise _unreadable(path, error, older) from error


@contextmanager
def books_copied(data_dir: Path) -> Iterator[sqlite3.Connection | None]:
    """The same from a copy, however long it is read: no checkpoint of the engine waits for the reader.

    The copy is one consistent state; SQLite keeps it in a file of its own, which is gone afterwards.
    """
    path, older = database_path(data_dir), None
    if not path.exists():
        yield None
        return
    _require_plain(path)
    until_s = monotonic() + COPYING_S_MAX

    def look(_status: int, left: int, _pages: int) -> None:
        if left and monotonic() >= until_s:
            raise TimeoutError(f"expected a copy within {COPYING_S_MAX:.0f} s")

    try:
        with closing(sqlite3.connect("", isolation_level=None)) as copy:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
                db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
                # On disk, and little of it in memory: years of books are larger than what reads them may be.
                copy.execute("PRAGMA temp_store = FILE")
                copy.execute("PRAGMA cache_size = -512")
                db.backup(copy, pages=PAGES_AT_ONCE, progress=look, sleep=0.01)
            _refuse_newer(path, copy)
            older = older_version(copy)
            if older is not None:
                migrate(copy)
            copy.execute("PRAGMA query_only = ON")
            yield copy
    except (*_UNREADABLE, TimeoutError) as error:
        raise _unreadable(path, error, older) from error


_UNREADABLE = (sqlite3.Error, ValueError, ArithmeticError)
"""The others come of a value that is none of its column's: a time, a number, a word, UTF-8."""


def _require_plain(path: Path) -> None:
    """Raise FoundWrongError if SQLite would wait for the other end of a pipe."""
    try:
        require_plain(path, BESIDE_DATABASE)
    except OSError as error:
        named = error.filename or path
        raise FoundWrongError(f"{named}: the books can't be read: {error.strerror}") from error


def _refuse_newer(path: Path, db: sqlite3.Connection) -> None:
    newer = newer_version(db)
    if newer is not None:
        raise FoundWrongError(f"{path}: the books can't be read: {newer}")


def _unreadable(path: Path, error: Exception, older: str | None) -> FoundWrongError:
    known = isinstance(error, sqlite3.Error | TimeoutError)
    said = str(error) if known else f"a row holds what it can't hold ({error!r})"
    why = said if older is None else f"{older} ({said})"
    return FoundWrongError(f"{path}: the books can't be read: {why}")
