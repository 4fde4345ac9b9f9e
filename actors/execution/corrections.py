"""What a recovery does about single orders: book what the venue shows, end disputes, cancel strays."""

from __future__ import annotations

from actors.execution.line import Line
from actors.execution.order import WorkingOrder, dated_now, dispute
from actors.execution.unknown import SINCE_BEFORE
from core.alerts import AlertCode, Severity
from core.contract import GET_POSITIONS, GET_USER_TRADES, CurrencyRequest, GetSince, Order
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.mcp import FetchFailed, OrderAccepted, OrderAction
from core.messages.state import RecordSent
from core.orders.books import Fill, InstructionKind, OrderRow
from core.orders.identity import Permitted, as_booked, fills_disagree
from core.orders.lifecycle import ORDER_FINAL, OrderState
from core.orders.reconcile import Correction, Disputed, Reconciliation, size_differences
from core.orders.venue_order import fills_of, order_row
from core.values import Failed, Label, OrderId

NOT_PERMITTED = "not what was permitted"
"""The reason of a row that was ended although the venue's order under its label has filled something else."""


async def apply_orders(line: Line, found: Reconciliation) -> Failed | None:
    """Book corrections, end disputes, look for missing orders, cancel resting entries; or why not."""
    for correction in found.corrections:
        refusal = await correct(line, correction)
        if refusal is not None:
            return refusal
    if found.unread:
        return Failed.of(*(f"{label}: the venue's answer about it can't be read" for label in found.unread))
    for disputed in found.disputed:
        refusal = await _end_dispute(line, disputed)
        if refusal is not None:
            return refusal
    books = await line.books()
    permitted_by = {each.label: Permitted.of(each, books.edits) for each in books.instructions}
    for row in books.orders:
        order = WorkingOrder(line, permitted_by[row.label], row)
        if row.label in found.missing:
            await order.resolve(OrderAction.PLACE, "not found by recovery")
        if not order.is_over() and order.instruction.kind is InstructionKind.ENTRY:
            await order.cancel()
            if not order.is_over():
                return Failed.of(f"{row.label}: state refused to record that it is cancelled")
        if order.disputed:
            return Failed.of(f"{row.label}: the venue has another order under this label")
    return None


async def correct(line: Line, correction: Correction) -> Failed | None:
    """Book one order as the venue has it, or say why the books refuse it."""
    row = correction.row
    if correction.was_sent:
        sent = await line.record(
            RecordSent(request_id=f"sent-{row.label}-{line.ctx.uuid()}", label=row.label, at=row.updated_at)
        )
        if isinstance(sent, Refused):
            return Failed.of(f"{row.label}: {', '.join(sent.reasons)}")
    if not (await line.record_order(row, correction.fills, by_reconcile=True)):
        return Failed.of(f"{row.label}: state refused it as {row.state}")
    return None


async def cancel_stray(line: Line, order: Order) -> None:
    """Cancel an open entry under our own tag that the books do not know as live; a look afterwards shows
    whether it is gone."""
    text = f"{order.label} is open at the venue and not live in the books: it is cancelled"
    line.alert(Severity.CRITICAL, AlertCode.STRAY_ORDER, text)
    await line.cancel(Label(order.label), OrderId(order.order_id))


async def _end_dispute(line: Line, disputed: Disputed) -> Failed | None:
    """Arm over an order that is not what was permitted under its label, and end its row as soon as that is
    safe.

    An open entry is cancelled. What a final order has filled within its permitted legs and amount is booked.
    If it has filled anything else, its row ends once the venue holds what the books know, which is for a
    person to bring about.
    """
    order, permitted = disputed.order, disputed.permitted
    text = dispute(permitted.instruction.label, order, disputed.differences)
    line.arm(ArmCause.RECOVERY, text)
    if order is not None and order.state == "open":
        if permitted.instruction.kind is not InstructionKind.ENTRY:
            return Failed.of(f"{text}; cancel it at the venue, or wait until it has filled")
        label = permitted.instruction.label
        outcome = await line.cancel(label, OrderId(order.order_id))
        if not isinstance(outcome, OrderAccepted) or outcome.order.state == "open":
            return Failed.of(f"{text}; it could not be cancelled")
        order = outcome.order
    taken = None if order is None else as_booked(order, permitted)
    if taken is not None:
        return await _book_final(line, text, taken, permitted)
    return await _give_up(line, text, permitted)


async def _book_final(line: Line, text: str, order: Order, permitted: Permitted) -> Failed | None:
    label = permitted.instruction.label
    fills: tuple[Fill, ...] = ()
    if order.filled_amount > 0:
        since = GetSince(since=permitted.instruction.created_at - SINCE_BEFORE)
        traded = await line.read(GET_USER_TRADES, since)
        read = Failed.of(traded.error) if isinstance(traded, FetchFailed) else fills_of(traded.trades, label)
        if isinstance(read, Failed):
            return read
        if fills_disagree(read, permitted):
            return await _give_up(line, text, permitted)
        fills = read
    return await _end(line, order_row(order, label), fills)


async def _give_up(line: Line, text: str, permitted: Permitted) -> Failed | None:
    """End the row with what is booked of it, if its instruments hold at the venue what the books know."""
    held = await line.read(GET_POSITIONS, CurrencyRequest())
    if isinstance(held, FetchFailed):
        return Failed.of(held.error)
    books = await line.books()
    names = {leg.instrument_name for leg in permitted.instruction.legs}
    differences = [d for d in size_differences(books, held.positions) if d.subject in names]
    if differences:
        told = "; ".join(map(str, differences))
        return Failed.of(f"{text}; trade at the venue until it holds what the books know: {told}")
    row = next(row for row in books.orders if row.label == permitted.instruction.label)
    ended = dated_now(line, row, state=OrderState.CANCELLED, reason=NOT_PERMITTED)
    line.alert(Severity.HIGH, AlertCode.DISPUTE_ENDED, f"{text}; the venue holds what the books know")
    return await _end(line, ended, ())


async def _end(line: Line, row: OrderRow, fills: tuple[Fill, ...]) -> Failed | None:
    books = await line.books()
    before = next((known for known in books.orders if known.label == row.label), None)
    if before is None or row.state not in ORDER_FINAL:
        return Failed.of(f"{row.label}: expected a live order that has ended, found {row.state}")
    was_sent = before.state is OrderState.INTENDED
    return await correct(line, Correction(row=row, fills=fills, was_sent=was_sent))
