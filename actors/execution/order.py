"""One order from instruction to end: placed once, followed, edited under a permit, cancelled, booked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from actors.execution.facts import refresh_facts
from actors.execution.flow import Flow
from actors.execution.line import Line
from actors.execution.unknown import resolve_unknown
from core.books import Fill, Instruction, InstructionKind, OrderRow
from core.lifecycle import ORDER_FINAL, OrderState
from core.limits import exit_contracts_max
from core.mcp import GetOrderByLabel, MaybeOrder, Order, OrderIdRequest, Trades
from core.messages.alerting import Severity
from core.messages.base import Refused
from core.messages.execution import FinalOutcome
from core.messages.kill_switch import Permit, PermitPurpose, RequestPermit, Veto
from core.messages.mcp import (
    CancelOrder,
    EditOrder,
    FetchFailed,
    OrderAccepted,
    OrderAction,
    OrderRefused,
    OrderUnknown,
    SendOrder,
)
from core.messages.state import RecordInstruction, RecordSent
from core.reconcile import combos_filled, fills_of, order_row
from core.values import CycleId, Label, Leg, ProposalId

CANCEL_SETTLES_S = 2.0
"""After a cancel, the order is read once more this much later: a fill may have crossed it."""
LOOK_AGAIN_S = 10.0
PLACE_ATTEMPTS = 3
"""Labels that may be tried for one order when its permit expires before it is sent."""
TRIES_BEFORE_ALERT = 3


@dataclass(frozen=True)
class OrderSpec:
    """An order that is to be placed. Prices are net ETH received per combo.

    Of an exit, as many contracts are sent as one order may have.
    """

    proposal_id: ProposalId
    cycle_id: CycleId | None
    kind: InstructionKind
    attempt: int
    legs: tuple[Leg, ...]
    amount: int
    limit_eth: Decimal
    reference_eth: Decimal
    exit_rule: str | None = None

    @property
    def label(self) -> Label:
        letter = "e" if self.kind is InstructionKind.ENTRY else "x"
        return Label(f"{self.proposal_id}:{letter}{self.attempt}")

    def permit_request(self, request_id: str) -> RequestPermit:
        is_entry = self.kind is InstructionKind.ENTRY
        return RequestPermit(
            request_id=request_id,
            label=self.label,
            purpose=PermitPurpose.ENTRY if is_entry else PermitPurpose.EXIT,
            legs=self.legs,
            amount=self.amount,
            limit_eth=self.limit_eth,
            reference_eth=self.reference_eth,
            reduce_only=not is_entry,
        )


@dataclass(frozen=True)
class Unplaced:
    """Nothing is at the venue. `instructed`: a label of it is on record, and final."""

    outcome: FinalOutcome
    reasons: tuple[str, ...]
    instructed: bool


class WorkingOrder:
    """One label's order. `on_doubt` is called once if its outcome stays unknown for long."""

    def __init__(self, line: Line, instruction: Instruction, row: OrderRow) -> None:
        self._line = line
        self.instruction = instruction
        self.row = row
        self.on_doubt: Callable[[], None] | None = None

    @property
    def label(self) -> Label:
        return self.instruction.label

    def is_final(self) -> bool:
        """True where the venue will do no more with it, as far as the books know."""
        return self.row.state in ORDER_FINAL

    def take(self, order: Order, *, by_reconcile: bool = False) -> Flow[None]:
        """Book what the venue says of it, with its new fills; nothing where those can't be read yet."""
        after = order_row(order, self.label)
        fills: tuple[Fill, ...] = ()
        if after.filled_amount > self.row.filled_amount:
            found = yield from self._fills(after)
            if found is None:
                return
            fills, filled = found
            after = _with_filled(after, filled)
        if fills or _differs(self.row, after):
            if (yield from self._line.record_order(after, fills, by_reconcile=by_reconcile)):
                self.row = after
        else:
            self.row = after

    def look(self) -> Flow[bool]:
        """Read it by its label and book what is new. False where the venue could not be read."""
        answer = yield from self._line.fetch("get_order_by_label", GetOrderByLabel(label=self.label))
        if isinstance(answer, FetchFailed):
            return False
        order = cast("MaybeOrder", answer.answer).order
        if order is None:
            yield from self.resolve(OrderAction.PLACE, "the venue does not know its label any more")
        else:
            yield from self.take(order)
        return True

    def edit(self, price_eth: Decimal, reference_eth: Decimal) -> Flow[tuple[str, ...]]:
        """Move the limit under a permit of its own; the reasons where it stays as it was."""
        order_id = self.row.order_id
        if order_id is None or self.row.state is not OrderState.WORKING:
            return (f"not_working:{self.row.state}",)
        spot_usd = yield from refresh_facts(self._line)
        if isinstance(spot_usd, tuple):
            return spot_usd
        is_entry = self.instruction.kind is InstructionKind.ENTRY
        answer = self._line.permit(
            RequestPermit(
                request_id=self._line.ctx.uuid(),
                label=self.label,
                purpose=PermitPurpose.EDIT_ENTRY if is_entry else PermitPurpose.EDIT_EXIT,
                legs=self.instruction.legs,
                amount=self.row.amount,
                limit_eth=price_eth,
                reference_eth=reference_eth,
                reduce_only=self.instruction.reduce_only,
            )
        )
        if isinstance(answer, Veto):
            return answer.reasons
        outcome = yield from self._line.order(
            EditOrder(
                label=self.label,
                order_id=order_id,
                price_eth=price_eth,
                amount=self.row.amount,
                permit=answer,
            )
        )
        match outcome:
            case OrderAccepted():
                yield from self.take(outcome.order)
            case OrderRefused():
                yield from self.look()
                return (outcome.reason,)
            case OrderUnknown():
                yield from self.resolve(OrderAction.EDIT, outcome.detail)
        return ()

    def cancel(self) -> Flow[None]:
        """Cancel until the venue says that it is final. A fill that crosses the cancel counts."""
        tries = 0
        while not self.is_final():
            tries += 1
            if self.row.state is OrderState.UNKNOWN or self.row.order_id is None:
                yield from self.resolve(OrderAction.CANCEL, "in doubt when it was to be cancelled")
                continue
            if self.row.state is not OrderState.CANCEL_PENDING:
                pending = _now(self._line, self.row, state=OrderState.CANCEL_PENDING)
                if not (yield from self._line.record_order(pending)):
                    return
                self.row = pending
            yield from self._line.order(CancelOrder(label=self.label, order_id=self.row.order_id))
            # Whatever was answered, the order itself is read: a fill may have crossed, before or just after.
            yield from self._line.pause(CANCEL_SETTLES_S)
            yield from self.look()
            if not self.is_final() and tries % TRIES_BEFORE_ALERT == 0:
                text = f"{self.label} is still not cancelled after {tries} tries"
                self._line.alert(Severity.HIGH, "cancel_unconfirmed", text)

    def resolve(self, action: OrderAction, detail: str) -> Flow[None]:
        """Find out what became of it, by look-ups only; entries are suspended meanwhile."""
        was_pending = self.row.state is OrderState.CANCEL_PENDING
        if self.row.state not in (OrderState.UNKNOWN, OrderState.CANCEL_PENDING):
            unknown = _now(self._line, self.row, state=OrderState.UNKNOWN, reason=detail)
            if (yield from self._line.record_order(unknown)):
                self.row = unknown
        found = yield from resolve_unknown(self._line, self.instruction, action, detail, self.on_doubt)
        if found.order is not None:
            yield from self.take(found.order)
            return
        combos = combos_filled(found.fills, self.instruction.legs) or 0
        if combos >= self.row.amount:
            state = OrderState.FILLED
        else:
            state = OrderState.CANCELLED if found.fills or was_pending else OrderState.NOT_PLACED
        why = "no longer at the venue"
        gone = _now(self._line, self.row, state=state, filled_amount=combos, reason=why)
        if (yield from self._line.record_order(gone, found.fills)):
            self.row = gone

    def _fills(self, after: OrderRow) -> Flow[tuple[tuple[Fill, ...], int] | None]:
        """All fills of the order so far, and how many combos they make: perhaps more than `after` knows.

        A final order's are read until they are complete, because they are money.
        """
        tries = 0
        while True:
            tries += 1
            request = OrderIdRequest(order_id=cast("str", after.order_id))
            answer = yield from self._line.fetch("get_trades_by_order", request)
            if not isinstance(answer, FetchFailed):
                fills = fills_of(cast("Trades", answer.answer).trades, self.label)
                combos = combos_filled(fills, self.instruction.legs)
                if combos is not None and combos >= after.filled_amount:
                    return fills, combos
            if after.state not in ORDER_FINAL:
                return None
            if tries % TRIES_BEFORE_ALERT == 0:
                text = f"{self.label}: the trades of {after.filled_amount} filled combos can't be read"
                self._line.alert(Severity.HIGH, "fills_unread", text)
            yield from self._line.pause(LOOK_AGAIN_S)


