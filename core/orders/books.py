"""The rows of the books as frozen values: what state stores and every other room reads."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from pydantic import Field

from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState, PositionState
from core.orders.plan import ComboPlan
from core.orders.terms import OrderPurpose, OrderTerms
from core.values import CycleId, Label, Leg, OrderId, PositionId, ProposalId, SpreadKind, Value


class Job(StrEnum):
    ENTRY = "entry"
    MONITOR = "monitor"
    SETTLEMENT = "settlement"
    KELLY = "kelly"
    DIGEST = "digest"
    HEALTH = "health"
    BACKUP = "backup"
    MARKET_SNAPSHOT = "market_snapshot"

    @property
    def is_cycle(self) -> bool:
        """True if every due slot gets a row in the books."""
        return self in _CYCLES

    @property
    def has_grace(self) -> bool:
        """False if its last slot runs however late it is noticed."""
        return self not in (Job.MONITOR, Job.SETTLEMENT, Job.DIGEST)


_CYCLES = frozenset({Job.ENTRY, Job.MONITOR, Job.SETTLEMENT, Job.KELLY, Job.DIGEST})


class CycleOutcome(StrEnum):
    """How a cycle ended; a closed list, each documented in docs/architecture.md."""

    ENTERED = "entered"
    NO_ENTRY = "no_entry"
    BLOCKED = "blocked"
    VETOED = "vetoed"
    REFUSED = "refused"
    NOT_FILLED = "not_filled"
    IN_DOUBT = "in_doubt"
    NOTHING_OPEN = "nothing_open"
    HELD = "held"
    EXITED = "exited"
    EXIT_BLOCKED = "exit_blocked"
    EXIT_WORKING = "exit_working"
    SETTLED = "settled"
    REPORTED = "reported"
    DATA_FAILED = "data_failed"
    DEADLINE = "deadline"
    ACTOR_FAILED = "actor_failed"
    RECOVERING = "recovering"
    INTERRUPTED = "interrupted"
    MISFIRED = "misfired"
    EXPIRED = "expired"


OUTCOME_RANK: Final = (
    CycleOutcome.EXIT_BLOCKED,
    CycleOutcome.DATA_FAILED,
    CycleOutcome.EXIT_WORKING,
    CycleOutcome.EXITED,
    CycleOutcome.HELD,
    CycleOutcome.NOTHING_OPEN,
)
"""The gravest first: a monitor's outcome is the gravest of its positions'."""


class InstructionKind(StrEnum):
    ENTRY = "entry"
    EXIT = "exit"


class LatchSource(StrEnum):
    """Who has latched entries: a person, or the protections of the strategy."""

    OPERATOR = "operator"
    PROTECTIONS = "protections"


class CashFlowKind(StrEnum):
    PREMIUM = "premium"
    FEE = "fee"
    SETTLEMENT = "settlement"
    SETTLEMENT_FEE = "settlement_fee"


class CycleRow(Value):
    cycle_id: CycleId
    job: Job
    slot: datetime
    opened_at: datetime
    closed_at: datetime | None = None
    outcome: CycleOutcome | None = None
    reasons: tuple[str, ...] = ()


class Proposal(Value):
    """A combo that decision wants to open. Its position has the same id: at most one per proposal."""

    proposal_id: ProposalId
    cycle_id: CycleId
    plan: ComboPlan
    created_at: datetime

    @property
    def position_id(self) -> PositionId:
        return PositionId(self.proposal_id)


class Instruction(Value):
    """One row = one label = one send, for ever.

    `legs` and `limit_eth` are as executed: an exit's legs are reversed.
    """

    label: Label
    proposal_id: ProposalId
    cycle_id: CycleId | None
    kind: InstructionKind
    attempt: int
    legs: tuple[Leg, ...]
    amount: int
    limit_eth: Decimal
    """Net ETH received per combo: positive for a credit, negative for a debit."""
    reduce_only: bool
    valid_until: datetime
    created_at: datetime
    exit_rule: ExitRule | None = None

    @property
    def terms(self) -> OrderTerms:
        """The terms that were permitted and are sent."""
        is_entry = self.kind is InstructionKind.ENTRY
        return OrderTerms(
            purpose=OrderPurpose.ENTRY if is_entry else OrderPurpose.EXIT,
            legs=self.legs,
            amount=self.amount,
            limit_eth=self.limit_eth,
            reduce_only=self.reduce_only,
        )


class OrderRow(Value):
    """What is known of an instruction's order at the venue."""

    label: Label
    state: OrderState
    order_id: OrderId | None = None
    amount: int
    filled_amount: int = 0
    limit_eth: Decimal
    average_price_eth: Decimal | None = None
    reason: str | None = None
    updated_at: datetime


