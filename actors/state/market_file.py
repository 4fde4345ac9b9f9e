"""The market's snapshots have a database file of their own, attached to the books' connection.

They are ten times as large as the books and carry no money. So whatever is wrong with their file, the books
are used without it: it is put aside, and a new one begun.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from actors.failpoints import Failpoint, reach
from actors.state.database import EVIDENCE_FOLDER, MARKET_FILE, is_corruption
from files.plain import BESIDE_DATABASE, PlainFileError, require_plain

MARKET_SCHEMA = """
CREATE TABLE IF NOT EXISTS market.market_snapshots (
    at TEXT PRIMARY KEY,
    spot_usd REAL NOT NULL,
    dvol REAL NOT NULL,
    funding REAL,
    quotes BLOB NOT NULL
) STRICT
"""
"""`quotes` is JSON compressed with zlib, to about a quarter of its size."""
_WAL, _SHM = "-wal", "-shm"


@dataclass(frozen=True)
class MarketFault:
    """What was wrong with the file, and where it is now; None if it could not be moved or was not damaged."""

    problem: str
    aside: Path | None

    def __str__(self) -> str:
        if self.aside is None:
            end = "snapshots of the market are kept in memory only, until the next start"
        else:
            end = f"it was moved to {self.aside}, and snapshots of the market begin anew"
        return f"{MARKET_FILE} can't be used: {self.problem}; {end}. Books and orders are not affected"


def attach_market(db: sqlite3.Connection, data_dir: Path, now: datetime) -> MarketFault | None:
    """Attach the file as `market`, made if there is none; what was wrong with it, if anything.

    A damaged file is moved to `evidence/<utc>-market/`. Whatever fails, there is a `market` afterwards.
    """
    try:
        require_plain(data_dir / MARKET_FILE, BESIDE_DATABASE)
        _attach(db, str(data_dir / MARKET_FILE))
    except (sqlite3.Error, PlainFileError) as error:
        damaged = isinstance(error, sqlite3.Error) and is_corruption(error)
        aside = _put_aside(db, data_dir, now) if damaged else None
        try:
            _attach(db, ":memory:" if aside is None else str(data_dir / MARKET_FILE))
            reach(Failpoint.MARKET_BEGUN)
        except sqlite3.Error:
            aside = None
            _attach(db, ":memory:")
        return MarketFault(str(error), aside)
    return None


def _attach(db: sqlite3.Connection, path: str) -> None:
    if any(row[1] == "market" for row in db.execute("PRAGMA database_list").fetchall()):
        db.execute("DETACH DATABASE market")
    # As bytes: a folder's name need not be text.
    db.execute("ATTACH DATABASE CAST(? AS TEXT) AS market", (os.fsencode(path),))
    db.execute("PRAGMA market.journal_mode = WAL")
    # A power cut may lose a snapshot, but the next one follows soon (by default within 15 minutes).
    db.execute("PRAGMA market.synchronous = NORMAL")
    found = db.execute("PRAGMA market.quick_check(1)").fetchone()[0]
    if found != "ok":
        error = sqlite3.DatabaseError(f"quick_check: expected ok, found {found}")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
    db.execute(MARKET_SCHEMA)


def _put_aside(db: sqlite3.Connection, data_dir: Path, now: datetime) -> Path | None:
    """Move the file and what belongs to it to the evidence; None if the disk refuses."""
    if any(row[1] == "market" for row in db.execute("PRAGMA database_list").fetchall()):
        db.execute("DETACH DATABASE market")
    stem = data_dir / EVIDENCE_FOLDER / f"{now:%Y%m%dT%H%M%SZ}-market"
    number, aside = 1, stem
    while aside.exists():
        number += 1
        aside = stem.with_name(f"{stem.name}-{number}")
    try:
        aside.parent.mkdir(mode=0o700, exist_ok=True)
        aside.mkdir(mode=0o700)
        reach(Failpoint.MARKET_ASIDE_BEGUN)
        for name in (MARKET_FILE, MARKET_FILE + _WAL, MARKET_FILE + _SHM):
            if (data_dir / name).exists():
                (data_dir / name).rename(aside / name)
                reach(Failpoint.MARKET_MOVED)
    except OSError:
        return None
    return aside
