"""`Execution`: orders, recovery and settlement. It relies on the venue and the books, not on its memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from actors.execution.account import look, needs_reconcile, tell_findings
from actors.execution.account_lock import AccountLock
from actors.execution.account_watch import AccountWatch
from actors.execution.by_hand import ByHand, cancel_entries
from actors.execution.entry import ENTRY, STOP_ENTRIES, WITHDRAW_ENTRIES, enter, entry_name
from actors.execution.exit import EXIT, ExitRequest, answer_once, close, exit_name
from actors.execution.line import ExecutionRooms, Line, fetch_key, order_key, state_key
from actors.execution.order import WorkingOrder
from actors.execution.recovery import arm_if_late, recover
from actors.execution.settlement import settle
from actors.room import Room, answerer
from actors.runtime import Address, Name, done_key
from core.messages.base import Refused
from core.messages.execution import (
    CancelEntries,
    CancelOrders,
    CloseAll,
    ClosePosition,
    ExitStarted,
    FinalOutcome,
    GetExecution,
    OrderFinal,
    PlaceCombo,
    Reconcile,
    Settled,
    SettleExpired,
    SettleFailed,
    WithdrawEntries,
)
from core.messages.kill_switch import KillSwitchArmed
from core.messages.mcp import Fetched, FetchFailed, OrderAccepted, OrderRefused, OrderUnknown
from core.messages.protocols import (
    AlertingProtocol,
    ControlProtocol,
    DecisionProtocol,
    ExecutionProtocol,
    HealthProtocol,
    KillSwitchProtocol,
    McpOrdersProtocol,
    McpProtocol,
    StateProtocol,
)
from core.messages.room_status import ExecutionStatus
from core.messages.state import AccountBound, BooksRead, OrdersRead, PositionRead, Recorded
from core.rules.conduct import AS_IT_TRADES, Conduct
from core.strategy import Strategy
from core.values import Failed, PositionId

CHECK_AFTER_ORDER_S = 60.0
"""Delay of the check of sizes after an order has ended: a fill may still have crossed its cancel."""
RECOVERY: Final = Name("recovery")
CHECK: Final = Name("check")
LATE: Final = Name("late-recovery")
SETTLE: Final = "settle"


@dataclass(frozen=True)
class _CheckDue:
    """Timer: compare the account with the books. `again`: because the last look keeps entries suspended."""

    again: bool = False


class Execution(Room[ExecutionProtocol | _CheckDue]):
    """Orders from proposal to final state.

    Accepts: `ExecutionProtocol`, and the answers of state, mcp.deribit, mcp.orders and the kill switch.
    Sends: `RequestPermit`, `GetKillSwitch` (asked), `SuspendEntries`, `ClearSuspension`, `ArmKillSwitch`,
    `VenueChecked`, `MarksChanged`, `PermitVoid` to the kill switch; `RecordInstruction`, `RecordSent`,
    `RecordEdit`, `RecordOrder`, `RecordDeliveries`, `CloseProposal`, `BindAccount`, `RecordEvent`,
    `GetBooks`, `GetPosition`, `GetOrders` to state; `SendOrder`, `EditOrder`, `CancelOrder` to mcp.orders;
    `Fetch` to mcp.deribit; `OrderFinal`, `PositionClosed`, `RecoveryReport` to decision; `RecoveryReport` to
    health and control; `ExitEnded` to control; `RaiseAlert` to alerting; `ExitStarted`,
    `Settled` | `SettleFailed`, `EntriesCancelled`, `ExecutionStatus` to whoever asked.
    Owns: the conversations of orders under way. What a successor needs is in the books and at the venue.
    On failure: restarted; the new incarnation recovers before it takes an order.
    """

    def __init__(
        self,
        *,
        kill_switch: Address[KillSwitchProtocol],
        state: Address[StateProtocol],
        orders: Address[McpOrdersProtocol],
        deribit: Address[McpProtocol],
        decision: Address[DecisionProtocol],
        health: Address[HealthProtocol],
        control: Address[ControlProtocol],
        alerting: Address[AlertingProtocol],
        strategy: Strategy,
        account_lock: AccountLock,
        folder: str,
        conduct: Conduct = AS_IT_TRADES,
    ) -> None:
        self._rooms = ExecutionRooms(
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
        self._conduct = conduct
        self._exits: dict[PositionId, ExitRequest] = {}
        self._recovering = True
        self._stopping = False
        self._doubts: set[str] = set()
        self._withdrawn: set[Name] = set()
        self._last_error: str | None = None
        self._tag: str | None = None
        self._account = AccountWatch()
        self._account_lock = account_lock
        self._folder = folder
        self._checks_again = False

    def on_start(self) -> None:
        super().on_start()
        self._by_hand = ByHand(
            self.conversations,
            line=self._line,
            start_exit=self._start_exit,
            is_recovering=lambda: self._recovering,
            exits=lambda: tuple(self._exits),
        )
        self._start_recovery("start of an incarnation")

    def handle(self, message: ExecutionProtocol | _CheckDue) -> None:
        # The most frequent first: each kind that does not match is tried in turn.
        match message:
            case Fetched() | FetchFailed():
                self.conversations.deliver(fetch_key(message.request_id), message)
            case Recorded() | BooksRead() | PositionRead() | Refused() | AccountBound() | OrdersRead():
                self.outbox.settle(message.request_id)
                self.conversations.deliver(state_key(message.request_id), message)
            case PlaceCombo():
                self._handle_place(message)
            case ClosePosition():
                self._handle_close(message)
            case SettleExpired():
                self._handle_settle(message)
            case Reconcile():
                self._start_recovery(message.reason)
            case CancelEntries():
                self._handle_cancel_entries(message)
            case WithdrawEntries():
                self._handle_withdraw_entries()
            case CloseAll():
                self._by_hand.close_all(message, answerer(self.ctx, message))
            case CancelOrders():
                self._by_hand.cancel_orders(message, answerer(self.ctx, message))
            case GetExecution():
                answerer(self.ctx, message)(self._status())
            case OrderAccepted() | OrderRefused() | OrderUnknown():
                self.conversations.deliver(order_key(message.attempt_id), message)
            case _CheckDue():
                self._handle_check_due(message)
            case KillSwitchArmed():
                pass  # The answer to our `ArmKillSwitch`; the switch has told us to withdraw entries already.
            case _:
                assert_never(message)

    def _handle_place(self, command: PlaceCombo) -> None:
        name = entry_name(command.proposal.proposal_id)
        if name in self.conversations:
            return  # A repeated request: the conversation under way will answer.
        if self._recovering or self._stopping or self._by_hand.is_closing_all:
            outcome = FinalOutcome.RECOVERING if self._recovering else FinalOutcome.REFUSED
            refusal = "stopping" if self._stopping else "closing_all"
            reason = "recovering" if self._recovering else refusal
            answerer(self.ctx, command)(
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
        self._by_hand.entry_began(name, self.ctx.now())
        self.conversations.start(name, self._enter(name, line, command))

    def _handle_close(self, command: ClosePosition) -> None:
        answer = answerer(self.ctx, command)
        request = ExitRequest(
            request_id=command.request_id,
            position_id=command.position_id,
            cycle_id=command.cycle_id,
            exit_rule=command.exit_rule,
            answer=answer_once(answer),
        )
        if self._recovering:
            self._say(request, started=False, reason="recovering")
        elif exit_name(command.position_id) in self.conversations:
            self._say(request, started=True, reason="already_under_way")
        else:
            self._start_exit(request, command.cycle_id or self.ctx.envelope.correlation)

    def _handle_settle(self, command: SettleExpired) -> None:
        answer, name = answerer(self.ctx, command), Name(SETTLE, command.request_id)
        if self._recovering:
            failed = SettleFailed(
                request_id=command.request_id, cycle_id=command.cycle_id, reasons=("recovering",)
            )
            answer(failed)
        elif name not in self.conversations:
            line = self._line(command.cycle_id)
            self.conversations.start(name, self._settle(line, command, answer))

    def _handle_cancel_entries(self, command: CancelEntries) -> None:
        """The engine is stopping: cancel resting entries and take no new one."""
        self._stopping = True
        stop = f"stop:{self.ctx.uuid()}"
        cancels = cancel_entries(self._line(stop), answerer(self.ctx, command))
        self.conversations.start(Name(stop), cancels)

    def _handle_withdraw_entries(self) -> None:
        """Cancel the entries that rest now, and the others under way as soon as they rest."""
        self._withdrawn.update(self.conversations.names(ENTRY))
        self.conversations.deliver(WITHDRAW_ENTRIES, None)

    def _handle_check_due(self, due: _CheckDue) -> None:
        """Compare the account, unless a conversation is under way: it makes books and venue differ for a
        moment, and a check follows it."""
        if due.again:
            self._checks_again = False
        busy = self._recovering or self.conversations.names()
        if not busy:
            self.conversations.start(CHECK, self._check())
        else:
            self._check_while_suspended()

    async def _check(self) -> None:
        line = self._line(CHECK.kind)
        found = await look(line)
        if isinstance(found, Failed):
            self._check_later()
        elif not self._recovering and self.conversations.names() == (CHECK,):
            if needs_reconcile(line, found):
                reason = "; ".join(map(str, found.against_entries))
                self.ctx.tell(self.ctx.self_address, Reconcile(reason=reason))
            else:
                tell_findings(line, found)
        self._check_while_suspended()

    def _check_while_suspended(self) -> None:
        """Look again once a minute while entries are suspended for what the account holds."""
        if self._account.suspended and not self._checks_again:
            self._checks_again = True
            self.ctx.call_later(CHECK_AFTER_ORDER_S, _CheckDue(again=True))

    def _start_recovery(self, reason: str) -> None:
        if RECOVERY in self.conversations:
            return  # The one under way looks at everything.
        self._recovering = True
        self._last_error = None
        watch = arm_if_late(self._line(LATE.kind), reason, lambda: self._last_error, done_key(RECOVERY))
        self.conversations.start(LATE, watch)
        self.conversations.start(RECOVERY, self._recover(reason))

    async def _recover(self, reason: str) -> None:
        """End entries and settlements, drop exits, recover, then take up the exits again from the books."""
        line = self._line(f"recovery-{self.ctx.uuid()}")
        while names := self.conversations.names(ENTRY) + self.conversations.names(SETTLE):
            self.conversations.deliver(STOP_ENTRIES, None)
            await line.pause(5.0, *map(done_key, names))
        for name in self.conversations.names(EXIT):
            self.conversations.drop(name)
        self._doubts.clear()
        pending, self._exits = self._exits, {}
        recovered = await recover(line, reason, self._note_error)
        self._tag = line.tag
        self._recovering = False
        self._check_while_suspended()
        for resumed in recovered.exits:
            asked = pending.pop(resumed.position_id, None)
            request = ExitRequest(
                request_id=f"resumed-{self.ctx.uuid()}" if asked is None else asked.request_id,
                position_id=resumed.position_id,
                cycle_id=None if asked is None else asked.cycle_id,
                exit_rule=resumed.exit_rule,
                answer=_nobody if asked is None else asked.answer,
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
        exit_ = self._exit(line, request, resumed=resumed, working=working)
        self.conversations.start(exit_name(request.position_id), exit_)

    async def _enter(self, name: Name, line: Line, command: PlaceCombo) -> None:
        await enter(line, command)
        self._check_later()
        self._withdrawn.discard(name)
        self._by_hand.entry_ended(name)

    async def _exit(
        self, line: Line, request: ExitRequest, *, resumed: bool, working: WorkingOrder | None
    ) -> None:
        await close(line, request, resumed=resumed, working=working)
        self._check_later()
        del self._exits[request.position_id]

    async def _settle(
        self, line: Line, command: SettleExpired, answer: Callable[[Settled | SettleFailed], None]
    ) -> None:
        await settle(line, command, answer)
        self._check_later()

    def _check_later(self) -> None:
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
            self.ctx,
            rooms=self._rooms,
            strategy=self._strategy,
            outbox=self.outbox,
            conversations=self.conversations,
            doubts=self._doubts,
            withdrawn=self._withdrawn,
            tag=self._tag,
            account=self._account,
            account_lock=self._account_lock,
            folder=self._folder,
            first_exit_step=self._conduct.first_exit_step,
            correlation=correlation,
        )

    def _status(self) -> ExecutionStatus:
        return ExecutionStatus(
            recovering=self._recovering,
            resting=len(self.conversations.names(ENTRY)),
            in_doubt=len(self._doubts),
            exits_under_way=len(self.conversations.names(EXIT)),
            last_error=self._last_error,
        )


def _nobody(_: ExitStarted) -> None:
    """Answers nobody: an exit that was taken up from the books, or is one of all that a person closes."""
