"""Recovery: compares the books with the venue, at every start of an incarnation and on demand.

Until it is done execution refuses orders. What can't be reconciled arms the kill switch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue

from actors.execution.facts import read_environment
from actors.execution.line import Line
from actors.execution.order import WorkingOrder
from actors.execution.settlement import book_deliveries
from actors.execution.unknown import DOUBT_SOURCE
from actors.room import HOUR_S, StandingAlert
from actors.runtime import Key
from core.contract import (
    GET_OPEN_ORDERS,
    GET_ORDER_HISTORY,
    GET_POSITIONS,
    GET_USER_TRADES,
    CurrencyRequest,
    EnvironmentInfo,
    GetOrderHistory,
    GetSince,
    Order,
)
from core.messages.alerting import Severity
from core.messages.audit import AuditEvent, AuditKind
from core.messages.base import Refused
from core.messages.execution import RecoveryReport
from core.messages.kill_switch import ArmCause, ClearSuspension
from core.messages.mcp import CancelOrder, FetchFailed, OrderAction
from core.messages.state import BindAccount, RecordEvent, RecordSent
from core.orders.books import Books, Instruction, InstructionKind
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState
from core.orders.reconcile import (
    Correction,
    Difference,
    DifferenceCode,
    Reconciliation,
    VenueView,
    late_fills,
    reconcile_orders,
    size_differences,
)
from core.values import Environment, Failed, Label, OrderId, PositionId

BETWEEN_ATTEMPTS_S = 60.0
ALERT_AGAIN_S = 600.0
ALERT_AGAIN_S_MAX = 6 * HOUR_S
"""A failing recovery raises an alert at its first attempt, then after `ALERT_AGAIN_S`, then after twice as
long each time, up to this."""
ARM_AFTER_S = 600.0
SINCE_BEFORE = timedelta(days=1)
OTHER_ACCOUNT = frozenset({"account_differs", "environment_differs"})
"""The refusals of the books that say that the venue's account is not theirs."""
DEAD_LETTER_SOURCE = "dead_letter"
"""The suspension that a lost message to the books sets; a successful recovery clears it."""


@dataclass(frozen=True)
class ResumedExit:
    """A position that was being closed, the rule that closes it, and its order if one is still working."""

    position_id: PositionId
    exit_rule: ExitRule
    working: WorkingOrder | None


@dataclass(frozen=True)
class Recovered:
    """The books agree with the venue. `exits` are to be taken up again."""

    differences: tuple[Difference, ...]
    exits: tuple[ResumedExit, ...]


async def recover(line: Line, reason: str, on_error: Callable[[str], None]) -> Recovered:
    """Try once a minute until the books agree with the venue."""
    attempts = 0
    failing = StandingAlert(ALERT_AGAIN_S, ALERT_AGAIN_S_MAX)
    while True:
        attempts += 1
        found = await _attempt(line)
        if isinstance(found, Recovered):
            await _record(line, reason, attempts, found)
            _report(line, attempts, tuple(map(str, found.differences)), None)
            for source in (DEAD_LETTER_SOURCE, DOUBT_SOURCE):
                line.tell(line.rooms.kill_switch, ClearSuspension(source=source))
            if failing.tell_end():
                text = f"books and venue agree again, at attempt {attempts}"
                line.alert(Severity.LOW, "recovery_done", text)
            return found
        _report(line, attempts, (), str(found))
        on_error(str(found))
        if failing.tell_now(line.ctx.now()):
            line.alert(Severity.HIGH, "recovery_failed", f"attempt {attempts}: {found}")
        await line.pause(BETWEEN_ATTEMPTS_S)


async def arm_if_late(
    line: Line, reason: str, last_error: Callable[[], str | None], done: Key[object]
) -> None:
    """Run beside a recovery: arm if it has not ended after ten minutes, also if one attempt never ends."""
    if (await line.pause(ARM_AFTER_S, done)) is None:
        found = last_error() or "an order in doubt is still looked for"
        line.arm(ArmCause.RECOVERY, f"no recovery ({reason}) in {ARM_AFTER_S / 60:.0f} minutes: {found}")


