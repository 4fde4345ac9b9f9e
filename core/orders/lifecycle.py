"""The state machines of positions and orders: the books record no edge but these."""

from __future__ import annotations

from enum import StrEnum

from core.errors import IllegalEdgeError


class PositionState(StrEnum):
    PROPOSED = "proposed"
    AWAITING_FILL = "awaiting_fill"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class OrderState(StrEnum):
    INTENDED = "intended"
    SENT = "sent"
    WORKING = "working"
    CANCEL_PENDING = "cancel_pending"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NOT_PLACED = "not_placed"


POSITION_EDGES: frozenset[tuple[PositionState, PositionState]] = frozenset(
    {
        (PositionState.PROPOSED, PositionState.AWAITING_FILL),
        (PositionState.PROPOSED, PositionState.CANCELLED),
        (PositionState.AWAITING_FILL, PositionState.OPEN),
        (PositionState.AWAITING_FILL, PositionState.CANCELLED),
        (PositionState.OPEN, PositionState.CLOSING),
        (PositionState.OPEN, PositionState.CLOSED),
        (PositionState.CLOSING, PositionState.OPEN),
        (PositionState.CLOSING, PositionState.CLOSED),
        (PositionState.CANCELLED, PositionState.OPEN),
    }
)

ORDER_FINAL: frozenset[OrderState] = frozenset(
    {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.NOT_PLACED}
)

ORDER_EDGES: frozenset[tuple[OrderState, OrderState]] = frozenset(
    {(OrderState.INTENDED, OrderState.SENT), (OrderState.INTENDED, OrderState.NOT_PLACED)}
    | {
        (OrderState.SENT, to)
        for to in (
            OrderState.WORKING,
            OrderState.FILLED,
            OrderState.CANCELLED,
            OrderState.REJECTED,
            OrderState.UNKNOWN,
        )
    }
    | {(OrderState.UNKNOWN, to) for to in (*ORDER_FINAL, OrderState.WORKING)}
    | {
        (OrderState.WORKING, to)
        for to in (
            OrderState.FILLED,
            OrderState.CANCELLED,
            OrderState.REJECTED,
            OrderState.UNKNOWN,
            OrderState.CANCEL_PENDING,
        )
    }
    | {
        (OrderState.CANCEL_PENDING, to)
        for to in (OrderState.WORKING, OrderState.CANCELLED, OrderState.FILLED)
    }
)


def check_position_edge(before: PositionState, after: PositionState, *, by_reconcile: bool = False) -> None:
    """Raise `IllegalEdgeError` unless this edge exists. Staying in the same state is always allowed.

    `cancelled → open` is for the reconcile alone, which has found a fill of an order thought dead.
    """
    if before is after:
        return
    if (before, after) not in POSITION_EDGES:
        raise IllegalEdgeError(f"position: no edge {before} → {after}")
    if before is PositionState.CANCELLED and not by_reconcile:
        raise IllegalEdgeError("position: cancelled → open is for the reconcile only")


def check_order_edge(before: OrderState, after: OrderState) -> None:
    """Raise `IllegalEdgeError` unless this edge exists. Staying in the same state is always allowed."""
    if before is not after and (before, after) not in ORDER_EDGES:
        raise IllegalEdgeError(f"order: no edge {before} → {after}")
