"""Alerting: what the operator must be told. Trading never waits for it."""

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
    """An alert as stored; `delivered_at` is None until all its channels (the log, if it has none) took it."""

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


class AlertingStatus(Event):
    """`unrecorded` counts alerts that are in the log and not in the books; `last_error` says why not.

    Without channels, alerts go to the log.
    """

    channels: tuple[ChannelStatus, ...]
    unrecorded: int
    last_error: str | None
    recent: tuple[AlertRow, ...]


class GetAlerting(Query[AlertingStatus]):
    """Answered by `AlertingStatus`."""
