"""`out.json`: what a paper run did, for machines. Every key is documented in docs/report.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pydantic import JsonValue

from actors.state.stored import StoredBooks
from core.messages.alerting import AlertRow
from core.messages.control import EngineStatus
from core.orders.books import CycleRow, Instruction, OrderRow, Position
from gateway.paper.ledger import Ledger, LedgerEntry


@dataclass(frozen=True)
class AuditResult:
    """What verifying the whole chain after the stop showed."""

    records: int
    head: str
    ok: bool
    problem: str | None


@dataclass(frozen=True)
class RunFacts:
    """The run itself. Times are market time."""

    began: datetime
    ended: datetime
    market: str
    version: str
    strategy_hash: str
    overrides: tuple[str, ...]
    faults: tuple[str, ...]
    ended_by: str
    wall_s: float


def report(
    *,
    run: RunFacts,
    books: StoredBooks,
    status: EngineStatus | None,
    ledger: Ledger,
    equity: Mapping[str, LedgerEntry],
    audit: AuditResult,
) -> dict[str, JsonValue]:
    """The whole document. Money is text."""
    return {
        "run": {
            "began": utc(run.began),
            "ended": utc(run.ended),
            "ended_by": run.ended_by,
            "market": run.market,
            "version": run.version,
            "strategy_hash": run.strategy_hash,
            "overrides": list(run.overrides),
            "faults": list(run.faults),
            "wall_s": round(run.wall_s, 3),
        },
        "cycles": [cycle_json(row) for row in books.cycles],
        "orders": [order_json(instruction, order) for instruction, order in books.orders],
        "trades": [trade_json(position) for position in books.trades],
        "equity": [{"day": day, **entry_json(entry)} for day, entry in sorted(equity.items())],
        "actors": {
            cell.name: {"state": cell.state, "restarts": cell.restarts, "last_error": cell.last_error}
            for cell in (status.cells if status is not None else ())
        },
        "alerts": [alert_json(row) for row in books.alerts],
        "kill_switch": _kill_switch_json(status),
        "audit": {
            "records": audit.records,
            "head": audit.head,
            "ok": audit.ok,
            "problem": audit.problem,
        },
        "account": {"start": entry_json(ledger.start), "end": entry_json(ledger.end)},
        "assumptions": dict(ledger.assumptions),
    }


def cycle_json(row: CycleRow) -> dict[str, JsonValue]:
    """One due slot and how it ended; `outcome` is null where it was under way at the end."""
    return {
        "id": row.cycle_id,
        "kind": row.job.value,
        "slot": utc(row.slot),
        "outcome": None if row.outcome is None else row.outcome.value,
        "reasons": list(row.reasons),
    }


def order_json(instruction: Instruction, order: OrderRow) -> dict[str, JsonValue]:
    """One instruction and what became of its order."""
    return {
        "label": instruction.label,
        "position": instruction.proposal_id,
        "kind": instruction.kind.value,
        "state": order.state.value,
        "order_id": order.order_id,
        "amount": order.amount,
        "filled": order.filled_amount,
        "limit_eth": money(order.limit_eth),
        "average_price_eth": None if order.average_price_eth is None else money(order.average_price_eth),
        "created_at": utc(instruction.created_at),
        "updated_at": utc(order.updated_at),
        "reason": order.reason,
    }


def trade_json(position: Position) -> dict[str, JsonValue]:
    """One position that was ever filled; `pnl_eth` is the sum of its cash flows as booked."""
    return {
        "id": position.position_id,
        "kind": position.kind.value,
        "legs": [
            {"instrument_name": leg.instrument_name, "side": leg.side.value, "ratio": leg.ratio}
            for leg in position.plan.legs
        ],
        "contracts": position.contracts_opened,
        "entered_at": utc(position.entered_at),
        "closed_at": utc(position.closed_at),
        "exit_rule": position.exit_rule,
        "credit_eth": money(position.credit_eth),
        "fees_eth": money(position.fees_eth),
        "pnl_eth": money(position.pnl_eth),
        "pnl_usd": money(position.pnl_usd),
    }


def alert_json(row: AlertRow) -> dict[str, JsonValue]:
    return {
        "id": row.alert_id,
        "severity": row.severity.value,
        "code": row.code,
        "text": row.text,
        "cause": row.cause,
        "at": utc(row.at),
        "delivered_at": utc(row.delivered_at),
    }


def entry_json(entry: LedgerEntry) -> dict[str, JsonValue]:
    return {
        "at": utc(entry.at),
        "balance_eth": money(entry.balance_eth),
        "equity_eth": money(entry.equity_eth),
        "equity_usd": money(entry.equity_usd),
    }


def money(amount: Decimal) -> str:
    """Plain digits, never an exponent."""
    return f"{amount:f}"


def utc(at: datetime | None) -> str | None:
    """ISO 8601 with a Z."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _kill_switch_json(status: EngineStatus | None) -> dict[str, JsonValue]:
    switch = None if status is None else status.kill_switch
    if switch is None:
        return {"armed": None, "reason": "the engine gave no status at its end"}
    return {
        "armed": switch.armed,
        "causes": [cause.value for cause in switch.causes],
        "reason": switch.reason,
        "since": utc(switch.since),
        "suspensions": dict(switch.suspensions),
        "permits_granted": switch.permits_granted,
        "vetoes": switch.vetoes,
    }
