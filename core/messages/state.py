"""State: the books. Every request that writes has a `request_id`; repeating it returns the first answer.

A write carries its own audit events; state sequences the audit chain and answers `Recorded` (told, or replied
to an ask) only when database *and* audit file have it on disk. Queries: `core.messages.state_queries`.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from core.messages.arm_cause import ArmCause
from core.messages.entry_latches import LatchEntries, LiftLatches
from core.messages.recording import (
    AccountBound,
    BackupMade,
    CycleKnown,
    CycleOpened,
    InboxRecorded,
    LatchesLifted,
    Recorded,
    Recording,
    RecordingAnswer,
)
from core.messages.room_status import (
    AlertRow,
)
from core.messages.state_queries import (
    AlertsRead,
    AuditHeadAndPending,
    BooksRead,
    ClosedTrades,
    GetAuditHeadAndPending,
    GetBooks,
    GetClosedTrades,
    GetJobRuns,
    GetKillSwitchRow,
    GetLastCycle,
    GetOpenCycles,
    GetOpenInbox,
    GetOrders,
    GetPosition,
    GetSystem,
    GetTable,
    GetTradeResults,
    GetUndeliveredAlerts,
    GetWeek,
    JobRuns,
    LastCycle,
    OpenCycles,
    OpenInbox,
    OrdersRead,
    PositionRead,
    SystemRead,
    TableRead,
    TradeResults,
    WeekRead,
)
from core.messages.state_rows import InboxItem, KillSwitchRow, UndeliveredAlerts
from core.orders.books import CycleOutcome, Delivery, Fill, Instruction, Job, OrderRow, Proposal
from core.values import CycleId, Environment, Label, ProposalId, Value

__all__ = [
    "AccountBound",
    "AnyRecording",
    "AuditHeadAndPending",
    "BackupMade",
    "BindAccount",
    "BooksRead",
    "CloseCycle",
    "CloseProposal",
    "ClosedTrades",
    "CycleKnown",
    "CycleOpened",
    "GetAuditHeadAndPending",
    "GetBooks",
    "GetClosedTrades",
    "GetJobRuns",
    "GetKillSwitchRow",
    "GetLastCycle",
    "GetOpenCycles",
    "GetOpenInbox",
    "GetOrders",
    "GetPosition",
    "GetSystem",
    "GetTable",
    "GetTradeResults",
    "GetUndeliveredAlerts",
    "GetWeek",
    "IdleEnd",
    "InboxItem",
    "InboxRecorded",
    "JobRuns",
    "KillSwitchRow",
    "LastCycle",
    "LatchEntries",
    "LatchesLifted",
    "LiftLatches",
    "MakeBackup",
    "OpenCycle",
    "OpenCycles",
    "OpenInbox",
    "OrdersRead",
    "PositionRead",
    "RecordAlert",
    "RecordAlertDelivered",
    "RecordAlertParked",
    "RecordAlertsTried",
    "RecordDecision",
    "RecordDeliveries",
    "RecordEdit",
    "RecordEvent",
    "RecordInbox",
    "RecordInboxDone",
    "RecordInstruction",
    "RecordJobRuns",
    "RecordKillSwitch",
    "RecordMarketSnapshot",
    "RecordOrder",
    "RecordSent",
    "Recorded",
    "Recording",
    "RecordingAnswer",
    "SetSystem",
    "StateAnswer",
    "SystemRead",
    "TableRead",
    "TradeResults",
    "UndeliveredAlerts",
    "WeekRead",
]


class EndOfCycle(Value):
    """How a cycle ends whose row is closed by another message than `CloseCycle`."""

    outcome: CycleOutcome
    reasons: tuple[str, ...] = ()


class IdleEnd(EndOfCycle):
    """That of one that the books leave nothing to do; `seq` is the last record of those that say so."""

    seq: int


class OpenCycle(Recording):
    """(job, slot) is unique. Answered by `CycleOpened` (new, or unfinished and taken up) or `CycleKnown`.

    With an `idle` end the cycle is closed by the same message, if the books have no record after its `seq`.
    """

    job: Job
    slot: datetime
    at: datetime
    idle: IdleEnd | None = None


class RecordDecision(Recording):
    """`record`: canonical JSON of `core.rules.record`. A proposal makes a `proposed` position.

    `texts` are those that the record holds by their digests (`core.venue_text`). With an `end` the cycle is
    closed by the same message, because nothing follows from its one decision.
    """

    cycle_id: CycleId
    at: datetime
    record: str
    proposal: Proposal | None = None
    texts: tuple[str, ...] = ()
    end: EndOfCycle | None = None


class RecordInstruction(Recording):
    """Commits the instruction and its order row (`intended`); moves the position along its edge."""

    instruction: Instruction


class RecordSent(Recording):
    """The permit is granted and the send is about to be told: order `intended → sent`."""

    label: str
    at: datetime


class RecordEdit(Recording):
    """The permit for an edit is granted and the edit is about to be sent: its price, net ETH received."""

    label: Label
    limit_eth: Decimal
    at: datetime


class RecordOrder(Recording):
    """What the venue says about an order, and its fills, of which each is booked once by its `trade_id`.

    Moves the order, books premium and fee cash flows, changes the position's size and moves the position.
    `by_reconcile` permits `cancelled → open`.
    """

    order: OrderRow
    fills: tuple[Fill, ...] = ()
    by_reconcile: bool = False


class RecordDeliveries(Recording):
    """Settlements at expiry: cash flows booked once each by `key`; a position with nothing left is closed."""

    deliveries: tuple[Delivery, ...]
    at: datetime


class CloseProposal(Recording):
    """The proposal ended before anything was sent: position `proposed → cancelled`."""

    proposal_id: ProposalId
    reason: str
    at: datetime


class CloseCycle(Recording):
    """The cycle's outcome, once and for all."""

    cycle_id: CycleId
    outcome: CycleOutcome
    reasons: tuple[str, ...]
    at: datetime


