"""Where the books are kept: in files that survive a power cut, or in memory for a run that nobody resumes."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from actors.held_place import ANY_PLACE, DataPlace
from actors.state.answers import Answers, AnswersInBooks, AnswersInMemory
from actors.state.ballast import Ballast
from actors.state.chain_kept import ChainInBooks, ChainInMemory, ChainKept
from actors.state.database import open_database
from actors.state.market_file import MARKET_SCHEMA, MarketFault, attach_market
from actors.state.schema import migrate
from actors.state.stored import BooksReader


class Reserved(Protocol):
    """Disk space that is set aside for the books."""

    def take(self) -> None:
        """Reserve it, if it is not. Raises OSError if there is none."""

    def release(self) -> bool:
        """Free it; False if nothing was reserved."""


class BooksStore(Protocol):
    """What state opens at each start."""

    def opened(self, data_dir: Path) -> sqlite3.Connection:
        """The books, checked and of the newest version. Raises DatabaseCorruptError, sqlite3.Error."""

    def answers(self, db: sqlite3.Connection) -> Answers:
        """The first answers to requests, as they belong to these books."""

    def chain(self, db: sqlite3.Connection) -> ChainKept:
        """The end of the audit chain and the pending bytes, as they belong to these books."""

    def attach_market(self, db: sqlite3.Connection, data_dir: Path, now: datetime) -> MarketFault | None:
        """Attach what snapshots are stored in; what was wrong with it, if anything."""

    def reserved(self, data_dir: Path) -> Reserved:
        """The space that is set aside for them."""


class BooksOnDisk:
    """The books of an engine that trades; they are not begun anew once the data folder is elsewhere."""

    def __init__(self, place: DataPlace = ANY_PLACE) -> None:
        self._place = place

    def opened(self, data_dir: Path) -> sqlite3.Connection:
        """As `BooksStore.opened`."""
        self._place.require()
        return open_database(data_dir)

    def answers(self, db: sqlite3.Connection) -> Answers:
        """As `BooksStore.answers`."""
        return AnswersInBooks(db)

    def chain(self, db: sqlite3.Connection) -> ChainKept:
        """As `BooksStore.chain`."""
        return ChainInBooks(db)

    def attach_market(self, db: sqlite3.Connection, data_dir: Path, now: datetime) -> MarketFault | None:
        """As `BooksStore.attach_market`."""
        return attach_market(db, data_dir, now)

    def reserved(self, data_dir: Path) -> Reserved:
        """As `BooksStore.reserved`."""
        return Ballast(data_dir)


ON_DISK: Final = BooksOnDisk()


class BooksInMemory:
    """The books of one run of a backtest. They outlive the actor, and end with `close`."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(
            ":memory:",
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            factory=_Lasting,
        )
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA trusted_schema = OFF")
        self._db.execute("ATTACH DATABASE ':memory:' AS market")
        self._db.execute(MARKET_SCHEMA)
        migrate(self._db)
        self._answers = AnswersInMemory()
        self._chain = ChainInMemory(self._db)

    def opened(self, data_dir: Path) -> sqlite3.Connection:  # noqa: ARG002  (nothing is in the folder)
        """As `BooksStore.opened`."""
        return self._db

    def answers(self, db: sqlite3.Connection) -> Answers:  # noqa: ARG002  (they are not in the database)
        """As `BooksStore.answers`."""
        return self._answers

    def chain(self, db: sqlite3.Connection) -> ChainKept:  # noqa: ARG002  (it is not in the database)
        """As `BooksStore.chain`."""
        return self._chain

    def attach_market(
        self,
        db: sqlite3.Connection,  # noqa: ARG002  (it was attached when the books were made)
        data_dir: Path,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
    ) -> MarketFault | None:
        """As `BooksStore.attach_market`."""
        return None

    def reserved(self, data_dir: Path) -> Reserved:  # noqa: ARG002  (no disk can fill)
        """As `BooksStore.reserved`."""
        return _NothingReserved()

    def read(self) -> BooksReader:
        """The books as they are committed now."""
        return BooksReader(self._db)

    def close(self) -> None:
        """Give the memory back."""
        self._db.end()


class _Lasting(sqlite3.Connection):
    """A connection that its actor closes and the run goes on with."""

    def close(self) -> None:
        """Keep it."""

    def end(self) -> None:
        """Close it."""
        super().close()


class _NothingReserved:
    def take(self) -> None:
        """There is always room."""

    def release(self) -> bool:
        """There is nothing to free."""
        return False
