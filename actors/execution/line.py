"""`Line`: what a flow says to the other rooms and how it waits for their answers.

Each call makes its own id, keeps the flow's correlation, and ends by itself: an answer that never comes is a
typed failure after a limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from pydantic import BaseModel

from actors.execution.flow import Flow, Flows, Wait
from actors.runtime import Address, Context, RuntimeFault
from actors.runtime.outbox import Outbox
from core.messages.alerting import RaiseAlert, Severity
from core.messages.base import Message, Refused
from core.messages.kill_switch import (
    ArmCause,
    ArmKillSwitch,
    GetKillSwitch,
    KillSwitchStatus,
    Permit,
    PermitVoid,
    RequestPermit,
    Veto,
)
from core.messages.mcp import (
    CancelOrder,
    EditOrder,
    Fetch,
    Fetched,
    FetchFailed,
    McpFault,
    OrderAccepted,
    OrderAction,
    OrderRefused,
    OrderUnknown,
    Router,
    SendOrder,
)
from core.messages.state import (
    BooksRead,
    GetBooks,
    GetPosition,
    PositionRead,
    Recorded,
    Recording,
    RecordOrder,
)
from core.orders.books import Books, Fill, OrderRow, Position
from core.strategy import Strategy
from core.values import Label, PositionId

PERMIT_TIMEOUT_S = 2.0
FETCH_WITHIN_S = 60.0
"""A read with its retries (1, 5, 30 s)."""
PROBE_WITHIN_S = 20.0
"""A single attempt, with the reads that stand before it in the router's mailbox."""
FETCH_OVERDUE_S = 30.0
"""Beyond a fetch's deadline: by then its router must have answered, or it lost the fetch in a crash."""
ORDER_OVERDUE_S = 30.0
"""An order's one attempt takes 8 s at most; without an answer by then its outcome is unknown."""

OrderOutcome = OrderAccepted | OrderRefused | OrderUnknown


@dataclass(frozen=True)
class Wake:
    """Timer: deliver this key to the flow that waits for it."""

    key: str


@dataclass(frozen=True)
class Rooms:
    """Whom execution talks to."""

    kill_switch: Address
    state: Address
    orders: Address
    deribit: Address
    decision: Address
    health: Address
    control: Address
    alerting: Address


