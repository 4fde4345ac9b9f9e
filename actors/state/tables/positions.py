"""Positions: state and plan are stored; sizes and money are sums over fills, deliveries and cash flows."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from functools import lru_cache
from typing import Any

from actors.state.columns import maybe_time_of, maybe_time_text, time_of
from actors.state.refusal import BooksRefusalError
from actors.state.tables import ledger
from core.orders.books import CashFlowKind, Fill, InstructionKind, Position, TradeResult
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from core.orders.plan import ComboPlan
from core.orders.sizes import Sizes, sizes_of
from core.values import CycleId, Failed, PositionId, Side, premium_eth

_SELECT = (
    "SELECT p.position_id, r.cycle_id, r.plan, p.state, p.entered_at, p.closed_at, p.exit_rule"
    " FROM positions p JOIN proposals r ON r.proposal_id = p.position_id"
)
_LIVE = "p.state NOT IN ('closed', 'cancelled')"
_ENDED = "state = 'closed' AND entered_at IS NOT NULL"
POSITIONS_KEPT = 64
"""Also their plans and sums. What is held is read at each change of the books, mostly from the same rows as
before, and of the same rows the same is made."""
_FEES = (CashFlowKind.FEE, CashFlowKind.SETTLEMENT_FEE)


def insert(db: sqlite3.Connection, position_id: PositionId) -> None:
    db.execute(
        "INSERT INTO positions (position_id, state) VALUES (?, ?)", (position_id, PositionState.PROPOSED)
    )


def update(db: sqlite3.Connection, position: Position) -> None:
    """Write state, times and exit rule; sizes and money follow from what is booked."""
    db.execute(
        "UPDATE positions SET state = ?, entered_at = ?, closed_at = ?, exit_rule = ? WHERE position_id = ?",
        (
            position.state,
            maybe_time_text(position.entered_at),
            maybe_time_text(position.closed_at),
            position.exit_rule,
            position.position_id,
        ),
    )


def by_id(db: sqlite3.Connection, position_id: PositionId) -> Position | None:
    row = db.execute(f"{_SELECT} WHERE p.position_id = ?", (position_id,)).fetchone()
    return None if row is None else _position(db, row)


def live(db: sqlite3.Connection) -> tuple[Position, ...]:
    """Positions that are neither closed nor cancelled, oldest first."""
    return _positions(db, f"WHERE {_LIVE} ORDER BY p.rowid")


def closed(db: sqlite3.Connection) -> tuple[Position, ...]:
    """Closed positions in the order of their closing."""
    return _positions(db, "WHERE p.state = 'closed' ORDER BY p.closed_at, p.rowid")


def traded(db: sqlite3.Connection) -> tuple[Position, ...]:
    """Positions that had a fill, open or closed, oldest first."""
    return _positions(db, "WHERE p.entered_at IS NOT NULL ORDER BY p.entered_at, p.rowid")


EndedRow = tuple[str, str, str | None]
"""How a closed position ended, as it stands in its row: its id, when it was closed, and its exit rule."""


def ended(db: sqlite3.Connection) -> list[EndedRow]:
    """Of each closed position that was entered, in the order of their closing."""
    return db.execute(
        f"SELECT position_id, closed_at, exit_rule FROM positions WHERE {_ENDED} ORDER BY closed_at, rowid"
    ).fetchall()


def ended_count(db: sqlite3.Connection) -> int:
    """How many they are."""
    found: int = db.execute(f"SELECT count(*) FROM positions WHERE {_ENDED}").fetchone()[0]
    return found


def result_of(ended: EndedRow, pnl_usd: Decimal) -> TradeResult:
    """What a position brought that ended like this."""
    position_id, closed_at, exit_rule = ended
    return TradeResult(
        position_id=PositionId(position_id),
        closed_at=time_of(closed_at),
        exit_rule=None if exit_rule is None else ExitRule(exit_rule),
        pnl_usd=pnl_usd,
    )


def everything(db: sqlite3.Connection) -> tuple[Position, ...]:
    return _positions(db, "ORDER BY p.rowid")


def sizes(db: sqlite3.Connection, position: Position) -> tuple[int, int]:
    """How many combos were opened and how many are left, of a position as it stands in the books now.

    Raises BooksRefusalError if its fills and deliveries don't make whole combos.
    """
    if position.entered_at is not None:
        return position.contracts_opened, position.contracts
    # A position is read without what is booked of it until it is moved to open.
    booked = ledger.booked_rows(db, position.position_id)
    found = _sizes(position.position_id, position.plan, ledger.fills_in(booked), booked)
    return found.opened, found.left


def _sizes(
    position_id: PositionId,
    plan: ComboPlan,
    fills: tuple[tuple[InstructionKind, Fill], ...],
    booked: ledger.BookedRows,
) -> Sizes:
    found = sizes_of(plan.legs, fills, ledger.deliveries_in(booked))
    if isinstance(found, Failed):
        expected = "expected fills and deliveries of its legs that make whole combos"
        raise BooksRefusalError(found.reasons[0], f"{position_id}: {expected}")
    return found


def _positions(db: sqlite3.Connection, rest: str) -> tuple[Position, ...]:
    return tuple(_position(db, row) for row in db.execute(f"{_SELECT} {rest}").fetchall())


def _position(db: sqlite3.Connection, row: tuple[Any, ...]) -> Position:
    entered = row[4] is not None
    return _made(row, ledger.booked_rows(db, row[0]) if entered else ledger.BookedRows())


@lru_cache(POSITIONS_KEPT)
def _made(row: tuple[Any, ...], booked: ledger.BookedRows) -> Position:
    position_id, plan = PositionId(row[0]), _plan(row[2])
    return Position(
        position_id=position_id,
        cycle_id=CycleId(row[1]),
        plan=plan,
        kind=plan.kind,
        state=PositionState(row[3]),
        entered_at=maybe_time_of(row[4]),
        closed_at=maybe_time_of(row[5]),
        exit_rule=None if row[6] is None else ExitRule(row[6]),
        **({} if row[4] is None else _sums(position_id, row[2], booked)),
    )


@lru_cache(POSITIONS_KEPT)
def _plan(stored: str) -> ComboPlan:
    return ComboPlan.model_validate_json(stored)


@lru_cache(POSITIONS_KEPT)
def _sums(position_id: PositionId, plan: str, booked: ledger.BookedRows) -> dict[str, Any]:
    """What follows from the fills, deliveries and cash flows of a position."""
    fills, flows = ledger.fills_in(booked), ledger.flows_in(booked)
    held = _sizes(position_id, _plan(plan), fills, booked)
    premiums = (
        premium_eth(Side(fill.side), fill.price_eth, fill.amount)
        for kind, fill in fills
        if kind is InstructionKind.ENTRY
    )
    return {
        "contracts_opened": held.opened,
        "contracts": held.left,
        "credit_eth": sum(premiums, Decimal(0)),
        "fees_eth": -sum((flow.amount_eth for flow in flows if flow.kind in _FEES), Decimal(0)),
        "pnl_eth": sum((flow.amount_eth for flow in flows), Decimal(0)),
        "pnl_usd": sum((flow.amount_eth * flow.index_usd for flow in flows), Decimal(0)),
    }
