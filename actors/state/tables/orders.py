"""Instructions, and their orders at the venue."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from actors.state.columns import maybe_decimal_of, maybe_decimal_text, time_of, time_text
from core.audit.hash_chain import canonical_json
from core.orders.books import Instruction, InstructionKind, OrderRow
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState
from core.values import CycleId, Label, Leg, OrderId, PositionId, ProposalId

_LEGS = TypeAdapter(tuple[Leg, ...])
_INSTRUCTION = (
    "i.label, i.proposal_id, i.cycle_id, i.kind, i.attempt, i.legs, i.amount, i.limit_eth, i.reduce_only,"
    " i.valid_until, i.created_at, i.exit_rule"
)
_ORDER = (
    "o.label, o.state, o.order_id, o.amount, o.filled_amount, o.limit_eth, o.average_price_eth, o.reason,"
    " o.updated_at"
)
_LIVE = "o.state IN ('intended', 'sent', 'working', 'cancel_pending', 'unknown')"

INSTRUCTIONS_KEPT = 64
"""An instruction never changes, and that of a live order is read again at each change of the books."""


def insert(db: sqlite3.Connection, instruction: Instruction) -> None:
    """Insert the instruction, and its order as `intended`."""
    db.execute(
        "INSERT INTO instructions (label, proposal_id, cycle_id, kind, attempt, legs, amount, limit_eth,"
        " reduce_only, valid_until, created_at, exit_rule) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            instruction.label,
            instruction.proposal_id,
            instruction.cycle_id,
            instruction.kind,
            instruction.attempt,
            canonical_json(_LEGS.dump_python(instruction.legs, mode="json")),
            instruction.amount,
            str(instruction.limit_eth),
            instruction.reduce_only,
            time_text(instruction.valid_until),
            time_text(instruction.created_at),
            instruction.exit_rule,
        ),
    )
    db.execute(
        "INSERT INTO orders (label, state, amount, limit_eth, updated_at) VALUES (?, ?, ?, ?, ?)",
        (
            instruction.label,
            OrderState.INTENDED,
            instruction.amount,
            str(instruction.limit_eth),
            time_text(instruction.created_at),
        ),
    )


def mark_sent(db: sqlite3.Connection, label: str, at: datetime) -> None:
    db.execute(
        "UPDATE orders SET state = ?, sent_at = ?, updated_at = ? WHERE label = ?",
        (OrderState.SENT, time_text(at), time_text(at), label),
    )


def update(db: sqlite3.Connection, order: OrderRow) -> None:
    db.execute(
        "UPDATE orders SET state = ?, order_id = ?, amount = ?, filled_amount = ?, limit_eth = ?,"
        " average_price_eth = ?, reason = ?, updated_at = ? WHERE label = ?",
        (
            order.state,
            order.order_id,
            order.amount,
            order.filled_amount,
            str(order.limit_eth),
            maybe_decimal_text(order.average_price_eth),
            order.reason,
            time_text(order.updated_at),
            order.label,
        ),
    )


def instruction(db: sqlite3.Connection, label: str) -> Instruction | None:
    row = db.execute(f"SELECT {_INSTRUCTION} FROM instructions i WHERE label = ?", (label,)).fetchone()
    return None if row is None else _instruction(row)


def order(db: sqlite3.Connection, label: str) -> OrderRow | None:
    row = db.execute(f"SELECT {_ORDER} FROM orders o WHERE label = ?", (label,)).fetchone()
    return None if row is None else _order(row)


def live_kinds(db: sqlite3.Connection, position_id: PositionId) -> frozenset[InstructionKind]:
    """The kinds of the position's orders that have no final state."""
    rows = db.execute(
        "SELECT DISTINCT i.kind FROM instructions i JOIN orders o USING (label)"
        f" WHERE i.proposal_id = ? AND {_LIVE}",
        (position_id,),
    )
    return frozenset(InstructionKind(row[0]) for row in rows)


def live(db: sqlite3.Connection) -> tuple[tuple[Instruction, OrderRow], ...]:
    """Every order without a final state with its instruction, oldest first."""
    return _both(db, f"WHERE {_LIVE}", ())


def everything(
    db: sqlite3.Connection, *, limit: int | None = None
) -> tuple[tuple[Instruction, OrderRow], ...]:
    """The newest `limit` orders, or all, with their instructions, oldest first."""
    newest = "WHERE i.rowid IN (SELECT rowid FROM instructions ORDER BY rowid DESC LIMIT ?)"
    return _both(db, newest, (-1 if limit is None else limit,))


def entry_requests_since(db: sqlite3.Connection, since: datetime) -> tuple[str, ...]:
    """When entries were sent, and edited, after `since`, in order, as text. Exits are left out."""
    of_entries = "JOIN instructions i USING (label) WHERE i.kind = 'entry' AND"
    sql = (
        f"SELECT o.sent_at FROM orders o {of_entries} o.sent_at > ?"
        f" UNION ALL SELECT e.at FROM edits e {of_entries} e.at > ? ORDER BY 1"
    )
    return tuple(at for (at,) in db.execute(sql, (time_text(since),) * 2))


def _both(
    db: sqlite3.Connection, where: str, arguments: tuple[object, ...]
) -> tuple[tuple[Instruction, OrderRow], ...]:
    rows = db.execute(
        f"SELECT {_INSTRUCTION}, {_ORDER} FROM orders o JOIN instructions i USING (label) {where}"
        " ORDER BY i.rowid",
        arguments,
    )
    return tuple((_instruction(row[:12]), _order(row[12:])) for row in rows)


@lru_cache(INSTRUCTIONS_KEPT)
def _instruction(row: tuple[Any, ...]) -> Instruction:
    return Instruction(
        label=Label(row[0]),
        proposal_id=ProposalId(row[1]),
        cycle_id=None if row[2] is None else CycleId(row[2]),
        kind=InstructionKind(row[3]),
        attempt=int(row[4]),
        legs=_LEGS.validate_json(row[5]),
        amount=int(row[6]),
        limit_eth=Decimal(row[7]),
        reduce_only=bool(row[8]),
        valid_until=time_of(row[9]),
        created_at=time_of(row[10]),
        exit_rule=None if row[11] is None else ExitRule(row[11]),
    )


def _order(row: tuple[Any, ...]) -> OrderRow:
    return OrderRow(
        label=Label(row[0]),
        state=OrderState(row[1]),
        order_id=None if row[2] is None else OrderId(row[2]),
        amount=int(row[3]),
        filled_amount=int(row[4]),
        limit_eth=Decimal(row[5]),
        average_price_eth=maybe_decimal_of(row[6]),
        reason=row[7],
        updated_at=time_of(row[8]),
    )
