"""What the gateway keeps between two starts: labels, index prices on the hour, liquidations, exchange rates.

One SQLite file in the state directory, fully synced, and locked by one process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from core.errors import InputError
from core.market.instrument_name import named_option
from gateway.shell.alone import AloneIn

FILE: Final = "gateway.db"
LOCK: Final = "gateway.lock"
VERSION: Final = 1
"""Of the tables, as the file says it; 0 in files of before it did, which have the same tables."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS index_hours (at_s INTEGER PRIMARY KEY, price_usd TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS liquidations (
    source TEXT NOT NULL, id TEXT NOT NULL, at_ms INTEGER NOT NULL, side TEXT NOT NULL, usd TEXT NOT NULL,
    PRIMARY KEY (source, id)
);
CREATE INDEX IF NOT EXISTS liquidations_by_time ON liquidations (at_ms);
CREATE TABLE IF NOT EXISTS orders (
    label TEXT PRIMARY KEY, request TEXT NOT NULL, instrument TEXT NOT NULL, c TEXT NOT NULL,
    state TEXT NOT NULL, order_id TEXT, said TEXT NOT NULL, valid_until_ms INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS orders_by_id ON orders (order_id);
CREATE TABLE IF NOT EXISTS held (
    instrument TEXT PRIMARY KEY, size TEXT NOT NULL, seen_at_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


HELD_KEPT_MS: Final = 400 * 86_400_000


class SeenPosition(NamedTuple):
    """A position: its size, signed, and when it was seen (ms)."""

    size: Decimal
    at_ms: int


class Liquidation(NamedTuple):
    """One forced close: who told it, its id there, when (ms), which side was closed, and how many USD."""

    source: str
    id: str
    at_ms: int
    side: str
    usd: Decimal


class StateFolder:
    """The state directory, open in this process alone."""

    def __init__(self, folder: Path) -> None:
        """Raises `InputError` if the folder can't be used, or another process has it."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = AloneIn(folder, LOCK)
        except BlockingIOError as error:
            raise InputError(
                f"state directory {folder}: another gateway, or a check or probe, is using it"
            ) from error
        except OSError as error:
            raise InputError(f"state directory {folder}: can't be written: {error.strerror}") from error
        try:
            self.db = _opened(folder / FILE)
        except (InputError, sqlite3.Error) as error:
            self._lock.close()
            raise InputError(f"state directory {folder}: {FILE} can't be read: {error}") from error
        (folder / FILE).chmod(0o600)

    def close(self) -> None:
        """Close the database and let another process in."""
        self.db.close()
        self._lock.close()

    def put_index_hour(self, hour: datetime, price_usd: Decimal) -> None:
        """The index within 5 s of a full hour."""
        self.db.execute(
            "INSERT OR REPLACE INTO index_hours VALUES (?, ?)", (int(hour.timestamp()), str(price_usd))
        )

    def index_hours(self, first: datetime, last: datetime) -> dict[datetime, Decimal]:
        """The index at the full hours in [first, last] that were recorded."""
        found = self.db.execute(
            "SELECT at_s, price_usd FROM index_hours WHERE at_s BETWEEN ? AND ? ORDER BY at_s",
            (int(first.timestamp()), int(last.timestamp())),
        )
        return {datetime.fromtimestamp(at_s, UTC): Decimal(price) for at_s, price in found}

    def add_liquidations(self, found: Iterable[Liquidation]) -> int:
        """Keep these; those that are known are left as they are. Returns how many are new."""
        before = self.db.total_changes
        rows = [(each.source, each.id, each.at_ms, each.side, str(each.usd)) for each in found]
        self.db.execute("BEGIN")
        # Commits, or takes all of it back.
        with self.db:
            self.db.executemany("INSERT OR IGNORE INTO liquidations VALUES (?, ?, ?, ?, ?)", rows)
        return self.db.total_changes - before

    def drop_liquidations(self, before_ms: int) -> None:
        """Forget those of before that time."""
        self.db.execute("DELETE FROM liquidations WHERE at_ms < ?", (before_ms,))

    def liquidations(self, since_ms: int) -> list[Liquidation]:
        """All of them from then on, oldest first."""
        rows = self.db.execute("SELECT * FROM liquidations WHERE at_ms >= ? ORDER BY at_ms", (since_ms,))
        return [Liquidation(source, key, at, side, Decimal(usd)) for source, key, at, side, usd in rows]

    def fact(self, name: str) -> str | None:
        """A single value by its name."""
        row = self.db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def put_fact(self, name: str, value: str) -> None:
        """Keep a single value."""
        self.db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def put_held(self, sizes: Mapping[str, Decimal], at: datetime) -> None:
        """Remember positions. One that is gone is forgotten, unless it has expired: a delivery is to come."""
        at_ms = int(at.timestamp() * 1000)
        gone = [
            (name,)
            for name in self.held()
            if name not in sizes and not ((option := named_option(name)) and option.expiration <= at)
        ]
        self.db.execute("BEGIN")
        with self.db:
            self.db.executemany("DELETE FROM held WHERE instrument = ?", gone)
            self.db.execute("DELETE FROM held WHERE seen_at_ms < ?", (at_ms - HELD_KEPT_MS,))
            self.db.executemany(
                "INSERT OR REPLACE INTO held VALUES (?, ?, ?)",
                [(name, str(size), at_ms) for name, size in sizes.items()],
            )

    def held(self) -> dict[str, SeenPosition]:
        """Each position that was seen, as it was last."""
        rows = self.db.execute("SELECT instrument, size, seen_at_ms FROM held ORDER BY instrument")
        return {name: SeenPosition(Decimal(size), at_ms) for name, size, at_ms in rows}


def _opened(path: Path) -> sqlite3.Connection:
    """Raises `InputError` for a file of a newer version, sqlite3.Error."""
    db = sqlite3.connect(path, isolation_level=None)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            # What became of a label it may say in a way that is not understood here.
            raise InputError(
                f"user_version: expected at most {VERSION}, found {version}: a newer one wrote it"
            )
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(_SCHEMA)
        db.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        db.close()
        raise
    return db
