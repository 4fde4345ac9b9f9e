"""Reads the stored snapshots of the market, while the engine runs or after it."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from actors.state.database import BUSY_TIMEOUT_MS, MARKET_FILE
from actors.state.tables import records
from actors.state.tables.records import MarketLevel, MarketSnapshotRow
from core.errors import FoundWrongError
from files.plain import BESIDE_DATABASE, PlainFileError, require_plain


class MarketReader:
    """The snapshots as they are now. Each call is a read of its own, and lasts as long as its rows need."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def newest(self) -> MarketSnapshotRow | None:
        """The newest snapshot; None if none was ever stored."""
        found = records.snapshots(self._db, limit=1)
        return found[0] if found else None

    def levels(self, after: datetime | None, limit: int) -> tuple[MarketLevel, ...]:
        """DVOL of the first `limit` snapshots after a time, oldest first, without their quotes."""
        return records.market_levels(self._db, after, limit)

    def hourly(self, after: datetime, until: datetime) -> tuple[MarketSnapshotRow, ...]:
        """The first snapshot of each hour that has one after a time and until another, oldest first."""
        return records.hourly_snapshots(self._db, after, until)


@contextmanager
def market_read(data_dir: Path) -> Iterator[MarketReader | None]:
    """The snapshots of a data folder; None if there is no file of them.

    Raises FoundWrongError if the file is no database or can't be read.
    """
    path = data_dir / MARKET_FILE
    if not path.exists():
        yield None
        return
    try:
        require_plain(path, BESIDE_DATABASE)
        with closing(sqlite3.connect(":memory:", isolation_level=None, uri=True)) as db:
            db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            db.execute("ATTACH DATABASE ? AS market", (f"{path.resolve().as_uri()}?mode=ro",))
            yield MarketReader(db)
    except (sqlite3.Error, zlib.error, UnicodeDecodeError, PlainFileError) as error:
        raise FoundWrongError(f"{path}: the snapshots of the market can't be read: {error}") from error
