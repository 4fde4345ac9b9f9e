"""What the kill switch tells: records to state, kept until acknowledged, alerts, and arming to execution."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

from actors.runtime import Address, Context, Outbox
from core.messages.alerting import RaiseAlert, Severity
from core.messages.audit import AuditEvent, AuditKind
from core.messages.execution import WithdrawEntries
from core.messages.protocols import AlertingProtocol, ExecutionProtocol, StateProtocol
from core.messages.state import RecordEvent, RecordKillSwitch


class Reporter:
    """One per incarnation."""

    def __init__(
        self,
        ctx: Callable[[], Context],
        *,
        state: Address[StateProtocol],
        execution: Address[ExecutionProtocol],
        alerting: Address[AlertingProtocol],
    ) -> None:
        self._ctx = ctx
        self._execution = execution
        self._state = state
        self._alerting = alerting
        self.outbox = Outbox(ctx)

    def send(self, message: RecordKillSwitch | RecordEvent) -> None:
        self.outbox.send(self._state, message, message.request_id)

    def record_event(self, kind: AuditKind, detail: dict[str, JsonValue]) -> None:
        ctx = self._ctx()
        event = AuditEvent(kind=kind, at=ctx.now(), detail=detail, correlation=ctx.envelope.correlation)
        self.send(RecordEvent(request_id=f"{kind.value.lower()}-{ctx.uuid()}", audit=(event,)))

    def withdraw_entries(self, reason: str) -> None:
        """No arming waits for a cancel. Execution that is down recovers, and cancels then."""
        self._ctx().tell(self._execution, WithdrawEntries(reason=reason))

    def alert(self, severity: Severity, code: str, text: str, cause: str) -> None:
        ctx = self._ctx()
        alert = RaiseAlert(severity=severity, code=code, text=text, cause=cause, at=ctx.now())
        ctx.tell(self._alerting, alert)
