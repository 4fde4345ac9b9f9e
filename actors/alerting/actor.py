"""The alerting actor: every alert is logged, recorded, and brought to the operator over each channel."""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import assert_never

from actors.alerting.channel import AlertChannel
from actors.alerting.channel_queue import BacklogLate, ChannelQueue, SendNext
from actors.alerting.delivery_times import DeliveryTimes
from actors.alerting.standing import WANTED, Standing, is_end
from actors.alerting.trial import trial_alert
from actors.room import Returned, Room, answerer, returned
from actors.runtime import Address
from core.alerts import AlertCode
from core.messages.alerting import (
    AlertRaised,
    AlertTested,
    ChannelsTried,
    ChannelTried,
    GetAlerting,
    RaiseAlert,
    SendTestAlert,
    Severity,
    TryChannels,
)
from core.messages.audit import AuditEvent, AuditKind
from core.messages.base import Refused
from core.messages.protocols import AlertingProtocol, StateProtocol
from core.messages.room_status import AlertingStatus, AlertRow
from core.messages.state import RecordAlert, Recorded, UndeliveredAlerts
from core.messages.state_queries import AlertsRead, GetAlertsOf

UNRECORDED_MAX = 500
"""Alerts whose recording is not acknowledged; beyond it (HIGH and above: beyond twice as many) an alert is
logged and sent, not recorded."""
RECENT_MAX = 50
ASKED_MAX = 200
"""Alerts with a request id whose repetition is recognised."""
RECORD = "alert-"
FIRST_LOOK_S = 15.0
LOOK_EVERY_S = 600.0
"""A dead channel is to be seen before it is needed."""

_LEVELS = {
    Severity.LOW: logging.INFO,
    Severity.MEDIUM: logging.WARNING,
    Severity.HIGH: logging.ERROR,
    Severity.CRITICAL: logging.CRITICAL,
}


@dataclass(frozen=True)
class LookAtChannels:
    """Timer to self: channels over which nothing waits to be sent are looked at."""


@dataclass
class _Trial:
    """A test of every channel, one channel in each handler: together they may take longer than one may."""

    answer: Callable[[ChannelsTried], None]
    tried: list[ChannelTried] = field(default_factory=list)


@dataclass(frozen=True)
class TryNext:
    """To self: the test goes on with the next channel."""


OwnMessage = SendNext | BacklogLate | LookAtChannels | TryNext


