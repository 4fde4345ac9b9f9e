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
        self._known: dict[str, tuple[positions.EndedPosition, TradeResult]] = {}

    def results(self) -> tuple[TradeResult, ...]:
        """What each closed position that was entered brought, in the order of their closing."""
        for number, position_id, amount_usd in ledger.flows_after(self._db, self._last_flow):
            self._pnl_usd[position_id] += amount_usd
            self._known.pop(position_id, None)
            self._last_flow = number
        return tuple([self._result(ended) for ended in positions.ended(self._db)])

    def _result(self, ended: positions.EndedPosition) -> TradeResult:
        known = self._known.get(ended.position_id)
        if known is None or known[0] != ended:
            known = (ended, positions.result_of(ended, self._pnl_usd[ended.position_id]))
            self._known[ended.position_id] = known
        return known[1]