class Edit(Value):
    """The price of one edit of an order, recorded under its permit before it is sent; numbered from 1."""

    label: Label
    number: int
    limit_eth: Decimal
    at: datetime


class Fill(Value):
    """One leg's execution, as the venue reports it. `trade_id` makes booking idempotent."""

    trade_id: str
    label: Label
    instrument_name: str
    side: str
    amount: int
    price_eth: Decimal
    fee_eth: Decimal
    index_usd: Decimal
    at: datetime


class Delivery(Value):
    """One leg's settlement at expiry, as the venue reports it; `key` makes booking idempotent."""

    key: str
    position_id: PositionId
    instrument_name: str
    delivery_price_usd: Decimal
    size: int
    cash_flow_eth: Decimal
    fee_eth: Decimal
    at: datetime


class CashFlow(Value):
    """One movement of the venue's balance, booked and never recomputed. Signed: received is positive."""

    ref: str
    position_id: PositionId
    kind: CashFlowKind
    amount_eth: Decimal
    index_usd: Decimal
    at: datetime


class Position(Value):
    """One spread. `contracts` is the size now: the sum of entry fills less exit fills and deliveries."""

    position_id: PositionId
    cycle_id: CycleId
    plan: ComboPlan
    kind: SpreadKind
    state: PositionState
    contracts_opened: int = 0
    contracts: int = 0
    entered_at: datetime | None = None
    closed_at: datetime | None = None
    exit_rule: ExitRule | None = None
    """The rule that closed it or, from its first exit instruction on, that is to close it."""
    credit_eth: Decimal = Decimal(0)
    """Net premium of the entry fills before fees, in total (not per contract)."""
    fees_eth: Decimal = Decimal(0)
    pnl_eth: Decimal = Decimal(0)
    pnl_usd: Decimal = Decimal(0)
    """Sum of the cash flows so far, each at its own index."""

    @property
    def is_live(self) -> bool:
        """True while the position carries risk or may still come to carry it."""
        return self.state not in (PositionState.CLOSED, PositionState.CANCELLED)


class TradeResult(Value):
    """What a closed position brought. `exit_rule` is None if the venue closed it without telling why."""

    position_id: PositionId
    closed_at: datetime
    exit_rule: ExitRule | None
    pnl_usd: Decimal

    @property
    def won(self) -> bool:
        """A win is a P&L in USD above zero, as in the report."""
        return self.pnl_usd > 0


class EntryLatch(Value):
    """Whether a source blocks entries until a person resumes them.

    `reason`, `who` and `at` are of the latch while it is set, and of the resumption after that.
    """

    source: LatchSource
    latched: bool
    reason: str
    who: str
    at: datetime
    resumed_at: datetime | None = None
    """When a person last resumed entries that this source had blocked."""


class Books(Value):
    """The live part of the books at one instant."""

    as_of: datetime
    seq: int
    positions: tuple[Position, ...]
    orders: tuple[OrderRow, ...]
    """Orders without a final state."""
    instructions: tuple[Instruction, ...]
    """The instructions of those orders."""
    edits: tuple[Edit, ...] = ()
    """The edits of those orders."""
    latches: tuple[EntryLatch, ...] = ()
    """One for each source that has ever blocked entries."""
    ended: tuple[TradeResult, ...] | None = Field(default=None, repr=False)
    """What each closed trade brought, oldest first; None if it was not read since the books changed. A trace
    of messages leaves it out, or each that tells the books would tell all trades that ever were."""

    @property
    def latched(self) -> tuple[EntryLatch, ...]:
        """The latches that are set."""
        return tuple(latch for latch in self.latches if latch.latched)

    def latch(self, source: LatchSource) -> EntryLatch | None:
        """The latch of a source; None if it has never blocked entries."""
        return next((latch for latch in self.latches if latch.source is source), None)

    @property
    def open_positions(self) -> tuple[Position, ...]:
        return tuple(p for p in self.positions if p.is_live)

    @property
    def orders_in_doubt(self) -> tuple[OrderRow, ...]:
        return tuple(o for o in self.orders if o.state is OrderState.UNKNOWN)
