"""Applies decision's requests about its cycles: opening, decisions, proposals, closing."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from hashlib import sha256

from pydantic import JsonValue

from actors.state.applied import Applied
from actors.state.moves import move, position_of
from actors.state.refusal import BooksRefusalError
from actors.state.tables import cycles, positions
from core.messages.audit import AuditKind
from core.messages.state import (
    CloseCycle,
    CloseProposal,
    CycleKnown,
    CycleOpened,
    OpenCycle,
    RecordDecision,
    Recorded,
)
from core.orders.books import CycleOutcome, CycleRow
from core.orders.lifecycle import PositionState
from core.values import CycleId, PositionId, cycle_id_of


def open_cycle(db: sqlite3.Connection, request: OpenCycle, last_seq: int) -> Applied:
    """Open the one cycle of a (job, slot), or resume it if it has no outcome; else it is `CycleKnown`.

    It is closed at once if it was idle by the books as they are: `last_seq` is their last record.
    """
    row = cycles.by_slot(db, request.job, request.slot)
    if row is not None and row.outcome is not None:
        known = CycleKnown(
            request_id=request.request_id,
            cycle_id=row.cycle_id,
            job=row.job,
            slot=row.slot,
            outcome=row.outcome,
            reasons=row.reasons,
        )
        return Applied(known)
    resumed = row is not None
    # A fill or a delivery that came since may have left it something to do.
    idle = request.idle if request.idle is not None and request.idle.seq == last_seq else None
    if row is None:
        row = CycleRow(
            cycle_id=cycle_id_of(request.job, request.slot),
            job=request.job,
            slot=request.slot,
            opened_at=request.at,
            closed_at=None if idle is None else request.at,
            outcome=None if idle is None else idle.outcome,
            reasons=() if idle is None else idle.reasons,
        )
        cycles.insert(db, row)
    elif idle is not None:
        cycles.close(db, row.cycle_id, idle.outcome, idle.reasons, request.at)
    opened = CycleOpened(
        request_id=request.request_id,
        cycle_id=row.cycle_id,
        job=row.job,
        slot=row.slot,
        resumed=resumed,
        closed=idle is not None,
    )
    applied = Applied(opened)
    detail: dict[str, JsonValue] = {
        "cycle_id": row.cycle_id,
        "job": row.job,
        "slot": row.slot.isoformat(),
        "resumed": resumed,
    }
    applied.note(AuditKind.CYCLE_OPENED, request.at, detail, row.cycle_id)
    if idle is not None:
        _note_closed(applied, row, idle.outcome, idle.reasons, request.at)
    return applied


def close_cycle(db: sqlite3.Connection, request: CloseCycle) -> Applied:
    """Close a cycle. Repeating the same outcome changes nothing; another one is refused."""
    row = _cycle_of(db, request.cycle_id)
    applied = Applied(Recorded(request_id=request.request_id))
    _close(db, applied, row, request.outcome, request.reasons, request.at)
    return applied


def _close(
    db: sqlite3.Connection,
    applied: Applied,
    row: CycleRow,
    outcome: CycleOutcome,
    reasons: tuple[str, ...],
    at: datetime,
) -> None:
    if row.outcome is None:
        cycles.close(db, row.cycle_id, outcome, reasons, at)
        _note_closed(applied, row, outcome, reasons, at)
    elif (row.outcome, row.reasons) != (outcome, reasons):
        raise BooksRefusalError("cycle_closed", f"{row.cycle_id}: expected {row.outcome}, found {outcome}")


def _note_closed(
    applied: Applied, row: CycleRow, outcome: CycleOutcome, reasons: tuple[str, ...], at: datetime
) -> None:
    detail: dict[str, JsonValue] = {
        "cycle_id": row.cycle_id,
        "job": row.job,
        "outcome": outcome,
        "reasons": list(reasons),
    }
    applied.note(AuditKind.CYCLE_CLOSED, at, detail, row.cycle_id)


def record_decision(db: sqlite3.Connection, request: RecordDecision) -> Applied:
    """Record a decision, in the audit log too so that it can be replayed from there, and its proposal or the
    end of its cycle."""
    row = _cycle_of(db, request.cycle_id)
    cycles.insert_decision(db, row.cycle_id, request.at, request.record)
    applied = Applied(Recorded(request_id=request.request_id))
    digest = sha256(request.record.encode()).hexdigest()
    detail = {"cycle_id": row.cycle_id, "sha256": digest, "record": request.record}
    applied.note(AuditKind.DECISION, request.at, detail, row.cycle_id)
    if request.end is not None:
        _close(db, applied, row, request.end.outcome, request.end.reasons, request.at)
    proposal = request.proposal
    if proposal is None:
        return applied
    if proposal.cycle_id != request.cycle_id:
        raise BooksRefusalError(
            "wrong_cycle", f"proposal: expected cycle {request.cycle_id}, found {proposal.cycle_id}"
        )
    if positions.by_id(db, proposal.position_id) is not None:
        raise BooksRefusalError("proposal_known", f"expected a new proposal, found {proposal.proposal_id}")
    cycles.insert_proposal(db, proposal)
    positions.insert(db, proposal.position_id)
    applied.books_changed = True
    plan = proposal.model_dump(mode="json")
    applied.note(AuditKind.PROPOSAL, proposal.created_at, plan, row.cycle_id)
    made = {"position_id": proposal.position_id, "from": None, "to": PositionState.PROPOSED}
    applied.note(AuditKind.POSITION, proposal.created_at, made, row.cycle_id)
    return applied


def close_proposal(db: sqlite3.Connection, request: CloseProposal) -> Applied:
    """Cancel the position of a proposal that ended before any send.

    Once an instruction is committed, this is refused: the position then follows its order.
    """
    applied = Applied(Recorded(request_id=request.request_id))
    position = position_of(db, PositionId(request.proposal_id))
    if position.state is PositionState.CANCELLED:
        return applied
    if position.state is not PositionState.PROPOSED:
        raise BooksRefusalError(
            "not_proposed", f"{position.position_id}: expected proposed, found {position.state}"
        )
    move(db, applied, position, PositionState.CANCELLED, at=request.at, reason=request.reason)
    return applied


def _cycle_of(db: sqlite3.Connection, cycle_id: CycleId) -> CycleRow:
    row = cycles.by_id(db, cycle_id)
    if row is None:
        raise BooksRefusalError("unknown_cycle", f"expected a recorded cycle, found {cycle_id}")
    return row