async def _attempt(line: Line) -> Recovered | Failed:
    """One attempt."""
    info = await read_environment(line)
    if isinstance(info, FetchFailed):
        return Failed.of(info.error)
    expected = line.strategy.execution.environment
    if Environment(info.environment) is not expected:
        return Failed.of(f"the venue is {info.environment}, expected {expected}")
    refusal = await _bind(line, info)
    if refusal is not None:
        return refusal
    books = await line.books()
    since = _since(books, line.ctx.now())
    view = await _view(line, since)
    if isinstance(view, Failed):
        return view
    found = reconcile_orders(books, view)
    refusal = await _apply(line, found, {i.label: i for i in books.instructions})
    if refusal is not None:
        return refusal
    delivered = await book_deliveries(line)
    if isinstance(delivered, Failed):
        return delivered
    sizes = await _compare_sizes(line, since)
    if isinstance(sizes, Failed):
        return sizes
    exits = await _exits(line, books.instructions)
    return Recovered(differences=found.differences + sizes, exits=exits)


async def _bind(line: Line, info: EnvironmentInfo) -> Failed | None:
    """Check that the account is the one that this folder's books belong to; if it is not, arm.

    Any other refusal (a full disk, say) tells nothing about the account: recovery tries again.
    """
    answer = await line.record(
        BindAccount(
            request_id=f"bind-{line.ctx.uuid()}",
            environment=Environment(info.environment),
            account=info.account,
            at=line.ctx.now(),
        )
    )
    if isinstance(answer, Refused):
        reason = f"account {info.account} ({info.environment}): {', '.join(answer.reasons)}"
        if any(found.partition(":")[0] in OTHER_ACCOUNT for found in answer.reasons):
            line.arm(ArmCause.ENVIRONMENT, reason)
        return Failed.of(reason)
    return None


def _since(books: Books, now: datetime) -> datetime:
    """From when on to read the venue's history: a day before the oldest live order or position."""
    moments = [instruction.created_at for instruction in books.instructions]
    moments += [p.entered_at for p in books.open_positions if p.entered_at is not None]
    return min([now, *moments]) - SINCE_BEFORE


async def _view(line: Line, since: datetime) -> VenueView | Failed:
    opened = await line.read(GET_OPEN_ORDERS, CurrencyRequest())
    if isinstance(opened, FetchFailed):
        return Failed.of(opened.error)
    history = await line.read(GET_ORDER_HISTORY, GetOrderHistory(since=since, include_unfilled=True))
    if isinstance(history, FetchFailed):
        return Failed.of(history.error)
    traded = await line.read(GET_USER_TRADES, GetSince(since=since))
    if isinstance(traded, FetchFailed):
        return Failed.of(traded.error)
    held = await line.read(GET_POSITIONS, CurrencyRequest())
    if isinstance(held, FetchFailed):
        return Failed.of(held.error)
    return VenueView(
        open_orders=opened.orders, history=history.orders, trades=traded.trades, positions=held.positions
    )


async def _apply(line: Line, found: Reconciliation, instructions: dict[Label, Instruction]) -> Failed | None:
    """Book corrections, cancel stray orders, look for missing ones, cancel resting entries; or why not."""
    for correction in found.corrections:
        refusal = await _correct(line, correction)
        if refusal is not None:
            return refusal
    for difference in found.differences:
        if difference.code is DifferenceCode.FOREIGN_ORDER:
            line.alert(Severity.HIGH, "foreign_order", str(difference))
    for order in found.stray:
        refusal = await _cancel_stray(line, order)
        if refusal is not None:
            return refusal
    books = await line.books()
    for row in books.orders:
        instruction = instructions.get(row.label)
        if instruction is None:
            return Failed.of(f"{row.label}: an order without its instruction")
        order_now = WorkingOrder(line, instruction, row)
        if row.label in found.missing:
            await order_now.resolve(OrderAction.PLACE, "not found by recovery")
        if not order_now.is_final() and instruction.kind is InstructionKind.ENTRY:
            await order_now.cancel()
    return None


