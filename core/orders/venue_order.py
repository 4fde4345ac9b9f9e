"""Turns the venue's answers about an order into what the books keep: its row, its fills, its final state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from core.contract import Order, Trade
from core.errors import McpDataAnomalyError
from core.orders.books import Fill, OrderRow
from core.orders.lifecycle import ORDER_EDGES, OrderState
from core.orders.sizes import combos_filled
from core.values import Failed, Label, Leg, OrderId

NO_LONGER_THERE = "no longer at the venue"
_STATES: dict[str, OrderState] = {
    "open": OrderState.WORKING,
    "filled": OrderState.FILLED,
    "cancelled": OrderState.CANCELLED,
    "rejected": OrderState.REJECTED,
}


def whole_contracts(amount: Decimal, what: str) -> int:
    """The amount as a number of contracts; `McpDataAnomalyError` if it is not whole."""
    if amount != amount.to_integral_value():
        raise McpDataAnomalyError(f"{what}: expected whole contracts, found {amount}")
    return int(amount)


def order_row(order: Order, label: Label) -> OrderRow:
    """The venue's order as a row of the books. Raises `McpDataAnomalyError` unless its amounts are whole, as
    they are in an order that was found to be what was permitted."""
    return OrderRow(
        label=label,
        state=_STATES[order.state],
        order_id=OrderId(order.order_id),
        amount=whole_contracts(order.amount, f"{label}: amount"),
        filled_amount=whole_contracts(order.filled_amount, f"{label}: filled_amount"),
        limit_eth=order.price,
        average_price_eth=order.average_price,
        reason=order.reject_reason,
        updated_at=order.updated_at,
    )


def fills_of(trades: Iterable[Trade], label: Label) -> tuple[Fill, ...] | Failed:
    """The trades under a label as fills, in the venue's order, each once; Failed if one is of a part of a
    contract, which no order of ours can have filled."""
    found: dict[str, Fill] = {}
    for trade in trades:
        if trade.label == label:
            if trade.amount != trade.amount.to_integral_value():
                return Failed.of(f"trade {trade.trade_id}: expected whole contracts, found {trade.amount}")
            found[trade.trade_id] = Fill(
                trade_id=trade.trade_id,
                label=label,
                instrument_name=trade.instrument_name,
                side=trade.side,
                amount=int(trade.amount),
                price_eth=trade.price,
                fee_eth=trade.fee,
                index_usd=trade.index_price,
                at=trade.timestamp,
            )
    return tuple(found.values())


def with_fills(row: OrderRow, fills: Sequence[Fill], legs: Sequence[Leg]) -> OrderRow:
    """The row, brought up to date by the order's fills, which were read after it and may be more.

    Unchanged if they are no more, or if they do not make whole combos.
    """
    filled = _at_least_filled(row, fills, legs)
    if filled == row.filled_amount:
        return row
    state = OrderState.FILLED if filled >= row.amount else row.state
    return row.model_copy(update={"filled_amount": filled, "state": state})


def no_longer_there(row: OrderRow, fills: Sequence[Fill], legs: Sequence[Leg]) -> OrderRow:
    """The final row of an order that the venue does not list any more.

    Filled if its fills make the whole amount, and cancelled if there are fewer. Without any it was not
    placed, unless it is known to have been sent and is not in doubt: then the venue has ended it.
    """
    filled = _at_least_filled(row, fills, legs)
    if filled >= row.amount:
        state = OrderState.FILLED
    elif filled or fills or (row.state, OrderState.NOT_PLACED) not in ORDER_EDGES:
        state = OrderState.CANCELLED
    else:
        state = OrderState.NOT_PLACED
    return row.model_copy(update={"state": state, "filled_amount": filled, "reason": NO_LONGER_THERE})


def _at_least_filled(row: OrderRow, fills: Sequence[Fill], legs: Sequence[Leg]) -> int:
    """Combos known to be filled, never fewer than already booked."""
    combos = combos_filled(fills, legs)
    return max(row.filled_amount, combos) if isinstance(combos, int) else row.filled_amount
