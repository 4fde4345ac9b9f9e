"""What closed trades brought, read once each, because every look at the protections asks for all."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from decimal import Decimal

from actors.state.tables import ledger, positions
from core.orders.books import TradeResult


class EndedTrades:
    """Of one connection to the books. Between two looks only what was booked since is read.

    Cash flows are only ever added, and the state of a position is what its row says now.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._last_flow = 0
        self._pnl_usd: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._known: dict[positions.EndedRow, TradeResult] = {}
        self._row_of: dict[str, positions.EndedRow] = {}

    def results(self) -> tuple[TradeResult, ...]:
        """What each closed position that was entered brought, in the order of their closing."""
        for number, position_id, amount_usd in ledger.flows_after(self._db, self._last_flow):
            self._pnl_usd[position_id] += amount_usd
            self._forget(position_id)
            self._last_flow = number
        # Without a call for those that are known: they are as many as there were trades.
        known = self._known
        return tuple([known.get(row) or self._made(row) for row in positions.ended(self._db)])

    def _made(self, row: positions.EndedRow) -> TradeResult:
        position_id = row[0]
        self._forget(position_id)
        made = positions.result_of(row, self._pnl_usd[position_id])
        self._known[row], self._row_of[position_id] = made, row
        return made

    def _forget(self, position_id: str) -> None:
        row = self._row_of.pop(position_id, None)
        if row is not None:
            del self._known[row]
