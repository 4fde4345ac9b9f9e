"""What the books hold as a whole: for reports, invariants and the verifier, beside an engine or after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from actors.state.tables import chain, cycles, orders, positions, records
from core.messages.alerting import AlertRow
from core.messages.audit import AuditBatch, AuditHead
from core.orders.books import CycleRow, Instruction, OrderRow, Position


@dataclass(frozen=True)
class StoredBooks:
    """Everything that a report tells of the books. `trades` are the positions that ever had a fill."""

    cycles: Sequence[CycleRow]
    orders: Sequence[tuple[Instruction, OrderRow]]
    trades: Sequence[Position]
    alerts: Sequence[AlertRow]


def everything_stored(db: sqlite3.Connection) -> StoredBooks:
    """The whole books of one consistent state."""
    return StoredBooks(
        cycles=cycles.everything(db),
        orders=orders.everything(db),
        trades=positions.traded(db),
        alerts=records.alerts(db),
    )


def audit_side(db: sqlite3.Connection) -> tuple[AuditHead, AuditBatch | None]:
    """Where the books say the audit chain ends, and the bytes that may be missing in the file."""
    end, pending = chain.read(db)
    return AuditHead(seq=end.link.seq, hash=end.link.hash), pending
