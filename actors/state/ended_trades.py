"""What closed trades brought, read once each, because every look at the protections asks for all."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from decimal import Decimal

from actors.state.tables import ledger, positions
from core.orders.books import TradeResult


class EndedTrades:
    """Of one connection to the books. Between two looks only what was booked since is read.

    Cash flows are only ever added, and a position that is closed stays so, in a row that changes no more.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._last_flow = 0
        self._pnl_usd: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._known: dict[str, TradeResult] = {}
        self._results: tuple[TradeResult, ...] = ()

    def results(self) -> tuple[TradeResult, ...]:
        """What each closed position that was entered brought, in the order of their closing."""
        has_more = False
        for number, position_id, amount_usd in ledger.flows_after(self._db, self._last_flow):
            self._pnl_usd[position_id] += amount_usd
            has_more = self._known.pop(position_id, None) is not None or has_more
            self._last_flow = number
        if has_more or positions.ended_count(self._db) != len(self._results):
            # Without a call for those that are known: they are as many as there were trades.
            known = self._known
            self._results = tuple([known.get(row[0]) or self._made(row) for row in positions.ended(self._db)])
        return self._results

    def _made(self, row: positions.EndedRow) -> TradeResult:
        position_id = row[0]
        made = self._known[position_id] = positions.result_of(row, self._pnl_usd[position_id])
        return made
