"""An exit: reduce-only orders from mid to natural to the collar, at fresh quotes, until closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from actors.execution.entry import entry_name, stop_key
from actors.execution.facts import has_expired
from actors.execution.line import Line
from actors.execution.order import NOT_AS_PERMITTED, WorkingOrder
from actors.execution.placing import PLACE_ATTEMPTS, OrderSpec, Unplaced, place
from actors.runtime import Name, done_key
from core.alerts import AlertCode, Severity
from core.contract import GET_OPTIONS_CHAIN, GetOptionsChain
from core.market.option_chain import OptionChain
from core.messages.execution import ExitEnded, ExitStarted, FinalOutcome, OrderFinal, PositionClosed
from core.messages.mcp import FetchFailed
from core.orders.books import InstructionKind, Position
from core.orders.closing_cost import ClosingCost, closing_cost
from core.orders.exit_rule import ExitRule
from core.orders.label import exit_attempt
from core.orders.ladder import exit_reference_eth
from core.orders.lifecycle import PositionState
from core.orders.terms import OrderPurpose, OrderTerms
from core.orders.working import ExitLadder, Next, exit_price_eth, exit_retry_s, needs_smaller_orders
from core.values import CycleId, Failed, Leg, PositionId, ProposalId

EXIT: Final = "exit"
TAKES_EXITS = frozenset({PositionState.OPEN, PositionState.CLOSING})


@dataclass(frozen=True)
class ExitRequest:
    """Which position to close, by which rule, for whom. `answer` says whether an exit is under way.

    An exit that a recovery interrupted goes on under the same request, so `answer` may be called again: made
    by `answer_once`, it says nothing the second time.
    """

    request_id: str
    position_id: PositionId
    cycle_id: CycleId | None
    exit_rule: ExitRule
    answer: Callable[[ExitStarted], None]


def exit_name(position_id: str) -> Name:
    """The name of the conversation that closes a position."""
    return Name(EXIT, position_id)


async def close(
    line: Line, request: ExitRequest, *, resumed: bool = False, working: WorkingOrder | None = None
) -> None:
    """Close the position, however long it takes.

    `resumed`: the exit had begun before a recovery. It starts at natural, or restarts could keep it at better
    prices for ever. `working` is an exit order that the recovery found.
    """
    await _stop_entry(line, request.position_id)
    if working is not None:
        _say(request, True)
        at_natural = line.strategy.execution.exit_steps
        await _follow(line, working, request, at_natural - 1, first_wait_s=0.0)
        _tell_final(line, working, request)
        if working.disputed:
            return
    attempts_failed = 0
    first_step = line.strategy.execution.exit_steps if resumed else line.first_exit_step
    while True:
        position = await line.position(request.position_id)
        if position is None or position.state not in TAKES_EXITS or position.contracts <= 0:
            reason = "unknown_position" if position is None else f"not_open:{position.state}"
            _say(request, False, (reason,))
            if position is not None and position.state is PositionState.CLOSED:
                _tell_closed(line, position, request)
            _tell_ended(line, position, request, reason)
            return
        if await has_expired(line, position.plan.expiration):
            _say(request, False, ("expired",))
            _tell_ended(line, position, request, "awaiting_settlement")
            return
        placed = await _attempt(line, position, request, first_step)
        if isinstance(placed, WorkingOrder):
            attempts_failed = 0
            _say(request, True)
            await _follow(line, placed, request, first_step)
            _tell_final(line, placed, request)
            if placed.disputed:
                # A recovery is on its way, which takes up every exit that is not done.
                return
            # The rest starts at natural: better prices have had their time.
            first_step = line.strategy.execution.exit_steps
            if placed.row.amount < position.contracts:
                # Attempts are numbered by the second, and `place` may have taken that many.
                await line.pause(PLACE_ATTEMPTS)
        else:
            attempts_failed += 1
            _say(request, False, placed.reasons)
            line.alert(Severity.HIGH, AlertCode.EXIT_NOT_PLACED, f"{request.position_id}: {placed}")
            await line.pause(exit_retry_s(attempts_failed, line.strategy.execution))


def answer_once(answer: Callable[[ExitStarted], None]) -> Callable[[ExitStarted], None]:
    """An answer of which only the first call is told."""
    told = False

    def tell(started: ExitStarted) -> None:
        nonlocal told
        if not told:
            told = True
            answer(started)

    return tell


def _say(request: ExitRequest, started: bool, reasons: tuple[str, ...] = ()) -> None:
    """Say to the requester whether the exit is under way."""
    request.answer(
        ExitStarted(
            request_id=request.request_id,
            position_id=request.position_id,
            started=started,
            reasons=reasons,
        )
    )


async def _stop_entry(line: Line, position_id: PositionId) -> None:
    """Cancel the entry if it is still under way: a position is not closed while it may grow."""
    name = entry_name(position_id)
    while name in line.conversations:
        line.conversations.deliver(stop_key(position_id), None)
        await line.pause(5.0, done_key(name))


async def _attempt(
    line: Line, position: Position, request: ExitRequest, first_step: int
) -> WorkingOrder | Failed:
    cost = await _closing_cost(line, position.plan.legs, position.plan.expiration)
    if isinstance(cost, Failed):
        return cost
    spec = OrderSpec(
        label=line.label(
            ProposalId(position.position_id), InstructionKind.EXIT, exit_attempt(line.ctx.now())
        ),
        cycle_id=request.cycle_id,
        terms=OrderTerms(
            purpose=OrderPurpose.EXIT,
            legs=tuple(leg.reversed() for leg in position.plan.legs),
            amount=position.contracts,
            limit_eth=exit_price_eth(cost, first_step, line.strategy.execution, line.strategy.limits),
            reduce_only=True,
        ),
        reference_eth=exit_reference_eth(cost.natural_eth),
        exit_rule=request.exit_rule,
    )
    placed = await place(line, spec)
    if isinstance(placed, Unplaced):
        return Failed(reasons=placed.reasons)
    return placed


async def _follow(
    line: Line, order: WorkingOrder, request: ExitRequest, first_step: int, first_wait_s: float | None = None
) -> None:
    """Reprice step by step to the collar, then with the market, until it is final or to be replaced."""
    ladder = ExitLadder(line.strategy.execution, line.strategy.limits, first_step)
    between_s = line.strategy.execution.exit_reprice_s
    wait_s = between_s if first_wait_s is None else first_wait_s
    expires_at = min(leg.expiration for leg in order.instruction.legs)
    legs = tuple(leg.reversed() for leg in order.instruction.legs)
    while not order.is_over():
        await line.pause(wait_s)
        wait_s = between_s
        read = await order.look()
        if order.is_over():
            return
        if await has_expired(line, expires_at):
            await order.cancel()
            return
        if not read:
            line.alert(Severity.HIGH, AlertCode.RESTING_ORDER_UNREAD, f"{order.label} can't be read")
            continue
        ladder.looked()
        cost = await _closing_cost(line, legs, expires_at)
        if isinstance(cost, Failed):
            line.alert(Severity.HIGH, AlertCode.EXIT_QUOTES_MISSING, f"{request.position_id}: {cost}")
            continue
        course = ladder.course(cost, order.row.limit_eth)
        if course is Next.CANCEL:
            await order.cancel()
            return
        if isinstance(course, Decimal):
            unmoved = await order.edit(course, exit_reference_eth(cost.natural_eth))
            if unmoved is not None:
                line.alert(Severity.HIGH, AlertCode.EXIT_NOT_REPRICED, f"{request.position_id}: {unmoved}")
            if unmoved is not None and needs_smaller_orders(unmoved.reasons):
                await order.cancel()
                return


async def _closing_cost(line: Line, legs: tuple[Leg, ...], expiration: datetime) -> ClosingCost | Failed:
    """The cost of closing one combo now, or why it is not known. `legs` are those of the entry."""
    request = GetOptionsChain(expiry_from=expiration, expiry_to=expiration)
    answer = await line.fetch(GET_OPTIONS_CHAIN, request)
    if isinstance(answer, FetchFailed):
        return Failed.of(f"quotes_unknown:{answer.fault}")
    chain = answer.answer
    if not isinstance(chain, OptionChain):
        raise TypeError(f"{answer.tool}: expected an OptionChain, found {type(chain).__name__}")
    return closing_cost(chain, legs)


def _tell_final(line: Line, order: WorkingOrder, request: ExitRequest) -> None:
    row = order.row
    if order.disputed:
        outcome = FinalOutcome.IN_DOUBT
    elif row.filled_amount >= row.amount:
        outcome = FinalOutcome.FILLED
    else:
        outcome = FinalOutcome.PARTLY_FILLED if row.filled_amount else FinalOutcome.NOT_FILLED
    line.tell(
        line.rooms.decision,
        OrderFinal(
            request_id=request.request_id,
            cycle_id=request.cycle_id,
            proposal_id=ProposalId(request.position_id),
            outcome=outcome,
            contracts_filled=row.filled_amount,
            reasons=(NOT_AS_PERMITTED,) if order.disputed else () if row.reason is None else (row.reason,),
        ),
    )


def _tell_closed(line: Line, position: Position, request: ExitRequest) -> None:
    closed = PositionClosed(
        position_id=position.position_id,
        exit_rule=position.exit_rule or request.exit_rule,
        at=position.closed_at or line.ctx.now(),
    )
    line.tell(line.rooms.decision, closed)


def _tell_ended(line: Line, position: Position | None, request: ExitRequest, reason: str) -> None:
    state = None if position is None else position.state
    ended = ExitEnded(position_id=request.position_id, state=state, reasons=(reason,))
    line.tell(line.rooms.control, ended)
