"""Counts and sums over the books, as monitoring asks for them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from decimal import Decimal

from actors.state.tables import chain
from core.alerts import Severity
from core.messages.audit import AuditHead
from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import OrderState, PositionState


@dataclass(frozen=True)
class BooksFigures:
    """How many of each there are and have been; `alerts_waiting` counts what a channel has still to take.

    `realised_eth` and `realised_usd` are the cash flows of closed positions, each in USD at its own index.
    """

    positions: dict[PositionState, int]
    orders: dict[OrderState, int]
    entry_cycles: dict[CycleOutcome, int]
    alerts: dict[Severity, int]
    alerts_waiting: int
    realised_eth: Decimal
    realised_usd: Decimal
    head: AuditHead

    @property
    def live_positions(self) -> int:
        """Those that carry risk or may still come to carry it."""
        over = (PositionState.CLOSED, PositionState.CANCELLED)
        return sum(number for state, number in self.positions.items() if state not in over)


def read(db: sqlite3.Connection) -> BooksFigures:
    """The figures. Raises ValueError for a word that is none of its column's, and sqlite3.Error."""
    realised_eth, realised_usd = _realised(db)
    end, _ = chain.read(db)
    outcomes = db.execute(
        "SELECT outcome, count(*) FROM cycles WHERE job = ? AND outcome IS NOT NULL GROUP BY outcome",
        (Job.ENTRY,),
    )
    waiting = db.execute("SELECT count(*) FROM alert_channels WHERE delivered_at IS NULL").fetchone()
    by_severity = db.execute("SELECT severity, count(*) FROM alerts GROUP BY severity")
    return BooksFigures(
        positions={
            PositionState(word): number
            for word, number in db.execute("SELECT state, count(*) FROM positions GROUP BY state")
        },
        orders={
            OrderState(word): number
            for word, number in db.execute("SELECT state, count(*) FROM orders GROUP BY state")
        },
        entry_cycles={CycleOutcome(word): number for word, number in outcomes},
        alerts={Severity(word): number for word, number in by_severity},
        alerts_waiting=waiting[0],
        realised_eth=realised_eth,
        realised_usd=realised_usd,
        head=AuditHead(seq=end.link.seq, hash=end.link.hash, file=end.file, end=end.bytes),
    )


def _realised(db: sqlite3.Connection) -> tuple[Decimal, Decimal]:
    """The sum of the cash flows of closed positions, in ETH and in USD; SQL can't sum decimal texts."""
    total_eth, total_usd = Decimal(0), Decimal(0)
    rows = db.execute(
        "SELECT f.amount_eth, f.index_usd FROM positions p"
        " JOIN cash_flows f ON f.position_id = p.position_id WHERE p.state = 'closed'"
    )
    for amount_eth, index_usd in rows:
        total_eth += Decimal(amount_eth)
        total_usd += Decimal(amount_eth) * Decimal(index_usd)
    return total_eth, total_usd
