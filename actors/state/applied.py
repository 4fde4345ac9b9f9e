"""The effects of one applied request: its answer, its audit events, and the alerts once it is durable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from core.alerts import AlertCode, Severity
from core.messages.audit import AuditEvent, AuditKind
from core.messages.state import RecordingAnswer


@dataclass(frozen=True)
class Notice:
    """An alert to raise after the commit and the append."""

    severity: Severity
    code: AlertCode
    text: str
    cause: str
    with_head: bool = False
    """Add the audit head, so that it is also known outside of this machine."""
    subject: str = ""


@dataclass
class Applied:
    """Gathered while a request is applied. Events stay in the order in which they are noted."""

    answer: RecordingAnswer
    events: list[AuditEvent] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    books_changed: bool = False
    orders_changed: bool = False
    """Of the live books nothing but orders and edits."""

    def note(
        self,
        kind: AuditKind,
        at: datetime,
        detail: Mapping[str, JsonValue],
        correlation: str | None = None,
    ) -> None:
        """Add an audit event."""
        event = AuditEvent.trusted(kind=kind, at=at, detail=dict(detail), correlation=correlation)
        self.events.append(event)
