"""Recovery: compares the books with the venue, at every start of an incarnation and on demand.

Until it is done execution refuses orders. What can't be reconciled arms the kill switch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from actors.execution.account import look, tell_findings
from actors.execution.adopting import adopt_orders, adopt_prices
from actors.execution.corrections import NOT_PERMITTED, apply_orders, cancel_stray, correct
from actors.execution.facts import read_environment
from actors.execution.line import Line
from actors.execution.order import ARM_AFTER_S, WorkingOrder, dispute
from actors.execution.settlement import book_deliveries
from actors.execution.unknown import DOUBT_SOURCE
from actors.room import HOUR_S, StandingAlert
from actors.runtime import Key
from core.alerts import AlertCode, Severity
from core.contract import (
    GET_OPEN_ORDERS,
    GET_ORDER_HISTORY,
    GET_USER_TRADES,
    CurrencyRequest,
    EnvironmentInfo,
    GetOrderHistory,
    GetSince,
)
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditEvent, AuditKind
from core.messages.base import Refused
from core.messages.kill_switch import ClearSuspension
from core.messages.mcp import FetchFailed
from core.messages.room_status import (
    RecoveryReport,
)
from core.messages.state import RecordEvent
from core.orders.account import TRADES_SINCE, Findings
from core.orders.books import Books, Instruction, InstructionKind
from core.orders.exit_rule import ExitRule
from core.orders.identity import Permitted
from core.orders.lifecycle import OrderState, PositionState
from core.orders.reconcile import (
    Difference,
    DifferenceCode,
    VenueView,
    labels_of_our_form,
    late_fills,
    reconcile_orders,
)
from core.values import Environment, Failed, PositionId

BETWEEN_ATTEMPTS_S = 60.0
ALERT_AGAIN_S = 600.0
ALERT_AGAIN_S_MAX = 6 * HOUR_S
"""A failing recovery raises an alert at its first attempt, then after `ALERT_AGAIN_S`, then after twice as
long each time, up to this."""
SINCE_BEFORE = timedelta(days=1)
_TO_BE_GONE: Final = frozenset({DifferenceCode.STRAY_ORDER})
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
    """The books know what is ours at the venue. `exits` are to be taken up again."""

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
                line.alert(Severity.LOW, AlertCode.RECOVERY_DONE, text)
            return found
        _report(line, attempts, (), str(found))
        on_error(str(found))
        if failing.tell_now(line.ctx.now()):
            line.alert(Severity.HIGH, AlertCode.RECOVERY_FAILED, f"attempt {attempts}: {found}")
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
    refusal = await adopt_prices(line, books, view)
    if refusal is not None:
        return refusal
    found = reconcile_orders(await line.books(), view)
    refusal = await apply_orders(line, found)
    if refusal is not None:
        return refusal
    adopted = await adopt_orders(line, view)
    if isinstance(adopted, Failed):
        return adopted
    delivered = await book_deliveries(line)
    if isinstance(delivered, Failed):
        return delivered
    findings = await _compare_account(line, since)
    if isinstance(findings, Failed):
        return findings
    taken_over, instructions = adopted
    exits = await _exits(line, (*books.instructions, *instructions))
    return Recovered(differences=(*found.differences, *taken_over, *findings.all), exits=exits)


async def _bind(line: Line, info: EnvironmentInfo) -> Failed | None:
    """Check that the account is the one that this folder's books belong to, or arm; and that no other engine
    on this machine has it.

    Any other refusal (a full disk, say) tells nothing about the account: recovery tries again.
    """
    answer = await line.bind_account(Environment(info.environment), info.account)
    if isinstance(answer, Refused):
        reason = f"account {info.account} ({info.environment}): {', '.join(answer.reasons)}"
        if any(found.partition(":")[0] in OTHER_ACCOUNT for found in answer.reasons):
            line.arm(ArmCause.ENVIRONMENT, reason)
        return Failed.of(reason)
    holder = line.account_lock.acquire(answer.environment, answer.account)
    if holder is not None:
        return Failed.of(
            f"{holder} on this machine trades account {answer.account} ({answer.environment}): stop one of"
            " the two engines; this one takes over within a minute if it is the other that stops"
        )
    return None


def _since(books: Books, now: datetime) -> datetime:
    """From when on to read the venue's history: a day before the oldest live order or position."""
    moments = [instruction.created_at for instruction in books.instructions]
    moments += [p.entered_at for p in books.open_positions if p.entered_at is not None]
    if any(p.state is PositionState.PROPOSED for p in books.open_positions):
        # Its entry may have been sent after the backup from which the books were restored.
        moments.append(now - TRADES_SINCE)
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
    return VenueView(
        open_orders=opened.orders,
        history=history.orders,
        trades=traded.trades,
        unread=(*opened.unread, *history.unread, *traded.unread),
    )


async def _compare_account(line: Line, since: datetime) -> Findings | Failed:
    """Compare the whole account with the books: cancel strays of ours, and book fills that came late. If the
    venue still holds less than the books, arm.

    More than the books, and whatever is not ours, does not keep the engine from running: it is told, and
    entries are suspended where it could make one position too many.
    """
    first = await look(line, tags=line.own_tags)
    if isinstance(first, Failed):
        return first
    findings = first
    if first.against_entries:
        for order in first.strays:
            await cancel_stray(line, order)
        refusal = await _book_late_fills(line, since)
        if refusal is not None:
            return refusal
        second = await look(line, tags=line.own_tags)
        if isinstance(second, Failed):
            return second
        findings = second
    tell_findings(line, findings)
    if findings.less:
        reason = "; ".join(map(str, findings.less))
        line.arm(ArmCause.RECOVERY, f"can't be reconciled: {reason}")
        return Failed.of(reason)
    left = findings.unread + tuple(d for d in findings.against_entries if d.code in _TO_BE_GONE)
    return Failed.of(*map(str, left)) if left else findings


async def _book_late_fills(line: Line, since: datetime) -> Failed | None:
    """Offer every fill of the final orders of ours to the books again; they take those that are new."""
    view = await _view(line, since)
    if isinstance(view, Failed):
        return view
    known = await line.known_orders(labels_of_our_form(view, since))
    corrections, disputed = late_fills(view, since, {label: each for label, (_, each) in known.items()})
    for each in disputed:
        label = each.permitted.instruction.label
        row, order = known[label][0], each.order
        if order is None or row.reason == NOT_PERMITTED:
            continue  # A person has settled it.
        if order.filled_amount != row.filled_amount:
            line.arm(ArmCause.RECOVERY, dispute(label, order, each.differences))
    for correction in corrections:
        before = known[correction.row.label][0].filled_amount
        refusal = await correct(line, correction)
        if refusal is not None:
            return refusal
        if correction.row.filled_amount > before:
            filled = correction.row.filled_amount
            text = f"{correction.row.label}: {before} filled in the books, {filled} at the venue"
            line.alert(Severity.CRITICAL, AlertCode.LATE_FILLS_BOOKED, text)
    return None


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
            working = WorkingOrder(line, Permitted.of(instruction, books.edits), row)
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
