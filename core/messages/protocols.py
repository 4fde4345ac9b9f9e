"""The protocol of every room, on one page: the messages that it takes.

A protocol is what others may send to the room: commands, queries, events of other rooms, and the answers to
what it sends itself. An `Address[Protocol]` takes nothing else; timer messages to itself are the room's own.
"""

from __future__ import annotations

from core.messages.alerting import (
    AlertRaised,
    AlertTested,
    ChannelsTried,
    GetAlerting,
    RaiseAlert,
    SendTestAlert,
    TryChannels,
)
from core.messages.anchor import GetRecordHash, HeadReached
from core.messages.audit import AppendAudit, AuditAt, AuditBoot, GetAudit
from core.messages.base import Refused
from core.messages.control import (
    AwaitEnded,
    AwaitInject,
    GetDump,
    GetHealthcheck,
    GetStatus,
    GetTrace,
    Healthcheck,
    InjectMessage,
    LockLookedAt,
    PingEngine,
    SocketDeaf,
    SocketLost,
    StopEngine,
)
from core.messages.decision import CycleWaits, GetDecision, RecalibrateKelly, RunEntryCycle, RunMonitorCycle
from core.messages.engine_status import HeartbeatStatus
from core.messages.execution import (
    AllClosed,
    CancelEntries,
    CancelOrders,
    CloseAll,
    ClosePosition,
    ExitEnded,
    ExitStarted,
    GetExecution,
    OrderFinal,
    OrdersCancelled,
    PlaceCombo,
    PositionClosed,
    Reconcile,
    Settled,
    SettleExpired,
    SettleFailed,
    StillClosing,
    WithdrawEntries,
)
from core.messages.health import BackupDone, BackupFailed, BackupNow, GetHealth
from core.messages.kill_switch import (
    ArmKillSwitch,
    BooksChanged,
    ClearSuspension,
    DisarmKillSwitch,
    EntriesPaused,
    EntriesResumed,
    GetKillSwitch,
    KillSwitchArmed,
    MarksChanged,
    PauseEntries,
    PermitSpent,
    PermitVoid,
    RequestPermit,
    ResumeEntries,
    SuspendEntries,
)
from core.messages.market_data import (
    FetchSnapshot,
    GetMarks,
    MarketSnapshotFailed,
    MarketSnapshotStored,
    Snapshot,
    SnapshotFailed,
    TakeMarketSnapshot,
)
from core.messages.mcp import (
    CancelOrder,
    EditOrder,
    Fetch,
    Fetched,
    FetchFailed,
    OrderAccepted,
    OrderRefused,
    OrderUnknown,
    ProbeRouter,
    RouterProbed,
    SendOrder,
)
from core.messages.phone import PhoneStatus
from core.messages.recorder import KeepReading, KeepSeries
from core.messages.restart import RestartActor, RestartDone, RestartWaits
from core.messages.room_status import CycleEnded, ExecutionStatus, HealthStatus, RecoveryReport, VenueChecked
from core.messages.scheduler import ClockSet, GetJobs, JobDue, Jobs, StartJobs
from core.messages.state import (
    AccountBound,
    AnyRecording,
    BackupMade,
    BooksRead,
    ClosedTrades,
    CycleKnown,
    CycleOpened,
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
    InboxRecorded,
    JobRuns,
    KillSwitchRow,
    LastCycle,
    LatchesLifted,
    MakeBackup,
    OpenCycles,
    OpenInbox,
    OrdersRead,
    PositionRead,
    Recorded,
    SystemRead,
    UndeliveredAlerts,
    WeekRead,
)
from core.messages.state_queries import AlertsRead, GetAlertsOf

AlertingProtocol = (
    RaiseAlert
    | SendTestAlert
    | GetAlerting
    | TryChannels
    | Recorded
    | Refused
    | UndeliveredAlerts
    | AlertsRead
)

KillSwitchProtocol = (
    RequestPermit
    | PermitSpent
    | PermitVoid
    | ArmKillSwitch
    | DisarmKillSwitch
    | PauseEntries
    | ResumeEntries
    | SuspendEntries
    | ClearSuspension
    | BooksChanged
    | MarksChanged
    | VenueChecked
    | GetKillSwitch
    | AuditBoot
    | KillSwitchRow
    | LatchesLifted
    | Recorded
    | Refused
)

