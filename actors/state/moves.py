"""Moves positions along the edges of their state machine, as orders, fills and deliveries require."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from actors.state.applied import Applied, Notice
from actors.state.refusal import BooksRefusalError
from actors.state.tables import ledger, orders, positions
from core.alerts import AlertCode, Severity
from core.messages.audit import AuditKind
from core.orders.books import InstructionKind, Position
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState, check_position_edge
from core.values import PositionId


def position_of(db: sqlite3.Connection, position_id: PositionId) -> Position:
    """The position, or BooksRefusalError if there is none."""
    position = positions.by_id(db, position_id)
    if position is None:
        raise BooksRefusalError("unknown_position", f"expected a recorded position, found {position_id}")
    return position


def move(
    db: sqlite3.Connection,
    applied: Applied,
    position: Position,
    to: PositionState,
    *,
    at: datetime,
    exit_rule: ExitRule | None = None,
    reason: str | None = None,
    by_reconcile: bool = False,
) -> Position:
    """Move the position to another state and note it. Raises IllegalEdgeError if there is no such edge."""
    check_position_edge(position.state, to, by_reconcile=by_reconcile)
    before, entered_at = position.state, position.entered_at
    if to is PositionState.OPEN and entered_at is None:
        fills = ledger.fills_in(ledger.booked_rows(db, position.position_id))
        entered_at = min(fill.at for kind, fill in fills if kind is InstructionKind.ENTRY)
    closed = to is PositionState.CLOSED
    moved = position.model_copy(
        update={
            "state": to,
            "entered_at": entered_at,
            "closed_at": at if to in (PositionState.CLOSED, PositionState.CANCELLED) else None,
            "exit_rule": exit_rule or (ExitRule.MANUAL if closed else position.exit_rule),
        }
    )
    positions.update(db, moved)
    if position.entered_at != entered_at:
        # With what is booked of it, which is read of a position that was entered.
        moved = position_of(db, position.position_id)
    applied.books_changed = True
    applied.note(
        AuditKind.POSITION,
        at,
        {
            "position_id": moved.position_id,
            "from": before,
            "to": to,
            "contracts_opened": moved.contracts_opened,
            "contracts": moved.contracts,
            "exit_rule": moved.exit_rule,
            "pnl_eth": str(moved.pnl_eth),
            "reason": reason,
        },
        moved.cycle_id,
    )
    if before is PositionState.CANCELLED and to is PositionState.OPEN:
        text = f"position {moved.position_id} was thought cancelled and is filled at the venue"
        applied.notices.append(
            Notice(Severity.CRITICAL, AlertCode.CANCELLED_POSITION_FILLED, text, moved.cycle_id)
        )
    if closed:
        text = (
            f"{moved.kind} {moved.position_id} closed by {moved.exit_rule}: "
            f"P&L {moved.pnl_eth:+f} ETH, {moved.pnl_usd:+.2f} USD, fees {moved.fees_eth:f} ETH, "
            f"credit {moved.credit_eth:f} ETH"
        )
        applied.notices.append(Notice(Severity.MEDIUM, AlertCode.POSITION_CLOSED, text, moved.cycle_id))
    return moved


def follow_books(
    db: sqlite3.Connection,
    applied: Applied,
    position_id: PositionId,
    *,
    at: datetime,
    exit_rule: ExitRule | None,
    by_reconcile: bool = False,
) -> Position:
    """Move the position to the state that follows from its fills, deliveries and live orders.

    Raises IllegalEdgeError if the machine has no such edge, BooksRefusalError if the sums are wrong.
    """
    position = position_of(db, position_id)
    opened, left = positions.sizes(db, position)
    live = orders.live_kinds(db, position_id)
    if opened == 0:
        if position.state is PositionState.AWAITING_FILL and InstructionKind.ENTRY not in live:
            position = move(db, applied, position, PositionState.CANCELLED, at=at, reason="nothing filled")
        return position
    if position.state in (PositionState.AWAITING_FILL, PositionState.CANCELLED, PositionState.PROPOSED):
        position = move(db, applied, position, PositionState.OPEN, at=at, by_reconcile=by_reconcile)
    if position.state is PositionState.CLOSED:
        if left:
            raise BooksRefusalError("closed_position_grew", f"{position_id}: found {left} left")
        return position
    if left == 0 and InstructionKind.ENTRY not in live:
        return move(db, applied, position, PositionState.CLOSED, at=at, exit_rule=exit_rule)
    if position.state is PositionState.CLOSING and InstructionKind.EXIT not in live:
        return move(db, applied, position, PositionState.OPEN, at=at, reason="exit ended with size left")
    return position
