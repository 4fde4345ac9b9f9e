"""Settlement at expiry: books each delivery of the venue once, which closes the expired positions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from actors.execution.exit import exit_name
from actors.execution.line import Line
from actors.runtime import done_key
from core.alerts import AlertCode, Severity
from core.contract import GET_SETTLEMENTS, GetSince
from core.messages.base import Refused
from core.messages.execution import ExitEnded, PositionClosed, Settled, SettleExpired, SettleFailed
from core.messages.mcp import FetchFailed
from core.messages.state import RecordDeliveries
from core.orders.books import Delivery
from core.orders.exit_rule import ExitRule
from core.orders.reconcile import deliveries_for
from core.values import Failed, PositionId

TRIES = 5
BETWEEN_TRIES_S = 60.0
SINCE_BEFORE = timedelta(hours=1)


async def settle(
    line: Line, command: SettleExpired, answer: Callable[[Settled | SettleFailed], None]
) -> None:
    """Book the deliveries, trying for a few minutes: the venue may not list all of them yet."""
    failed = Failed.of()
    for attempt in range(TRIES):
        if attempt:
            await line.pause(BETWEEN_TRIES_S)
        booked = await book_deliveries(line)
        if isinstance(booked, Failed):
            failed = booked
            continue
        answer(
            Settled(
                request_id=command.request_id,
                cycle_id=command.cycle_id,
                positions_closed=tuple(dict.fromkeys(d.position_id for d in booked)),
                deliveries=len(booked),
            )
        )
        return
    line.alert(Severity.HIGH, AlertCode.SETTLEMENT_FAILED, str(failed))
    answer(SettleFailed(request_id=command.request_id, cycle_id=command.cycle_id, reasons=failed.reasons))


async def book_deliveries(line: Line) -> list[Delivery] | Failed:
    """Book the deliveries of every expired position. Returns them, or every reason why they can't be."""
    books = await line.books()
    now = line.ctx.now()
    expired = [p for p in books.open_positions if p.plan.expiration <= now and p.contracts > 0]
    if not expired:
        return []
    for position in expired:
        # An exit cancels its order when its legs expire; wait, so that its last fills are booked first.
        name = exit_name(position.position_id)
        if name in line.conversations:
            await line.pause(BETWEEN_TRIES_S * 2, done_key(name))
    since = min(p.plan.expiration for p in expired) - SINCE_BEFORE
    listed = await line.read(GET_SETTLEMENTS, GetSince(since=since))
    if isinstance(listed, FetchFailed):
        return Failed.of(f"settlements_unknown:{listed.fault}")
    books = await line.books()
    deliveries, differences = deliveries_for(books.open_positions, listed.settlements, now)
    if differences:
        return Failed.of(*map(str, differences))
    if not deliveries:
        return []
    recorded = await line.record(
        RecordDeliveries(
            request_id=f"deliveries-{line.ctx.uuid()}",
            deliveries=deliveries,
            at=now,
        )
    )
    if isinstance(recorded, Refused):
        return Failed(reasons=recorded.reasons)
    for position_id in dict.fromkeys(delivery.position_id for delivery in deliveries):
        await _tell_closed(line, position_id)
    return list(deliveries)


async def _tell_closed(line: Line, position_id: PositionId) -> None:
    position = await line.position(position_id)
    closed_at = line.ctx.now() if position is None or position.closed_at is None else position.closed_at
    line.tell(
        line.rooms.decision,
        PositionClosed(position_id=position_id, exit_rule=ExitRule.SETTLEMENT, at=closed_at),
    )
    state = None if position is None else position.state
    line.tell(line.rooms.control, ExitEnded(position_id=position_id, state=state, reasons=("settled",)))
