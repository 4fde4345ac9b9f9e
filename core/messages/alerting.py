"""Alerting: what the operator must be told. Trading never waits for it."""

from __future__ import annotations

from datetime import datetime

from core.alerts import AlertCode, Severity, shown_code
from core.messages.base import Answered, Command, Event, Query
from core.messages.room_status import AlertingStatus, AlertRow, ChannelStatus

__all__ = [
    "AlertRaised",
    "AlertRow",
    "AlertingStatus",
    "ChannelStatus",
    "ChannelTried",
    "ChannelsTried",
    "GetAlerting",
    "RaiseAlert",
    "Severity",
    "TryChannels",
]


class AlertRaised(Event):
    """The alert is on record; if the books refuse it, it is in the log and on its way over the channels."""

    request_id: str


class RaiseAlert(Command, Answered[AlertRaised]):
    """`code` is stable; `subject` is what it is about more exactly, as a router; `cause` names what led to it
    (a cycle, an actor, a message).

    Answered by `AlertRaised` if it has a `request_id`; asked again under the same one, it is one alert.
    """

    severity: Severity
    code: AlertCode
    text: str
    cause: str
    at: datetime
    request_id: str = ""
    subject: str = ""

    @property
    def shown_code(self) -> str:
        """Code and subject as they are recorded."""
        return shown_code(self.code, self.subject)


class AlertTested(Event):
    """The test alert is on record, or in the log, and on its way over these channels; `status` shows when
    each has taken it."""

    request_id: str
    severity: Severity
    channels: tuple[str, ...]


class SendTestAlert(Command, Answered[AlertTested]):
    """Raise an alert `test_alert`, to see that it arrives. Answered by `AlertTested`."""

    request_id: str
    severity: Severity = Severity.MEDIUM
    reason: str
    who: str = "operator"


class ChannelTried(Event):
    """One attempt at one channel: `error` is None if the service took it."""

    channel: str
    error: str | None


class ChannelsTried(Event):
    channels: tuple[ChannelTried, ...]


class TryChannels(Query[ChannelsTried]):
    """Send a test over every channel now, past all queues. Answered by `ChannelsTried` after one attempt at
    each. It is in no books."""


class GetAlerting(Query[AlertingStatus]):
    """Answered by `AlertingStatus`."""
