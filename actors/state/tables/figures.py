"""Counts over the books, as monitoring asks for them, and what their sums are made of."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from decimal import Decimal

from actors.state.tables import chain
from core.alerts import Severity
from core.errors import FoundWrongError
from core.messages.room_status import AuditHead
from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import OrderState, PositionState


@dataclass(frozen=True)
class BooksFigures:
    """How many of each there are and have been; `alerts_waiting` counts what a channel has still to take.

    `realised` are the cash flows of closed positions as they are stored, in ETH and with their index in USD:
    they are summed when the books are closed again, because SQL can't sum decimal texts.
    """

    positions: dict[PositionState, int]
    orders: dict[OrderState, int]
    entry_cycles: dict[CycleOutcome, int]
    alerts: dict[Severity, int]
    alerts_waiting: int
    realised: tuple[tuple[str, str], ...]
    head: AuditHead

    @property
    def live_positions(self) -> int:
        """Those that carry risk or may still come to carry it."""
        over = (PositionState.CLOSED, PositionState.CANCELLED)
        return sum(number for state, number in self.positions.items() if state not in over)

    def realised_pnl(self) -> tuple[Decimal, Decimal]:
        """The P&L of closed positions in ETH, and in USD, each cash flow at its own index.

        Raises FoundWrongError for an amount that is no number.
        """
        total_eth, total_usd = Decimal(0), Decimal(0)
        try:
            for amount_eth, index_usd in self.realised:
                total_eth += Decimal(amount_eth)
                total_usd += Decimal(amount_eth) * Decimal(index_usd)
        except ArithmeticError:
            raise FoundWrongError("cash_flows: expected amounts in decimal digits, found others") from None
        return total_eth, total_usd


def read(db: sqlite3.Connection) -> BooksFigures:
    """The figures. Raises ValueError for a word that is none of its column's, and sqlite3.Error."""
    end, _ = chain.read(db)
    outcomes = db.execute(
        "SELECT outcome, count(*) FROM cycles WHERE job = ? AND outcome IS NOT NULL GROUP BY outcome",
        (Job.ENTRY,),
    )
    positions = db.execute("SELECT state, count(*) FROM positions GROUP BY state")
    orders = db.execute("SELECT state, count(*) FROM orders GROUP BY state")
    severities = db.execute("SELECT severity, count(*) FROM alerts GROUP BY severity")
    waiting = db.execute(
        "SELECT count(*) FROM alert_channels WHERE delivered_at IS NULL AND parked_at IS NULL"
    ).fetchone()
    realised = db.execute(
        "SELECT f.amount_eth, f.index_usd FROM positions p"
        " JOIN cash_flows f ON f.position_id = p.position_id WHERE p.state = 'closed'"
    )
    return BooksFigures(
        positions={PositionState(word): number for word, number in positions},
        orders={OrderState(word): number for word, number in orders},
        entry_cycles={CycleOutcome(word): number for word, number in outcomes},
        alerts={Severity(word): number for word, number in severities},
        alerts_waiting=waiting[0],
        realised=tuple(realised),
        head=AuditHead(seq=end.link.seq, hash=end.link.hash, file=end.file, end=end.bytes),
    )
