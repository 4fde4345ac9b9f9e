"""How a room raises alerts."""

from __future__ import annotations

from actors.runtime import Address, Context
from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert, Severity
from core.messages.protocols import AlertingProtocol


class Alarm:
    """Raises a room's alerts; one per incarnation, made in `on_start`."""

    def __init__(self, ctx: Context, alerting: Address[AlertingProtocol]) -> None:
        self._ctx = ctx
        self._alerting = alerting

    def __call__(
        self,
        severity: Severity,
        code: AlertCode,
        text: str,
        cause: str,
        *,
        subject: str = "",
        correlation: str | None = None,
    ) -> None:
        """Tell alerting, dated now. `cause` names what led to it: a cycle, an actor, a message."""
        alert = RaiseAlert(
            severity=severity, code=code, text=text, cause=cause, at=self._ctx.now(), subject=subject
        )
        self._ctx.tell(self._alerting, alert, correlation=correlation)