def place(
    line: Line, spec: OrderSpec, on_doubt: Callable[[], None] | None = None
) -> Flow[WorkingOrder | Unplaced]:
    """Permit, instruction on record, sent on record, one send. Nothing leaves before both are on disk.

    A permit that expired before the send ends its label as `not_placed`; a few new ones are tried, each with
    an instruction and a permit of its own.
    """
    superseded: WorkingOrder | None = None
    placed: WorkingOrder | Unplaced = Unplaced(FinalOutcome.REFUSED, ("permit_expired",), instructed=False)
    for attempt in range(spec.attempt, spec.attempt + PLACE_ATTEMPTS):
        found = yield from _instruct(line, replace(spec, attempt=attempt), on_doubt)
        if superseded is not None:
            # Only now: the position may not end between two instructions of one proposal.
            yield from _not_placed(line, superseded, "permit_expired")
            superseded = None
        if isinstance(found, Unplaced):
            instructed = found.instructed or attempt > spec.attempt
            return replace(found, instructed=instructed)
        order, permit = found
        if line.ctx.now() < permit.expires_at:
            placed = yield from _send(line, order, permit)
            return placed
        line.void(permit, "permit_expired")
        superseded = order
    if superseded is not None:
        yield from _not_placed(line, superseded, "permit_expired")
        placed = Unplaced(FinalOutcome.REFUSED, ("permit_expired",), instructed=True)
    return placed


