"""The backup of the market's snapshots: one file for each day that is over, written once and never again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from actors.state.backup_files import fsync

MARKET_BACKUPS = "market"
_SUFFIX = ".db"
_DRAFT = ".draft"
_TABLE = """
CREATE TABLE market_snapshots (
    at TEXT PRIMARY KEY,
    spot_usd REAL NOT NULL,
    dvol REAL NOT NULL,
    funding REAL,
    quotes BLOB NOT NULL
) STRICT
"""


def back_up_market(db: sqlite3.Connection, folder: Path, now: datetime) -> int:
    """Write `<folder>/<day>.db` for each day before today's whose snapshots have no file yet; the bytes
    written. Raises OSError, sqlite3.Error."""
    today = f"{now:%Y-%m-%d}"
    days = [
        str(day)
        for (day,) in db.execute(
            "SELECT DISTINCT substr(at, 1, 10) FROM market.market_snapshots WHERE at < ? ORDER BY 1", (today,)
        )
    ]
    missing = [day for day in days if not (folder / f"{day}{_SUFFIX}").exists()]
    if not missing:
        return 0
    folder.mkdir(mode=0o700, exist_ok=True)
    # A name that a power cut takes away is written again by the next backup.
    return sum(_write_day(db, folder, day) for day in missing)


def market_backups(folder: Path, until: str) -> list[Path]:
    """The files of the days up to and with `until` (YYYY-MM-DD), oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix == _SUFFIX and path.stem <= until)


def _write_day(db: sqlite3.Connection, folder: Path, day: str) -> int:
    path, draft = folder / f"{day}{_SUFFIX}", folder / f"{day}{_DRAFT}"
    draft.unlink(missing_ok=True)
    sql = (
        "SELECT at, spot_usd, dvol, funding, quotes FROM market.market_snapshots"
        " WHERE at >= ? AND at < ? ORDER BY at"
    )
    rows = db.execute(sql, (f"{day}T", f"{day}U"))
    with closing(sqlite3.connect(draft, isolation_level=None)) as part:
        part.execute("PRAGMA journal_mode = OFF")
        part.execute("BEGIN")
        part.execute(_TABLE)
        part.executemany("INSERT INTO market_snapshots VALUES (?, ?, ?, ?, ?)", rows)
        part.execute("COMMIT")
    fsync(draft)
    draft.rename(path)
    return path.stat().st_size
