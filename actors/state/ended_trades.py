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
        self._known: dict[positions.EndedPosition, TradeResult] = {}

    def results(self) -> tuple[TradeResult, ...]:
        """What each closed position that was entered brought, in the order of their closing."""
        changed = set()
        for number, position_id, amount_usd in ledger.flows_after(self._db, self._last_flow):
            self._pnl_usd[position_id] += amount_usd
            self._last_flow = number
            changed.add(position_id)
        before, self._known = self._known, {}
        for ended in positions.ended(self._db):
            result = None if ended.position_id in changed else before.get(ended)
            self._known[ended] = result or positions.result_of(ended, self._pnl_usd[ended.position_id])
        return tuple(self._known.values())