class Alerting(Room[AlertingProtocol | OwnMessage]):
    """Accepts: RaiseAlert, SendTestAlert, GetAlerting, TryChannels; from state Recorded, Refused,
    UndeliveredAlerts, AlertsRead.

    Sends: RecordAlert, RecordAlertsTried, RecordAlertDelivered, RecordAlertParked, GetUndeliveredAlerts,
    GetAlertsOf to state; AlertRaised, AlertTested, ChannelsTried to who asked for it.
    Owns: the channels to the operator, each with its queue. Without a channel an alert goes to the log.
    On failure: a restart reads what is undelivered from the books; nobody waits for this room.
    """

    def __init__(
        self,
        *,
        state: Address[StateProtocol],
        channels: Sequence[Callable[[], AlertChannel]],
        redact: Callable[[str], str],
        times: DeliveryTimes | None = None,
        host: str = "",
        began: datetime | None = None,
    ) -> None:
        """`host` is the upstream host, named when several of its routers are silent. `began` is when this
        engine started, of which this actor may have several lives."""
        self._began = began or datetime.min.replace(tzinfo=UTC)
        self._times = times or DeliveryTimes()
        self._host = host
        self._state = state
        self._open_channels = tuple(channels)
        self._redact = redact
        self._queues: dict[str, ChannelQueue] = {}
        self._recent: deque[AlertRow] = deque(maxlen=RECENT_MAX)
        self._unrecorded = 0
        self._last_error: str | None = None
        self._standing = Standing()
        self._trials: deque[_Trial] = deque()
        self._looked_at_s = 0.0
        self._asked: OrderedDict[str, Callable[[AlertRaised], None] | None] = OrderedDict()

    def on_start(self) -> None:
        super().on_start()
        for open_channel in self._open_channels:
            channel = open_channel()
            if channel.name in self._queues:
                raise ValueError(f"alert channels: expected each name once, found {channel.name!r} twice")
            self._queues[channel.name] = ChannelQueue(
                self.ctx,
                self.outbox,
                self._state,
                channel,
                self._redact,
                times=self._times,
                host=self._host,
            )
        self.ctx.tell(self._state, GetAlertsOf(request_id=self.ctx.uuid(), codes=WANTED))
        for queue in self._queues.values():
            queue.read_backlog()
        if self._queues:
            self._looked_at_s = self.ctx.monotonic() - LOOK_EVERY_S
            self.ctx.call_later(FIRST_LOOK_S, LookAtChannels())

    def on_stop(self) -> None:
        super().on_stop()
        for queue in self._queues.values():
            queue.close()

    def handle(self, message: AlertingProtocol | OwnMessage) -> Returned | None:
        match message:
            case RaiseAlert():
                self._handle_raise_alert(message, answerer(self.ctx, message))
            case SendTestAlert():
                self._handle_send_test_alert(message)
            case GetAlerting():
                return returned(message, self._handle_get_alerting())
            case Recorded():
                self.outbox.settle(message.request_id)
                self._settled(message.request_id)
            case Refused():
                self._handle_refused(message)
                self._settled(message.request_id)
            case UndeliveredAlerts():
                self._queues[message.channel].take_backlog(message)
            case AlertsRead():
                self._standing.read(message.alerts, self._began)
            case TryChannels():
                self._trials.append(_Trial(answerer(self.ctx, message)))
                self.ctx.tell(self.ctx.self_address, TryNext())
            case TryNext():
                self._handle_try_next()
            case LookAtChannels():
                self._handle_look()
            case SendNext():
                self._queues[message.channel].send_next(message.due_s)
            case BacklogLate():
                self._queues[message.channel].go_on_without_backlog(message.request_id)
            case _:
                assert_never(message)
        return None

    def _handle_send_test_alert(self, command: SendTestAlert) -> None:
        answer, channels = answerer(self.ctx, command), tuple(self._queues)

        def tell(raised: AlertRaised) -> None:
            answer(AlertTested(request_id=raised.request_id, severity=command.severity, channels=channels))

        text = f"this is a test of {command.who}, there is nothing to do: {command.reason}"
        alert = RaiseAlert(
            severity=command.severity,
            code=AlertCode.TEST_ALERT,
            text=text,
            cause=command.request_id,
            at=self.ctx.now(),
            request_id=command.request_id,
        )
        self._handle_raise_alert(alert, tell)

    def _handle_raise_alert(self, raised: RaiseAlert, answer: Callable[[AlertRaised], None]) -> None:
        if raised.request_id and self._is_repeated(raised, answer):
            return
        alert = self._standing.told(self._row_of(raised))
        self.ctx.log().log(
            logging.INFO if is_end(alert) else _LEVELS[alert.severity],
            alert.text,
            extra={"alert": alert.code, "severity": alert.severity.value, "cause": alert.cause},
        )
        self._recent.append(alert)
        self._record(alert)
        for queue in self._queues.values():
            queue.add(alert)

    def _row_of(self, raised: RaiseAlert) -> AlertRow:
        return AlertRow(
            alert_id=raised.request_id or self.ctx.uuid(),
            severity=raised.severity,
            code=raised.shown_code,
            text=self._redact(raised.text),
            cause=self._redact(raised.cause),
            at=raised.at,
            delivered_at=None if self._queues else self.ctx.now(),
        )

    def _handle_try_next(self) -> None:
        """Send the test over the next channel, and answer who asked for it after the last one."""
        if not self._trials:
            return
        trial = self._trials[0]
        left = list(self._queues)[len(trial.tried) :]
        if left:
            error = self._queues[left[0]].send_test(self._trial_alert())
            trial.tried.append(ChannelTried(channel=left[0], error=error))
        if len(left) > 1:
            self.ctx.tell(self.ctx.self_address, TryNext())
            return
        self._trials.popleft()
        trial.answer(ChannelsTried(channels=tuple(trial.tried)))

    def _trial_alert(self) -> AlertRow:
        return trial_alert(self.ctx.uuid(), "from the running engine", self.ctx.now())

    def _handle_look(self) -> None:
        """Look at each channel that shows by nothing else whether it works. Where market time jumps, as
        seldom as process time says."""
        now_s = self.ctx.monotonic()
        if now_s - self._looked_at_s >= LOOK_EVERY_S:
            self._looked_at_s = now_s
            for queue in self._queues.values():
                queue.probe()
        self.ctx.call_later(LOOK_EVERY_S + 1.0, LookAtChannels())

    def _settled(self, request_id: str) -> None:
        for queue in self._queues.values():
            queue.attempt_recorded(request_id)
        self._answer(request_id)

    def _record(self, alert: AlertRow) -> None:
        request_id = record_request(alert.alert_id)
        urgent = alert.severity.rank >= Severity.HIGH.rank
        if len(self.outbox.pending) >= UNRECORDED_MAX * (2 if urgent else 1):
            self._unrecorded += 1
            self.ctx.log().error("alert not recorded: too many wait for state", extra={"alert": alert.code})
            self._answer(request_id)
            return
        event = AuditEvent(
            kind=AuditKind.ALERT,
            at=alert.at,
            detail={
                "alert_id": alert.alert_id,
                "severity": alert.severity.value,
                "code": alert.code,
                "text": alert.text,
                "cause": alert.cause,
            },
        )
        record = RecordAlert(request_id=request_id, audit=(event,), alert=alert, channels=tuple(self._queues))
        self.outbox.send(self._state, record, request_id)

    def _is_repeated(self, raised: RaiseAlert, answer: Callable[[AlertRaised], None]) -> bool:
        """Note whom to answer. True if the alert was raised before: then it is only answered."""
        record = record_request(raised.request_id)
        known = record in self._asked
        if known and self._asked[record] is None:
            answer(AlertRaised(request_id=raised.request_id))
            return True
        self._asked[record] = answer
        while len(self._asked) > ASKED_MAX:
            self._asked.popitem(last=False)
        return known

    def _answer(self, record: str) -> None:
        """Answer who asked for the alert of this record; if they ask again, they are answered at once."""
        answer = self._asked.get(record)
        if answer is not None:
            self._asked[record] = None
            answer(AlertRaised(request_id=record.removeprefix(RECORD)))

    def _handle_refused(self, refused: Refused) -> None:
        """State will not take it, now or ever: the alert stays in the log and goes to the operator."""
        if self.outbox.settle(refused.request_id):
            self._unrecorded += 1
            self._last_error = f"not recorded: {', '.join(refused.reasons)}"
            self.ctx.log().error("alert not recorded", extra={"reasons": list(refused.reasons)})

    def _handle_get_alerting(self) -> AlertingStatus:
        return AlertingStatus(
            channels=tuple(queue.status for queue in self._queues.values()),
            unrecorded=self._unrecorded,
            last_error=self._last_error,
            recent=tuple(self._recent),
        )


def record_request(alert_id: str) -> str:
    """The id under which an alert is recorded."""
    return f"{RECORD}{alert_id}"