class Line:
    """One per flow."""

    def __init__(
        self,
        ctx: Callable[[], Context],
        *,
        rooms: Rooms,
        strategy: Strategy,
        outbox: Outbox,
        flows: Flows,
        doubts: set[str],
        withdrawn: set[str],
        correlation: str,
    ) -> None:
        self._ctx = ctx
        self._outbox = outbox
        self._armed_for: set[tuple[ArmCause, str]] = set()
        self.rooms = rooms
        self.strategy = strategy
        self.flows = flows
        self.doubts = doubts
        self.withdrawn = withdrawn
        """The entry flows that were under way at an arming: what they have at the venue is cancelled."""
        self.correlation = correlation

    @property
    def ctx(self) -> Context:
        return self._ctx()

    def tell(self, to: Address, message: Message) -> None:
        self.ctx.tell(to, message, correlation=self.correlation)

    def record(self, message: Recording) -> Flow[Recorded | Refused]:
        """Told to state, and again until it answers: on disk in books and audit, or refused."""
        self._outbox.send(self.rooms.state, message, message.request_id, correlation=self.correlation)
        came = yield Wait((f"recorded:{message.request_id}",))
        return cast("Recorded | Refused", came.event)

    def record_order(
        self, row: OrderRow, fills: tuple[Fill, ...] = (), *, by_reconcile: bool = False
    ) -> Flow[bool]:
        """Book what the venue says. False where state refuses it: the switch is armed then."""
        answer = yield from self.record(
            RecordOrder(
                request_id=f"order-{row.label}-{self.ctx.uuid()}",
                order=row,
                fills=fills,
                by_reconcile=by_reconcile,
            )
        )
        if isinstance(answer, Refused):
            reason = f"state refused {row.label} as {row.state}: {', '.join(answer.reasons)}"
            self.arm(ArmCause.RECOVERY, reason)
            return False
        return True

    def books(self) -> Flow[Books]:
        request_id = f"books-{self.ctx.uuid()}"
        self._outbox.send(
            self.rooms.state, GetBooks(request_id=request_id), request_id, correlation=self.correlation
        )
        came = yield Wait((f"recorded:{request_id}",))
        return cast("BooksRead", came.event).books

    def position(self, position_id: PositionId) -> Flow[Position | None]:
        request_id = f"position-{self.ctx.uuid()}"
        query = GetPosition(request_id=request_id, position_id=position_id)
        self._outbox.send(self.rooms.state, query, request_id, correlation=self.correlation)
        came = yield Wait((f"recorded:{request_id}",))
        return cast("PositionRead", came.event).position

    def fetch(
        self, tool: str, request: BaseModel, *, retry: bool = True, within_s: float = FETCH_WITHIN_S
    ) -> Flow[Fetched | FetchFailed]:
        """Read the venue. No answer at all is a time-out, too."""
        ctx, request_id = self.ctx, self.ctx.uuid()
        deadline = ctx.now() + timedelta(seconds=within_s)
        self.tell(
            self.rooms.deribit,
            Fetch(request_id=request_id, tool=tool, request=request, deadline=deadline, retry=retry),
        )
        answer = yield from self._answer(f"fetch:{request_id}", within_s + FETCH_OVERDUE_S)
        if answer is None:
            return FetchFailed(
                request_id=request_id,
                router=Router.DERIBIT,
                tool=tool,
                fault=McpFault.TIMEOUT,
                error=f"{tool}: mcp.deribit did not answer",
                attempts=0,
            )
        return cast("Fetched | FetchFailed", answer)

    def order(self, command: SendOrder | EditOrder | CancelOrder) -> Flow[OrderOutcome]:
        """One attempt at the venue. No answer at all is an unknown outcome."""
        label, action = _named(command)
        self.tell(self.rooms.orders, command)
        answer = yield from self._answer(f"order:{label}:{action}", ORDER_OVERDUE_S)
        if answer is None:
            return OrderUnknown(label=label, action=action, detail="mcp.orders did not answer")
        return cast("OrderOutcome", answer)

    def permit(self, request: RequestPermit) -> Permit | Veto:
        """Ask the kill switch. No answer in time, or none at all, is a veto."""
        try:
            answer = self.ctx.ask(self.rooms.kill_switch, request, timeout_s=PERMIT_TIMEOUT_S)
        except RuntimeFault as error:
            reason = f"kill_switch_silent:{type(error).__name__}"
            return Veto(request_id=request.request_id, label=request.label, reasons=(reason,))
        if not isinstance(answer, Permit | Veto):
            raise TypeError(f"expected Permit or Veto, found {type(answer).__name__}")
        return answer

    def is_armed(self) -> bool:
        """What the switch says; no where it is silent, for then it gives no permit either."""
        try:
            answer = self.ctx.ask(self.rooms.kill_switch, GetKillSwitch(), timeout_s=PERMIT_TIMEOUT_S)
        except RuntimeFault:
            return False
        return isinstance(answer, KillSwitchStatus) and answer.armed

    def void(self, permit: Permit, reason: str) -> None:
        """Give a permit back unused."""
        void = PermitVoid(permit_id=permit.permit_id, label=permit.label, reason=reason)
        self.tell(self.rooms.kill_switch, void)

    def pause(self, seconds: float, *keys: str) -> Flow[str | None]:
        """Wait that long in market time, or until one of the keys is delivered; that key, or None."""
        wake = f"wake:{self.ctx.uuid()}"
        timer = self.ctx.call_later(seconds, Wake(wake))
        came = yield Wait((wake, *keys))
        timer.cancel()
        return None if came.key == wake else came.key

    def alert(self, severity: Severity, code: str, text: str) -> None:
        alert = RaiseAlert(severity=severity, code=code, text=text, cause=self.correlation, at=self.ctx.now())
        self.tell(self.rooms.alerting, alert)

    def arm(self, cause: ArmCause, reason: str) -> None:
        """Arm, once for each reason of this flow: one that fails again every minute is not told again."""
        if (cause, reason) in self._armed_for:
            return
        self._armed_for.add((cause, reason))
        self.tell(self.rooms.kill_switch, ArmKillSwitch(cause=cause, reason=reason, who="execution"))

    def _answer(self, key: str, limit_s: float) -> Flow[object]:
        """The event under the key, or None after `limit_s` of market time."""
        wake = f"overdue:{key}"
        timer = self.ctx.call_later(limit_s, Wake(wake))
        came = yield Wait((key, wake))
        timer.cancel()
        return None if came.key == wake else came.event


def _named(command: SendOrder | EditOrder | CancelOrder) -> tuple[Label, OrderAction]:
    match command:
        case SendOrder():
            return command.instruction.label, OrderAction.PLACE
        case EditOrder():
            return command.label, OrderAction.EDIT
        case CancelOrder():
            return command.label, OrderAction.CANCEL
