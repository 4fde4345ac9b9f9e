"""The backup of the market's snapshots: one file for each day that is over, written once.

Only a day that a clock ahead took for over is written again, when more of it is known.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from actors.state.backup_files import fsync
from files.plain import plain_bytes

MARKET_BACKUPS = "market"
_SUFFIX = ".db"
_DRAFT = ".draft"
_LAST_DAYS = 2
"""So many are held against their files: one that was written too early is the last or the one before."""
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
    missing += [day for day in days[-_LAST_DAYS:] if day not in missing and _has_more(db, folder, day)]
    if not missing:
        return 0
    folder.mkdir(mode=0o700, exist_ok=True)
    # A name that a power cut takes away is written again by the next backup.
    return sum(_write_day(db, folder, day) for day in missing)


def _has_more(db: sqlite3.Connection, folder: Path, day: str) -> bool:
    """Whether more snapshots of that day are known than can be read of its file."""
    sql = "SELECT count(*) FROM market.market_snapshots WHERE at >= ? AND at < ?"
    [known] = db.execute(sql, _span(day)).fetchone()
    path = folder.absolute() / f"{day}{_SUFFIX}"
    kept = _kept(path, sha256(plain_bytes(path)).digest())
    return kept is None or bool(known > kept)


@lru_cache(maxsize=_LAST_DAYS)
def _kept(path: Path, content: bytes) -> int | None:  # noqa: ARG001  (a key)
    """How many snapshots can be read of the file; None if it is damaged. As long as its content has the same
    digest they are counted once."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as part:
        try:
            [kept] = part.execute("SELECT count(*) FROM market_snapshots").fetchone()
        except sqlite3.DatabaseError:
            return None
    return int(kept)


def _span(day: str) -> tuple[str, str]:
    return f"{day}T", f"{day}U"


def _write_day(db: sqlite3.Connection, folder: Path, day: str) -> int:
    path, draft = folder / f"{day}{_SUFFIX}", folder / f"{day}{_DRAFT}"
    draft.unlink(missing_ok=True)
    sql = (
        "SELECT at, spot_usd, dvol, funding, quotes FROM market.market_snapshots"
        " WHERE at >= ? AND at < ? ORDER BY at"
    )
    rows = db.execute(sql, _span(day))
    with closing(sqlite3.connect(draft, isolation_level=None)) as part:
        part.execute("PRAGMA journal_mode = OFF")
        part.execute("BEGIN")
        part.execute(_TABLE)
        part.executemany("INSERT INTO market_snapshots VALUES (?, ?, ?, ?, ?)", rows)
        part.execute("COMMIT")
    fsync(draft)
    draft.rename(path)
    return path.stat().st_size
