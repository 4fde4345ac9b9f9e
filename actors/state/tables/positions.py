"""Positions: state and plan are stored; sizes and money are sums over fills, deliveries and cash flows."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any

from actors.state.columns import maybe_time_of, maybe_time_text, time_of
from actors.state.refusal import BooksRefusalError
from actors.state.tables import ledger
from core.orders.books import CashFlowKind, InstructionKind, Position, TradeResult
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


def results(db: sqlite3.Connection) -> tuple[TradeResult, ...]:
    """What each closed position that was entered brought, in the order of their closing."""
    rows = db.execute(
        "SELECT p.position_id, p.closed_at, p.exit_rule, f.amount_eth, f.index_usd"
        " FROM positions p LEFT JOIN cash_flows f ON f.position_id = p.position_id"
        " WHERE p.state = 'closed' AND p.entered_at IS NOT NULL ORDER BY p.closed_at, p.rowid"
    )
    found: dict[str, tuple[str, str | None, list[Decimal]]] = {}
    for position_id, closed_at, rule, amount_eth, index_usd in rows:
        _, _, flows_usd = found.setdefault(position_id, (closed_at, rule, []))
        if amount_eth is not None:
            flows_usd.append(Decimal(amount_eth) * Decimal(index_usd))
    return tuple(
        TradeResult(
            position_id=PositionId(position_id),
            closed_at=time_of(closed_at),
            exit_rule=None if rule is None else ExitRule(rule),
            pnl_usd=sum(flows_usd, Decimal(0)),
        )
        for position_id, (closed_at, rule, flows_usd) in found.items()
    )


def everything(db: sqlite3.Connection) -> tuple[Position, ...]:
    return _positions(db, "ORDER BY p.rowid")


def sizes(db: sqlite3.Connection, position: Position) -> Sizes:
    """The position's sizes in combos, from its fills and deliveries. Raises BooksRefusalError if they don't
    make whole combos."""
    position_id = position.position_id
    found = sizes_of(
        position.plan.legs, ledger.position_fills(db, position_id), ledger.deliveries_of(db, position_id)
    )
    if isinstance(found, Failed):
        expected = "expected fills and deliveries of its legs that make whole combos"
        raise BooksRefusalError(found.reasons[0], f"{position_id}: {expected}")
    return found


def _positions(db: sqlite3.Connection, rest: str) -> tuple[Position, ...]:
    return tuple(_position(db, row) for row in db.execute(f"{_SELECT} {rest}").fetchall())


def _position(db: sqlite3.Connection, row: tuple[Any, ...]) -> Position:
    position_id = PositionId(row[0])
    plan = ComboPlan.model_validate_json(row[2])
    position = Position(
        position_id=position_id,
        cycle_id=CycleId(row[1]),
        plan=plan,
        kind=plan.kind,
        state=PositionState(row[3]),
        entered_at=maybe_time_of(row[4]),
        closed_at=maybe_time_of(row[5]),
        exit_rule=None if row[6] is None else ExitRule(row[6]),
    )
    if position.entered_at is None:
        return position
    held = sizes(db, position)
    flows = ledger.flows_of(db, position_id)
    credit = sum(
        (
            premium_eth(Side(fill.side), fill.price_eth, fill.amount)
            for kind, fill in ledger.position_fills(db, position_id)
            if kind is InstructionKind.ENTRY
        ),
        Decimal(0),
    )
    return position.model_copy(
        update={
            "contracts_opened": held.opened,
            "contracts": held.left,
            "credit_eth": credit,
            "fees_eth": -sum((flow.amount_eth for flow in flows if flow.kind in _FEES), Decimal(0)),
            "pnl_eth": sum((flow.amount_eth for flow in flows), Decimal(0)),
            "pnl_usd": sum((flow.amount_eth * flow.index_usd for flow in flows), Decimal(0)),
        }
    )
