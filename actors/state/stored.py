"""Reads the books, while the engine runs or after it, for reports, invariants and the verifier."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from actors.state.ended_trades import EndedTrades
from actors.state.read_only import books_copied, books_opened
from actors.state.schema import schema_fault
from actors.state.seals import broken_seals
from actors.state.stored_market import market_read
from actors.state.stored_texts import with_stored_texts
from actors.state.tables import (
    chain,
    cycles,
    edits,
    figures,
    latches,
    ledger,
    looks,
    orders,
    positions,
    raw,
    records,
    venue_texts,
)
from actors.state.tables.figures import BooksFigures
from actors.state.tables.looks import DecisionLook, EntryLook, ExitLook
from actors.state.tables.records import MarketSnapshotRow
from actors.state.tables.venue_texts import StoredText
from core.audit.fold.tables import Cell, ProvedTable
from core.messages.audit import AuditBatch
from core.messages.room_status import AlertRow, AuditHead
from core.messages.state_rows import KillSwitchRow
from core.orders.books import (
    Books,
    CycleRow,
    Edit,
    EntryLatch,
    Instruction,
    Job,
    OrderRow,
    Position,
    TradeResult,
)
from core.statistics.account import AccountPoint
from core.values import CycleId, Label, PositionId

Json = TypeVar("Json")


@dataclass(frozen=True)
class StoredBooks:
    """Everything in the books that a report shows. `trades` are the positions that have ever had a fill."""

    cycles: Sequence[CycleRow]
    orders: Sequence[tuple[Instruction, OrderRow]]
    trades: Sequence[Position]
    alerts: Sequence[AlertRow]


class BooksReader:
    """One consistent state of the books; what is read from it belongs together. It changes nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def everything(self) -> StoredBooks:
        """The books as a whole."""
        return StoredBooks(
            cycles=self.cycles(None),
            orders=self.orders(None),
            trades=self.trades(),
            alerts=self.newest_alerts(None),
        )

    def live(self, as_of: datetime) -> Books:
        """Live positions and orders, as the engine itself asks for them at the time `as_of`."""
        both = orders.live(self._db)
        end, _ = chain.read(self._db)
        return Books(
            as_of=as_of,
            seq=end.link.seq,
            positions=positions.live(self._db),
            orders=tuple(order for _, order in both),
            instructions=tuple(instruction for instruction, _ in both),
            edits=edits.of(self._db, (order.label for _, order in both)),
            latches=self.latches(),
        )

    def alerts(self, code: str) -> tuple[AlertRow, ...]:
        """The alerts of a code, oldest first."""
        found = tuple(alert for alert in records.alerts(self._db) if alert.code == code)
        return with_stored_texts(self._db, found)

    def newest_alerts(self, limit: int | None) -> tuple[AlertRow, ...]:
        """The newest `limit` alerts, or all, oldest first."""
        return with_stored_texts(self._db, records.alerts(self._db, limit=limit))

    def positions(self, *, everything: bool) -> tuple[Position, ...]:
        """Live positions, or all that ever were."""
        return positions.everything(self._db) if everything else positions.live(self._db)

    def trades(self) -> tuple[Position, ...]:
        """Positions that had a fill, oldest first."""
        return positions.traded(self._db)

    def orders(self, limit: int | None) -> tuple[tuple[Instruction, OrderRow], ...]:
        """The newest `limit` orders, or all, with their instructions, oldest first."""
        return with_stored_texts(self._db, orders.everything(self._db, limit=limit))

    def edits(self, label: Label) -> tuple[Edit, ...]:
        """The prices that were permitted to an order by edits, oldest first, also once it has ended."""
        return edits.of(self._db, (label,))

    def cycles(self, limit: int | None) -> tuple[CycleRow, ...]:
        """The newest `limit` cycles, or all, oldest first."""
        return with_stored_texts(self._db, cycles.everything(self._db, limit=limit))

    def trade_results(self) -> tuple[TradeResult, ...]:
        """What each closed trade brought, oldest first."""
        return EndedTrades(self._db).results()

    def is_in_log(self) -> bool:
        """Whether the log says all of them."""
        return records.is_in_log(self._db)

    def setting(self, key: str) -> str | None:
        """One value that the engine keeps for itself."""
        return records.setting(self._db, key)

    def exit_mids(self) -> dict[tuple[CycleId, PositionId], Decimal]:
        """What closing a position would have cost at mid, ETH per contract, as a cycle decided on it."""
        return cycles.exit_mids(self._db)

    def exit_premiums(self) -> dict[Label, Decimal]:
        """What each exit order that had a fill brought before fees, ETH: negative if it paid."""
        return ledger.exit_premiums(self._db)

    def entry_looks(self, after: int, limit: int) -> tuple[EntryLook, ...]:
        """What the first `limit` entry decisions after a number saw and checked, oldest first."""
        return looks.entry_looks(self._db, after, limit)

    def exit_looks(self) -> tuple[ExitLook, ...]:
        """Every look at a position, oldest first."""
        return looks.exit_looks(self._db)

    def decisions_of(self, cycle_id: str) -> tuple[DecisionLook, ...]:
        """The decisions of a cycle as they were recorded, oldest first."""
        return looks.of_cycle(self._db, cycle_id)

    def entry_cycles(self, limit: int | None) -> tuple[CycleRow, ...]:
        """The newest `limit` entry cycles, or all, oldest first."""
        newest = cycles.newest_of(self._db, Job.ENTRY, -1 if limit is None else limit)
        return with_stored_texts(self._db, newest)

    def cycles_span(self) -> tuple[datetime, datetime] | None:
        """When the first cycle was opened, and when the last one was opened or closed; None without any."""
        return cycles.span(self._db)

    def account_points(self) -> tuple[AccountPoint, ...]:
        """The account at the venue as each entry decision saw it, oldest first."""
        return cycles.account_points(self._db)

    def kill_switch(self) -> KillSwitchRow:
        """The kill switch's row, which says the same as the KILL file."""
        return with_stored_texts(self._db, records.kill_switch(self._db))

    def latches(self) -> tuple[EntryLatch, ...]:
        """What blocks entries until a person resumes them, and what did; one for each source."""
        return latches.everything(self._db)

    def chain_end(self) -> tuple[AuditHead, AuditBatch | None]:
        """Where the books say the audit chain ends, and the bytes that may be missing in the file."""
        end, pending = chain.read(self._db)
        head = AuditHead(seq=end.link.seq, hash=end.link.hash, file=end.file, end=end.bytes)
        return head, pending

    def figures(self) -> BooksFigures:
        """Counts and sums, as monitoring asks for them."""
        return figures.read(self._db)

    def rows(self, table: ProvedTable) -> Iterator[dict[str, Cell]]:
        """The rows of a table as they are stored, in the order of their insertion. Raises sqlite3.Error."""
        return raw.rows(self._db, table.name, table.key, table.columns)

    def broken_seals(self) -> Iterator[str]:
        """One sentence for each row outside the log that is not as it was written. Raises sqlite3.Error."""
        yield from broken_seals(self._db)
        yield from venue_texts.changed(self._db)

    def texts(self) -> tuple[StoredText, ...]:
        """What venues said in their own words and was not cleared, newest first."""
        return venue_texts.newest_first(self._db)

    def with_texts(self, value: Json) -> Json:
        """JSON with the texts that are kept in place of their digests."""
        return with_stored_texts(self._db, value)

    def damage(self) -> str | None:
        """What is wrong first with the schema, the pages or the indexes; None if nothing."""
        return schema_fault(self._db) or raw.page_fault(self._db)

    def is_sound(self) -> bool:
        """Whether neither `damage` nor `constraint_fault` would find anything: one check of a copy tells."""
        try:
            return schema_fault(self._db) is None and self.constraint_fault() is None
        except sqlite3.DatabaseError:
            return False

    def constraint_fault(self) -> str | None:
        """The first row that its own table forbids; None if there is none."""
        return raw.constraint_fault(self._db)


@contextmanager
def books_read(data_dir: Path, *, give_up: Callable[[], bool] | None = None) -> Iterator[BooksReader | None]:
    """The books of a data folder as they are now; None if there are none yet.

    Raises FoundWrongError if the file is no database or can't be read, or once `give_up` is true.
    """
    with books_opened(data_dir, give_up=give_up) as db:
        yield None if db is None else BooksReader(db)


@contextmanager
def books_read_from_copy(data_dir: Path) -> Iterator[BooksReader | None]:
    """The same from a copy of its own, for who reads for long. Raises FoundWrongError likewise."""
    with books_copied(data_dir) as db:
        yield None if db is None else BooksReader(db)


def last_market_snapshot(data_dir: Path) -> MarketSnapshotRow | None:
    """The newest snapshot of the market; None if none was ever stored.

    Raises FoundWrongError if the file is no database or can't be read.
    """
    with market_read(data_dir) as market:
        return None if market is None else market.newest()
