"""An order on record, until it is final: read, edited under a permit, cancelled, booked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import cast

from actors.execution.facts import refresh_facts
from actors.execution.line import Line
from actors.execution.unknown import resolve_unknown
from actors.failpoints import Failpoint, reach
from actors.runtime import Countdown
from core.alerts import AlertCode, Severity
from core.contract import (
    GET_ORDER_BY_LABEL,
    GET_TRADES_BY_ORDER,
    GetOrderByLabel,
    Order,
    OrderIdRequest,
)
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.kill_switch import RequestPermit, Veto
from core.messages.mcp import EditOrder, FetchFailed, OrderAccepted, OrderAction, OrderRefused, OrderUnknown
from core.messages.state import RecordEdit
from core.orders.books import Fill, Instruction, InstructionKind, OrderRow
from core.orders.identity import Permitted, disagreements, fills_disagree
from core.orders.lifecycle import ORDER_FINAL, OrderState
from core.orders.sizes import combos_filled
from core.orders.venue_order import fills_of, no_longer_there, order_row, with_fills
from core.values import Failed, Label

CANCEL_SETTLES_S = 2.0
"""After a cancel, the order is read once more this much later: a fill may have crossed it."""
LOOK_AGAIN_S = 10.0
TRIES_BEFORE_ALERT = 3
ARM_AFTER_S = 600.0
"""So long it is tried to bring books and venue together before the switch is armed."""
NOT_AS_PERMITTED = "not_as_permitted"
"""The reason of an order that is not taken for ours."""


class WorkingOrder:
    """The order under one label. `on_doubt` is called if its outcome stays unknown for long."""

    def __init__(self, line: Line, permitted: Permitted, row: OrderRow) -> None:
        self._line = line
        self.permitted = permitted
        self.row = row
        self.on_doubt: Callable[[], None] | None = None
        self.seen: Order | None = None
        """The order as the venue last showed it."""
        self.disputed = False
        """The venue has an order under this label that was not permitted: a recovery deals with it."""

    @property
    def instruction(self) -> Instruction:
        return self.permitted.instruction

    @property
    def label(self) -> Label:
        return self.instruction.label

    def is_over(self) -> bool:
        """True if nothing is left to be done with it here: it is final in the books, or disputed."""
        return self.disputed or self.row.state in ORDER_FINAL

    async def take(self, order: Order) -> None:
        """Book the order as the venue has it, with its new fills; nothing if these can't be read yet.

        If it is not what was permitted under its label, it is not taken for ours: nothing is booked, the
        switch is armed, and a recovery follows.
        """
        differences = disagreements(order, self.permitted)
        if differences:
            self._dispute(dispute(self.label, order, differences))
            return
        self.seen = order
        after = order_row(order, self.label)
        fills: tuple[Fill, ...] = ()
        if after.filled_amount > self.row.filled_amount:
            found = await self._fills(after)
            if found is None:
                return
            fills = found
            after = with_fills(after, fills, self.instruction.legs)
        if fills or _differs(self.row, after):
            if await self._line.record_order(after, fills):
                self.row = after
        else:
            self.row = after

    async def look(self) -> bool:
        """Read it by its label and book what is new. False if the venue could not be read."""
        answer = await self._line.read(GET_ORDER_BY_LABEL, GetOrderByLabel(label=self.label))
        if isinstance(answer, FetchFailed):
            return False
        order = answer.order
        if order is None:
            await self.resolve(OrderAction.PLACE, "the venue does not know its label any more")
        else:
            await self.take(order)
        return True

    async def edit(self, price_eth: Decimal, reference_eth: Decimal) -> Failed | None:
        """Move the limit under a new permit, which is on record before it is used. Returns why if refused; an
        unknown outcome is looked up."""
        order_id = self.row.order_id
        if order_id is None or self.row.state is not OrderState.WORKING:
            return Failed.of(f"not_working:{self.row.state}")
        spot_usd = await refresh_facts(self._line)
        if isinstance(spot_usd, Failed):
            return spot_usd
        # With that the gate is told them: nothing may have been written since the last price, for hours.
        await self._line.books()
        terms = self.instruction.terms.edited(price_eth).model_copy(update={"amount": self.row.amount})
        answer = self._line.permit(
            RequestPermit(
                request_id=self._line.ctx.uuid(), label=self.label, terms=terms, reference_eth=reference_eth
            )
        )
        if isinstance(answer, Veto):
            return Failed(reasons=answer.reasons)
        recorded = await self._line.record(
            RecordEdit(
                request_id=f"edit-{self.label}-{answer.permit_id}",
                label=self.label,
                limit_eth=price_eth,
                at=self._line.ctx.now(),
            )
        )
        if isinstance(recorded, Refused):
            self._line.void(answer, "not_recorded")
            return Failed(reasons=recorded.reasons)
        self.permitted = self.permitted.with_edit(price_eth)
        reach(Failpoint.EDIT_RECORDED)
        if self._line.ctx.now() >= answer.expires_at:
            self._line.void(answer, "permit_expired")
            return Failed.of("permit_expired")
        command = EditOrder(label=self.label, order_id=order_id, terms=terms, permit=answer)
        outcome = await self._line.order(command)
        match outcome:
            case OrderAccepted():
                await self.take(outcome.order)
            case OrderRefused():
                await self.look()
                return Failed.of(outcome.reason)
            case OrderUnknown():
                await self.resolve(OrderAction.EDIT, outcome.detail, valid_until=answer.expires_at)
        return None

    async def cancel(self) -> None:
        """Cancel until the venue says that it is final. A fill that crosses the cancel counts."""
        tries = 0
        while not self.is_over():
            tries += 1
            order_id = self.row.order_id
            if self.row.state is OrderState.UNKNOWN or order_id is None:
                await self.resolve(OrderAction.CANCEL, "in doubt when it was to be cancelled")
                continue
            if self.row.state is not OrderState.CANCEL_PENDING:
                pending = dated_now(self._line, self.row, state=OrderState.CANCEL_PENDING)
                if not (await self._line.record_order(pending)):
                    # A cancel only takes risk away, so it needs no record; a recovery books what it gives.
                    await self._line.cancel(self.label, order_id)
                    self._line.reconcile(f"{self.label} was cancelled without a record")
                    return
                self.row = pending
            await self._line.cancel(self.label, order_id)
            # The order is read whatever the answer was: a fill may have crossed the cancel.
            await self._line.pause(CANCEL_SETTLES_S)
            await self.look()
            if not self.is_over() and tries % TRIES_BEFORE_ALERT == 0:
                text = f"{self.label} is still not cancelled after {tries} tries"
                self._line.alert(Severity.HIGH, AlertCode.CANCEL_UNCONFIRMED, text)

    async def resolve(self, action: OrderAction, detail: str, *, valid_until: datetime | None = None) -> None:
        """Find out by look-ups alone what became of the order; entries are suspended meanwhile.

        `valid_until`: until then, by the venue's clock, the request may still arrive; that of the placement
        if not given.
        """
        if self.row.state not in (OrderState.UNKNOWN, OrderState.CANCEL_PENDING):
            unknown = dated_now(self._line, self.row, state=OrderState.UNKNOWN, reason=detail)
            if await self._line.record_order(unknown):
                self.row = unknown
        found = await resolve_unknown(
            self._line,
            self.instruction,
            action,
            detail,
            self.on_doubt,
            valid_until=valid_until or self.instruction.valid_until,
        )
        if found.order is not None:
            await self.take(found.order)
            return
        differences = fills_disagree(found.fills, self.permitted)
        if differences:
            self._dispute(dispute(self.label, None, differences))
            return
        gone = dated_now(self._line, no_longer_there(self.row, found.fills, self.instruction.legs))
        if await self._line.record_order(gone, found.fills):
            self.row = gone

    def _dispute(self, text: str) -> None:
        self.disputed = True
        self._line.arm(ArmCause.RECOVERY, text)
        self._line.reconcile(text)

    async def _fills(self, after: OrderRow) -> tuple[Fill, ...] | None:
        """All fills of the order so far, perhaps more than `after` has; None if they can't be read yet.

        The fills of a final order are read until they are complete: the result of the trade depends on them.
        Until then the account may hold what nobody watches, so that the switch is armed if it takes long. If
        they are of other legs than permitted, they are not ours: the switch is armed, and a recovery follows.
        None too if the order turns out to be another than `after` says: the next look books it.
        """
        late: Countdown | None = None
        tries = 0
        while True:
            tries += 1
            request = OrderIdRequest(order_id=cast("str", after.order_id))
            answer = await self._line.read(GET_TRADES_BY_ORDER, request)
            if not isinstance(answer, FetchFailed):
                fills = fills_of(answer.trades, self.label)
                if not isinstance(fills, Failed) and not answer.unread:
                    differences = fills_disagree(fills, self.permitted)
                    if differences:
                        self._dispute(dispute(self.label, None, differences))
                        return None
                    combos = combos_filled(fills, self.instruction.legs)
                    if not isinstance(combos, Failed) and combos >= after.filled_amount:
                        return fills
            if after.state not in ORDER_FINAL:
                return None
            text = f"{self.label}: the trades of {after.filled_amount} filled combos can't be read"
            if tries % TRIES_BEFORE_ALERT == 0:
                self._line.alert(Severity.HIGH, AlertCode.FILLS_UNREAD, text)
            late = late or self._line.conversations.countdown(ARM_AFTER_S)
            if late.is_over:
                self._line.arm(ArmCause.RECOVERY, text)
                await self._cancel_if_it_rests(after)
            await self._line.pause(LOOK_AGAIN_S)
            if await self._is_no_longer(after):
                return None

    async def _is_no_longer(self, after: OrderRow) -> bool:
        """Whether the venue says something else of it now: what it had said of its end was not true."""
        answer = await self._line.read(GET_ORDER_BY_LABEL, GetOrderByLabel(label=self.label))
        if isinstance(answer, FetchFailed) or answer.order is None:
            return False
        order = answer.order
        return bool(disagreements(order, self.permitted)) or _differs(after, order_row(order, self.label))

    async def _cancel_if_it_rests(self, after: OrderRow) -> None:
        """An entry that has not filled after all must not rest while the switch is armed."""
        if self.instruction.kind is InstructionKind.ENTRY and after.order_id is not None:
            await self._line.cancel(self.label, after.order_id)


def dated_now(line: Line, row: OrderRow, **changed: object) -> OrderRow:
    """The row with `changed`, dated now, for a change without a time of the venue."""
    return row.model_copy(update={**changed, "updated_at": line.ctx.now()})


def dispute(label: Label, order: Order | None, differences: tuple[str, ...]) -> str:
    """What a person is told of an order that is not what was permitted under its label."""
    if order is None:
        return f"the trades under {label} are not what was permitted: {'; '.join(differences)}"
    return (
        f"order {order.order_id} under {label} is not what was permitted: {'; '.join(differences)};"
        f" it is {order.state} with {order.filled_amount:f} filled"
    )


def _differs(before: OrderRow, after: OrderRow) -> bool:
    return before.model_copy(update={"updated_at": after.updated_at}) != after
