"""`McpOrders`: the only actor that sends orders. One message, one HTTP attempt, no retry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import assert_never

from pydantic import BaseModel

from actors.failpoints import Failpoint, reach
from actors.http import NotConnected, TransportError
from actors.mcp.port import Declined, OpenPort, ToolPort, Unclear
from actors.room import Room, answerer
from actors.runtime import Address
from core.contract import (
    ComboLeg,
    EditOrderRequest,
    Order,
    OrderIdRequest,
    PlaceComboOrder,
    Router,
)
from core.kill_file import KillFile
from core.messages.kill_switch import Permit, PermitSpent, PermitVoid
from core.messages.mcp import (
    CancelOrder,
    EditOrder,
    OrderAccepted,
    OrderAction,
    OrderOutcome,
    OrderRefused,
    OrderUnknown,
    SendOrder,
)
from core.messages.protocols import KillSwitchProtocol, McpOrdersProtocol
from core.orders.armed import what_leaves
from core.permit_times import LAPSE_AFTER_EXPIRY_S
from core.strategy import Strategy
from core.values import Label, OrderId

_FAILPOINTS = {
    OrderAction.PLACE: (Failpoint.PLACE_SENDING, Failpoint.PLACE_ANSWERED),
    OrderAction.EDIT: (Failpoint.EDIT_SENDING, Failpoint.EDIT_ANSWERED),
    OrderAction.CANCEL: (Failpoint.CANCEL_SENDING, Failpoint.CANCEL_ANSWERED),
}


@dataclass(frozen=True)
class _OrderAttempt:
    """One attempt at an order; each outcome repeats what it answers."""

    label: Label
    action: OrderAction
    attempt_id: str

    def accepted(self, order: Order) -> OrderAccepted:
        return OrderAccepted(label=self.label, action=self.action, attempt_id=self.attempt_id, order=order)

    def refused(self, reason: str, detail: str) -> OrderRefused:
        return OrderRefused(
            label=self.label, action=self.action, attempt_id=self.attempt_id, reason=reason, detail=detail
        )

    def unknown(self, detail: str) -> OrderUnknown:
        return OrderUnknown(label=self.label, action=self.action, attempt_id=self.attempt_id, detail=detail)


@dataclass(frozen=True)
class _Lapsed:
    """Timer message to self: an order of unknown outcome can no longer be placed under this permit."""

    permit: Permit


class McpOrders(Room[McpOrdersProtocol | _Lapsed]):
    """The changing tools of the deribit router, with its own connection: no read delays an order.

    Accepts: `SendOrder`, `EditOrder`, `CancelOrder`.
    Sends: `OrderAccepted` | `OrderRefused` | `OrderUnknown` to the asker; `PermitSpent` | `PermitVoid` to the
    kill switch.
    Owns: its port to the venue, and the set of permits that this incarnation has seen.
    On failure: restarted, and execution after it; the outcome of an order under way is then unknown.
    """

    def __init__(
        self,
        *,
        open_port: OpenPort,
        strategy: Strategy,
        kill_switch: Address[KillSwitchProtocol],
        read_kill_file: Callable[[], KillFile | None],
    ) -> None:
        self._open_port = open_port
        self._strategy = strategy
        self._kill_switch = kill_switch
        self._read_kill_file = read_kill_file
        self._port: ToolPort | None = None
        self._seen_permits: set[str] = set()

    def on_start(self) -> None:
        super().on_start()
        self._port = self._open_port(self.ctx, Router.DERIBIT)

    def on_stop(self) -> None:
        super().on_stop()
        if self._port is not None:
            self._port.close()

    def handle(self, message: McpOrdersProtocol | _Lapsed) -> None:
        match message:
            case SendOrder():
                self._handle_send(message)
            case EditOrder():
                self._handle_edit(message)
            case CancelOrder():
                self._handle_cancel(message)
            case _Lapsed(permit=permit):
                self._tell_spent(permit)
            case _:
                assert_never(message)

    def _handle_send(self, command: SendOrder) -> None:
        instruction, permit = command.instruction, command.permit
        terms = instruction.terms
        agrees = (
            permit.terms == terms
            and permit.label == instruction.label
            and permit.expires_at == instruction.valid_until
        )
        request = PlaceComboOrder(
            legs=tuple(
                ComboLeg(instrument_name=leg.instrument_name, side=leg.side.value, ratio=leg.ratio)
                for leg in terms.legs
            ),
            amount=Decimal(terms.amount),
            side=terms.side.value,
            price=terms.limit_eth,
            label=instruction.label,
            reduce_only=terms.reduce_only,
            valid_until=permit.expires_at,
        )
        self._under_permit(command, OrderAction.PLACE, "place_combo_order", request, agrees)

    def _handle_edit(self, command: EditOrder) -> None:
        permit, terms = command.permit, command.terms
        agrees = permit.terms == terms and permit.label == command.label and not terms.purpose.is_placement
        request = EditOrderRequest(
            order_id=command.order_id,
            price=terms.limit_eth,
            amount=Decimal(terms.amount),
            valid_until=permit.expires_at,
        )
        self._under_permit(command, OrderAction.EDIT, "edit_order", request, agrees)

    def _handle_cancel(self, command: CancelOrder) -> None:
        """Cancel without a permit, even while armed: a cancel only takes risk away."""
        answer = answerer(self.ctx, command)
        request = OrderIdRequest(order_id=OrderId(command.order_id))
        attempt = _OrderAttempt(command.label, OrderAction.CANCEL, command.attempt_id)
        answer(self._outcome_of(attempt, "cancel_order", request))

    def _under_permit(
        self,
        command: SendOrder | EditOrder,
        action: OrderAction,
        tool: str,
        request: BaseModel,
        agrees: bool,
    ) -> None:
        permit, answer = command.permit, answerer(self.ctx, command)
        attempt = _OrderAttempt(permit.label, action, permit.permit_id)
        problem = self._permit_problem(permit, agrees)
        self._seen_permits.add(permit.permit_id)
        if problem is not None:
            void = PermitVoid(permit_id=permit.permit_id, label=permit.label, reason=problem)
            self.ctx.tell(self._kill_switch, void)
            answer(attempt.refused(f"permit_void:{problem}", "not sent"))
            return
        # Set before the send: the clock may be set while it is under way.
        lapse = self.ctx.call_at(permit.expires_at + timedelta(seconds=LAPSE_AFTER_EXPIRY_S), _Lapsed(permit))
        outcome = self._outcome_of(attempt, tool, request)
        # An unknown order may still arrive: its permit is spent only when the venue would refuse it as late.
        if not isinstance(outcome, OrderUnknown):
            lapse.cancel()
            self._tell_spent(permit)
        answer(outcome)

    def _permit_problem(self, permit: Permit, agrees: bool) -> str | None:
        """Why the permit can't be used, or None if it can; checked as late as possible before the send."""
        if permit.permit_id in self._seen_permits:
            return "used"
        if not agrees:
            return "mismatch"
        if self._killed(permit):
            return "armed"
        if self.ctx.now() >= permit.expires_at:
            return "expired"
        return None

    def _killed(self, permit: Permit) -> bool:
        """True if the KILL file forbids this order; a file that can't be read has the cause `kill_file`."""
        found = self._read_kill_file()
        causes = () if found is None else found.causes
        return not what_leaves(causes, self._strategy.exits_when_armed).lets(permit.terms)

    def _outcome_of(self, attempt: _OrderAttempt, tool: str, request: BaseModel) -> OrderOutcome:
        port = self._port
        if port is None:
            raise RuntimeError(f"{self.ctx.path}: a message before on_start")
        correlation = self.ctx.envelope.correlation or attempt.label
        self.ctx.check_live()
        sending, answered = _FAILPOINTS[attempt.action]
        reach(sending)
        try:
            changed = port.change(tool, request, correlation=correlation)
        except NotConnected as error:
            return attempt.refused("not_connected", str(error))
        except TransportError as error:
            return attempt.unknown(str(error))
        reach(answered)
        match changed:
            case Declined(reason, detail):
                return attempt.refused(reason, detail)
            case Unclear(detail):
                return attempt.unknown(detail)
            case Order():
                return self._ours(attempt, changed)

    def _ours(self, attempt: _OrderAttempt, order: Order) -> OrderOutcome:
        if order.label != attempt.label:
            return attempt.unknown(f"the answer is about {order.label}, expected {attempt.label}")
        return attempt.accepted(order)

    def _tell_spent(self, permit: Permit) -> None:
        spent = PermitSpent(permit_id=permit.permit_id, label=permit.label)
        self.ctx.tell(self._kill_switch, spent)
