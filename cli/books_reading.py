"""What commands read of the books without an engine. A folder without books is an error that names it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from actors.state.read_only import books_opened
from actors.state.stored import StoredBooks, audit_side, everything_stored
from actors.state.tables import chain, cycles, orders, positions, records
from core.errors import InputError
from core.messages.audit import AuditBatch, AuditHead
from core.messages.state import KillSwitchRow
from core.orders.books import Books, CycleRow, Instruction, OrderRow, Position


def stored_books(data_dir: Path) -> StoredBooks:
    """Everything that a report tells of the books."""
    with books_opened(data_dir) as db:
        if db is None:
            raise _no_books(data_dir)
        return everything_stored(db)


def stored_positions(data_dir: Path, *, everything: bool) -> tuple[Position, ...]:
    """Live positions, or all that ever were."""
    with books_opened(data_dir) as db:
        if db is None:
            raise _no_books(data_dir)
        return positions.everything(db) if everything else positions.live(db)


def stored_trades(data_dir: Path) -> tuple[Position, ...]:
    """Positions that had a fill, oldest first."""
    with books_opened(data_dir) as db:
        if db is None:
            raise _no_books(data_dir)
        return positions.traded(db)


def stored_orders(data_dir: Path, limit: int | None) -> tuple[tuple[Instruction, OrderRow], ...]:
    """Orders with their instructions, oldest first; the newest `limit`."""
    with books_opened(data_dir) as db:
        if db is None:
            raise _no_books(data_dir)
        return orders.everything(db, limit=limit)


def stored_cycles(data_dir: Path, limit: int | None) -> tuple[CycleRow, ...]:
    """Cycles, oldest first; the newest `limit`."""
    with books_opened(data_dir) as db:
        if db is None:
            raise _no_books(data_dir)
        return cycles.everything(db, limit=limit)


def kill_switch_row(data_dir: Path) -> KillSwitchRow | None:
    """The row behind the KILL file, None where there are no books yet."""
    with books_opened(data_dir) as db:
        return None if db is None else records.kill_switch(db)


def chain_end(data_dir: Path) -> tuple[AuditHead, AuditBatch | None] | None:
    """Where the books say the audit chain ends, and what may be missing in the file; None without books."""
    with books_opened(data_dir) as db:
        return None if db is None else audit_side(db)


def last_recorded_at(data_dir: Path) -> datetime | None:
    """The latest market time that the audit log knows: an engine that goes on must not be before it."""
    from cli.audit_reading import records as audit_records

    times = (datetime.fromisoformat(record.at) for record in audit_records(data_dir))
    return max(times, default=None)


def books_if_any(data_dir: Path, now: datetime) -> Books:
    """The live part of the books; empty where there are none yet."""
    with books_opened(data_dir) as db:
        if db is None:
            return Books(as_of=now, seq=0, positions=(), orders=(), instructions=())
        both = orders.live(db)
        end, _ = chain.read(db)
        return Books(
            as_of=now,
            seq=end.link.seq,
            positions=positions.live(db),
            orders=tuple(order for _, order in both),
            instructions=tuple(instruction for instruction, _ in both),
        )


def _no_books(data_dir: Path) -> InputError:
    return InputError(f"--data-dir {data_dir}: expected the books of an engine (cerbero.db), found none")