StateProtocol = (
    AnyRecording
    | MakeBackup
    | AuditAt
    | AuditBoot
    | GetBooks
    | GetPosition
    | GetOrders
    | GetOpenCycles
    | GetLastCycle
    | GetClosedTrades
    | GetWeek
    | GetJobRuns
    | GetKillSwitchRow
    | GetUndeliveredAlerts
    | GetAlertsOf
    | GetOpenInbox
    | GetAuditHeadAndPending
    | GetSystem
    | GetTable
    | GetTradeResults
    | KillSwitchArmed
)

AuditProtocol = AppendAudit | GetAudit | GetRecordHash | KillSwitchArmed

AnchorProtocol = HeadReached | Recorded | Refused | KillSwitchArmed

RecorderProtocol = KeepReading | KeepSeries

McpOrdersProtocol = SendOrder | EditOrder | CancelOrder

ExecutionProtocol = (
    PlaceCombo
    | ClosePosition
    | SettleExpired
    | Reconcile
    | CancelEntries
    | WithdrawEntries
    | CloseAll
    | CancelOrders
    | GetExecution
    | KillSwitchArmed
    | AccountBound
    | Recorded
    | Refused
    | BooksRead
    | PositionRead
    | OrdersRead
    | Fetched
    | FetchFailed
    | OrderAccepted
    | OrderRefused
    | OrderUnknown
)

McpProtocol = Fetch | ProbeRouter

MarketDataProtocol = (
    FetchSnapshot
    | TakeMarketSnapshot
    | GetMarks
    | JobDue
    | Fetched
    | FetchFailed
    | BooksRead
    | Recorded
    | Refused
)

DecisionProtocol = (
    RunEntryCycle
    | RunMonitorCycle
    | RecalibrateKelly
    | GetDecision
    | JobDue
    | MarketSnapshotStored
    | Snapshot
    | SnapshotFailed
    | OrderFinal
    | ExitStarted
    | PositionClosed
    | Settled
    | SettleFailed
    | RecoveryReport
    | ExecutionStatus
    | CycleOpened
    | CycleKnown
    | OpenCycles
    | LastCycle
    | ClosedTrades
    | WeekRead
    | AlertRaised
    | Recorded
    | Refused
)

HealthProtocol = (
    GetHealth
    | BackupNow
    | ClockSet
    | JobDue
    | RecoveryReport
    | RouterProbed
    | Fetched
    | FetchFailed
    | SystemRead
    | BackupMade
    | KillSwitchArmed
    | Recorded
    | Refused
)

ControlProtocol = (
    GetStatus
    | PingEngine
    | GetHealthcheck
    | StopEngine
    | GetDump
    | GetTrace
    | TryChannels
    | ChannelsTried
    | GetJobs
    | InjectMessage
    | AwaitInject
    | AwaitEnded
    | RestartActor
    | SocketLost
    | SocketDeaf
    | LockLookedAt
    | HeartbeatStatus
    | RecoveryReport
    | OpenInbox
    | InboxRecorded
    | Jobs
    | Recorded
    | Refused
    | AlertRaised
    | CycleWaits
    | CycleEnded
    | ExitStarted
    | ExitEnded
    | Settled
    | SettleFailed
    | MarketSnapshotStored
    | MarketSnapshotFailed
    | EntriesPaused
    | EntriesResumed
    | AllClosed
    | StillClosing
    | OrdersCancelled
    | BackupDone
    | BackupFailed
    | AlertTested
    | RestartDone
    | RestartWaits
    | PhoneStatus
)
"""From `CycleWaits` on: the answers to operators' messages."""

HeartbeatProtocol = Healthcheck
"""The answer to what it asks; nobody tells it anything."""

PhoneProtocol = Refused
"""It asks, and is asked nothing."""

SchedulerProtocol = StartJobs | GetJobs | ClockSet | HealthStatus | JobRuns | LastCycle | Recorded | Refused
