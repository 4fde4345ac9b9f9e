"""Alerting: what the operator must hear of. It never blocks trading and is never asked by it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from core.messages.base import Command, Event, Query


class Severity(StrEnum):
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class RaiseAlert(Command):
    """`code` is stable and groups repeats; `cause` names what led to it (a cycle, an actor, a message)."""

    severity: Severity
    code: str
    text: str
    cause: str
    at: datetime


class AlertRow(Event):
    """An alert as stored; `delivered_at` is None until Telegram (or the log, if none is set) took it."""

    alert_id: str
    severity: Severity
    code: str
    text: str
    cause: str
    at: datetime
    delivered_at: datetime | None = None


class AlertingStatus(Event):
    channel: str
    queued: int
    delivered: int
    overflowed: int
    last_error: str | None
    recent: tuple[AlertRow, ...]


class GetAlerting(Query[AlertingStatus]):
    """Answered by `AlertingStatus`."""
