"""The venue's own disk: clock, account and fault counters in one SQLite file, written before it answers.

Each request is saved in one transaction, so a venue that is killed comes back in its state before or after a
request, never in between. A change of the account is synced to disk; if only the clock or the fault counters
have moved, when to write them out is left to the operating system.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, get_args

from core.errors import CerberoError, InputError
from gateway.paper.account import Account, RecordKind

FILE_NAME: Final = "venue.db"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS record (
  kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT;
"""
_RECORDS: Final = "SELECT key, body FROM record WHERE kind = ? ORDER BY key"
_PUT_META: Final = "INSERT OR REPLACE INTO meta VALUES (?, ?)"


class StoreFailedError(CerberoError):
    """The venue's file can't be written or read any more; the message names it and says why."""


class Store:
    """One venue's file. Used by one thread. Every method but `close` raises `StoreFailedError`."""

    def __init__(self, folder: Path) -> None:
        """Open or make the file. Raises `InputError` if it can't be used."""
        self._path = path = folder / FILE_NAME
        self._saved: tuple[datetime, dict[str, int]] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.executescript(_SCHEMA)
            except BaseException:
                self._db.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"venue account: {path} can't be opened: {error}") from error

    def close(self) -> None:
        self._db.close()

    def meta(self, key: str) -> str | None:
        """A value that `put_meta` or `save` stored."""
        with self._named():
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def put_meta(self, values: Mapping[str, str]) -> None:
        """Store values, all or none."""
        with self._transaction():
            self._db.executemany(_PUT_META, list(values.items()))

    def save(self, clock: datetime, account: Account, fault_counts: Mapping[str, int]) -> None:
        """Write the clock, the fault counters and the account's changes since the last call, if any."""
        changes = account.take_changes()
        rest = (clock, dict(fault_counts))
        if not changes and rest == self._saved:
            return
        self._saved = None
        with self._transaction(synchronous="FULL" if changes else "NORMAL"):
            self._db.execute(_PUT_META, ("clock", clock.isoformat()))
            if fault_counts:
                self._db.execute(_PUT_META, ("fault_counts", json.dumps(dict(fault_counts))))
            if changes:
                self._db.execute(_PUT_META, ("balance_eth", str(account.balance_eth)))
                self._db.execute(_PUT_META, ("last_number", str(account.last_number)))
            for (kind, key), body in changes.items():
                if body is None:
                    self._db.execute("DELETE FROM record WHERE kind = ? AND key = ?", (kind, key))
                else:
                    self._db.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", (kind, key, body))
        self._saved = rest

    @contextmanager
    def _transaction(self, synchronous: str = "FULL") -> Iterator[None]:
        with self._named():
            self._db.execute(f"PRAGMA synchronous={synchronous}")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                # On a full disk SQLite has usually rolled back by itself, but perhaps not if COMMIT failed.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreFailedError(f"venue account: {self._path} can't be used any more: {error}") from error

    def load(self) -> tuple[datetime, Account, dict[str, int]] | None:
        """The clock, account and fault counters as last saved, None if nothing was."""
        clock, balance, number = self.meta("clock"), self.meta("balance_eth"), self.meta("last_number")
        if clock is None or balance is None or number is None:
            return None
        account = Account(Decimal(balance))
        account.last_number = int(number)
        for kind in get_args(RecordKind):
            with self._named():
                rows = self._db.execute(_RECORDS, (kind,)).fetchall()
            for key, body in rows:
                account.restore(kind, key, body)
        counts: dict[str, int] = json.loads(self.meta("fault_counts") or "{}")
        return datetime.fromisoformat(clock), account, counts
