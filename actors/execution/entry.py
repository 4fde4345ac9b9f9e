"""An entry order: placed once, repriced step by step to its floor, then cancelled; any fill counts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from actors.execution.account import first_of_two, tell_rival
from actors.execution.line import Line
from actors.execution.order import NOT_AS_PERMITTED, WorkingOrder
from actors.execution.placing import OrderSpec, Unplaced, place
from actors.runtime import Countdown, Key, Name
from core.alerts import AlertCode, Severity
from core.messages.base import Refused
from core.messages.execution import FinalOutcome, OrderFinal, PlaceCombo
from core.messages.state import CloseProposal
from core.orders.books import InstructionKind, Position
from core.orders.lifecycle import OrderState, PositionState
from core.orders.terms import OrderPurpose, OrderTerms
from core.orders.venue_terms import expected_margin_eth
from core.orders.working import FILL_TIMEOUT, Next, entry_course, entry_wait_s
from core.values import Failed

ENTRY: Final = "entry"
ARMED: Final = "armed"
"""The switch's reason to refuse a permit, and the reason of an entry that was withdrawn by it."""
PAUSED: Final = "paused"
"""The reason of an entry that was withdrawn because a person has paused entries."""
ANOTHER_ENGINE: Final = "another_engine_was_first"
STOP_ENTRIES: Final[Key[None]] = Key("stop-entries")
"""Delivered to every resting entry: cancel now."""
WITHDRAW_ENTRIES: Final[Key[None]] = Key("withdraw-entries")
"""Delivered to every resting entry when the switch is armed or entries are paused: cancel now."""
LOOKS_FAILED_BEFORE_ALERT = 3


def entry_name(proposal_id: str) -> Name:
    """The name of the conversation that enters a proposal."""
    return Name(ENTRY, proposal_id)


def stop_key(proposal_id: str) -> Key[None]:
    """Delivered to one resting entry: cancel now."""
    return Key(f"stop-entry:{proposal_id}")


async def enter(line: Line, command: PlaceCombo) -> None:
    """Open a recorded proposal, and tell decision the outcome once: `in_doubt` if the doubt lasts."""
    proposal = command.proposal
    plan = proposal.plan
    known = await line.position(proposal.position_id)
    if known is None or known.state is not PositionState.PROPOSED:
        _tell_known(line, command, known)
        return
    told: list[OrderFinal] = []

    def tell(outcome: FinalOutcome, filled: int, reasons: tuple[str, ...]) -> None:
        if not told:
            told.append(
                OrderFinal(
                    request_id=command.request_id,
                    cycle_id=command.cycle_id,
                    proposal_id=proposal.proposal_id,
                    outcome=outcome,
                    contracts_filled=filled,
                    reasons=reasons,
                )
            )
            line.tell(line.rooms.decision, told[0])

    spec = OrderSpec(
        label=line.label(proposal.proposal_id, InstructionKind.ENTRY, 1),
        cycle_id=command.cycle_id,
        terms=OrderTerms(
            purpose=OrderPurpose.ENTRY,
            legs=plan.legs,
            amount=plan.contracts,
            limit_eth=plan.limit_eth,
            reduce_only=False,
        ),
        reference_eth=plan.natural_eth,
        margin_eth=expected_margin_eth(plan),
    )
    placed = await place(line, spec, lambda: tell(FinalOutcome.IN_DOUBT, 0, ("in_doubt",)))
    if isinstance(placed, Unplaced):
        if not placed.instructed:
            await _close_proposal(line, command, placed)
        tell(placed.outcome, 0, placed.reasons)
        return
    reasons = await _yield_to_another(line, placed)
    if not reasons:
        # The clock may be set back before the time of the order is over.
        time_left = line.conversations.countdown(line.strategy.execution.fill_timeout_s)
        reasons = await _follow(line, placed, command, time_left)
    tell(_outcome(placed), placed.row.filled_amount, reasons)


def _tell_known(line: Line, command: PlaceCombo, position: Position | None) -> None:
    """Answer a repeated request, or one whose proposal is not on record; nothing is placed."""
    if position is None:
        outcome, filled, reason = FinalOutcome.REFUSED, 0, "unknown_proposal"
    else:
        filled, reason = position.contracts_opened, f"already_{position.state}"
        if position.state is PositionState.AWAITING_FILL:
            outcome = FinalOutcome.IN_DOUBT
        elif filled >= command.proposal.plan.contracts:
            outcome = FinalOutcome.FILLED
        else:
            outcome = FinalOutcome.PARTLY_FILLED if filled else FinalOutcome.NOT_FILLED
    line.tell(
        line.rooms.decision,
        OrderFinal(
            request_id=command.request_id,
            cycle_id=command.cycle_id,
            proposal_id=command.proposal.proposal_id,
            outcome=outcome,
            contracts_filled=filled,
            reasons=(reason,),
        ),
    )


