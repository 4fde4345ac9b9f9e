"""A fake of the state room: the books in memory, the same edges, no disk."""

from __future__ import annotations

from copy import copy
from datetime import datetime

from actors.room import answerer
from actors.runtime import Actor, AnyAddress
from core.errors import IllegalEdgeError
from core.messages.base import Answered, Refused
from core.messages.kill_switch import BooksChanged
from core.messages.state import (
    AccountBound,
    BindAccount,
    BooksRead,
    CloseProposal,
    GetBooks,
    GetKillSwitchRow,
    GetOrders,
    GetPosition,
    KillSwitchRow,
    LatchEntries,
    LatchesLifted,
    LiftLatches,
    OrdersRead,
    PositionRead,
    RecordDeliveries,
    Recorded,
    RecordEdit,
    RecordEvent,
    RecordInstruction,
    RecordKillSwitch,
    RecordOrder,
    RecordSent,
)
from core.orders.books import (
    Books,
    Edit,
    EntryLatch,
    Fill,
    Instruction,
    InstructionKind,
    LatchSource,
    OrderRow,
    Position,
    Proposal,
)
from core.orders.exit_rule import ExitRule
from core.orders.identity import Permitted
from core.orders.lifecycle import (
    ORDER_FINAL,
    OrderState,
    PositionState,
    check_order_edge,
    check_position_edge,
)
from core.values import CycleId, Label, PositionId

TAG = "abcdef"
"""The tag of the data folder that these books stand for."""
AFTER_TAGS = ("ghijkl", "mnopqr", "stuvwx")
"""What is drawn after it, one after the other."""


