"""The JSON form of each kind of row that is read, the same wherever it is shown.

Money is text in plain digits, times are ISO 8601 in UTC with a Z.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, overload

from pydantic import JsonValue

from core.orders.books import CycleRow, Instruction, OrderRow, Position

if TYPE_CHECKING:
    from core.audit.hash_chain import AuditRecord
    from core.messages.room_status import AlertRow
    from reading.decisions import Explained
    from reading.proof import BooksProof


def cycle_json(row: CycleRow) -> dict[str, JsonValue]:
    """One due slot and how it ended; `outcome` is null if the cycle had not ended."""
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
    """One position that was ever filled."""
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
        **_result_json(position),
    }


def position_json(position: Position) -> dict[str, JsonValue]:
    """A position as the books have it, with its cash and its result told apart as in `trade_json`."""
    return {**position.model_dump(mode="json"), **_result_json(position)}


def _result_json(position: Position) -> dict[str, JsonValue]:
    """`cash_…` is the sum of the cash flows so far: of an open trade the premium, which is not earned yet.

    `pnl_…` is what the trade brought, the same sum; null while it is open.
    """
    eth, usd = money(position.pnl_eth), money(position.pnl_usd)
    is_open = position.closed_at is None
    return {
        "cash_eth": eth,
        "cash_usd": usd,
        "pnl_eth": None if is_open else eth,
        "pnl_usd": None if is_open else usd,
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


def record_json(record: AuditRecord) -> dict[str, JsonValue]:
    """One record of the audit log, whole."""
    return {
        "seq": record.seq,
        "at": utc(record.at),
        "kind": record.kind,
        "correlation": record.correlation,
        "detail": record.detail,
        "hash": record.hash,
    }


def explained_json(decision: Explained) -> dict[str, JsonValue]:
    """A recorded decision and whether its recomputation is the same."""
    return {
        "seq": decision.seq,
        "at": utc(decision.at),
        "same": decision.difference is None,
        "difference": decision.difference,
        "decided_by": decision.decided_by,
        "text": decision.text,
    }


def proof_json(proof: BooksProof) -> dict[str, JsonValue]:
    """Whether the books are what the log makes of them, and each place where they are not."""
    return {
        "ok": proof.ok,
        "records": proof.records,
        "problems": list(proof.problems),
        "differences": [
            {
                "table": difference.table,
                "row": difference.row,
                "field": difference.field,
                "log": difference.by_log,
                "books": difference.found,
            }
            for difference in proof.differences
        ],
    }


def money(amount: Decimal) -> str:
    """Plain digits, never an exponent."""
    return f"{amount:f}"


@overload
def utc(at: datetime) -> str: ...


@overload
def utc(at: None) -> None: ...


def utc(at: datetime | None) -> str | None:
    """ISO 8601 with a Z."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")
