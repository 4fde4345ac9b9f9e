"""Brings alerts to one channel: in order, at most one a second, again until the channel has taken each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from actors.alerting.channel import AlertChannel, NotTaken, Taken
from actors.failpoints import Failpoint, reach
from actors.runtime import Address, Outbox, OwnContext, Timer
from core.messages.alerting import AlertRow, ChannelStatus
from core.messages.protocols import StateProtocol
from core.messages.state import GetUndeliveredAlerts, RecordAlertDelivered

QUEUE_MAX = 500
"""Alerts held in memory; the rest wait in the books and are read again when these are delivered."""
DELIVERED_MEMORY = 2000
PACE_S = 1.0
BACKLOG_WAIT_S = 10.0
RETRY_WAITS_S = (1.0, 5.0, 30.0, 60.0)


@dataclass(frozen=True)
class SendNext:
    """Timer to self: the pace, or the wait after a failure, is over for this channel."""

    channel: str


@dataclass(frozen=True)
class BacklogLate:
    """Timer to self: state has not answered; this channel gets what is in memory without the backlog."""

    channel: str


class ChannelQueue:
    """One channel's queue. Made anew with each incarnation: what was not delivered is read from the books."""

    def __init__(
        self,
        ctx: OwnContext[SendNext | BacklogLate],
        outbox: Outbox,
        state: Address[StateProtocol],
        channel: AlertChannel,
        redact: Callable[[str], str],
    ) -> None:
        self._ctx = ctx
        self._outbox = outbox
        self._state = state
        self._channel = channel
        self._redact = redact
        self._queue: deque[AlertRow] = deque()
        self._delivered_ids: deque[str] = deque(maxlen=DELIVERED_MEMORY)
        self._timer: Timer | None = None
        self._waits_for_backlog = False
        self._beyond_memory = False
        self._failures = 0
        self._delivered = 0
        self._overflowed = 0
        self._last_error: str | None = None
        self._not_before: datetime | None = None

    @property
    def status(self) -> ChannelStatus:
        return ChannelStatus(
            channel=self._channel.name,
            queued=len(self._queue),
            delivered=self._delivered,
            overflowed=self._overflowed,
            last_error=self._last_error,
        )

    def read_backlog(self) -> None:
        """Alerting starts before state and may not ask it: it tells, and waits only so long."""
        self._waits_for_backlog = True
        wanted = GetUndeliveredAlerts(request_id=self._ctx.uuid(), channel=self._channel.name)
        self._ctx.tell(self._state, wanted)
        self._ctx.call_later(BACKLOG_WAIT_S, BacklogLate(self._channel.name))

    def take_backlog(self, undelivered: Sequence[AlertRow]) -> None:
        """Alerts that the books still hold go before those that came since, each once."""
        seen = {*self._delivered_ids, *(alert.alert_id for alert in self._queue)}
        older = [alert for alert in undelivered if alert.alert_id not in seen]
        self._queue = deque(sorted((*older, *self._queue), key=lambda alert: alert.at))
        while len(self._queue) > QUEUE_MAX:
            self._queue.pop()
            self._beyond_memory = True
        self.go_on_without_backlog()

    def go_on_without_backlog(self) -> None:
        self._waits_for_backlog = False
        self._wake()

    def add(self, alert: AlertRow) -> None:
        """Queue an alert that has just been raised."""
        if self._beyond_memory or len(self._queue) >= QUEUE_MAX:
            # From here on everything waits in the books, so that a later alert can't overtake an earlier one.
            self._beyond_memory = True
            self._overflowed += 1
            return
        self._queue.append(alert)
        self._wake()

    def send_next(self) -> None:
        """Make one attempt with the oldest alert."""
        self._timer = None
        if self._waits_for_backlog or not self._queue:
            return
        alert = self._queue[0]
        self._ctx.check_live()
        outcome = self._channel.send(alert)
        match outcome:
            case Taken():
                self._taken(alert)
            case NotTaken():
                self._not_taken(outcome)
            case _:
                assert_never(outcome)
        self._wake()

    def close(self) -> None:
        self._channel.close()

    def _taken(self, alert: AlertRow) -> None:
        reach(Failpoint.ALERT_SENT)
        self._queue.popleft()
        self._delivered += 1
        self._delivered_ids.append(alert.alert_id)
        self._failures = 0
        self._not_before = self._ctx.now() + timedelta(seconds=PACE_S)
        done = RecordAlertDelivered(
            request_id=f"alert-delivered-{self._channel.name}-{alert.alert_id}",
            alert_id=alert.alert_id,
            channel=self._channel.name,
            at=self._ctx.now(),
        )
        self._outbox.send(self._state, done, done.request_id)
        if not self._queue and self._beyond_memory:
            self._beyond_memory = False
            self.read_backlog()

    def _not_taken(self, refusal: NotTaken) -> None:
        wait_s = RETRY_WAITS_S[min(self._failures, len(RETRY_WAITS_S) - 1)]
        if refusal.retry_after_s is not None:
            wait_s = max(PACE_S, refusal.retry_after_s)
        self._failures += 1
        self._last_error = self._redact(refusal.error)
        self._not_before = self._ctx.now() + timedelta(seconds=wait_s)
        self._ctx.log().warning(
            "alert not delivered",
            extra={"channel": self._channel.name, "error": self._last_error, "retry_in_s": wait_s},
        )

    def _wake(self) -> None:
        """Set the timer for the next attempt, unless one is set or there is nothing to do."""
        if self._timer is not None or self._waits_for_backlog or not self._queue:
            return
        now = self._ctx.now()
        self._timer = self._ctx.call_at(max(now, self._not_before or now), SendNext(self._channel.name))
