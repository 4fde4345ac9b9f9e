"""`Line`: what a conversation says to the other rooms and how it waits for their answers.

Each call makes its own id and keeps the conversation's correlation. A missing answer of the venue, of
mcp.orders or of the kill switch becomes a typed failure after a limit; state is told again until it answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from actors.execution.account_lock import AccountLock
from actors.execution.account_watch import AccountWatch
from actors.room import Alarm
from actors.runtime import Address, Conversations, Key, Name, Outbox, OwnContext, RuntimeFault
from core.alerts import AlertCode, Severity
from core.contract import Tool
from core.contract.base import AnswerT, RequestT
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.execution import Reconcile
from core.messages.kill_switch import ArmKillSwitch, GetKillSwitch, Permit, PermitVoid, RequestPermit, Veto
from core.messages.mcp import (
    CancelOrder,
    EditOrder,
    Fetch,
    Fetched,
    FetchFailed,
    McpFault,
    OrderAction,
    OrderOutcome,
    OrderUnknown,
    SendOrder,
)
from core.messages.protocols import (
    AlertingProtocol,
    ControlProtocol,
    DecisionProtocol,
    HealthProtocol,
    KillSwitchProtocol,
    McpOrdersProtocol,
    McpProtocol,
    StateProtocol,
)
from core.messages.state import (
    AccountBound,
    AnyRecording,
    BindAccount,
    BooksRead,
    GetBooks,
    GetOrders,
    GetPosition,
    OrdersRead,
    PositionRead,
    Recorded,
    RecordOrder,
)
from core.orders.adoption import OwnTags
from core.orders.books import Books, Fill, InstructionKind, OrderRow, Position
from core.orders.identity import Permitted
from core.orders.label import TAG_LENGTH, TAG_LETTERS, OrderLabel
from core.strategy import Strategy
from core.values import Environment, Label, OrderId, PositionId, ProposalId

PERMIT_TIMEOUT_S = 2.0
FETCH_WITHIN_S = 60.0
"""A read with its retries (1, 5, 30 s)."""
PROBE_WITHIN_S = 20.0
"""A single attempt, after the reads that are queued before it in the router's mailbox."""
FETCH_OVERDUE_S = 30.0
"""Time beyond a fetch's deadline after which its router must have lost the fetch in a crash."""
ORDER_OVERDUE_S = 30.0
"""An order's one attempt takes 8 s at most; without an answer by then its outcome is unknown."""

M = TypeVar("M")
StateSaid = Recorded | Refused | AccountBound | BooksRead | PositionRead | OrdersRead


@dataclass(frozen=True)
class ExecutionRooms:
    """The rooms that execution talks to."""

    kill_switch: Address[KillSwitchProtocol]
    state: Address[StateProtocol]
    orders: Address[McpOrdersProtocol]
    deribit: Address[McpProtocol]
    decision: Address[DecisionProtocol]
    health: Address[HealthProtocol]
    control: Address[ControlProtocol]
    alerting: Address[AlertingProtocol]


def state_key(request_id: str) -> Key[StateSaid]:
    """State's answer to a record or a query."""
    return Key(f"state:{request_id}")


def fetch_key(request_id: str) -> Key[Fetched | FetchFailed]:
    """The answer of mcp.deribit to a read."""
    return Key(f"fetch:{request_id}")


def tool_answer(tool: Tool[RequestT, AnswerT], fetched: Fetched) -> AnswerT:
    """The answer as the contract's model, made by the router. Raises TypeError for any other."""
    answer = fetched.answer
    if not isinstance(answer, tool.answer):
        raise TypeError(f"{tool.name}: expected {tool.answer.__name__}, found {type(answer).__name__}")
    return answer


def order_key(attempt_id: str) -> Key[OrderOutcome]:
    """The answer of mcp.orders to one attempt: not to an earlier one at the same order."""
    return Key(f"order:{attempt_id}")


