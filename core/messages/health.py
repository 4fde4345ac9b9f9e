"""Health: probes every router, runs the boot, orders backups, watches the disk."""

from __future__ import annotations

from datetime import datetime

from core.contract.base import Router
from core.messages.base import Answered, Command, Event, Query, Refused
from core.messages.kill_switch import VenueChecked
from core.values import Value


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


class BackupDone(Event):
    """The backup is complete and on disk. `path` is its folder, below the data folder."""

    request_id: str
    path: str
    size_bytes: int


class BackupFailed(Event):
    request_id: str
    reasons: tuple[str, ...]


class BackupNow(Command, Answered[BackupDone | BackupFailed | Refused]):
    """Make a backup now. Answered by `BackupDone` when it is complete, or by `BackupFailed`."""

    request_id: str
    reason: str


class HealthStatus(Event):
    """`booted`: the start is recorded and jobs may run. `disk_free_bytes` is None until it is read."""

    booted: bool
    routers: tuple[RouterHealth, ...]
    venue: VenueChecked | None
    disk_free_bytes: int | None
    disk_low: bool
    last_backup_at: datetime | None
    last_backup_error: str | None


class GetHealth(Query[HealthStatus]):
    """Answered by `HealthStatus`."""
