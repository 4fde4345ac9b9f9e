"""Where the end of the audit chain and the bytes that are pending are kept, as they belong to the books."""

from __future__ import annotations

import sqlite3
from typing import Protocol

from actors.state.tables import chain
from actors.state.tables.chain import ChainEnd
from core.messages.audit import AuditBatch


class ChainKept(Protocol):
    """It lasts as long as the books do, and changes by their transactions."""

    def read(self) -> tuple[ChainEnd, AuditBatch | None]:
        """Where the chain ends, and what is pending."""

    def write(self, end: ChainEnd, pending: AuditBatch | None) -> None:
        """Keep it, in the transaction of the change."""

    def settle(self, end: ChainEnd) -> None:
        """Keep the end at an orderly stop, when nothing is pending."""

    def committed(self) -> None:
        """The transaction lasts."""

    def undone(self) -> None:
        """The transaction was rolled back: forget what was kept in it."""


class ChainInBooks:
    """The row of the database that the changes are in."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def read(self) -> tuple[ChainEnd, AuditBatch | None]:
        """As `ChainKept.read`. Raises FoundWrongError if the row is damaged."""
        return chain.read(self._db)

    def write(self, end: ChainEnd, pending: AuditBatch | None) -> None:
        """As `ChainKept.write`."""
        chain.write(self._db, end, pending)

    def settle(self, end: ChainEnd) -> None:
        """As `ChainKept.settle`."""
        chain.write(self._db, end, None)

    def committed(self) -> None:
        """The database does it."""

    def undone(self) -> None:
        """The database does it."""


class ChainInMemory:
    """For books in memory, which end with the process. The row gets the end where the run ends."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._lasts = self._now = chain.read(db)

    def read(self) -> tuple[ChainEnd, AuditBatch | None]:
        """As `ChainKept.read`."""
        return self._now

    def write(self, end: ChainEnd, pending: AuditBatch | None) -> None:
        """As `ChainKept.write`."""
        self._now = end, pending

    def settle(self, end: ChainEnd) -> None:
        """As `ChainKept.settle`."""
        self._lasts = self._now = end, None
        chain.write(self._db, end, None)

    def committed(self) -> None:
        """As `ChainKept.committed`."""
        self._lasts = self._now

    def undone(self) -> None:
        """As `ChainKept.undone`."""
        self._now = self._lasts