async def _correct(line: Line, correction: Correction) -> Failed | None:
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


async def _cancel_stray(line: Line, order: Order) -> Failed | None:
    """Cancel an open order under one of our labels that is final in the books, or unknown to them."""
    label = Label(order.label)
    line.alert(Severity.CRITICAL, "stray_order", f"{label} is open at the venue and not in the books")
    await line.order(CancelOrder(label=label, order_id=OrderId(order.order_id)))
    listed = await line.read(GET_OPEN_ORDERS, CurrencyRequest())
    if isinstance(listed, FetchFailed):
        return Failed.of(listed.error)
    if any(o.order_id == order.order_id for o in listed.orders):
        return Failed.of(f"{label} could not be cancelled")
    return None


async def _compare_sizes(line: Line, since: datetime) -> tuple[Difference, ...] | Failed:
    """Compare sizes. If they differ, offer every fill of ours to the books again; if they still do, arm."""
    first = await look_at_sizes(line)
    if isinstance(first, Failed) or not first:
        return first
    view = await _view(line, since)
    if isinstance(view, Failed):
        return view
    for correction in late_fills(view, since):
        refusal = await _correct(line, correction)
        if refusal is not None:
            return refusal
    second = await look_at_sizes(line)
    if isinstance(second, Failed):
        return second
    if second:
        reason = "; ".join(map(str, second))
        line.arm(ArmCause.RECOVERY, f"can't be reconciled: {reason}")
        return Failed.of(reason)
    line.alert(Severity.CRITICAL, "late_fills_booked", "; ".join(map(str, first)))
    return first


async def look_at_sizes(line: Line) -> tuple[Difference, ...] | Failed:
    """The differences between the venue's positions and the books, or why the venue can't be read."""
    held = await line.read(GET_POSITIONS, CurrencyRequest())
    if isinstance(held, FetchFailed):
        return Failed.of(held.error)
    books = await line.books()
    return size_differences(books, held.positions)


async def _exits(line: Line, instructions_before: tuple[Instruction, ...]) -> tuple[ResumedExit, ...]:
    """Every exit that has begun and has contracts left to close, also if none of its orders was live."""
    books = await line.books()
    rows = {row.label: row for row in books.orders}
    open_now = {position.position_id for position in books.open_positions if position.contracts > 0}
    exits: dict[PositionId, ResumedExit] = {
        position.position_id: ResumedExit(position.position_id, position.exit_rule, None)
        for position in books.open_positions
        if position.contracts > 0 and position.exit_rule is not None
    }
    for instruction in instructions_before:
        position_id = PositionId(instruction.proposal_id)
        if instruction.kind is not InstructionKind.EXIT or position_id not in open_now:
            continue
        row = rows.get(instruction.label)
        working = None
        if row is not None and row.state is OrderState.WORKING:
            working = WorkingOrder(line, instruction, row)
        exits[position_id] = ResumedExit(position_id, instruction.exit_rule or ExitRule.MANUAL, working)
    return tuple(exits.values())


async def _record(line: Line, reason: str, attempts: int, found: Recovered) -> None:
    detail: dict[str, JsonValue] = {
        "reason": reason,
        "attempts": attempts,
        "differences": [str(difference) for difference in found.differences],
    }
    event = AuditEvent(
        kind=AuditKind.RECOVERY, at=line.ctx.now(), detail=detail, correlation=line.correlation
    )
    await line.record(RecordEvent(request_id=f"recovery-{line.ctx.uuid()}", audit=(event,)))


def _report(line: Line, attempts: int, differences: tuple[str, ...], error: str | None) -> None:
    report = RecoveryReport(
        ok=error is None, at=line.ctx.now(), attempts=attempts, differences=differences, error=error
    )
    line.tell(line.rooms.decision, report)
    line.tell(line.rooms.health, report)
    line.tell(line.rooms.control, report)
