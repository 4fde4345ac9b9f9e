"""Alerting: what the operator must be told. Trading never waits for it."""

from __future__ import annotations

from datetime import datetime

from core.alerts import AlertCode, Severity, shown_code
from core.messages.base import Answered, Command, Event, Query

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


class AlertRow(Event):
    """An alert as stored; `delivered_at` is None until all its channels (the log, if it has none) took it.

    `code` is text with the subject in it, because another version of the engine may have stored it.
    """

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
    failing_since: datetime | None = None
    """Since when it has taken nothing that was tried; None while it works."""
    parked: tuple[str, ...] = ()
    """The last alerts that it refused for good: severity, code and time of each."""


class AlertingStatus(Event):
    """`unrecorded` counts alerts that are in the log and not in the books; `last_error` says why not.

    Without channels, alerts go to the log.
    """

    channels: tuple[ChannelStatus, ...]
    unrecorded: int
    last_error: str | None
    recent: tuple[AlertRow, ...]


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
