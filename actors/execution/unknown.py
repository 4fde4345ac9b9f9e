"""An order of unknown outcome: it is never sent again, but looked for until found or certainly absent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from actors.execution.facts import read_environment
from actors.execution.line import Line
from core.alerts import AlertCode, Severity
from core.contract import (
    GET_OPEN_ORDERS,
    GET_ORDER_BY_LABEL,
    GET_ORDER_HISTORY,
    GET_POSITIONS,
    GET_USER_TRADES,
    CurrencyRequest,
    EnvironmentInfo,
    GetOrderByLabel,
    GetOrderHistory,
    GetSince,
    Order,
    Orders,
)
from core.messages.kill_switch import ClearSuspension, SuspendEntries
from core.messages.mcp import FetchFailed, OrderAction
from core.orders.account import TRADES_SINCE
from core.orders.books import Fill, Instruction
from core.orders.reconcile import size_differences, traded_by_others
from core.orders.venue_order import fills_of
from core.values import Failed, Label

DOUBT_SOURCE = "order_in_doubt"
"""The suspension while any order is in doubt; a successful recovery clears it, too."""
ROUNDS = 3
BETWEEN_ROUNDS_S = 5.0
WAIT_FOR_VENUE_S = 5.0
SINCE_BEFORE = timedelta(minutes=5)
"""How far before our own time of an instruction the venue may have dated what became of it."""
LONG_DOUBT_ROUNDS = 12
"""Rounds after which a person is alerted: about a minute."""


@dataclass(frozen=True)
class Resolved:
    """What was found: the order, or only its fills, or neither in three rounds in a row."""

    order: Order | None
    fills: tuple[Fill, ...] = ()


@dataclass(frozen=True)
class _Absent:
    """One complete round found nothing of the order."""


@dataclass(frozen=True)
class _Unclear:
    """One round could not be finished, or the positions do not agree with the books."""

    why: str


async def resolve_unknown(
    line: Line,
    instruction: Instruction,
    action: OrderAction,
    detail: str,
    on_doubt: Callable[[], None] | None,
    *,
    valid_until: datetime,
) -> Resolved:
    """Suspend entries, and wait until the venue would refuse the request as too late. Then look for the order
    every 5 s, until it is found or three rounds in a row find nothing.
    """
    reason = f"{action} of {instruction.label}: {detail}"
    line.tell(line.rooms.kill_switch, SuspendEntries(source=DOUBT_SOURCE, reason=reason))
    line.alert(Severity.HIGH, AlertCode.ORDER_IN_DOUBT, reason)
    line.doubts.add(instruction.label)
    await _until_too_late(line, valid_until)
    absent = rounds = 0
    while True:
        found = await _look(line, instruction)
        rounds += 1
        if isinstance(found, Resolved):
            break
        absent = absent + 1 if isinstance(found, _Absent) else 0
        if absent == ROUNDS:
            found = Resolved(order=None)
            break
        if rounds == LONG_DOUBT_ROUNDS:
            why = found.why if isinstance(found, _Unclear) else "not found"
            line.alert(Severity.CRITICAL, AlertCode.ORDER_STILL_IN_DOUBT, f"{instruction.label}: {why}")
            if on_doubt is not None:
                on_doubt()
        await line.pause(BETWEEN_ROUNDS_S)
    line.doubts.discard(instruction.label)
    if not line.doubts:
        line.tell(line.rooms.kill_switch, ClearSuspension(source=DOUBT_SOURCE))
    return found


async def _until_too_late(line: Line, valid_until: datetime) -> None:
    """Wait until the venue's own clock is past `valid_until`: it refuses an order that arrives later."""
    while True:
        info = await read_environment(line)
        if isinstance(info, EnvironmentInfo) and info.server_time > valid_until:
            return
        wait_s = WAIT_FOR_VENUE_S
        if isinstance(info, EnvironmentInfo):
            wait_s = max(1.0, (valid_until - info.server_time).total_seconds() + 0.001)
        await line.pause(wait_s)


async def _look(line: Line, instruction: Instruction) -> Resolved | _Absent | _Unclear:
    """Look the order up by label, in open orders, history, trades and positions."""
    label, since = instruction.label, instruction.created_at - SINCE_BEFORE
    by_label = await line.read(GET_ORDER_BY_LABEL, GetOrderByLabel(label=label))
    if isinstance(by_label, FetchFailed):
        return _Unclear(by_label.error)
    order = by_label.order
    if order is not None:
        return Resolved(order=order)
    names = {leg.instrument_name for leg in instruction.legs}
    resting = await line.read(GET_OPEN_ORDERS, CurrencyRequest())
    if isinstance(resting, FetchFailed):
        return _Unclear(resting.error)
    found = _under(label, resting)
    if found is not None:
        return Resolved(order=found)
    history = await line.read(GET_ORDER_HISTORY, GetOrderHistory(since=since, include_unfilled=True))
    if isinstance(history, FetchFailed):
        return _Unclear(history.error)
    found = _under(label, history)
    if found is not None:
        return Resolved(order=found)
    traded = await line.read(GET_USER_TRADES, GetSince(since=since))
    if isinstance(traded, FetchFailed):
        return _Unclear(traded.error)
    fills = fills_of(traded.trades, label)
    if isinstance(fills, Failed):
        return _Unclear(str(fills))
    if fills:
        return Resolved(order=None, fills=fills)
    held = await line.read(GET_POSITIONS, CurrencyRequest())
    if isinstance(held, FetchFailed):
        return _Unclear(held.error)
    unread = [
        row
        for row in (*resting.unread, *history.unread, *traded.unread, *held.unread)
        if row.label == label or (row.label is None and row.instrument_name in names)
    ]
    if unread:
        return _Unclear("; ".join(f"{row.name}: {row.problem}" for row in unread))
    books = await line.books()
    differences = [each for each in size_differences(books, held.positions) if each.subject in names]
    if not differences:
        return _Absent()
    # Others may hold the same legs: what they have traded says nothing about this order.
    traded = await line.read(GET_USER_TRADES, GetSince(since=line.ctx.now() - TRADES_SINCE))
    if isinstance(traded, FetchFailed):
        return _Unclear(traded.error)
    known = await line.known_orders(trade.label for trade in traded.trades)
    others = traded_by_others(traded.trades, {label, *known})
    left = [each for each in size_differences(books, held.positions, others) if each.subject in names]
    return _Unclear("; ".join(map(str, left))) if left else _Absent()


def _under(label: Label, orders: Orders) -> Order | None:
    return next((order for order in orders.orders if order.label == label), None)
