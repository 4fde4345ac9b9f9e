"""Opens the books read-only from another process, while the engine runs or after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from actors.state.database import BUSY_TIMEOUT_MS, database_path
from actors.state.schema import migrate, older_version
from core.errors import FoundWrongError

STEPS_BETWEEN_LOOKS = 1000
"""How many steps SQLite takes before `give_up` is asked again: well under a millisecond."""


@contextmanager
def books_opened(
    data_dir: Path, *, give_up: Callable[[], bool] | None = None
) -> Iterator[sqlite3.Connection | None]:
    """A connection that can't write, on one consistent state of the books; None if there are none yet.

    Books of an older version are read from a copy that is converted as the next start would convert them; the
    file stays as it is. Raises FoundWrongError if the file is no database or can't be read, or if a row read
    within the block holds a value that its column can't have.

    With `give_up` reading ends with FoundWrongError as soon as that is true, and books of an older version
    are not read, because their copy would take as long as it takes: whoever reads the books of a running
    engine again and again must not hold up its checkpoints.
    """
    path, older = database_path(data_dir), None
    if not path.exists():
        yield None
        return
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        ) as db:
            db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            if give_up is not None:
                db.set_progress_handler(give_up, STEPS_BETWEEN_LOOKS)
            db.execute("BEGIN")
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
    except (sqlite3.Error, ValueError, ArithmeticError) as error:
        # The others come of a value that is none of its column's: a time, a number, a word, UTF-8.
        said = (
            str(error) if isinstance(error, sqlite3.Error) else f"a row holds what it can't hold ({error!r})"
        )
        why = said if older is None else f"{older} ({said})"
        raise FoundWrongError(f"{path}: the books can't be read: {why}") from error