async def _yield_to_another(line: Line, order: WorkingOrder) -> tuple[str, ...]:
    """Cancel the order if another engine's entry came first, or if that can't be read. Returns why, or ()."""
    if order.seen is None or order.disputed:
        return ()  # No order is at the venue, or none that is ours.
    first = await first_of_two(line, order.seen)
    if first is None:
        return ()
    if isinstance(first, Failed):
        await order.cancel()
        return first.reasons
    tell_rival(line, order.seen, first)
    await order.cancel()
    return (ANOTHER_ENGINE,)


async def _follow(
    line: Line, order: WorkingOrder, command: PlaceCombo, time_left: Countdown
) -> tuple[str, ...]:
    """Read and reprice the order until it is final; cancel it when its time is over. Returns the reasons."""
    plan, execution = command.proposal.plan, line.strategy.execution
    ends_at = line.ctx.now() + timedelta(seconds=execution.fill_timeout_s)
    looks_failed = 0
    while not order.is_over():
        wait_s = entry_wait_s(line.ctx.now(), ends_at, execution)
        stop = await _pause(line, command, wait_s, time_left)
        if stop is not None:
            # Cancelled without a read first: reads may take long, and the cancel reads the order afterwards.
            await order.cancel()
            if stop != WITHDRAW_ENTRIES:
                return ("stopped",)
            return (ARMED,) if line.is_armed() else (PAUSED,)
        if await order.look():
            looks_failed = 0
        else:
            looks_failed += 1
            if looks_failed == LOOKS_FAILED_BEFORE_ALERT:
                line.alert(Severity.HIGH, AlertCode.RESTING_ORDER_UNREAD, f"{order.label} can't be read")
        if order.is_over():
            break
        now = ends_at if time_left.is_over else line.ctx.now()
        course = entry_course(now, ends_at, order.row.limit_eth, plan, execution)
        if course is Next.CANCEL:
            await order.cancel()
            return (FILL_TIMEOUT,)
        if isinstance(course, Decimal):
            unmoved = await order.edit(course, plan.natural_eth)
            reasons = () if unmoved is None else unmoved.reasons
        else:
            # No permit is asked for, so ask for the status, which also makes the switch look for a KILL file.
            reasons = (ARMED,) if line.is_armed() else ()
        if ARMED in reasons:
            await order.cancel()
            return reasons
    return _why(order)


async def _pause(line: Line, command: PlaceCombo, seconds: float, time_left: Countdown) -> Key[Any] | None:
    """Wait for the next look. Returns the key that says to cancel, also if it came before this wait."""
    proposal_id = plan_id(command)
    if entry_name(proposal_id) in line.withdrawn:
        return WITHDRAW_ENTRIES
    over = time_left.over
    came = await line.pause(seconds, STOP_ENTRIES, WITHDRAW_ENTRIES, stop_key(proposal_id), over)
    return None if came == over else came


def plan_id(command: PlaceCombo) -> str:
    """The id of the proposal, which is also that of its position."""
    return command.proposal.proposal_id


async def _close_proposal(line: Line, command: PlaceCombo, placed: Unplaced) -> None:
    proposal_id = command.proposal.proposal_id
    answer = await line.record(
        CloseProposal(
            request_id=f"close-proposal-{proposal_id}",
            proposal_id=proposal_id,
            reason=", ".join(placed.reasons),
            at=line.ctx.now(),
        )
    )
    if isinstance(answer, Refused):
        text = f"{proposal_id} could not be closed: {', '.join(answer.reasons)}"
        line.alert(Severity.HIGH, AlertCode.PROPOSAL_NOT_CLOSED, text)


def _why(order: WorkingOrder) -> tuple[str, ...]:
    if order.disputed:
        return (NOT_AS_PERMITTED,)
    return () if order.row.reason is None else (order.row.reason,)


def _outcome(order: WorkingOrder) -> FinalOutcome:
    row = order.row
    if order.disputed:
        return FinalOutcome.IN_DOUBT
    if row.filled_amount >= row.amount:
        return FinalOutcome.FILLED
    if row.filled_amount > 0:
        return FinalOutcome.PARTLY_FILLED
    return FinalOutcome.REFUSED if row.state is OrderState.REJECTED else FinalOutcome.NOT_FILLED