class Line:
    """One per conversation."""

    def __init__(
        self,
        ctx: OwnContext[Reconcile],
        *,
        rooms: ExecutionRooms,
        strategy: Strategy,
        outbox: Outbox,
        conversations: Conversations,
        doubts: set[str],
        withdrawn: set[Name],
        tag: str | None,
        account: AccountWatch,
        account_lock: AccountLock,
        folder: str,
        first_exit_step: int,
        correlation: str,
    ) -> None:
        self.ctx = ctx
        self._outbox = outbox
        self._alarm = Alarm(ctx, rooms.alerting)
        self._armed_for: set[tuple[ArmCause, str]] = set()
        self.rooms = rooms
        self.strategy = strategy
        self.conversations = conversations
        self.doubts = doubts
        self.withdrawn = withdrawn
        """The entries that were under way at an arming: their orders at the venue are cancelled."""
        self.tag = tag
        """The tag of this data folder's labels; None until a recovery has bound the account."""
        self._tags: OwnTags | None = None
        self.account = account
        self.account_lock = account_lock
        self._folder = folder
        self.first_exit_step = first_exit_step
        self.correlation = correlation

    def tell(self, to: Address[M], message: M) -> None:
        self.ctx.tell(to, message, correlation=self.correlation)

    async def record(self, message: AnyRecording) -> Recorded | Refused:
        """Tell state, and again until it answers: recorded in books and audit on disk, or refused."""
        self._outbox.send(self.rooms.state, message, message.request_id, correlation=self.correlation)
        answer = await self.conversations.event(state_key(message.request_id))
        if not isinstance(answer, Recorded | Refused):
            raise _unexpected(message.request_id, answer)
        return answer

    async def bind_account(self, environment: Environment, account: str) -> AccountBound | Refused:
        """Bind the data folder to the account, and learn the tag of its labels."""
        draw = self.ctx.rng().choice
        message = BindAccount(
            request_id=f"bind-{self.ctx.uuid()}",
            environment=environment,
            account=account,
            folder=self._folder,
            tag="".join(draw(TAG_LETTERS) for _ in range(TAG_LENGTH)),
            at=self.ctx.now(),
        )
        self._outbox.send(self.rooms.state, message, message.request_id, correlation=self.correlation)
        answer = await self.conversations.event(state_key(message.request_id))
        if not isinstance(answer, AccountBound | Refused):
            raise _unexpected(message.request_id, answer)
        if isinstance(answer, AccountBound):
            self.tag = answer.tag
            self._tags = OwnTags(
                present=answer.tag, former=answer.former_tags, restored_at=answer.restored_at
            )
        return answer

    @property
    def own_tag(self) -> str:
        """The tag of this data folder's labels. Raises RuntimeError before a recovery has bound the
        account."""
        if self.tag is None:
            raise RuntimeError("expected a line of a recovery that has bound the account, or a later one")
        return self.tag

    @property
    def own_tags(self) -> OwnTags:
        """All tags of this data folder's labels, in a recovery. Raises RuntimeError before it has bound the
        account, and in any other conversation."""
        if self._tags is None:
            raise RuntimeError("expected a line of a recovery that has bound the account")
        return self._tags

    def label(self, proposal_id: ProposalId, kind: InstructionKind, attempt: int) -> OrderLabel:
        """A label of this data folder. Raises RuntimeError before a recovery has bound the account."""
        return OrderLabel(proposal_id=proposal_id, tag=self.own_tag, kind=kind, attempt=attempt)

    async def record_order(
        self, row: OrderRow, fills: tuple[Fill, ...] = (), *, by_reconcile: bool = False
    ) -> bool:
        """Book the order as the venue has it. If state refuses, arm the switch and return False."""
        answer = await self.record(
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

    async def books(self) -> Books:
        """The live books. A refusal is a crash: without the books nothing can go on."""
        request_id = f"books-{self.ctx.uuid()}"
        self._outbox.send(
            self.rooms.state, GetBooks(request_id=request_id), request_id, correlation=self.correlation
        )
        answer = await self.conversations.event(state_key(request_id))
        if not isinstance(answer, BooksRead):
            raise _unexpected(request_id, answer)
        return answer.books

    async def position(self, position_id: PositionId) -> Position | None:
        """One position, also a closed one. A refusal is a crash."""
        request_id = f"position-{self.ctx.uuid()}"
        query = GetPosition(request_id=request_id, position_id=position_id)
        self._outbox.send(self.rooms.state, query, request_id, correlation=self.correlation)
        answer = await self.conversations.event(state_key(request_id))
        if not isinstance(answer, PositionRead):
            raise _unexpected(request_id, answer)
        return answer.position

    async def known_orders(self, labels: Iterable[str]) -> dict[Label, tuple[OrderRow, Permitted]]:
        """What the books know of these labels; unknown ones are left out. A refusal is a crash."""
        asked = tuple(Label(label) for label in dict.fromkeys(labels))
        if not asked:
            return {}
        request_id = f"orders-{self.ctx.uuid()}"
        query = GetOrders(request_id=request_id, labels=asked)
        self._outbox.send(self.rooms.state, query, request_id, correlation=self.correlation)
        answer = await self.conversations.event(state_key(request_id))
        if not isinstance(answer, OrdersRead):
            raise _unexpected(request_id, answer)
        return {row.label: (row, permitted) for row, permitted in answer.orders}

    async def read(
        self,
        tool: Tool[RequestT, AnswerT],
        request: RequestT,
        *,
        retry: bool = True,
        within_s: float = FETCH_WITHIN_S,
    ) -> AnswerT | FetchFailed:
        """Read the venue. No answer at all is a time-out, too."""
        fetched = await self.fetch(tool, request, retry=retry, within_s=within_s)
        return fetched if isinstance(fetched, FetchFailed) else tool_answer(tool, fetched)

    async def fetch(
        self,
        tool: Tool[RequestT, AnswerT],
        request: RequestT,
        *,
        retry: bool = True,
        within_s: float = FETCH_WITHIN_S,
    ) -> Fetched | FetchFailed:
        """As `read`, but returns the whole message, which says when the answer was received."""
        ctx, request_id = self.ctx, self.ctx.uuid()
        deadline = ctx.now() + timedelta(seconds=within_s)
        self.tell(
            self.rooms.deribit,
            Fetch(request_id=request_id, tool=tool.name, request=request, deadline=deadline, retry=retry),
        )
        answer = await self.conversations.event_within(fetch_key(request_id), within_s + FETCH_OVERDUE_S)
        if answer is not None:
            return answer
        return FetchFailed(
            request_id=request_id,
            router=tool.router,
            tool=tool.name,
            fault=McpFault.TIMEOUT,
            error=f"{tool.name}: mcp.{tool.router} did not answer",
            attempts=0,
        )

    async def order(self, command: SendOrder | EditOrder | CancelOrder) -> OrderOutcome:
        """One attempt at the venue. No answer at all is an unknown outcome."""
        self.tell(self.rooms.orders, command)
        answer = await self.conversations.event_within(order_key(command.attempt_id), ORDER_OVERDUE_S)
        if answer is not None:
            return answer
        label, action = _named(command)
        return OrderUnknown(
            label=label, action=action, attempt_id=command.attempt_id, detail="mcp.orders did not answer"
        )

    async def cancel(self, label: Label, order_id: OrderId) -> OrderOutcome:
        """One attempt to cancel an order at the venue."""
        attempt_id = f"cancel-{self.ctx.uuid()}"
        return await self.order(CancelOrder(label=label, order_id=order_id, attempt_id=attempt_id))

    def permit(self, request: RequestPermit) -> Permit | Veto:
        """Ask the kill switch. No answer in time, or none at all, is a veto."""
        try:
            return self.ctx.ask(request.to(self.rooms.kill_switch), timeout_s=PERMIT_TIMEOUT_S)
        except RuntimeFault as error:
            reason = f"kill_switch_silent:{type(error).__name__}"
            return Veto(request_id=request.request_id, label=request.label, reasons=(reason,))

    def is_armed(self) -> bool:
        """Whether the switch is armed; False if it does not answer, since then it gives no permit either."""
        try:
            status = self.ctx.ask(GetKillSwitch().to(self.rooms.kill_switch), timeout_s=PERMIT_TIMEOUT_S)
        except RuntimeFault:
            return False
        return status.armed

    def void(self, permit: Permit, reason: str) -> None:
        """Give a permit back unused."""
        void = PermitVoid(permit_id=permit.permit_id, label=permit.label, reason=reason)
        self.tell(self.rooms.kill_switch, void)

    async def pause(self, seconds: float, *keys: Key[Any]) -> Key[Any] | None:
        """Wait that long in market time, or until one of the keys is delivered. Returns that key, or None."""
        return await self.conversations.pause(seconds, *keys)

    def alert(self, severity: Severity, code: AlertCode, text: str) -> None:
        self._alarm(severity, code, text, self.correlation, correlation=self.correlation)

    def reconcile(self, reason: str) -> None:
        """Have execution compare books and venue as soon as it can."""
        self.ctx.tell(self.ctx.self_address, Reconcile(reason=reason))

    def arm(self, cause: ArmCause, reason: str) -> None:
        """Arm the switch, once for each cause and reason: a conversation may fail again every minute."""
        if (cause, reason) in self._armed_for:
            return
        self._armed_for.add((cause, reason))
        self.tell(self.rooms.kill_switch, ArmKillSwitch(cause=cause, reason=reason, who="execution"))


def _named(command: SendOrder | EditOrder | CancelOrder) -> tuple[Label, OrderAction]:
    match command:
        case SendOrder():
            return command.instruction.label, OrderAction.PLACE
        case EditOrder():
            return command.label, OrderAction.EDIT
        case CancelOrder():
            return command.label, OrderAction.CANCEL


def _unexpected(request_id: str, answer: StateSaid) -> RuntimeError:
    why = ", ".join(answer.reasons) if isinstance(answer, Refused) else "an answer of another kind"
    return RuntimeError(f"{request_id}: expected state's answer, found {type(answer).__name__}: {why}")
