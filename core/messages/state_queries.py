"""The queries of state and their answers: each `Get…` follows its answer.

If the database is corrupt, every query is answered by `Refused`.
"""

from __future__ import annotations

from datetime import datetime

from core.alerts import Severity
from core.messages.audit import AuditBatch
from core.messages.base import Event, Query, Refused
from core.messages.room_status import AlertRow, AuditHead
from core.messages.state_rows import InboxItem, KillSwitchRow, UndeliveredAlerts
from core.orders.books import Books, CycleRow, Job, OrderRow, Position, TradeResult
from core.orders.identity import Permitted
from core.statistics.account import AccountPoint
from core.values import CycleId, Label, PositionId


class BooksRead(Event):
    request_id: str
    books: Books


class GetBooks(Query[BooksRead | Refused]):
    """Answered by `BooksRead`: the live books."""

    request_id: str = ""


class PositionRead(Event):
    request_id: str
    position: Position | None


class GetPosition(Query[PositionRead | Refused]):
    """Answered by `PositionRead`."""

    request_id: str
    position_id: PositionId


class OrdersRead(Event):
    request_id: str
    orders: tuple[tuple[OrderRow, Permitted], ...]


class GetOrders(Query[OrdersRead | Refused]):
    """Answered by `OrdersRead`: what the books know of the orders under these labels, final ones too."""

    request_id: str
    labels: tuple[Label, ...]


class OpenCycles(Event):
    """`proposed`: the cycles, with an outcome or without, whose proposal has neither instruction nor end."""

    request_id: str
    cycles: tuple[tuple[CycleRow, bool], ...]
    proposed: tuple[CycleId, ...] = ()


class GetOpenCycles(Query[OpenCycles | Refused]):
    """Answered by `OpenCycles`: rows without an outcome, and whether each already has an instruction."""

    request_id: str


class LastCycle(Event):
    request_id: str
    job: Job
    cycle: CycleRow | None


class GetLastCycle(Query[LastCycle | Refused]):
    """Answered by `LastCycle`: the newest row of the job, or None."""

    request_id: str
    job: Job


class ClosedTrades(Event):
    request_id: str
    positions: tuple[Position, ...]


class GetClosedTrades(Query[ClosedTrades | Refused]):
    """Answered by `ClosedTrades`, oldest first."""

    request_id: str


class WeekRead(Event):
    """`entries` are the entry cycles, `account` what their decisions saw; both oldest first. `told` says that
    the alert is on record already. `first_cycle_at` is when the first cycle of all was opened; None if none
    was."""

    request_id: str
    entries: tuple[CycleRow, ...]
    account: tuple[AccountPoint, ...]
    told: bool
    first_cycle_at: datetime | None


class GetWeek(Query[WeekRead | Refused]):
    """Answered by `WeekRead`: entry cycles with their slot from `began` to before `ended`, and the account at
    the decisions of those from `account_since` on. `alert_id` is what the week is to be told under."""

    request_id: str
    alert_id: str
    account_since: datetime
    began: datetime
    ended: datetime


class TradeResults(Event):
    request_id: str
    results: tuple[TradeResult, ...]


class GetTradeResults(Query[TradeResults | Refused]):
    """Answered by `TradeResults`: what each closed trade brought, oldest first."""

    request_id: str = ""


class JobRuns(Event):
    """The next due slot of each job, and the latest slot of which there is a row: if that is still to come, a
    clock that ran ahead has told it."""

    next_runs: dict[Job, datetime]
    last_slots: dict[Job, datetime]


class GetJobRuns(Query[JobRuns | Refused]):
    """Answered by `JobRuns`."""


class GetKillSwitchRow(Query[KillSwitchRow | Refused]):
    """Answered by `KillSwitchRow`. Told by the kill switch at its start."""

    request_id: str


class AlertsRead(Event):
    request_id: str
    alerts: tuple[AlertRow, ...]


class GetAlertsOf(Query[AlertsRead | Refused]):
    """Answered by `AlertsRead`: the newest 500 alerts of these codes, oldest first."""

    request_id: str
    codes: tuple[str, ...]


class GetUndeliveredAlerts(Query[UndeliveredAlerts | Refused]):
    """Answered by `UndeliveredAlerts` of one channel, oldest first.

    `behind` names an alert of each severity whose page begins behind that one; the others begin at
    their oldest.
    """

    request_id: str
    channel: str
    behind: tuple[tuple[Severity, str], ...] = ()


class OpenInbox(Event):
    request_id: str
    items: tuple[InboxItem, ...]


class GetOpenInbox(Query[OpenInbox | Refused]):
    """Answered by `OpenInbox`: what was acknowledged to a person, and whose end they were not told yet."""

    request_id: str


class AuditHeadAndPending(Event):
    """`books_in_log` is False for books that an older version began: their rows are recorded first."""

    head: AuditHead
    pending: AuditBatch | None
    books_in_log: bool = True


class GetAuditHeadAndPending(Query[AuditHeadAndPending | Refused]):
    """Asked by audit's `on_start`; answered by `AuditHeadAndPending`.

    `stopping`: asked by its `on_stop`. State then takes no further change until audit has started again.
    """

    stopping: bool = False


class TableRead(Event):
    """A part of a table as it is stored; `seq` is the last committed audit record.

    `digested` rows make the digest `sha256`. Each of `rows` is a tuple of cells, whatever they are.
    """

    seq: int
    digested: int
    sha256: str
    rows: tuple[object, ...]


class GetTable(Query[TableRead | Refused]):
    """Asked by audit's `on_start`, which compares the books with the log.

    It reads the digest of a table's first `digest` rows (`core.audit.fold.final`), and after its first `skip`
    rows at most `limit` rows, each with the columns that the log proves.
    """

    table: str
    digest: int
    skip: int
    limit: int


class SystemRead(Event):
    key: str
    value: str | None


class GetSystem(Query[SystemRead | Refused]):
    """Answered by `SystemRead`."""

    key: str
