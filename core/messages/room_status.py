"""What each room says of itself, as a person sees it. Apart from the messages that move the rooms, because
who only shows a status needs none of those."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from core.alerts import Severity
from core.checks import RuleResult
from core.contract.base import Router
from core.messages.arm_cause import ArmCause
from core.messages.base import Event
from core.orders.books import CycleOutcome, EntryLatch, Job
from core.values import CycleId, Environment, Value


class KillSwitchStatus(Event):
    armed: bool
    causes: tuple[ArmCause, ...]
    reason: str | None
    who: str | None
    since: datetime | None
    exits_blocked: bool
    wordless: tuple[str, ...] = ()
    """The ids of armings for whose words `KILL` has no room: a disarming names them beside those in it."""
    suspensions: dict[str, str]
    latches: tuple[EntryLatch, ...] = ()
    """What blocks entries until a person resumes them."""
    permits_outstanding: int
    permits_granted: int
    vetoes: int


class RecoveryReport(Event):
    """Told to decision, health and control after each attempt of recovery."""

    ok: bool
    at: datetime
    attempts: int
    differences: tuple[str, ...]
    error: str | None = None


class ExecutionStatus(Event):
    recovering: bool
    resting: int
    in_doubt: int
    exits_under_way: int
    last_error: str | None


class AlertRow(Event):
    """An alert as stored; `delivered_at` is None until all its channels (the log, if it has none) took it.

    `code` is text with the subject in it, because another version of the engine may have stored it.
    """

    alert_id: str
    severity: Severity
    code: str
    text: str
    cause: str
    at: datetime
    delivered_at: datetime | None = None


class ChannelStatus(Event):
    """One channel in this incarnation of alerting; `overflowed` alerts wait in the books alone."""

    channel: str
    queued: int
    delivered: int
    overflowed: int
    last_error: str | None
    failing_since: datetime | None = None
    """Since when it has taken nothing that was tried; None while it works."""
    parked: tuple[str, ...] = ()
    """The last alerts that it refused for good: severity, code and time of each."""


class AlertingStatus(Event):
    """`unrecorded` counts alerts that are in the log and not in the books; `last_error` says why not.

    Without channels, alerts go to the log.
    """

    channels: tuple[ChannelStatus, ...]
    unrecorded: int
    last_error: str | None
    recent: tuple[AlertRow, ...]


HEAD_UNKNOWN = "the head is unknown: "
"""How the problem of a log begins that is whole as far as can be seen, and whose books can't be read."""


class AuditHead(Event):
    """The last acknowledged record: `seq` 0 and 64 zeros before the first.

    `file` and `end` (in uncompressed bytes) are where it ends, as far as whoever tells the head knows that.
    """

    seq: int
    hash: str
    file: str | None = None
    end: int | None = None


class AuditStatus(Event):
    ok: bool
    records: int
    head: AuditHead
    problem: str | None = None


class DecisionStatus(Event):
    """`recent` are the last cycles that ended, oldest first."""

    recovered: bool
    under_way: CycleView | None
    waiting: tuple[CycleView, ...]
    recent: tuple[CycleEnded, ...]
    monitor_failures_in_a_row: int
    results: ResultsSeen | None = None


class ResultsSeen(Value):
    """What was last seen of the strategy's own results; `margin_use` is maintenance margin over venue equity,
    None if it was not read yet."""

    at: datetime
    protections: RuleResult
    margin_use: float | None


class CycleView(Value):
    """A cycle under way or waiting; `step` says what it waits for."""

    job: Job
    slot: datetime
    step: str
    since: datetime


class RouterHealth(Value):
    """The last probe of a router; `failures_in_a_row` leaves maintenance out."""

    router: Router
    ok: bool
    maintenance: bool
    version: str | None
    environment: str | None
    error: str | None
    latency_s: float | None
    at: datetime
    failures_in_a_row: int


class HealthStatus(Event):
    """`booted`: the start is recorded and jobs may run. `disk_free_bytes` is None until it is read."""

    booted: bool
    routers: tuple[RouterHealth, ...]
    venue: VenueChecked | None
    disk_free_bytes: int | None
    disk_low: bool
    last_backup_at: datetime | None
    last_backup_error: str | None


class Marks(Event):
    """The market as last seen; a part is None until it is first seen. `failures` counts from the start."""

    as_of: datetime | None
    spot_usd: float | None
    dvol: float | None
    funding_frac: float | None
    legs: tuple[LegMark, ...]
    last_snapshot_at: datetime | None
    stale_reason: str | None
    fetches_under_way: int
    failures: int
    last_failure: str | None
    failed_routers: tuple[Router, ...]
    """Routers whose actor ended and has not answered since."""
    spot_4h_ago_usd: float | None = None
    """By our own snapshots; None if none was taken then."""
    account: AccountSeen | None = None
    """The account at the venue as the last snapshot that was stored saw it."""


class AccountSeen(Value):
    """The account at the venue, ETH, as it was at `at`."""

    at: datetime
    equity_eth: Decimal
    balance_eth: Decimal
    initial_margin_eth: Decimal
    maintenance_margin_eth: Decimal


class LegMark(Value):
    """One open leg as last seen: ETH per contract, IV in percent points, the expiry's forward in USD."""

    instrument_name: str
    bid_eth: Decimal | None
    ask_eth: Decimal | None
    mark_eth: Decimal
    mark_iv_pct: float
    forward_usd: float
    delta: float
    at: datetime


class CycleEnded(Event):
    """A cycle is closed in the books. `text` is its decision rule by rule, for people; empty without one."""

    request_id: str
    cycle_id: CycleId
    job: Job
    slot: datetime
    outcome: CycleOutcome
    reasons: tuple[str, ...]
    at: datetime
    text: str = ""


class VenueChecked(Event):
    """What the venue last said about itself.

    `clock_offset_s` is its clock minus ours as far as it is proven, `clock_offset_max_s` the largest
    difference that is possible (`core.market.venue_clock`).
    """

    as_of: datetime
    environment: Environment
    account: str
    clock_offset_s: float
    clock_offset_max_s: float
    features: tuple[str, ...]