class FakeBooks(Actor):
    """Answers at once; `refuse` and `silent` name message types that are refused or not answered."""

    def __init__(self, *, kill_switch: AnyAddress | None = None) -> None:
        # By plain text, so that a test may name a position or an order.
        self.positions: dict[str, Position] = {}
        self.orders: dict[str, OrderRow] = {}
        self.instructions: dict[Label, Instruction] = {}
        self.edits: list[Edit] = []
        self.fills: dict[str, Fill] = {}
        self.delivered: dict[str, int] = {}
        self.row = KillSwitchRow(request_id="", armed=False, causes=(), reason="", who="", at=None)
        self.account: tuple[str, str] | None = None
        self.tag = TAG
        self.latches: dict[LatchSource, EntryLatch] = {}
        self.former_tags: tuple[str, ...] = ()
        self.restored_at: datetime | None = None
        self.refuse: dict[type, str] = {}
        self.silent: set[type] = set()
        self.seq = 0
        self._kill_switch = kill_switch

    def propose(self, proposal: Proposal) -> None:
        """What decision has recorded."""
        self.positions[proposal.position_id] = Position(
            position_id=proposal.position_id,
            cycle_id=CycleId(proposal.cycle_id),
            plan=proposal.plan,
            kind=proposal.plan.kind,
            state=PositionState.PROPOSED,
        )

    def state_of(self, position_id: str) -> PositionState:
        return self.positions[position_id].state

    def kept(self) -> dict[str, object]:
        """What a backup of now holds."""
        names = ("positions", "orders", "instructions", "edits", "fills", "delivered")
        return {name: copy(getattr(self, name)) for name in names}

    def put_back(self, kept: dict[str, object], *, restored: bool = True) -> None:
        """The books of a backup, in a folder that draws a new tag; a copy of it, if not `restored`."""
        for name, content in kept.items():
            setattr(self, name, copy(content))
        self.former_tags, self.tag = (*self.former_tags, self.tag), AFTER_TAGS[len(self.former_tags)]
        self.restored_at = self.ctx.now() if restored else None
        self.tell_facts()

    def books(self) -> Books:
        live = [row for row in self.orders.values() if row.state not in ORDER_FINAL]
        return Books(
            as_of=self.ctx.now(),
            seq=self.seq,
            positions=tuple(p for p in self.positions.values() if p.is_live),
            orders=tuple(live),
            instructions=tuple(self.instructions[row.label] for row in live),
            edits=tuple(self.edits),
            latches=tuple(self.latches.values()),
        )

    def tell_facts(self) -> None:
        if self._kill_switch is not None:
            self.ctx.tell(self._kill_switch, BooksChanged(books=self.books(), entry_requests_last_hour=0))

    def on_receive(self, message: object) -> None:
        if type(message) in self.silent:
            return
        assert isinstance(message, Answered)
        answer = answerer(self.ctx, message)
        request_id = getattr(message, "request_id", "")
        if type(message) in self.refuse:
            answer(Refused(request_id=request_id, reasons=(self.refuse[type(message)],)))
            return
        match message:
            case GetBooks():
                answer(BooksRead(request_id=request_id, books=self.books()))
                return
            case GetPosition():
                found = self.positions.get(message.position_id)
                answer(PositionRead(request_id=request_id, position=found))
                return
            case GetOrders():
                known = [label for label in message.labels if label in self.orders]
                answer(
                    OrdersRead(
                        request_id=request_id,
                        orders=tuple(
                            (self.orders[label], Permitted.of(self.instructions[label], self.edits))
                            for label in known
                        ),
                    )
                )
                return
            case GetKillSwitchRow():
                answer(self.row.model_copy(update={"request_id": request_id}))
                return
            case BindAccount():
                answer(self._bind(message))
                return
            case LiftLatches():
                lifted = tuple(source for source in message.sources if self.latches.pop(source, None))
                self.seq += 1
                self.tell_facts()
                answer(LatchesLifted(request_id=request_id, lifted=lifted))
                return
            case _:
                pass
        try:
            refusal = self._write(message)
        except IllegalEdgeError as error:
            refusal = f"illegal_edge: {error}"
        if refusal is not None:
            answer(Refused(request_id=request_id, reasons=(refusal,)))
            return
        self.seq += 1
        self.tell_facts()
        answer(Recorded(request_id=request_id))

    def _write(self, message: object) -> str | None:
        match message:
            case RecordInstruction(instruction=instruction):
                return self._instruction(instruction)
            case RecordSent():
                label = Label(message.label)
                check_order_edge(self.orders[label].state, OrderState.SENT)
                self.orders[label] = self.orders[label].model_copy(update={"state": OrderState.SENT})
            case RecordEdit():
                edit = Edit(
                    label=message.label,
                    number=len(self.edits) + 1,
                    limit_eth=message.limit_eth,
                    at=message.at,
                )
                self.edits.append(edit)
            case RecordOrder():
                return self._order(message)
            case RecordDeliveries():
                for delivery in message.deliveries:
                    self.delivered[delivery.key] = delivery.size
                for position_id in {delivery.position_id for delivery in message.deliveries}:
                    self._move(position_id, PositionState.CLOSED)
                    self._set(position_id, contracts=0)
            case CloseProposal():
                self._move(PositionId(message.proposal_id), PositionState.CANCELLED)
            case RecordKillSwitch():
                self.row = self.row.model_copy(
                    update=message.model_dump(include={"armed", "causes", "reason", "who", "at", "disarms"})
                )
            case LatchEntries():
                self.latches[message.source] = EntryLatch(
                    source=message.source,
                    latched=True,
                    reason=message.reason,
                    who=message.who,
                    at=message.at,
                )
            case RecordEvent():
                pass
            case _:
                raise TypeError(f"the fake books do not know {type(message).__name__}")
        return None

    def _bind(self, message: BindAccount) -> AccountBound | Refused:
        told = (message.environment.value, message.account)
        if self.account not in (None, told):
            return Refused(request_id=message.request_id, reasons=("account_differs",))
        self.account = told
        return AccountBound(
            request_id=message.request_id,
            environment=message.environment,
            account=message.account,
            tag=self.tag,
            former_tags=self.former_tags,
            restored_at=self.restored_at,
        )

    def _instruction(self, instruction: Instruction) -> str | None:
        if instruction.label in self.instructions:
            return "label_taken"
        is_entry = instruction.kind is InstructionKind.ENTRY
        to = PositionState.AWAITING_FILL if is_entry else PositionState.CLOSING
        self._move(PositionId(instruction.proposal_id), to)
        if not is_entry:
            self._set(PositionId(instruction.proposal_id), exit_rule=instruction.exit_rule or ExitRule.MANUAL)
        self.instructions[instruction.label] = instruction
        self.orders[instruction.label] = OrderRow(
            label=instruction.label,
            state=OrderState.INTENDED,
            amount=instruction.amount,
            limit_eth=instruction.limit_eth,
            updated_at=instruction.created_at,
        )
        return None

    def _order(self, message: RecordOrder) -> str | None:
        row = message.order
        if row.label not in self.orders:
            return "unknown_label"
        check_order_edge(self.orders[row.label].state, row.state)
        self.orders[row.label] = row
        for fill in message.fills:
            self.fills.setdefault(fill.trade_id, fill)
        instruction = self.instructions[row.label]
        position_id = PositionId(instruction.proposal_id)
        opened, exited = (self._combos(position_id, kind) for kind in InstructionKind)
        if row.state in ORDER_FINAL and self._combos_of(instruction) != row.filled_amount:
            return "fills_missing"
        self._set(position_id, contracts_opened=opened, contracts=opened - exited)
        self._follow(position_id, by_reconcile=message.by_reconcile)
        return None

    def _follow(self, position_id: PositionId, *, by_reconcile: bool) -> None:
        position = self.positions[position_id]
        live = {
            self.instructions[row.label].kind
            for row in self.orders.values()
            if row.state not in ORDER_FINAL
            and PositionId(self.instructions[row.label].proposal_id) == position_id
        }
        if position.contracts_opened == 0:
            if position.state is PositionState.AWAITING_FILL and InstructionKind.ENTRY not in live:
                self._move(position_id, PositionState.CANCELLED)
            return
        if position.state in (PositionState.AWAITING_FILL, PositionState.CANCELLED):
            self._move(position_id, PositionState.OPEN, by_reconcile=by_reconcile)
            self._set(position_id, entered_at=self.ctx.now())
        if position.contracts == 0 and InstructionKind.ENTRY not in live:
            self._move(position_id, PositionState.CLOSED)
        elif self.positions[position_id].state is PositionState.CLOSING and InstructionKind.EXIT not in live:
            self._move(position_id, PositionState.OPEN)

    def _combos(self, position_id: PositionId, kind: InstructionKind) -> int:
        return sum(
            self._combos_of(instruction)
            for instruction in self.instructions.values()
            if PositionId(instruction.proposal_id) == position_id and instruction.kind is kind
        )

    def _combos_of(self, instruction: Instruction) -> int:
        leg = instruction.legs[0]
        return sum(
            fill.amount
            for fill in self.fills.values()
            if fill.label == instruction.label and fill.instrument_name == leg.instrument_name
        )

    def _move(self, position_id: PositionId, to: PositionState, *, by_reconcile: bool = False) -> None:
        position = self.positions[position_id]
        check_position_edge(position.state, to, by_reconcile=by_reconcile)
        self._set(position_id, state=to)

    def _set(self, position_id: PositionId, **update: object) -> None:
        self.positions[position_id] = self.positions[position_id].model_copy(update=update)