class RecordEvent(Recording):
    """Audit only."""


class RecordMarketSnapshot(Recording):
    """A stored snapshot of the market: scalars as columns, quotes as canonical JSON."""

    at: datetime
    spot_usd: float
    dvol: float
    funding: float | None
    quotes: str
    """JSON list of `[instrument_name, bid, ask, mark, mark_iv, delta, open_interest, volume_24h]`."""


class RecordJobRuns(Recording):
    """The next due slot of jobs, so that a restart neither repeats nor loses one; the others' stays."""

    next_runs: dict[Job, datetime]


class RecordKillSwitch(Recording):
    """The row behind the `KILL` file; idempotent."""

    armed: bool
    causes: tuple[ArmCause, ...]
    reason: str
    who: str
    at: datetime
    disarms: tuple[str, ...] = ()
    """Of a disarming: the ids of the armings in the file that it takes away."""


class RecordAlert(Recording):
    """An alert and the channels that it shall go to, before anybody tries to deliver it."""

    alert: AlertRow
    channels: tuple[str, ...]


class RecordAlertDelivered(Recording):
    """A channel has taken the alert, which is no longer undelivered for this channel."""

    alert_id: str
    channel: str
    at: datetime


class RecordAlertsTried(Recording):
    """A channel is about to be tried with these alerts for the first time in this life."""

    alert_ids: tuple[str, ...]
    channel: str
    at: datetime


class RecordAlertParked(Recording):
    """A channel refuses the alert for good: it is no longer read as undelivered for this channel."""

    alert_id: str
    channel: str
    at: datetime


class RecordInbox(Recording):
    """An operator's message, recorded before it is acknowledged to the person. `body` is its JSON.

    Answered by `InboxRecorded`: its `at` is that of the request, or some microseconds later.
    """

    at: datetime
    message: str
    body: str
    who: str


class RecordInboxDone(Recording):
    """What an operator's message led to, recorded once the person has been told; the end of its row."""

    inbox_request_id: str
    at: datetime
    answer: str


class BindAccount(Recording):
    """Bind the data folder to the venue's environment and account; a later mismatch is `Refused`.

    `folder` tells the data folder from its copies. `tag` is used if the folder has none yet, or is not the
    one for which the last was drawn. Answered by `AccountBound` or `Refused`.
    """

    environment: Environment
    account: str
    folder: str
    tag: str
    at: datetime


class SetSystem(Recording):
    """One value that the engine keeps for itself under a key, read by `GetSystem`."""

    key: str
    value: str
    at: datetime


AnyRecording = (
    OpenCycle
    | RecordDecision
    | RecordInstruction
    | RecordSent
    | RecordEdit
    | RecordOrder
    | RecordDeliveries
    | CloseProposal
    | CloseCycle
    | RecordEvent
    | RecordMarketSnapshot
    | RecordJobRuns
    | RecordKillSwitch
    | RecordAlert
    | RecordAlertDelivered
    | RecordAlertsTried
    | RecordAlertParked
    | RecordInbox
    | RecordInboxDone
    | BindAccount
    | SetSystem
    | LatchEntries
    | LiftLatches
)
"""What a room may have recorded, request by request; `Recording` is only their base."""


class MakeBackup(Recording):
    """Answered by `BackupMade` or `Refused`."""

    at: datetime


StateAnswer = (
    RecordingAnswer
    | BooksRead
    | PositionRead
    | OrdersRead
    | OpenCycles
    | LastCycle
    | ClosedTrades
    | WeekRead
    | JobRuns
    | KillSwitchRow
    | UndeliveredAlerts
    | AlertsRead
    | OpenInbox
    | AuditHeadAndPending
    | SystemRead
    | TableRead
    | TradeResults
)
