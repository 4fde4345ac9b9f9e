"""Reads the books on disk, with or without a running engine: positions, orders, cycles, trades."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from actors.state.database import database_path
from actors.state.stored import BooksReader, StoredBooks, books_read, books_read_from_copy
from actors.state.tables.venue_texts import StoredText
from core.errors import FoundWrongError
from core.messages.audit import AuditBatch
from core.messages.room_status import AlertRow, AuditHead
from core.messages.state_rows import KillSwitchRow
from core.orders.books import (
    Books,
    CycleRow,
    Edit,
    EntryLatch,
    Instruction,
    OrderRow,
    Position,
    TradeResult,
)
from core.statistics.highs import HIGHS_KEY, PnlHigh, highs_of
from core.values import CycleId, Label
from reading.brief import brief
from reading.errors import DataFolderError

T = TypeVar("T")
NEWEST_CYCLES: Final = 26
"""Half a year of weekly entries."""
NEWEST_ALERTS: Final = 40

# Every function but `has_books` raises FoundWrongError if the file exists but is no readable database.


def has_books(data_dir: Path) -> bool:
    """Whether an engine ever kept books here."""
    return database_path(data_dir).exists()


def stored_books(data_dir: Path) -> StoredBooks:
    """Everything from the books that a report shows. Raises DataFolderError if there are no books."""
    with required_books(data_dir) as books:
        return books.everything()


def stored_positions(data_dir: Path, *, everything: bool) -> tuple[Position, ...]:
    """Live positions, or all that ever were. Raises DataFolderError if there are no books."""
    with required_books(data_dir) as books:
        return books.positions(everything=everything)


def opening_cycle(data_dir: Path, name: str) -> CycleId | None:
    """The cycle that opened a position, found by its id or by the label of one of its orders."""
    if not has_books(data_dir):
        return None
    position_id = name.partition(":")[0]
    opened = stored_positions(data_dir, everything=True)
    return next((found.cycle_id for found in opened if found.position_id == position_id), None)


def stored_trades(data_dir: Path) -> tuple[Position, ...]:
    """Positions that had a fill, oldest first. Raises DataFolderError if there are no books."""
    with required_books(data_dir) as books:
        return books.trades()


def newest_rows(
    data_dir: Path,
) -> tuple[tuple[Position, ...], tuple[CycleRow, ...], tuple[AlertRow, ...]]:
    """The live positions, the newest entry cycles and the newest alerts, each oldest first.

    Raises DataFolderError if there are no books, ReadingGivenUpError if it takes too long.
    """
    with required_books(data_dir, give_up=brief()) as books:
        live = books.positions(everything=False)
        return live, books.entry_cycles(NEWEST_CYCLES), books.newest_alerts(NEWEST_ALERTS)


def stored_orders(data_dir: Path, limit: int | None) -> tuple[tuple[Instruction, OrderRow], ...]:
    """The newest `limit` orders (None: all) with their instructions, oldest first.

    Raises DataFolderError if there are no books.
    """
    with required_books(data_dir) as books:
        return books.orders(limit)


def stored_alerts(data_dir: Path) -> tuple[AlertRow, ...]:
    """All alerts, oldest first. Raises DataFolderError if there are no books."""
    with required_books(data_dir) as books:
        return books.newest_alerts(None)


def stored_edits(data_dir: Path, label: Label) -> tuple[Edit, ...]:
    """The prices that were permitted to an order by edits, oldest first, also once it has ended.

    Raises DataFolderError if there are no books.
    """
    with required_books(data_dir) as books:
        return books.edits(label)


def stored_cycles(data_dir: Path, limit: int | None) -> tuple[CycleRow, ...]:
    """The newest `limit` cycles (None: all), oldest first. Raises DataFolderError if there are no books."""
    with required_books(data_dir) as books:
        return books.cycles(limit)


def stored_texts(data_dir: Path) -> tuple[StoredText, ...]:
    """What venues said in their own words, newest first. Raises DataFolderError if there are no books."""
    with required_books(data_dir) as books:
        return books.texts()


def with_kept_texts(data_dir: Path, value: T) -> T:
    """JSON values with the venues' words that are kept in place of their digests.

    Without readable books the digests stay: what is read from the log alone is shown all the same.
    """
    try:
        with books_read(data_dir) as books:
            return value if books is None else books.with_texts(value)
    except FoundWrongError:
        return value


def kill_switch_row(data_dir: Path) -> KillSwitchRow | None:
    """The kill switch's row in the books, None if there are no books yet."""
    with books_read(data_dir) as books:
        return None if books is None else books.kill_switch()


def entry_latches(data_dir: Path) -> tuple[EntryLatch, ...]:
    """What blocks entries until a person resumes them, and what did; none if there are no books yet."""
    with books_read(data_dir) as books:
        return () if books is None else books.latches()


def chain_end(data_dir: Path) -> tuple[AuditHead, AuditBatch | None] | None:
    """Where the books say the audit chain ends, and the batch that the file may lack; None without books."""
    with books_read(data_dir) as books:
        return None if books is None else books.chain_end()


def live_books(data_dir: Path, now: datetime) -> Books:
    """Live positions and orders; empty books, as of `now`, if there are none yet."""
    with books_read(data_dir) as books:
        if books is None:
            return Books(as_of=now, seq=0, positions=(), orders=(), instructions=())
        return books.live(now)


def stored_results(data_dir: Path) -> tuple[tuple[TradeResult, ...], tuple[PnlHigh, ...]]:
    """What each closed trade brought, oldest first, and the highs of the P&L; none without books."""
    with books_read(data_dir) as books:
        if books is None:
            return (), ()
        return books.trade_results(), highs_of(books.setting(HIGHS_KEY))


@contextmanager
def required_books(
    data_dir: Path, *, give_up: Callable[[], bool] | None = None, from_copy: bool = False
) -> Iterator[BooksReader]:
    """One consistent state of the books. Raises DataFolderError if there are none.

    `from_copy` is for who reads for long beside an engine. Raises ReadingGivenUpError once `give_up` says so.
    """
    with books_read_from_copy(data_dir) if from_copy else books_read(data_dir, give_up=give_up) as books:
        if books is None:
            raise DataFolderError(f"{data_dir}: expected the books of an engine (cerbero.db), found none")
        yield books
