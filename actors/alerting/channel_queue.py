"""Brings alerts to one channel: the most severe first, in order within a severity, again until taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never

from actors.alerting.attempt import one_attempt
from actors.alerting.channel import AlertChannel, NotTaken, Taken
from actors.alerting.channel_records import ChannelRecords
from actors.alerting.delivery_times import DeliveryTimes
from actors.alerting.letter import Letter
from actors.alerting.outgoing import EARLY_S, LOOK_S, Outgoing
from actors.alerting.refusals import Refusals, Ruling, notice_of
from actors.alerting.standing import is_end
from actors.failpoints import Failpoint, reach
from actors.runtime import Address, Outbox, OwnContext, Timer
from core.messages.alerting import Severity
from core.messages.protocols import StateProtocol
from core.messages.room_status import AlertRow, ChannelStatus
from core.messages.state import GetUndeliveredAlerts, UndeliveredAlerts

DELIVERED_MEMORY = 2000
PARKED_MEMORY: Final = 10
PACE_S = 1.0
BACKLOG_WAIT_S = 10.0
BACKLOG_AGAIN_S: Final = 30.0
"""Books that have not answered in time are asked again so often, while alerts go out without them."""
TRIED_WAIT_S = 2.0
"""So long a letter waits for the books to say that it is about to be sent; then it goes without."""
RETRY_WAITS_S = (1.0, 5.0, 30.0, 60.0)
LATE_MAX: Final = 3
"""After so many attempts without an answer, what waits goes along: it may take all and answer late."""
PROBE_LEAD_S: Final = 60.0
JUMP_WAIT_S: Final = 60.0
"""Market time to the next look where market time jumps, so that a pause of process time is no busy loop."""


@dataclass(frozen=True)
class SendNext:
    """Timer to self: a letter may be due for this channel, or the wait after a failure over."""

    channel: str
    due_s: float


@dataclass(frozen=True)
class BacklogLate:
    """Timer to self: state has not answered; this channel gets what is in memory without the backlog."""

    channel: str
    request_id: str


class ChannelQueue:
    """One channel's queue. Made anew with each incarnation: what was not delivered is read from the books.

    Pauses run on process time, the digest and quiet hours on the wall clock.
    """

    def __init__(
        self,
        ctx: OwnContext[SendNext | BacklogLate],
        outbox: Outbox,
        state: Address[StateProtocol],
        channel: AlertChannel,
        redact: Callable[[str], str],
        *,
        times: DeliveryTimes,
        host: str,
    ) -> None:
        self._ctx = ctx
        self._state = state
        self._channel = channel
        self._records = ChannelRecords(ctx, outbox, state, channel.name)
        self._redact = redact
        self._host = host
        self._waiting = Outgoing(times)
        self._refusals = Refusals(self._waiting)
        self._delivered_ids: deque[str] = deque(maxlen=DELIVERED_MEMORY)
        self._perhaps_taken: set[str] = set()
        self._tries_under: str | None = None
        """The request by which the books learn of the attempt that is to come."""
        self._tries_until_s = 0.0
        self._timer: Timer | None = None
        self._timer_due_s = 0.0
        self._time_jumps = False
        self._waits_for_backlog = False
        self._backlog_request: str | None = None
        """What the books were asked for last and have not answered."""
        self._behind: tuple[tuple[Severity, str], ...] = ()
        """Behind which alerts the page begins that is wanted: what comes before them was taken."""
        self._failures = 0
        self._late = 0
        """Attempts in a row to which no answer came."""
        self._failing_since: datetime | None = None
        self._delivered = 0
        self._overflowed = 0
        self._parked: deque[str] = deque(maxlen=PARKED_MEMORY)
        self._last_error: str | None = None
        self._not_before_s = 0.0
        self._back_off_until_s = 0.0

    @property
    def status(self) -> ChannelStatus:
        return ChannelStatus(
            channel=self._channel.name,
            queued=len(self._waiting),
            delivered=self._delivered,
            overflowed=self._overflowed,
            last_error=self._last_error,
            failing_since=self._failing_since,
            parked=tuple(self._parked),
        )

    def read_backlog(self) -> None:
        """Alerting starts before state and may not ask it: it tells, and waits only so long."""
        self._waits_for_backlog, self._behind = True, ()
        self._ask_for_backlog(BACKLOG_WAIT_S)

    def _ask_for_backlog(self, wait_s: float) -> None:
        wanted = GetUndeliveredAlerts(
            request_id=self._ctx.uuid(), channel=self._channel.name, behind=self._behind
        )
        self._backlog_request = wanted.request_id
        self._ctx.tell(self._state, wanted)
        self._ctx.call_later(wait_s, BacklogLate(self._channel.name, wanted.request_id))

    def take_backlog(self, undelivered: UndeliveredAlerts) -> None:
        """Alerts that the books still hold go before those that came since, each once."""
        known = {alert.alert_id for alert in self._waiting}
        self._behind = self._waiting.take_backlog(undelivered, self._delivered_ids, self._ctx.monotonic())
        # What this life knows to have failed is no repeat; what an earlier one tried may be one.
        self._perhaps_taken |= set(undelivered.tried) - known - set(self._delivered_ids)
        if self._behind:
            # The books have not recorded yet that the whole page was taken.
            self._ask_for_backlog(BACKLOG_WAIT_S)
            return
        self._backlog_request = None
        self._go_on()

    def go_on_without_backlog(self, request_id: str) -> None:
        """The books have not answered this. What is raised from now on does not wait for them; they are asked
        until they answer, because the question may be lost and nothing else would ask again."""
        if request_id != self._backlog_request:
            return
        self._waiting.go_on_without_books()
        self._ask_for_backlog(BACKLOG_AGAIN_S)
        self._go_on()

    def _go_on(self) -> None:
        self._waits_for_backlog = False
        self._wake()

    def add(self, alert: AlertRow) -> None:
        """Queue an alert that has just been raised."""
        if not self._waiting.add(alert, is_end=is_end(alert), now_s=self._ctx.monotonic()):
            self._overflowed += 1
            return
        if alert.severity is Severity.CRITICAL:
            # It waits for nothing but what the service itself asked for. A dead channel takes up to eight
            # seconds for an attempt: the others, served by the same room, come before it.
            lead_s = PACE_S if self._failing_since is not None else 0.0
            self._back_off_until_s = min(self._back_off_until_s, self._ctx.monotonic() + lead_s)
            self._tries_under = None
        self._wake()

    def send_next(self, due_s: float) -> None:
        """Make one attempt with the letter that is due, once the books know that it is about to be made.

        `due_s` is the process time for which the timer was set.
        """
        self._timer = None
        now_s = self._ctx.monotonic()
        self._time_jumps = self._time_jumps or now_s < due_s - EARLY_S
        if self._tries_under is not None and now_s >= self._tries_until_s - EARLY_S:
            self._tries_under = None
        if not self._waits_for_backlog and self._wait_s() == 0.0:
            alerts = self._waiting.next_letter(self._ctx.now(), now_s)
            if {alert.alert_id for alert in alerts} - self._waiting.tried:
                self._tell_attempt(alerts)
            elif alerts:
                self._attempt(alerts)
        self._wake()

    def attempt_recorded(self, request_id: str) -> None:
        """The books know of the attempt that was to be made, or will not."""
        if request_id == self._tries_under:
            self._tries_under = None
            self._wake()

    def probe(self) -> None:
        """Look whether the service is there, unless a letter shows it soon. What waits for the digest does
        not."""
        due_s = self._waiting.due_in_s(self._ctx.now(), self._ctx.monotonic())
        if self._waits_for_backlog or (due_s is not None and due_s < PROBE_LEAD_S):
            return
        self._ctx.check_live()
        problem = self._channel.probe()
        if problem is None:
            self._works()
        else:
            self._failed(problem)
            self._ctx.log().warning(
                "alert channel does not answer",
                extra={"channel": self._channel.name, "error": self._last_error},
            )

    def send_test(self, alert: AlertRow) -> str | None:
        """One attempt with an alert that is in no queue: None if it was taken, or why not."""
        self._ctx.check_live()
        outcome = one_attempt(self._channel, Letter((alert,), host=self._host), self._ctx)
        if isinstance(outcome, NotTaken):
            return self._redact(outcome.error)
        self._works()
        return None

    def close(self) -> None:
        self._channel.close()

    def _works(self) -> None:
        """The service is there; a letter that it has not taken shows better whether it takes letters."""
        if self._failures == 0:
            self._failing_since = None

    def _tell_attempt(self, alerts: Sequence[AlertRow]) -> None:
        """Tell the books before the attempt: if this life ends in it, the next one knows of a repeat."""
        self._tries_under = self._records.tried(alerts)
        self._waiting.tried.update(alert.alert_id for alert in alerts)
        self._tries_until_s = self._ctx.monotonic() + TRIED_WAIT_S

    def _attempt(self, alerts: Sequence[AlertRow]) -> None:
        refused = self._refusals.notice_due(alerts)
        if refused is None:
            letter = Letter(
                tuple(alerts),
                silent=all(is_end(alert) or alert.severity is Severity.LOW for alert in alerts),
                repeats=frozenset(alert.alert_id for alert in alerts) & self._perhaps_taken,
                host=self._host,
            )
        else:
            letter = notice_of(refused, self._channel.name)
        self._ctx.check_live()
        outcome = one_attempt(self._channel, letter, self._ctx)
        match outcome:
            case Taken():
                self._reached()
                if refused is None:
                    self._taken(alerts)
                else:
                    self._refusals.notice_taken(refused)
            case NotTaken():
                self._not_taken(alerts, refused, outcome)
            case _:
                assert_never(outcome)

    def _reached(self) -> None:
        """The service has taken a letter."""
        self._failures, self._failing_since = 0, None
        self._late, self._waiting.together = 0, False
        self._not_before_s = self._ctx.monotonic() + PACE_S
        self._back_off_until_s = 0.0

    def _taken(self, alerts: Sequence[AlertRow]) -> None:
        reach(Failpoint.ALERT_SENT)
        self._delivered += len(alerts)
        for alert in alerts:
            self._records.delivered(alert)
        self._done(alerts)

    def _done(self, alerts: Sequence[AlertRow]) -> None:
        """These go no further over this channel: they were taken, or are parked."""
        self._refusals.done(alerts)
        self._waiting.drop(alerts)
        ids = [alert.alert_id for alert in alerts]
        self._delivered_ids.extend(ids)
        self._perhaps_taken.difference_update(ids)
        if not self._waiting.all_in_memory:
            self.read_backlog()

    def _not_taken(self, alerts: Sequence[AlertRow], noticed: AlertRow | None, refusal: NotTaken) -> None:
        """`noticed` is the alert in whose place a notice was sent, if one was."""
        now_s, ruling = self._ctx.monotonic(), Ruling.AGAIN
        self._late = self._late + 1 if refusal.late else 0
        self._waiting.together = self._late >= LATE_MAX
        if refusal.perhaps and noticed is None:
            self._perhaps_taken.update(alert.alert_id for alert in alerts)
        if noticed is not None and (refusal.refused or refusal.broken):
            self._refusals.notice_refused(noticed)
        elif noticed is None and self._refusals.is_refusal(alerts, refusal):
            ruling = self._refusals.refused(alerts)
        if ruling is Ruling.PARK:
            self._parked.append(self._records.parked(alerts[0]))
            self._done(alerts)
        if ruling is not Ruling.AGAIN:
            wait_s = PACE_S
        else:
            wait_s = RETRY_WAITS_S[min(self._failures, len(RETRY_WAITS_S) - 1)]
            self._failures += 1
        if refusal.retry_after_s is not None:
            wait_s = max(PACE_S, refusal.retry_after_s)
            self._not_before_s = now_s + wait_s
        else:
            self._not_before_s = now_s + PACE_S
        self._back_off_until_s = now_s + wait_s
        self._failed(refusal.error)
        self._ctx.log().warning(
            "alert not delivered",
            extra={"channel": self._channel.name, "error": self._last_error, "retry_in_s": wait_s},
        )

    def _failed(self, error: str) -> None:
        self._last_error = self._redact(error)
        self._failing_since = self._failing_since or self._ctx.now()

    def _wait_s(self) -> float | None:
        """Seconds until the next attempt may be made, 0 if now; None if nothing waits."""
        now_s = self._ctx.monotonic()
        due_s = self._waiting.due_in_s(self._ctx.now(), now_s)
        if due_s is None:
            return None
        pause_s = max(self._not_before_s, self._back_off_until_s) - now_s
        if self._tries_under is not None:
            pause_s = max(pause_s, self._tries_until_s - now_s)
        return max(due_s, pause_s if pause_s > EARLY_S else 0.0)

    def _wake(self) -> None:
        """Set the timer for the next attempt, in the place of a later one, if there is anything to do."""
        wait_s = None if self._waits_for_backlog else self._wait_s()
        if wait_s is None:
            return
        if self._time_jumps and wait_s > 0.0:
            wait_s = max(wait_s, JUMP_WAIT_S)
        wait_s = min(wait_s, LOOK_S)
        due_s = self._ctx.monotonic() + wait_s
        if self._timer is not None:
            if self._timer_due_s <= due_s:
                return
            self._timer.cancel()
        self._timer_due_s = due_s
        self._timer = self._ctx.call_later(wait_s, SendNext(self._channel.name, due_s))
