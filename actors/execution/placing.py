"""Placing an order: fresh facts, a permit, the instruction on record, and the one send of its label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from actors.execution.account import account_allows
from actors.execution.facts import refresh_facts
from actors.execution.line import Line
from actors.execution.order import WorkingOrder, dated_now
from actors.execution.venue_terms import venue_is_against
from actors.failpoints import Failpoint, reach
from core.messages.base import Refused
from core.messages.execution import FinalOutcome
from core.messages.kill_switch import Permit, RequestPermit, Veto
from core.messages.mcp import (
    OrderAccepted,
    OrderAction,
    OrderRefused,
    OrderUnknown,
    SendOrder,
)
from core.messages.state import RecordInstruction, RecordSent
from core.orders.books import Instruction, OrderRow
from core.orders.exit_rule import ExitRule
from core.orders.identity import Permitted
from core.orders.label import OrderLabel
from core.orders.lifecycle import OrderState
from core.orders.limits import exit_contracts_max
from core.orders.terms import OrderTerms
from core.values import CycleId, Failed

PLACE_ATTEMPTS = 3
"""Labels that may be tried for one order if its permit expires before it is sent."""


@dataclass(frozen=True)
class OrderSpec:
    """An order to be placed. `reference_eth` is the natural price, net ETH received per combo; never above
    0 for an exit.

    An exit of more contracts than one order may have is cut to that number.
    """

    label: OrderLabel
    cycle_id: CycleId | None
    terms: OrderTerms
    reference_eth: Decimal
    exit_rule: ExitRule | None = None
    margin_eth: Decimal | None = None
    """The initial margin that an entry was sized with; None for an exit, which needs none."""

    def attempted_as(self, attempt: int) -> OrderSpec:
        """The same order under the label of another attempt."""
        return replace(self, label=self.label.model_copy(update={"attempt": attempt}))

    def at_most(self, contracts: int) -> OrderSpec:
        """The same order with at most this many contracts."""
        amount = min(self.terms.amount, contracts)
        return replace(self, terms=self.terms.model_copy(update={"amount": amount}))

    def permit_request(self, request_id: str) -> RequestPermit:
        return RequestPermit(
            request_id=request_id,
            label=self.label.text,
            terms=self.terms,
            reference_eth=self.reference_eth,
        )


@dataclass(frozen=True)
class Unplaced:
    """No order is at the venue. `instructed`: an instruction for it is on record, and its order is final."""

    outcome: FinalOutcome
    reasons: tuple[str, ...]
    instructed: bool


async def place(
    line: Line, spec: OrderSpec, on_doubt: Callable[[], None] | None = None
) -> WorkingOrder | Unplaced:
    """Get a permit, record the instruction, record that it is sent, send once; never before both are on disk.

    If the permit expires before the send, its label ends as `not_placed` and the next one is tried, with a
    permit and an instruction of its own: `PLACE_ATTEMPTS` labels in all.
    """
    superseded: WorkingOrder | None = None
    placed: WorkingOrder | Unplaced = Unplaced(FinalOutcome.REFUSED, ("permit_expired",), instructed=False)
    first = spec.label.attempt
    for attempt in range(first, first + PLACE_ATTEMPTS):
        found = await _instruct(line, spec.attempted_as(attempt), on_doubt)
        if superseded is not None:
            # Not earlier: without a live instruction the position would end before the next one is on record.
            await _not_placed(line, superseded, "permit_expired")
            superseded = None
        if isinstance(found, Unplaced):
            instructed = found.instructed or attempt > first
            return replace(found, instructed=instructed)
        order, permit = found
        if line.ctx.now() < permit.expires_at:
            return await _send(line, order, permit)
        line.void(permit, "permit_expired")
        superseded = order
    if superseded is not None:
        await _not_placed(line, superseded, "permit_expired")
        placed = Unplaced(FinalOutcome.REFUSED, ("permit_expired",), instructed=True)
    return placed


async def _instruct(
    line: Line, spec: OrderSpec, on_doubt: Callable[[], None] | None
) -> tuple[WorkingOrder, Permit] | Unplaced:
    """Have the venue prepare the combo, read fresh facts and the account, get a permit, and record the
    instruction.

    Everything is read before the permit is asked for, so that its lifetime is left for record and send.
    """
    against = await venue_is_against(line, spec.terms, spec.margin_eth)
    if against is not None:
        return Unplaced(FinalOutcome.REFUSED, against.reasons, instructed=False)
    spot_usd = await refresh_facts(line)
    if isinstance(spot_usd, Failed):
        return Unplaced(FinalOutcome.REFUSED, spot_usd.reasons, instructed=False)
    is_entry = spec.terms.purpose.is_entry
    refused = await account_allows(line, is_entry=is_entry)
    if refused is not None:
        return Unplaced(FinalOutcome.REFUSED, refused.reasons, instructed=False)
    if not is_entry:
        # A position may be larger than one order may be (a limit was lowered, spot rose): it takes several.
        spec = spec.at_most(exit_contracts_max(spot_usd, line.strategy.limits))
    permit = line.permit(spec.permit_request(line.ctx.uuid()))
    if isinstance(permit, Veto):
        return Unplaced(FinalOutcome.VETOED, permit.reasons, instructed=False)
    instruction, row = _instruction(line, spec, permit)
    order = WorkingOrder(line, Permitted(instruction=instruction), row)
    order.on_doubt = on_doubt
    recorded = await line.record(
        RecordInstruction(
            request_id=f"instruction-{spec.label.text}-{permit.permit_id}", instruction=order.instruction
        )
    )
    if isinstance(recorded, Refused):
        line.void(permit, "not_recorded")
        return Unplaced(FinalOutcome.REFUSED, recorded.reasons, instructed=False)
    reach(Failpoint.INSTRUCTION_RECORDED)
    return order, permit


async def _send(line: Line, order: WorkingOrder, permit: Permit) -> WorkingOrder | Unplaced:
    """Send the order of a label, once, after it is on record that it is about to be sent."""
    label = order.label
    sent = await line.record(RecordSent(request_id=f"sent-{label}", label=label, at=line.ctx.now()))
    if isinstance(sent, Refused):
        line.void(permit, "not_recorded")
        await _not_placed(line, order, f"not_recorded:{','.join(sent.reasons)}")
        return Unplaced(FinalOutcome.REFUSED, sent.reasons, instructed=True)
    order.row = order.row.model_copy(update={"state": OrderState.SENT})
    reach(Failpoint.SENT_RECORDED)
    outcome = await line.order(SendOrder(instruction=order.instruction, permit=permit))
    match outcome:
        case OrderAccepted():
            await order.take(outcome.order)
            if order.row.state is OrderState.SENT and not order.disputed:
                # The venue has accepted it, but its fills can't be read yet: treat it as a resting order.
                order.row = order.row.model_copy(
                    update={"state": OrderState.WORKING, "order_id": outcome.order.order_id}
                )
                await line.record_order(order.row)
        case OrderRefused():
            reason = f"{outcome.reason}: {outcome.detail}"
            refused = dated_now(line, order.row, state=OrderState.REJECTED, reason=reason)
            if await line.record_order(refused):
                order.row = refused
            return Unplaced(FinalOutcome.REFUSED, (outcome.reason,), instructed=True)
        case OrderUnknown():
            await order.resolve(OrderAction.PLACE, outcome.detail)
    return order


async def _not_placed(line: Line, order: WorkingOrder, reason: str) -> None:
    ended = dated_now(line, order.row, state=OrderState.NOT_PLACED, reason=reason)
    await line.record_order(ended)


def _instruction(line: Line, spec: OrderSpec, permit: Permit) -> tuple[Instruction, OrderRow]:
    now = line.ctx.now()
    label, terms = spec.label, permit.terms
    instruction = Instruction(
        label=label.text,
        proposal_id=label.proposal_id,
        cycle_id=spec.cycle_id,
        kind=label.kind,
        attempt=label.attempt,
        legs=terms.legs,
        amount=terms.amount,
        limit_eth=terms.limit_eth,
        reduce_only=terms.reduce_only,
        valid_until=permit.expires_at,
        created_at=now,
        exit_rule=spec.exit_rule,
    )
    row = OrderRow(
        label=label.text,
        state=OrderState.INTENDED,
        amount=terms.amount,
        limit_eth=terms.limit_eth,
        updated_at=now,
    )
    return instruction, row
