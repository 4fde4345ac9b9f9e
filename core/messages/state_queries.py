"""What state is asked, and what it answers: each `Get…` reads, with its answer below it."""

from __future__ import annotations

from datetime import datetime

from core.messages.alerting import AlertRow
from core.messages.audit import AuditBatch, AuditHead
from core.messages.base import Event, Query
from core.messages.kill_switch import ArmCause
from core.orders.books import Books, CycleRow, Job, Position
from core.values import PositionId


class GetBooks(Query):
    """Answered by `Books` (a value, not a message) when asked; told `BooksRead` when told."""

    request_id: str = ""


class BooksRead(Event):
    request_id: str
    books: Books


class GetPosition(Query):
    """Answered by `PositionRead`."""

    request_id: str
    position_id: PositionId


class PositionRead(Event):
    request_id: str
    position: Position | None


class GetOpenCycles(Query):
    """Answered by `OpenCycles`: rows without an outcome, and whether each already has an instruction."""

    request_id: str


class OpenCycles(Event):
    request_id: str
    cycles: tuple[tuple[CycleRow, bool], ...]


class GetLastCycle(Query):
    """Answered by `LastCycle`: the newest row of the job, or None."""

    request_id: str
    job: Job


class LastCycle(Event):
    request_id: str
    job: Job
    cycle: CycleRow | None


class GetClosedTrades(Query):
    """Answered by `ClosedTrades`, oldest first."""

    request_id: str


class ClosedTrades(Event):
    request_id: str
    positions: tuple[Position, ...]


class GetJobRuns(Query):
    """Answered by `JobRuns`."""


class JobRuns(Event):
    next_runs: dict[Job, datetime]


class GetKillSwitchRow(Query):
    """Answered by `KillSwitchRow`. Told by the kill switch at its start."""

    request_id: str


class KillSwitchRow(Event):
    request_id: str
    armed: bool
    causes: tuple[ArmCause, ...]
    reason: str
    who: str
    at: datetime | None


class GetUndeliveredAlerts(Query):
    """Answered by `UndeliveredAlerts`, oldest first."""

    request_id: str


class UndeliveredAlerts(Event):
    request_id: str
    alerts: tuple[AlertRow, ...]


class GetOpenInbox(Query):
    """Answered by `OpenInbox`: what was acknowledged to a person and not yet carried out."""

    request_id: str


class OpenInbox(Event):
    request_id: str
    items: tuple[tuple[str, str, str], ...]
    """(request_id, message name, JSON body)."""


class GetAuditHeadAndPending(Query):
    """Asked by audit's `on_start`; answered by `AuditHeadAndPending`.

    `stopping`: asked by its `on_stop`. State takes no further change, until an audit has started again.
    """

    stopping: bool = False


class AuditHeadAndPending(Event):
    head: AuditHead
    pending: AuditBatch | None


class GetSystem(Query):
    """Answered by `SystemRead`."""

    key: str


class SystemRead(Event):
    key: str
    value: str | None
