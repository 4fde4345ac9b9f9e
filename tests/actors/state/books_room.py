"""State and audit together on a real folder, their messages delivered by hand, one at a time."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from pydantic import JsonValue

from actors.audit.actor import Audit
from actors.runtime import AskTimeout
from actors.runtime.testing import FakeAddress, FakeContext
from actors.state.actor import State
from core.audit.hash_chain import split_lines
from core.messages.audit import AppendAudit, AuditEvent, AuditKind
from core.messages.state import (
    CycleOpened,
    GetAuditHeadAndPending,
    GetTable,
    OpenCycle,
    RecordDecision,
    RecordEvent,
    RecordInstruction,
    RecordOrder,
    RecordSent,
)
from core.orders.books import (
    CashFlow,
    CashFlowKind,
    Fill,
    Instruction,
    InstructionKind,
    Job,
    OrderRow,
    Proposal,
)
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState
from core.orders.plan import ComboPlan, LegFacts
from core.redaction import Redactor
from core.values import CycleId, Label, Leg, OptionType, OrderId, PositionId, ProposalId, Side, SpreadKind

START = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
EXPIRY = datetime(2026, 1, 23, 8, 0, tzinfo=UTC)
SHORT = "ETH-23JAN26-2800-P"
LONG = "ETH-23JAN26-2600-P"


class BooksRoom:
    """Both actors of one life of the process. `stop` ends it orderly, `kill` as a power cut would."""

    def __init__(self, data_dir: Path, *, now: datetime = START, anchor: FakeAddress | None = None) -> None:
        self.data_dir = data_dir
        data_dir.mkdir(parents=True, exist_ok=True)  # Of a folder that is gone no room makes another.
        self.anchor = anchor
        self.audit_address = FakeAddress("audit")
        self.state_address = FakeAddress("state")
        self.kill_switch = FakeAddress("kill_switch")
        self.alerting = FakeAddress("alerting")
        self.sender = FakeAddress("sender")
        self.state_ctx = FakeContext("state", now=now)
        self.audit_ctx = FakeContext("audit", now=now)
        self.state = self._new_state()
        self.audit = self._new_audit()
        self._delivered = {"state": 0, "audit": 0}
        self.hold_appends = False
        self.held: deque[AppendAudit] = deque()

    def _new_state(self) -> State:
        state = State(
            data_dir=self.data_dir,
            audit=self.audit_address,
            kill_switch=self.kill_switch,
            alerting=self.alerting,
            redact=Redactor(),
        )
        state.ctx = self.state_ctx
        return state

    def _new_audit(self) -> Audit:
        audit = Audit(
            data_dir=self.data_dir,
            state=self.state_address,
            kill_switch=self.kill_switch,
            alerting=self.alerting,
            anchor=self.anchor,
        )
        audit.ctx = self.audit_ctx
        self.audit_ctx.asks[GetAuditHeadAndPending] = self.ask
        self.audit_ctx.asks[GetTable] = self.ask
        return audit

    def start(self) -> BooksRoom:
        self.state.on_start()
        self.audit.on_start()
        self.deliver()
        return self

    def restart_audit(self) -> None:
        """As the supervisor does after a crash of audit alone."""
        self.audit = self._new_audit()
        self.audit.on_start()
        self.deliver()

    def stop(self) -> None:
        self.audit.on_stop()
        self.deliver()
        self.state.on_stop()

    def crash_state(self) -> None:
        """As the supervisor does after a crash of state: audit stops, both start again."""
        self.state.on_failure(RuntimeError("a crash"))
        self.state.on_stop()
        self.audit_ctx.asks[GetAuditHeadAndPending] = AskTimeout("state is down")
        self.audit.on_stop()
        self.state, self.audit = self._new_state(), self._new_audit()
        self.held.clear()
        self.hold_appends = False
        self.start()

    def kill(self) -> None:
        """The process is gone: nothing is tidied up."""
        db = self.state._db
        if db is not None:
            db.close()

    def tell(self, message: object, *, sender: FakeAddress | None = None) -> None:
        with self.state_ctx.handling(message, sender=sender or self.sender, correlation="c-1"):
            self.state.on_receive(message)
        self.deliver()

    def ask(self, message: object) -> object:
        with self.state_ctx.handling(message) as envelope:
            self.state_ctx.envelope = envelope._replace(reply_to=_Reply())
            self.state.on_receive(message)
        return self.state_ctx.deferred[-1].outcome

    def answer_to(self, message: object) -> object:
        """Tell and return what the sender was told for it."""
        before = len(self.answers)
        self.tell(message)
        found = self.answers[before:]
        assert len(found) == 1, found
        return found[0]

    @property
    def answers(self) -> list[object]:
        return self.state_ctx.told_to(self.sender)

    def deliver(self) -> None:
        """Until nothing moves: audit's and state's messages to each other and to themselves."""
        while self._deliver_one():
            pass

    def _deliver_one(self) -> bool:
        for ctx in (self.state_ctx, self.audit_ctx):
            position = self._delivered[ctx.name]
            if position < len(ctx.told):
                self._delivered[ctx.name] = position + 1
                to, message = ctx.told[position]
                self._hand_over(to.name, message)
                return True
        return False

    def _hand_over(self, name: str, message: object) -> None:
        if name == "audit":
            if self.hold_appends and isinstance(message, AppendAudit):
                self.held.append(message)
                return
            with self.audit_ctx.handling(message, sender=self.state_address):
                self.audit.on_receive(message)
        elif name == "state":
            with self.state_ctx.handling(message, sender=self.audit_address):
                self.state.on_receive(message)

    def release_appends(self) -> None:
        self.hold_appends = False
        while self.held:
            self._hand_over("audit", self.held.popleft())
        self.deliver()

    def advance(self, seconds: float) -> None:
        self.state_ctx.advance(seconds)
        self.audit_ctx.advance(seconds)

    def audit_bytes(self) -> bytes:
        folder = self.data_dir / "audit"
        return b"".join(path.read_bytes() for path in sorted(folder.glob("audit-*.jsonl")))


class _Reply:
    """Marks an envelope as an ask; FakeContext keeps the answer."""

    def resolve(self, value: object) -> bool:
        raise AssertionError("answered past the deferred reply")

    def reject(self, error: BaseException) -> bool:
        raise AssertionError("failed past the deferred reply")


def leg(name: str, strike_usd: float, side: Side) -> Leg:
    return Leg(
        instrument_name=name,
        option_type=OptionType.PUT,
        strike_usd=strike_usd,
        expiration=EXPIRY,
        side=side,
    )


def plan(contracts: int = 2) -> ComboPlan:
    legs = (leg(SHORT, 2800.0, Side.SELL), leg(LONG, 2600.0, Side.BUY))
    return ComboPlan(
        kind=SpreadKind.BULL_PUT,
        legs=legs,
        leg_facts=tuple(
            LegFacts(
                instrument_name=each.instrument_name,
                bid_eth=Decimal("0.01"),
                ask_eth=Decimal("0.011"),
                mark_eth=Decimal("0.0105"),
                mark_iv_pct=70.0,
                delta=-0.2,
                forward_usd=3100.0,
            )
            for each in legs
        ),
        contracts=contracts,
        limit_eth=Decimal("0.0120"),
        floor_eth=Decimal("0.0100"),
        mid_eth=Decimal("0.0121"),
        natural_eth=Decimal("0.0101"),
        width_usd=200.0,
        fees_round_trip_eth=0.0012,
        worst_loss_usd=180.0,
        worst_loss_eth=0.06,
        initial_margin_eth=0.1,
        breakeven_low_usd=2770.0,
        breakeven_high_usd=None,
        pop=0.8,
        expiration=EXPIRY,
        entry_spot_usd=3100.0,
        entry_dvol=65.0,
    )


CYCLE = CycleId("entry-20260105T140000Z")
PROPOSAL = ProposalId(f"p-{CYCLE}")
POSITION = PositionId(PROPOSAL)
LATE_FEE = CashFlow(
    ref="late",
    position_id=POSITION,
    kind=CashFlowKind.FEE,
    amount_eth=Decimal("-0.001"),
    index_usd=Decimal(3000),
    at=START,
)
"""Three dollars that nothing else says of."""


def propose(room: BooksRoom, contracts: int = 2) -> Proposal:
    """A cycle, its decision, and a proposed position."""
    opened = room.answer_to(OpenCycle(request_id="open", job=Job.ENTRY, slot=START, at=START))
    assert isinstance(opened, CycleOpened)
    proposal = Proposal(proposal_id=PROPOSAL, cycle_id=CYCLE, plan=plan(contracts), created_at=START)
    room.tell(
        RecordDecision(request_id="decide", cycle_id=CYCLE, at=START, record='{"x":1}', proposal=proposal)
    )
    return proposal


def instruct(
    room: BooksRoom,
    kind: InstructionKind = InstructionKind.ENTRY,
    attempt: int = 1,
    amount: int = 2,
    exit_rule: ExitRule | None = None,
) -> Label:
    """An instruction, committed; its order is intended."""
    entry = kind is InstructionKind.ENTRY
    label = Label(f"{PROPOSAL}:{'e' if entry else 'x'}{attempt}")
    legs = plan().legs if entry else tuple(each.reversed() for each in plan().legs)
    instruction = Instruction(
        label=label,
        proposal_id=PROPOSAL,
        cycle_id=CYCLE if entry else None,
        kind=kind,
        attempt=attempt,
        legs=legs,
        amount=amount,
        limit_eth=Decimal("0.0120") if entry else Decimal("-0.0040"),
        reduce_only=not entry,
        valid_until=START + timedelta(seconds=3),
        created_at=START,
        exit_rule=exit_rule,
    )
    room.tell(RecordInstruction(request_id=f"i-{label}", instruction=instruction))
    return label


def send(room: BooksRoom, label: Label) -> None:
    room.tell(RecordSent(request_id=f"s-{label}", label=label, at=START))


def order_row(
    label: Label, state: OrderState, filled: int = 0, amount: int = 2, limit: str = "0.0120"
) -> OrderRow:
    return OrderRow(
        label=label,
        state=state,
        order_id=OrderId(f"o-{label}"),
        amount=amount,
        filled_amount=filled,
        limit_eth=Decimal(limit),
        updated_at=START + timedelta(minutes=1),
    )


def fills(label: Label, number: int, amount: int, *, entry: bool = True) -> tuple[Fill, Fill]:
    """One fill of both legs. The prices do not divide evenly, so that rounding shows."""
    sides = ("sell", "buy") if entry else ("buy", "sell")
    prices = ("0.0153", "0.0033") if entry else ("0.0071", "0.0031")

    def one(index: int, name: str) -> Fill:
        return Fill(
            trade_id=f"{label}-{number}-{index}",
            label=label,
            instrument_name=name,
            side=sides[index],
            amount=amount,
            price_eth=Decimal(prices[index]),
            fee_eth=Decimal("0.0003") * amount,
            index_usd=Decimal("3100.25"),
            at=START + timedelta(minutes=number),
        )

    return one(0, SHORT), one(1, LONG)


def record(
    room: BooksRoom, row: OrderRow, booked: tuple[Fill, ...] = (), *, request: str, by_reconcile: bool = False
) -> object:
    return room.answer_to(RecordOrder(request_id=request, order=row, fills=booked, by_reconcile=by_reconcile))


def opened(room: BooksRoom, contracts: int = 2) -> Label:
    """A position of `contracts`, entered by one fill."""
    propose(room, contracts)
    label = instruct(room, amount=contracts)
    send(room, label)
    row = order_row(label, OrderState.FILLED, contracts, contracts)
    record(room, row, fills(label, 1, contracts), request="fill-entry")
    return label


def event(number: int, detail: JsonValue = None) -> RecordEvent:
    """A request that writes one audit record and no row."""
    made = AuditEvent(
        kind=AuditKind.KELLY, at=START, detail={"n": number} if detail is None else {"x": detail}
    )
    return RecordEvent(request_id=f"event-{number}", audit=(made,))


def records(room: BooksRoom) -> list[dict[str, object]]:
    return [json.loads(line) for line in split_lines(room.audit_bytes())]
