"""The alerting actor with its fakes, and the moves that its tests make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

from actors.alerting import Alerting, DeliveryTimes
from actors.runtime.testing import FakeAddress, FakeContext
from core.alerts import AlertCode
from core.messages.alerting import GetAlerting, RaiseAlert, Severity
from core.messages.room_status import AlertingStatus, AlertRow, ChannelStatus
from core.messages.state import (
    RecordAlertDelivered,
    RecordAlertParked,
    RecordAlertsTried,
    Recorded,
    Recording,
    UndeliveredAlerts,
)
from core.redaction import Redactor
from tests.fakes.channel import FakeChannel

START = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)


class Desk:
    """The actor with its fakes, and the moves a test makes."""

    def __init__(
        self,
        *,
        channels: int = 1,
        backlog: tuple[AlertRow, ...] | None = (),
        times: DeliveryTimes | None = None,
    ) -> None:
        self.channels = [FakeChannel(f"fake-{number}") for number in range(channels)]
        self.state = FakeAddress("state")
        self.state_answers = True
        self.answers: tuple[type[Recording], ...] = (
            RecordAlertsTried,
            RecordAlertDelivered,
            RecordAlertParked,
        )
        self.answered_up_to = 0
        self.ctx = FakeContext("alerting", now=START)
        self.actor = Alerting(
            state=self.state,
            channels=[partial(next, iter([channel])) for channel in self.channels],
            redact=Redactor(["s3cret-token"]),
            times=times,
            host="mcp.example.com",
            began=START - timedelta(hours=3),
        )
        self.actor.ctx = self.ctx
        self.actor.on_start()
        if backlog is not None:
            for channel in self.channels:
                self.backlog(*backlog, channel=channel)

    def backlog(
        self, *alerts: AlertRow, channel: FakeChannel | None = None, tried: tuple[str, ...] = ()
    ) -> None:
        """State's answer: what the books hold undelivered for a channel."""
        name = (channel or self.channel).name
        self.actor.on_receive(UndeliveredAlerts(request_id="r", channel=name, alerts=alerts, tried=tried))

    @property
    def channel(self) -> FakeChannel:
        return self.channels[0]

    def alert(
        self,
        text: str,
        severity: Severity = Severity.CRITICAL,
        *,
        code: AlertCode = AlertCode.ORDER_FILLED,
        cause: str = "a test",
        subject: str = "",
    ) -> None:
        at = self.ctx.now()
        self.actor.on_receive(
            RaiseAlert(severity=severity, code=code, text=text, cause=cause, at=at, subject=subject)
        )

    def run(self, seconds: float, step_s: float = 1.0) -> None:
        """Let timers come due one second at a time, so that pacing shows; state answers at once."""
        for _ in range(int(seconds / step_s)):
            due = self.ctx.advance(step_s)
            while due:
                for message in due:
                    self.actor.on_receive(message)
                if self.state_answers:
                    self.answer_attempts()
                due = self.ctx.advance(0.0)

    def pump(self) -> None:
        """Deliver what the actor told itself."""
        told = self.ctx.told
        done = 0
        while done < len(told):
            to, message = told[done]
            done += 1
            if to == self.ctx.self_address:
                self.actor.on_receive(message)

    def answer_attempts(self) -> None:
        """State has on record which letters are about to be sent."""
        for to, message in self.ctx.told[self.answered_up_to :]:
            if to is self.state and isinstance(message, self.answers):
                self.actor.on_receive(Recorded(request_id=message.request_id))
        self.answered_up_to = len(self.ctx.told)

    @property
    def sent(self) -> list[str]:
        return self.channel.sent

    @property
    def status(self) -> AlertingStatus:
        status = self.actor.on_receive(GetAlerting())
        assert isinstance(status, AlertingStatus)
        return status

    @property
    def channel_status(self) -> ChannelStatus:
        return self.status.channels[0]

    def recorded(self, kind: type) -> list[object]:
        return [message for message in self.ctx.told_to(self.state) if isinstance(message, kind)]


def stored(alert_id: str, text: str, seconds: float, severity: Severity = Severity.CRITICAL) -> AlertRow:
    at = START + timedelta(seconds=seconds)
    return AlertRow(alert_id=alert_id, severity=severity, code="C", text=text, cause="before", at=at)