def _instruct(
    line: Line, spec: OrderSpec, on_doubt: Callable[[], None] | None
) -> Flow[tuple[WorkingOrder, Permit] | Unplaced]:
    """Fresh facts, a permit, and the instruction on record."""
    spot_usd = yield from refresh_facts(line)
    if isinstance(spot_usd, tuple):
        return Unplaced(FinalOutcome.REFUSED, spot_usd, instructed=False)
    if spec.kind is InstructionKind.EXIT:
        # A position larger than one order may be (a limit was lowered, spot rose) is closed order by order.
        contracts_max = exit_contracts_max(spot_usd, line.strategy.limits)
        spec = replace(spec, amount=min(spec.amount, contracts_max))
    permit = line.permit(spec.permit_request(line.ctx.uuid()))
    if isinstance(permit, Veto):
        return Unplaced(FinalOutcome.VETOED, permit.reasons, instructed=False)
    order = WorkingOrder(line, *_instruction(line, spec, permit))
    order.on_doubt = on_doubt
    recorded = yield from line.record(
        RecordInstruction(
            request_id=f"instruction-{spec.label}-{permit.permit_id}", instruction=order.instruction
        )
    )
    if isinstance(recorded, Refused):
        line.void(permit, "not_recorded")
        return Unplaced(FinalOutcome.REFUSED, recorded.reasons, instructed=False)
    return order, permit


def _send(line: Line, order: WorkingOrder, permit: Permit) -> Flow[WorkingOrder | Unplaced]:
    """The one send of a label, when it is on record that it is about to happen."""
    label = order.label
    sent = yield from line.record(RecordSent(request_id=f"sent-{label}", label=label, at=line.ctx.now()))
    if isinstance(sent, Refused):
        line.void(permit, "not_recorded")
        yield from _not_placed(line, order, f"not_recorded:{','.join(sent.reasons)}")
        return Unplaced(FinalOutcome.REFUSED, sent.reasons, instructed=True)
    order.row = order.row.model_copy(update={"state": OrderState.SENT})
    outcome = yield from line.order(SendOrder(instruction=order.instruction, permit=permit))
    match outcome:
        case OrderAccepted():
            yield from order.take(outcome.order)
            if order.row.state is OrderState.SENT:
                # The venue has it, but its fills can't be read yet: it is followed as a resting order.
                order.row = order.row.model_copy(
                    update={"state": OrderState.WORKING, "order_id": outcome.order.order_id}
                )
                yield from line.record_order(order.row)
        case OrderRefused():
            reason = f"{outcome.reason}: {outcome.detail}"
            refused = _now(line, order.row, state=OrderState.REJECTED, reason=reason)
            if (yield from line.record_order(refused)):
                order.row = refused
            return Unplaced(FinalOutcome.REFUSED, (outcome.reason,), instructed=True)
        case OrderUnknown():
            yield from order.resolve(OrderAction.PLACE, outcome.detail)
    return order


def _not_placed(line: Line, order: WorkingOrder, reason: str) -> Flow[None]:
    ended = _now(line, order.row, state=OrderState.NOT_PLACED, reason=reason)
    yield from line.record_order(ended)


def _instruction(line: Line, spec: OrderSpec, permit: Permit) -> tuple[Instruction, OrderRow]:
    now = line.ctx.now()
    instruction = Instruction(
        label=spec.label,
        proposal_id=spec.proposal_id,
        cycle_id=spec.cycle_id,
        kind=spec.kind,
        attempt=spec.attempt,
        legs=spec.legs,
        amount=spec.amount,
        limit_eth=spec.limit_eth,
        reduce_only=permit.reduce_only,
        valid_until=permit.expires_at,
        created_at=now,
        exit_rule=spec.exit_rule,
    )
    row = OrderRow(
        label=spec.label,
        state=OrderState.INTENDED,
        amount=spec.amount,
        limit_eth=spec.limit_eth,
        updated_at=now,
    )
    return instruction, row


def _now(line: Line, row: OrderRow, **changed: object) -> OrderRow:
    """A change that no answer of the venue dates: it carries the moment at which it was found out."""
    return row.model_copy(update={**changed, "updated_at": line.ctx.now()})


def _with_filled(row: OrderRow, filled: int) -> OrderRow:
    """The trades know of fills that crossed the order's answer."""
    if filled == row.filled_amount:
        return row
    state = OrderState.FILLED if filled >= row.amount else row.state
    return row.model_copy(update={"filled_amount": filled, "state": state})


def _differs(before: OrderRow, after: OrderRow) -> bool:
    return before.model_copy(update={"updated_at": after.updated_at}) != after
