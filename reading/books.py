"""The books as they are on disk, beside a running engine or after it: positions, orders, cycles, trades."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from actors.state.database import database_path
from actors.state.stored import BooksReader, StoredBooks, books_read
from core.messages.audit import AuditBatch, AuditHead
from core.messages.state import KillSwitchRow
from core.orders.books import Books, CycleRow, Instruction, OrderRow, Position
from reading.errors import DataFolderError

# Every function raises FoundWrongError if the file is there and is no database or can't be read.


def has_books(data_dir: Path) -> bool:
    """Whether an engine ever kept books here."""
    return database_path(data_dir).exists()


def stored_books(data_dir: Path) -> StoredBooks:
    """Everything that a report tells of the books. Raises DataFolderError if there are none."""
    with _books(data_dir) as books:
        return books.everything()


def stored_positions(data_dir: Path, *, everything: bool) -> tuple[Position, ...]:
    """Live positions, or all that ever were. Raises DataFolderError if there are no books."""
    with _books(data_dir) as books:
        return books.positions(everything=everything)


def stored_trades(data_dir: Path) -> tuple[Position, ...]:
    """Positions that had a fill, oldest first. Raises DataFolderError if there are no books."""
    with _books(data_dir) as books:
        return books.trades()


def stored_orders(data_dir: Path, limit: int | None) -> tuple[tuple[Instruction, OrderRow], ...]:
    """Orders with their instructions, oldest first; the newest `limit`.

    Raises DataFolderError if there are no books.
    """
    with _books(data_dir) as books:
        return books.orders(limit)


def stored_cycles(data_dir: Path, limit: int | None) -> tuple[CycleRow, ...]:
    """Cycles, oldest first; the newest `limit`. Raises DataFolderError if there are no books."""
    with _books(data_dir) as books:
        return books.cycles(limit)


def kill_switch_row(data_dir: Path) -> KillSwitchRow | None:
    """The row behind the KILL file, None if there are no books yet."""
    with books_read(data_dir) as books:
        return None if books is None else books.kill_switch()


def chain_end(data_dir: Path) -> tuple[AuditHead, AuditBatch | None] | None:
    """Where the books say the audit chain ends, and what may be missing in the file; None without books."""
    with books_read(data_dir) as books:
        return None if books is None else books.chain_end()


def live_books(data_dir: Path, now: datetime) -> Books:
    """The live part of the books; empty if there are none yet."""
    with books_read(data_dir) as books:
        if books is None:
            return Books(as_of=now, seq=0, positions=(), orders=(), instructions=())
        return books.live(now)


@contextmanager
def _books(data_dir: Path) -> Iterator[BooksReader]:
    with books_read(data_dir) as books:
        if books is None:
            raise DataFolderError(f"{data_dir}: expected the books of an engine (cerbero.db), found none")
        yield books
