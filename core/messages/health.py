"""Health: probes every router, runs the boot, orders backups, watches the disk."""

from __future__ import annotations

from core.messages.base import Answered, Command, Event, Query, Refused
from core.messages.room_status import HealthStatus


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


class GetHealth(Query[HealthStatus]):
    """Answered by `HealthStatus`."""
