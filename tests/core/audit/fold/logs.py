"""Logs as the engine writes them, for the tests of the fold: one trade, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import JsonValue

from core.audit.fold.books import FoldedBooks
from core.audit.fold.log import fold
from core.audit.hash_chain import GENESIS, append, split_lines
from core.messages.audit import AuditEvent, AuditKind

AT = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
AT_TEXT = "2026-01-05T14:00:00.000000Z"
SHORT, LONG = "ETH-23JAN26-2800-P", "ETH-23JAN26-2600-P"
ENTRY, EXIT = "p-1:e1", "p-1:x1"
Detail = dict[str, JsonValue]
Step = tuple[AuditKind, Detail]


def lines_of(steps: Sequence[Step]) -> list[bytes]:
    """The log of these steps."""
    payload, _ = append(GENESIS, [AuditEvent(kind=kind, at=AT, detail=detail) for kind, detail in steps])
    return split_lines(payload)


def folded(*steps: Step) -> FoldedBooks:
    return fold(lines_of(steps))


def cycle() -> Step:
    slot = "2026-01-05T14:00:00+00:00"
    return AuditKind.CYCLE_OPENED, {"cycle_id": "c-1", "job": "entry", "slot": slot, "resumed": False}


def proposed(ratio: int = 1) -> list[Step]:
    legs: list[JsonValue] = [
        {"instrument_name": SHORT, "ratio": ratio},
        {"instrument_name": LONG, "ratio": 1},
    ]
    made: Detail = {
        "proposal_id": "p-1",
        "cycle_id": "c-1",
        "created_at": "2026-01-05T14:00:00Z",
        "plan": {"legs": legs, "contracts": 2},
    }
    position: Detail = {"position_id": "p-1", "from": None, "to": "proposed"}
    return [cycle(), (AuditKind.PROPOSAL, made), (AuditKind.POSITION, position)]


def instructed(label: str, amount: int = 2) -> Step:
    entry = ":e" in label
    detail: Detail = {
        "label": label,
        "proposal_id": "p-1",
        "cycle_id": "c-1" if entry else None,
        "kind": "entry" if entry else "exit",
        "attempt": 1,
        "legs": [{"instrument_name": SHORT}],
        "amount": amount,
        "limit_eth": "0.0120",
        "reduce_only": not entry,
        "valid_until": "2026-01-05T14:00:03Z",
        "created_at": "2026-01-05T14:00:00Z",
        "exit_rule": None if entry else "stop",
    }
    return AuditKind.INSTRUCTION, detail


def edited(number: int, price: str = "0.0105") -> Step:
    at = "2026-01-05T14:00:30Z"
    return AuditKind.EDIT, {"label": ENTRY, "number": number, "limit_eth": price, "at": at}


def moved(before: str, after: str, *, opened: int = 0, left: int = 0, pnl: str = "0") -> Step:
    detail: Detail = {
        "position_id": "p-1",
        "from": before,
        "to": after,
        "contracts_opened": opened,
        "contracts": left,
        "exit_rule": "stop" if after in ("closing", "closed") else None,
        "pnl_eth": pnl,
        "reason": None,
    }
    return AuditKind.POSITION, detail


def sent(label: str) -> Step:
    return AuditKind.ORDER, {"label": label, "from": "intended", "to": "sent"}


def order(label: str, before: str, after: str, filled: int = 0, amount: int = 2) -> Step:
    detail: Detail = {
        "label": label,
        "from": before,
        "to": after,
        "order_id": "o-1",
        "amount": amount,
        "filled_amount": filled,
        "limit_eth": "0.0110",
        "average_price_eth": "0.0115" if filled else None,
        "reason": None,
        "updated_at": "2026-01-05T14:01:00Z",
    }
    return AuditKind.ORDER, detail


def filled(label: str, number: int, contracts: int = 2, at: str = "2026-01-05T14:01:00Z") -> list[Step]:
    """Both legs of a combo; the prices do not divide evenly."""
    entry = ":e" in label
    sides = ("sell", "buy") if entry else ("buy", "sell")
    made: list[Step] = []
    for name, side, price in zip((SHORT, LONG), sides, ("0.015333333", "0.003300005"), strict=True):
        detail: Detail = {
            "trade_id": f"{label}-{number}-{name}",
            "label": label,
            "instrument_name": name,
            "side": side,
            "amount": contracts,
            "price_eth": price,
            "fee_eth": "0.0006",
            "index_usd": "3100.25",
            "at": at,
        }
        made.append((AuditKind.FILL, detail))
    return made


def delivered(name: str, size: int, cash: str = "-0.12345678") -> Step:
    detail: Detail = {
        "key": f"{name}@e",
        "position_id": "p-1",
        "instrument_name": name,
        "delivery_price_usd": "2700.1",
        "size": size,
        "cash_flow_eth": cash,
        "fee_eth": "0.00015",
        "at": "2026-01-23T08:00:00Z",
    }
    return AuditKind.SETTLEMENT, detail


AFTER_ENTRY_ETH = "0.02286666"
"""0.03066667 received, 0.00660001 paid, two fees of 0.0006."""


def entered() -> list[Step]:
    """An open position of two combos."""
    return [
        *proposed(),
        instructed(ENTRY),
        moved("proposed", "awaiting_fill"),
        sent(ENTRY),
        order(ENTRY, "sent", "filled", 2),
        *filled(ENTRY, 1),
        moved("awaiting_fill", "open", opened=2, left=2, pnl=AFTER_ENTRY_ETH),
    ]
