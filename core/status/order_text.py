"""The orders of a position that are under way, as a person waits for them: their price, what follows."""

from __future__ import annotations

from collections.abc import Iterable

from core.orders.books import InstructionKind, OrderRow
from core.orders.label import OrderLabel
from core.orders.lifecycle import OrderState
from core.strategy import ExecutionSection
from core.values import PositionId


def order_texts(
    position_id: PositionId, orders: Iterable[OrderRow], execution: ExecutionSection
) -> tuple[str, ...]:
    """A phrase for each order of the position; none if nothing is under way."""
    parsed = ((OrderLabel.parse(order.label), order) for order in orders)
    return tuple(
        _text(label.kind, order, execution)
        for label, order in parsed
        if label is not None and label.position_id == position_id
    )


def _text(kind: InstructionKind, order: OrderRow, execution: ExecutionSection) -> str:
    state = order.state.value.replace("_", " ")
    filled = f"{order.filled_amount} of {order.amount} filled"
    begun = f"{kind.value} order {state} at {order.limit_eth:f} ETH, {filled}"
    if order.state is not OrderState.WORKING:
        return begun
    if kind is InstructionKind.EXIT:
        return f"{begun}; every {execution.exit_reprice_s:g} s its price goes a step towards the market's"
    return (
        f"{begun}; every {execution.reprice_s:g} s its price goes a step towards its floor, and after "
        f"{execution.fill_timeout_s:g} s it is cancelled"
    )
