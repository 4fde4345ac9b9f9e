"""What recorded decisions looked at, for people: figures of entries over time, and one decision's checks."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from actors.state.columns import list_of, time_of
from core.values import PositionId

_RULES = "json_extract(record, '$.decision.rules')"


@dataclass(frozen=True)
class EntryLook:
    """What one entry decision saw of the account, and its rules as JSON; None for what its record lacks.

    `number` grows with each decision. `eth_share` is a fraction of all holdings.
    """

    number: int
    cycle_id: str
    at: datetime
    equity_usd: float | None
    eur_usd: float | None
    eth_share: float | None
    venue_equity_eth: float | None
    rules: str | None


@dataclass(frozen=True)
class DecisionLook:
    """One recorded decision: `decided` is entry or exit, `position_id` that of an exit, `rules` JSON.

    `reasons` is a JSON list, of an entry that was refused or an exit that could not be decided.
    """

    at: datetime
    decided: str | None
    position_id: str | None
    outcome: str | None
    rules: str | None
    reasons: str | None


@dataclass(frozen=True)
class ExitLook:
    """One recorded look at a position: what closing cost at mid and at natural, ETH a contract.

    If it could not be decided both are 0, and `reasons` say why.
    """

    at: datetime
    cycle_id: str
    position_id: PositionId
    mid_cost_eth: Decimal
    natural_cost_eth: Decimal
    reasons: tuple[str, ...]


def exit_looks(db: sqlite3.Connection) -> tuple[ExitLook, ...]:
    """Every look at a position, oldest first."""
    rows = db.execute(
        "SELECT at, cycle_id, json_extract(record, '$.decision.position_id'),"
        " json_extract(record, '$.decision.mid_cost_eth'),"
        " json_extract(record, '$.decision.natural_cost_eth'),"
        " json_extract(record, '$.decision.reasons')"
        " FROM decisions WHERE json_extract(record, '$.decided') = 'exit' ORDER BY decision_id"
    )
    return tuple(
        ExitLook(
            at=time_of(row[0]),
            cycle_id=row[1],
            position_id=PositionId(row[2]),
            mid_cost_eth=Decimal(row[3] or 0),
            natural_cost_eth=Decimal(row[4] or 0),
            reasons=() if row[5] is None else list_of(row[5]),
        )
        for row in rows
    )


def entry_looks(db: sqlite3.Connection, after: int, limit: int) -> tuple[EntryLook, ...]:
    """The first `limit` entry decisions with a number above `after`, oldest first."""
    account = ", ".join(
        f"json_extract(record, '$.facts.account.{name}')"
        for name in ("equity_usd", "eur_usd", "eth_share", "venue_equity_eth")
    )
    rows = db.execute(
        f"SELECT decision_id, cycle_id, at, {account}, {_RULES} FROM decisions"
        " WHERE decision_id > ? AND cycle_id >= 'entry-' AND cycle_id < 'entry.'"
        " AND json_extract(record, '$.decided') = 'entry' ORDER BY decision_id LIMIT ?",
        (after, limit),
    )
    return tuple(EntryLook(row[0], row[1], time_of(row[2]), *row[3:]) for row in rows)


def of_cycle(db: sqlite3.Connection, cycle_id: str) -> tuple[DecisionLook, ...]:
    """The decisions of a cycle, oldest first."""
    rows = db.execute(
        "SELECT at, json_extract(record, '$.decided'), json_extract(record, '$.decision.position_id'),"
        " coalesce(json_extract(record, '$.decision.outcome'), json_extract(record, '$.decision.code')),"
        f" {_RULES}, json_extract(record, '$.decision.reasons')"
        " FROM decisions WHERE cycle_id = ? ORDER BY decision_id",
        (cycle_id,),
    )
    return tuple(DecisionLook(time_of(row[0]), *row[1:]) for row in rows)
