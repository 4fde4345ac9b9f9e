"""The alerting actor: every alert is logged, recorded, and brought to the operator in order."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from actors.alerting.channel import AlertChannel, NotTaken, Taken
from actors.alerting.text import render
from actors.room import Room
from actors.runtime import Address, Timer
from core.messages.alerting import AlertingStatus, AlertRow, GetAlerting, RaiseAlert, Severity
from core.messages.audit import AuditEvent, AuditKind
from core.messages.base import Refused
from core.messages.protocols import AlertingProtocol, StateProtocol
from core.messages.state import (
    GetUndeliveredAlerts,
    RecordAlert,
    RecordAlertDelivered,
    Recorded,
    UndeliveredAlerts,
)

QUEUE_MAX = 500
"""Alerts held in memory; what is beyond waits in the books and is read again when these are delivered."""
UNRECORDED_MAX = 500
"""Alerts whose recording is not acknowledged; beyond it (HIGH and above: beyond twice as many) an alert is
logged and sent, not recorded."""
RECENT_MAX = 50
DELIVERED_MEMORY = 2000
PACE_S = 1.0
BACKLOG_WAIT_S = 10.0
RETRY_WAITS_S = (1.0, 5.0, 30.0, 60.0)
LOG_CHANNEL = "log"

_LEVELS = {
    Severity.LOW: logging.INFO,
    Severity.MEDIUM: logging.WARNING,
    Severity.HIGH: logging.ERROR,
    Severity.CRITICAL: logging.CRITICAL,
}


@dataclass(frozen=True)
class SendNext:
    """Timer to self: the pace or the wait after a failure is over."""


@dataclass(frozen=True)
class BacklogLate:
    """Timer to self: state has not answered; what is in memory goes out without it."""


class Alerting(Room[AlertingProtocol | SendNext | BacklogLate]):
    """Accepts: RaiseAlert, GetAlerting; from state Recorded, Refused, UndeliveredAlerts.

    Sends: RecordAlert, RecordAlertDelivered, GetUndeliveredAlerts to state.
    Owns: the queue towards the operator and its pace.
    On failure: a restart reads what is undelivered from the books; nobody waits for this room.
    """

    def __init__(
        self,
        *,
        state: Address[StateProtocol],
        open_channel: Callable[[], AlertChannel] | None,
        redact: Callable[[str], str],
    ) -> None:
        self._state = state
        self._open_channel = open_channel
        self._redact = redact
        self._channel: AlertChannel | None = None
        self._queue: deque[AlertRow] = deque()
        self._recent: deque[AlertRow] = deque(maxlen=RECENT_MAX)
        self._delivered_ids: deque[str] = deque(maxlen=DELIVERED_MEMORY)
        self._timer: Timer | None = None
        self._waits_for_backlog = False
        self._beyond_memory = False
        self._plain_next = False
        self._failures = 0
        self._delivered = 0
        self._overflowed = 0
        self._last_error: str | None = None
        self._not_before: datetime | None = None

    def on_start(self) -> None:
        super().on_start()
        if self._open_channel is not None:
            self._channel = self._open_channel()
            self._read_backlog()

    def on_stop(self) -> None:
        super().on_stop()
        if self._channel is not None:
            self._channel.close()

    def handle(self, message: AlertingProtocol | SendNext | BacklogLate) -> object:
        match message:
            case RaiseAlert():
                self._handle_raise_alert(message)
            case GetAlerting():
                return self._handle_get_alerting()
            case Recorded():
                self.outbox.settle(message.request_id)
            case Refused():
                self._handle_refused(message)
            case UndeliveredAlerts():
                self._handle_undelivered(message)
            case SendNext():
                self._handle_send_next()
            case BacklogLate():
                self._handle_backlog_late()
            case _:
                assert_never(message)
        return None

    def _handle_raise_alert(self, raised: RaiseAlert) -> None:
        alert = AlertRow(
            alert_id=self.ctx.uuid(),
            severity=raised.severity,
            code=raised.code,
            text=self._redact(raised.text),
            cause=self._redact(raised.cause),
            at=raised.at,
            delivered_at=self.ctx.now() if self._channel is None else None,
        )
        self.ctx.log().log(
            _LEVELS[alert.severity],
            alert.text,
            extra={"alert": alert.code, "severity": alert.severity.value, "cause": alert.cause},
        )
        self._recent.append(alert)
        self._record(alert)
        if self._channel is None:
            self._delivered += 1
        elif self._beyond_memory or len(self._queue) >= QUEUE_MAX:
            # From here on everything waits in the books, so that a later alert can't overtake an earlier one.
            self._beyond_memory = True
            self._overflowed += 1
        else:
            self._queue.append(alert)
            self._wake()

    def _record(self, alert: AlertRow) -> None:
        request_id = f"alert-{alert.alert_id}"
        urgent = alert.severity.rank >= Severity.HIGH.rank
        if len(self.outbox.pending) >= UNRECORDED_MAX * (2 if urgent else 1):
            self._overflowed += 1
            self.ctx.log().error("alert not recorded: too many wait for state", extra={"alert": alert.code})
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
        self.outbox.send(
            self._state, RecordAlert(request_id=request_id, audit=(event,), alert=alert), request_id
        )

    def _handle_refused(self, refused: Refused) -> None:
        """State will not take it, now or ever: the alert stays in the log and goes to the operator."""
        if self.outbox.settle(refused.request_id):
            self._last_error = f"not recorded: {', '.join(refused.reasons)}"
            self.ctx.log().error("alert not recorded", extra={"reasons": list(refused.reasons)})

    def _handle_undelivered(self, answer: UndeliveredAlerts) -> None:
        """What the books still hold goes before what came since, each once."""
        seen = {*self._delivered_ids, *(alert.alert_id for alert in self._queue)}
        older = [alert for alert in answer.alerts if alert.alert_id not in seen]
        self._queue = deque(sorted((*older, *self._queue), key=lambda alert: alert.at))
        while len(self._queue) > QUEUE_MAX:
            self._queue.pop()
            self._beyond_memory = True
        self._waits_for_backlog = False
        self._wake()

    def _handle_backlog_late(self) -> None:
        self._waits_for_backlog = False
        self._wake()

    def _handle_send_next(self) -> None:
        self._timer = None
        if self._channel is None or self._waits_for_backlog or not self._queue:
            return
        alert = self._queue[0]
        markup = not self._plain_next
        self.ctx.check_live()
        outcome = self._channel.send(render(alert, markup=markup), markup=markup)
        match outcome:
            case Taken():
                self._taken(alert)
            case NotTaken():
                self._not_taken(outcome)
            case _:
                assert_never(outcome)
        self._wake()

    def _taken(self, alert: AlertRow) -> None:
        self._queue.popleft()
        self._delivered += 1
        self._delivered_ids.append(alert.alert_id)
        self._failures = 0
        self._plain_next = False
        self._not_before = self.ctx.now() + timedelta(seconds=PACE_S)
        request_id = f"alert-delivered-{alert.alert_id}"
        done = RecordAlertDelivered(request_id=request_id, alert_id=alert.alert_id, at=self.ctx.now())
        self.outbox.send(self._state, done, request_id)
        if not self._queue and self._beyond_memory:
            self._beyond_memory = False
            self._read_backlog()

    def _not_taken(self, refusal: NotTaken) -> None:
        wait_s = RETRY_WAITS_S[min(self._failures, len(RETRY_WAITS_S) - 1)]
        if refusal.retry_after_s is not None:
            wait_s = max(PACE_S, refusal.retry_after_s)
        self._failures += 1
        self._plain_next = refusal.markup_refused
        self._last_error = self._redact(refusal.error)
        self._not_before = self.ctx.now() + timedelta(seconds=wait_s)
        self.ctx.log().warning("alert not delivered", extra={"error": self._last_error, "retry_in_s": wait_s})

    def _handle_get_alerting(self) -> AlertingStatus:
        return AlertingStatus(
            channel=LOG_CHANNEL if self._channel is None else self._channel.name,
            queued=len(self._queue),
            delivered=self._delivered,
            overflowed=self._overflowed,
            last_error=self._last_error,
            recent=tuple(self._recent),
        )

    def _read_backlog(self) -> None:
        """Alerting starts before state and may not ask it: it tells, and waits only so long."""
        self._waits_for_backlog = True
        self.ctx.tell(self._state, GetUndeliveredAlerts(request_id=self.ctx.uuid()))
        self.ctx.call_later(BACKLOG_WAIT_S, BacklogLate())

    def _wake(self) -> None:
        """Set the timer for the next attempt, unless one is set or there is nothing to do."""
        if self._timer is not None or self._waits_for_backlog or not self._queue:
            return
        now = self.ctx.now()
        self._timer = self.ctx.call_at(max(now, self._not_before or now), SendNext())
