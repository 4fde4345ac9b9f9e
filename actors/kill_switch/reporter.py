"""What the kill switch tells others: records to state (again until acknowledged), alerts, withdrawals."""

from __future__ import annotations

from pydantic import JsonValue

from actors.room import Alarm
from actors.runtime import Address, Context, Outbox
from core.messages.audit import AuditEvent, AuditKind
from core.messages.execution import WithdrawEntries
from core.messages.protocols import AlertingProtocol, ExecutionProtocol, StateProtocol
from core.messages.state import LatchEntries, LiftLatches, RecordEvent, RecordKillSwitch


class Reporter:
    """One per incarnation."""

    def __init__(
        self,
        ctx: Context,
        outbox: Outbox,
        *,
        state: Address[StateProtocol],
        execution: Address[ExecutionProtocol],
        alerting: Address[AlertingProtocol],
    ) -> None:
        self._ctx = ctx
        self._execution = execution
        self._state = state
        self._outbox = outbox
        self.alert = Alarm(ctx, alerting)

    def send(self, message: RecordKillSwitch | RecordEvent | LatchEntries | LiftLatches) -> None:
        self._outbox.send(self._state, message, message.request_id)

    def record_event(self, kind: AuditKind, detail: dict[str, JsonValue]) -> None:
        ctx = self._ctx
        event = AuditEvent(kind=kind, at=ctx.now(), detail=detail, correlation=ctx.envelope.correlation)
        self.send(RecordEvent(request_id=f"{kind.value.lower()}-{ctx.uuid()}", audit=(event,)))

    def withdraw_entries(self, reason: str) -> None:
        """Have execution cancel resting entries; its recovery does so if it is down. Arming does not wait."""
        self._ctx.tell(self._execution, WithdrawEntries(reason=reason))
