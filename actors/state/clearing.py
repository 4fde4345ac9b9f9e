"""Clears what venues said in their own words, while no engine runs: records and rows keep the digests."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from actors.state.database import BUSY_TIMEOUT_MS, database_path
from actors.state.schema import newer_version, older_version
from actors.state.tables import venue_texts
from core.errors import FoundWrongError
from files.plain import BESIDE_DATABASE, PlainFileError, require_plain


def clear_texts(data_dir: Path) -> int:
    """Delete every stored text so that the file does not hold it any more; returns how many there were.

    Nothing else of the books changes. Raises FoundWrongError if there are no books, or of another version.
    """
    path = database_path(data_dir)
    if not path.exists():
        raise FoundWrongError(f"{path}: expected books, found none; there is nothing to clear")
    try:
        require_plain(path, BESIDE_DATABASE)
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            newer, older = newer_version(db), older_version(db)
            if newer is not None:
                raise FoundWrongError(f"{path}: the texts can't be cleared: {newer}")
            if older is not None:
                raise FoundWrongError(f"{path}: {older}; older books hold no such texts")
            # Deleted bytes stay in a file until they are used again, unless they are overwritten.
            db.execute("PRAGMA secure_delete = ON")
            cleared = venue_texts.clear(db)
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return cleared
    except PlainFileError as error:
        raise FoundWrongError(f"{error.filename}: the texts can't be cleared: {error.strerror}") from error
    except sqlite3.Error as error:
        raise FoundWrongError(f"{path}: the texts can't be cleared: {error}") from error
