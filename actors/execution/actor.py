"""`Execution`: the way of every order, recovery, and settlement. It trusts venue and books, not memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from actors.execution.entry import STOP_ENTRIES, WITHDRAW_ENTRIES, enter, entry_name
from actors.execution.exit import ExitRequest, close, exit_name
from actors.execution.flow import Flow, Flows, done_key
from actors.execution.line import Line, Rooms, Wake
from actors.execution.order import WorkingOrder
from actors.execution.recovery import arm_if_late, look_at_sizes, recover
from actors.execution.settlement import settle
from actors.runtime import Actor, Address
from actors.runtime.answering import answerer
from actors.runtime.outbox import Outbox, Retell
from core.messages.base import Refused
from core.messages.execution import (
    CancelEntries,
    ClosePosition,
    EntriesCancelled,
    ExecutionStatus,
    ExitStarted,
    FinalOutcome,
    GetExecution,
    OrderFinal,
    PlaceCombo,
    Reconcile,
    SettleExpired,
    SettleFailed,
    WithdrawEntries,
)
from core.messages.kill_switch import KillSwitchArmed
from core.messages.mcp import Fetched, FetchFailed, OrderAccepted, OrderRefused, OrderUnknown
from core.messages.state import BooksRead, PositionRead, Recorded
from core.strategy import Strategy
from core.values import PositionId

CANCEL_ENTRIES_WITHIN_S = 4.0
"""An orderly stop waits so long for its cancels to be confirmed."""
SAY_STOP_EVERY_S = 0.5
CHECK_AFTER_ORDER_S = 60.0
"""After an order has ended the sizes are compared once more: a fill may still have crossed its cancel."""
RECOVERY = "recovery"
CHECK = "check"
LATE = "late-recovery"

_Accepted = (
    PlaceCombo
    | ClosePosition
    | SettleExpired
    | Reconcile
    | CancelEntries
    | WithdrawEntries
    | GetExecution
    | Recorded
    | Refused
    | BooksRead
    | PositionRead
    | Fetched
    | FetchFailed
    | OrderAccepted
    | OrderRefused
    | OrderUnknown
    | KillSwitchArmed
    | Retell
    | Wake
)


@dataclass(frozen=True)
class _CheckDue:
    """Timer: compare the sizes."""


class Execution(Actor):
    """Orders from proposal to final state.

    Accepts: `ExecutionProtocol`, and the answers of state, mcp.deribit, mcp.orders and the kill switch.
    Sends: `RequestPermit`, `GetKillSwitch` (asked), `SuspendEntries`, `ClearSuspension`, `ArmKillSwitch`,
    `VenueChecked`, `MarksChanged`, `PermitVoid` to the kill switch; `RecordInstruction`, `RecordSent`,
    `RecordOrder`, `RecordDeliveries`, `CloseProposal`, `BindAccount`, `RecordEvent` to state; `SendOrder`,
    `EditOrder`, `CancelOrder` to mcp.orders; `Fetch` to mcp.deribit; `OrderFinal`, `PositionClosed`,
    `RecoveryReport` to decision; `RecoveryReport` to health and control; `RaiseAlert` to alerting.
    Owns: the flows of orders under way. What a successor needs is in the books and at the venue.
    On failure: restarted; the new incarnation recovers before it takes an order.
    """

    def __init__(
        self,
        *,
        kill_switch: Address,
        state: Address,
        orders: Address,
        deribit: Address,
        decision: Address,
        health: Address,
        control: Address,
        alerting: Address,
        strategy: Strategy,
    ) -> None:
        self._rooms = Rooms(
            kill_switch=kill_switch,
            state=state,
            orders=orders,
            deribit=deribit,
            decision=decision,
            health=health,
            control=control,
            alerting=alerting,
        )
        self._strategy = strategy
        self._flows = Flows()
        self._exits: dict[PositionId, ExitRequest] = {}
        self._recovering = True
        self._stopping = False
        self._doubts: set[str] = set()
        self._withdrawn: set[str] = set()
        self._last_error: str | None = None

    def on_start(self) -> None:
        self._outbox = Outbox(lambda: self.ctx)
        self._start_recovery("start of an incarnation")

    def on_receive(self, message: object) -> None:
        if not isinstance(message, _Accepted | _CheckDue):
            raise TypeError(f"{self.ctx.path}: expected ExecutionProtocol, found {type(message).__name__}")
        match message:
            case PlaceCombo():
                self._handle_place(message)
            case ClosePosition():
                self._handle_close(message)
            case SettleExpired():
                self._handle_settle(message)
            case Reconcile():
                self._start_recovery(message.reason)
            case CancelEntries():
                self._handle_cancel_entries()
            case WithdrawEntries():
                self._handle_withdraw_entries()
            case GetExecution():
                answerer(self.ctx)(self._status())
            case Recorded() | Refused() | BooksRead() | PositionRead():
                self._outbox.settle(message.request_id)
                self._flows.deliver(f"recorded:{message.request_id}", message)
            case Fetched() | FetchFailed():
                self._flows.deliver(f"fetch:{message.request_id}", message)
            case OrderAccepted() | OrderRefused() | OrderUnknown():
                self._flows.deliver(f"order:{message.label}:{message.action}", message)
            case Wake():
                self._flows.deliver(message.key, None)
            case Retell():
                self._outbox.retell()
            case _CheckDue():
                self._handle_check_due()
            case KillSwitchArmed():
                pass  # The answer to an arming of ours; resting entries were told to be withdrawn.
            case _:
                assert_never(message)

    def _handle_place(self, command: PlaceCombo) -> None:
        name = entry_name(command.proposal.proposal_id)
        if name in self._flows:
            return  # A repetition: the flow under way will answer.
        if self._recovering or self._stopping:
            outcome = FinalOutcome.RECOVERING if self._recovering else FinalOutcome.REFUSED
            reason = "recovering" if self._recovering else "stopping"
            answerer(self.ctx)(
                OrderFinal(
                    request_id=command.request_id,
                    cycle_id=command.cycle_id,
                    proposal_id=command.proposal.proposal_id,
                    outcome=outcome,
                    contracts_filled=0,
                    reasons=(reason,),
                )
            )
            return
        line = self._line(command.cycle_id)
        self._flows.start(name, self._enter(name, enter(line, command)))

    def _handle_close(self, command: ClosePosition) -> None:
        answer = answerer(self.ctx)
        request = ExitRequest(
            request_id=command.request_id,
            position_id=command.position_id,
            cycle_id=command.cycle_id,
            exit_rule=command.exit_rule,
            answer=answer,
        )
        if self._recovering:
            self._say(request, started=False, reason="recovering")
        elif exit_name(command.position_id) in self._flows:
            self._say(request, started=True, reason="already_under_way")
        else:
            self._start_exit(request, command.cycle_id or self.ctx.envelope.correlation)

    def _handle_settle(self, command: SettleExpired) -> None:
        answer, name = answerer(self.ctx), f"settle:{command.request_id}"
        if self._recovering:
            failed = SettleFailed(
                request_id=command.request_id, cycle_id=command.cycle_id, reasons=("recovering",)
            )
            answer(failed)
        elif name not in self._flows:
            line = self._line(command.cycle_id)
            self._flows.start(name, self._then_check(settle(line, command, answer)))

    def _handle_cancel_entries(self) -> None:
        """From here on no new entry is taken: the engine is stopping."""
        self._stopping = True
        name = f"stop:{self.ctx.uuid()}"
        self._flows.start(name, self._cancel_entries(self._line(name), answerer(self.ctx)))

    def _handle_withdraw_entries(self) -> None:
        """Those that rest hear it now, the others as soon as they would rest."""
        self._withdrawn.update(self._flows.names("entry:"))
        self._flows.deliver(WITHDRAW_ENTRIES, None)

    def _cancel_entries(self, line: Line, answer: Callable[[object], None]) -> Flow[None]:
        names = self._flows.names("entry:")
        self._flows.deliver(STOP_ENTRIES, None)
        ends_at = self.ctx.now().timestamp() + CANCEL_ENTRIES_WITHIN_S
        while left := tuple(name for name in names if name in self._flows):
            left_s = ends_at - self.ctx.now().timestamp()
            if left_s <= 0:
                break
            # Said again and again: an entry that is just being read does not hear it the first time.
            yield from line.pause(min(left_s, SAY_STOP_EVERY_S), *map(done_key, left))
            self._flows.deliver(STOP_ENTRIES, None)
        answer(EntriesCancelled(cancelled=len(names) - len(left), unconfirmed=len(left)))

    def _handle_check_due(self) -> None:
        """Only while nothing is under way: what is under way makes books and venue differ for a moment."""
        busy = self._recovering or self._flows.names("")
        if not busy:
            self._flows.start(CHECK, self._check())

    def _check(self) -> Flow[None]:
        found = yield from look_at_sizes(self._line(CHECK))
        if isinstance(found, str):
            self.ctx.call_later(CHECK_AFTER_ORDER_S, _CheckDue())
        elif found and not self._recovering and self._flows.names("") == (CHECK,):
            self.ctx.tell(self.ctx.self_address, Reconcile(reason="; ".join(map(str, found))))

    def _start_recovery(self, reason: str) -> None:
        if RECOVERY in self._flows:
            return  # One is under way; it looks at everything.
        self._recovering = True
        self._last_error = None
        watch = arm_if_late(self._line(LATE), reason, lambda: self._last_error, done_key(RECOVERY))
        self._flows.start(LATE, watch)
        self._flows.start(RECOVERY, self._recover(reason))

    def _recover(self, reason: str) -> Flow[None]:
        """Entries end first; exits are dropped and taken up again from the books afterwards."""
        line = self._line(f"recovery-{self.ctx.uuid()}")
        while names := self._flows.names("entry:") + self._flows.names("settle:"):
            self._flows.deliver(STOP_ENTRIES, None)
            yield from line.pause(5.0, *map(done_key, names))
        for name in self._flows.names("exit:"):
            self._flows.drop(name)
        self._doubts.clear()
        pending, self._exits = self._exits, {}
        recovered = yield from recover(line, reason, self._note_error)
        self._recovering = False
        for resumed in recovered.exits:
            asked = pending.pop(resumed.position_id, None)
            request = ExitRequest(
                request_id=f"resumed-{self.ctx.uuid()}" if asked is None else asked.request_id,
                position_id=resumed.position_id,
                cycle_id=None if asked is None else asked.cycle_id,
                exit_rule=resumed.exit_rule,
                answer=_nobody,
            )
            self._start_exit(request, request.cycle_id, resumed=True, working=resumed.working)
        for request in pending.values():
            self._start_exit(request, request.cycle_id)

    def _note_error(self, error: str) -> None:
        self._last_error = error

    def _start_exit(
        self,
        request: ExitRequest,
        correlation: str | None,
        *,
        resumed: bool = False,
        working: WorkingOrder | None = None,
    ) -> None:
        self._exits[request.position_id] = request
        line = self._line(correlation or request.request_id)
        flow = close(line, request, resumed=resumed, working=working)
        self._flows.start(exit_name(request.position_id), self._exit(request, flow))

    def _enter(self, name: str, flow: Flow[None]) -> Flow[None]:
        yield from self._then_check(flow)
        self._withdrawn.discard(name)

    def _exit(self, request: ExitRequest, flow: Flow[None]) -> Flow[None]:
        yield from self._then_check(flow)
        del self._exits[request.position_id]

    def _then_check(self, flow: Flow[None]) -> Flow[None]:
        yield from flow
        self.ctx.call_later(CHECK_AFTER_ORDER_S, _CheckDue())

    def _say(self, request: ExitRequest, *, started: bool, reason: str) -> None:
        request.answer(
            ExitStarted(
                request_id=request.request_id,
                position_id=request.position_id,
                started=started,
                reasons=(reason,),
            )
        )

    def _line(self, correlation: str) -> Line:
        return Line(
            lambda: self.ctx,
            rooms=self._rooms,
            strategy=self._strategy,
            outbox=self._outbox,
            flows=self._flows,
            doubts=self._doubts,
            withdrawn=self._withdrawn,
            correlation=correlation,
        )

    def _status(self) -> ExecutionStatus:
        return ExecutionStatus(
            recovering=self._recovering,
            resting=len(self._flows.names("entry:")),
            in_doubt=len(self._doubts),
            exits_under_way=len(self._flows.names("exit:")),
            last_error=self._last_error,
        )


def _nobody(_: ExitStarted) -> None:
    """Nobody asked: an exit taken up again after a restart."""
