"""Cycles, their decisions and their proposals."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from decimal import Decimal
from typing import Any

from actors.state.columns import list_of, list_text, maybe_time_of, maybe_time_text, time_of, time_text
from core.audit.hash_chain import canonical_json
from core.orders.books import CycleOutcome, CycleRow, Job, Proposal
from core.statistics.account import AccountPoint
from core.values import CycleId, PositionId

_COLUMNS = "cycle_id, job, slot, opened_at, closed_at, outcome, reasons"


def insert(db: sqlite3.Connection, row: CycleRow) -> None:
    db.execute(
        f"INSERT INTO cycles ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            row.cycle_id,
            row.job.value,
            time_text(row.slot),
            time_text(row.opened_at),
            maybe_time_text(row.closed_at),
            row.outcome,
            list_text(row.reasons),
        ),
    )


def close(
    db: sqlite3.Connection, cycle_id: CycleId, outcome: CycleOutcome, reasons: tuple[str, ...], at: datetime
) -> None:
    db.execute(
        "UPDATE cycles SET closed_at = ?, outcome = ?, reasons = ? WHERE cycle_id = ?",
        (time_text(at), outcome.value, list_text(reasons), cycle_id),
    )


def by_id(db: sqlite3.Connection, cycle_id: CycleId) -> CycleRow | None:
    return _one(db.execute(f"SELECT {_COLUMNS} FROM cycles WHERE cycle_id = ?", (cycle_id,)))


def by_slot(db: sqlite3.Connection, job: Job, slot: datetime) -> CycleRow | None:
    return _one(
        db.execute(f"SELECT {_COLUMNS} FROM cycles WHERE job = ? AND slot = ?", (job.value, time_text(slot)))
    )


def last_of(db: sqlite3.Connection, job: Job) -> CycleRow | None:
    return _one(db.execute(f"SELECT {_COLUMNS} FROM cycles WHERE job = ? ORDER BY slot DESC LIMIT 1", (job,)))


def newest_of(db: sqlite3.Connection, job: Job, limit: int) -> tuple[CycleRow, ...]:
    """The newest `limit` cycles of a job, oldest first."""
    sql = f"SELECT {_COLUMNS} FROM cycles WHERE job = ? ORDER BY slot DESC LIMIT ?"
    return tuple(_row(row) for row in reversed(db.execute(sql, (job, limit)).fetchall()))


def span(db: sqlite3.Connection) -> tuple[datetime, datetime] | None:
    """When the first cycle was opened, and when the last one was opened or closed; None without any."""
    # A close is never before its opening; times sort as they are written.
    first, opened, closed = db.execute(
        "SELECT min(opened_at), max(opened_at), max(closed_at) FROM cycles"
    ).fetchone()
    return None if first is None else (time_of(first), max(time_of(opened), time_of(closed or opened)))


def of_job(db: sqlite3.Connection, job: Job, began: datetime, ended: datetime) -> tuple[CycleRow, ...]:
    """The cycles of a job with their slot from `began` to before `ended`, oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM cycles WHERE job = ? AND slot >= ? AND slot < ? ORDER BY slot",
        (job, time_text(began), time_text(ended)),
    )
    return tuple(_row(row) for row in rows)


def first_opened(db: sqlite3.Connection) -> datetime | None:
    """When the first cycle was opened; None if none was."""
    (found,) = db.execute("SELECT min(opened_at) FROM cycles").fetchone()
    return maybe_time_of(found)


def without_outcome(db: sqlite3.Connection) -> tuple[tuple[CycleRow, bool], ...]:
    """The cycles without an outcome, oldest first, each with whether it led to an instruction."""
    rows = db.execute(
        f"SELECT {_COLUMNS}, EXISTS (SELECT 1 FROM instructions i WHERE i.cycle_id = c.cycle_id)"
        " FROM cycles c WHERE outcome IS NULL ORDER BY slot, cycle_id"
    )
    return tuple((_row(row), bool(row[7])) for row in rows)


def everything(db: sqlite3.Connection, *, limit: int | None = None) -> tuple[CycleRow, ...]:
    """The newest `limit` cycles, or all, oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM cycles ORDER BY slot DESC, opened_at DESC, rowid DESC LIMIT ?",
        (-1 if limit is None else limit,),
    ).fetchall()
    return tuple(_row(row) for row in reversed(rows))


def insert_decision(db: sqlite3.Connection, cycle_id: CycleId, at: datetime, record: str) -> None:
    db.execute(
        "INSERT INTO decisions (cycle_id, at, record) VALUES (?, ?, ?)", (cycle_id, time_text(at), record)
    )


def exit_mids(db: sqlite3.Connection) -> dict[tuple[CycleId, PositionId], Decimal]:
    """What closing a position would have cost at mid, ETH per contract, as a cycle decided on it.

    If a cycle decided twice, by its last decision. A position that the cycle skipped has none.
    """
    rows = db.execute(
        "SELECT cycle_id, json_extract(record, '$.decision.position_id'),"
        " json_extract(record, '$.decision.mid_cost_eth') AS mid"
        " FROM decisions WHERE json_extract(record, '$.decided') = 'exit' AND mid IS NOT NULL"
        " ORDER BY decision_id"
    )
    return {(CycleId(row[0]), PositionId(row[1])): Decimal(row[2]) for row in rows}


def account_points(
    db: sqlite3.Connection, began: datetime | None = None, ended: datetime | None = None
) -> tuple[AccountPoint, ...]:
    """The account at the venue as each entry decision saw it, oldest first.

    With `began` and `ended` only for the slots between them, without reading all decisions.
    """
    within, bounds = "", tuple[str, ...]()
    if began is not None and ended is not None:
        within = " AND cycle_id IN (SELECT cycle_id FROM cycles WHERE job = ? AND slot >= ? AND slot < ?)"
        bounds = (Job.ENTRY, time_text(began), time_text(ended))
    # The second path of each pair is that of older records, whose facts are not in parts.
    rows = db.execute(
        "SELECT at, coalesce(json_extract(record, '$.facts.account.venue_equity_eth'),"
        " json_extract(record, '$.facts.venue_equity_eth')) AS equity,"
        " coalesce(json_extract(record, '$.facts.market.spot_usd'),"
        " json_extract(record, '$.facts.spot_usd')) AS spot"
        " FROM decisions WHERE json_extract(record, '$.decided') = 'entry'"
        f" AND equity IS NOT NULL AND spot IS NOT NULL{within} ORDER BY decision_id",
        bounds,
    )
    return tuple(AccountPoint(time_of(row[0]), float(row[1]), float(row[2])) for row in rows)


def insert_proposal(db: sqlite3.Connection, proposal: Proposal) -> None:
    db.execute(
        "INSERT INTO proposals (proposal_id, cycle_id, created_at, plan) VALUES (?, ?, ?, ?)",
        (
            proposal.proposal_id,
            proposal.cycle_id,
            time_text(proposal.created_at),
            canonical_json(proposal.plan.model_dump(mode="json")),
        ),
    )


def _one(cursor: sqlite3.Cursor) -> CycleRow | None:
    row = cursor.fetchone()
    return None if row is None else _row(row)


def _row(row: tuple[Any, ...]) -> CycleRow:
    return CycleRow(
        cycle_id=CycleId(row[0]),
        job=Job(row[1]),
        slot=time_of(row[2]),
        opened_at=time_of(row[3]),
        closed_at=maybe_time_of(row[4]),
        outcome=None if row[5] is None else CycleOutcome(row[5]),
        reasons=list_of(row[6]),
    )
