"""What waits for one channel, by severity: which alerts make the next letter, and when it is due."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from actors.alerting.delivery_times import DeliveryTimes
from actors.alerting.letter import GROUP_MAX
from core.messages.alerting import Severity
from core.messages.room_status import AlertRow
from core.messages.state_rows import UNDELIVERED_PAGE, UndeliveredAlerts

QUEUE_MAX: Final = UNDELIVERED_PAGE
"""Alerts of one severity held in memory; the rest wait in the books, and are read when these are gone."""
GROUP_WAIT_S: Final = 5.0
"""An alert of HIGH or MEDIUM waits so long for others that come with it."""
END_WAIT_S: Final = 1.0
"""The ends of one outage come within a second; for a person that is at once."""
ALONE_MAX: Final = 20
"""So many CRITICAL alerts go one by one. More go together, or the newest would come hours late."""
BACKLOG_FROM: Final = 3 * GROUP_MAX
"""From so many on the grouped ones that wait are a backlog, which is counted in one letter."""
COUNTED_MAX: Final = QUEUE_MAX
"""Alerts in one letter that counts them by code, as the digest and a backlog do."""
EARLY_S: Final = 0.05
"""A timer may come so much too early by the process's clock. Earlier, and market time jumps."""
LOOK_S: Final = 600.0
"""The longest wait for a time of the wall clock without a new look at it: that clock may be set."""
GROUPED: Final = (Severity.HIGH, Severity.MEDIUM)


class Outgoing:
    """The alerts of each severity in the order in which they came. Times `*_s` are process time."""

    def __init__(self, times: DeliveryTimes) -> None:
        self._times = times
        self._alerts: dict[Severity, deque[AlertRow]] = {severity: deque() for severity in Severity}
        self._beyond: set[Severity] = set()
        self._group_due_s: float | None = None
        self.tried: set[str] = set()
        """The ids of those whose attempt is on record. A letter holds either such ones or none."""
        self.most = COUNTED_MAX
        """So many alerts may be in one letter; fewer while the one that is refused is looked for."""

        self.together = False
        """Everything that is due goes in one letter, because no answer says that a letter was taken."""

    def __len__(self) -> int:
        return sum(map(len, self._alerts.values()))

    def __iter__(self) -> Iterator[AlertRow]:
        return chain.from_iterable(self._alerts.values())

    @property
    def all_in_memory(self) -> bool:
        """False if alerts of a severity of which nothing is left here wait in the books alone."""
        return all(self._alerts[severity] for severity in self._beyond)

    def add(self, alert: AlertRow, *, is_end: bool, now_s: float) -> bool:
        """Take an alert that was just raised; False if it has to wait in the books alone.

        From there on all of its severity wait there, so that none can overtake an earlier one. An
        end, and what waits to be grouped with it, goes without waiting longer.
        """
        queue = self._alerts[alert.severity]
        if alert.severity in self._beyond or len(queue) >= QUEUE_MAX:
            self._beyond.add(alert.severity)
            return False
        queue.append(alert)
        if alert.severity in GROUPED:
            due_s = now_s + (END_WAIT_S if is_end else GROUP_WAIT_S)
            self._group_due_s = due_s if self._group_due_s is None else min(self._group_due_s, due_s)
        return True

    def take_backlog(
        self, page: UndeliveredAlerts, delivered: Iterable[str], now_s: float
    ) -> tuple[tuple[Severity, str], ...]:
        """What the books hold, in their order, goes before what came since and is not in them yet.

        Of a severity of which they hold more than this page, what came since waits in them, too. Returned:
        the last of the page, for each severity of which this channel has taken all of it and more wait.
        """
        self._beyond.clear()
        behind: list[tuple[Severity, str]] = []
        gone, stored = set(delivered), {alert.alert_id for alert in page.alerts}
        for severity, queue in self._alerts.items():
            read = [each for each in page.alerts if each.severity is severity]
            older = [each for each in read if each.alert_id not in gone]
            if severity in page.more:
                self._alerts[severity] = deque(older)
                self._beyond.add(severity)
                if not older:
                    behind.append((severity, read[-1].alert_id))
                continue
            newer = [each for each in queue if each.alert_id not in stored]
            self._alerts[severity] = deque((*older, *newer))
            while len(self._alerts[severity]) > QUEUE_MAX:
                self._alerts[severity].pop()
                self._beyond.add(severity)
        if self._group_due_s is None and any(self._alerts[severity] for severity in GROUPED):
            self._group_due_s = now_s
        return tuple(behind)

    def go_on_without_books(self) -> None:
        """The books do not say what waits there. Where nothing is left here, new alerts wait for them no
        longer: that one comes before an earlier one is better than that none comes."""
        self._beyond = {severity for severity in self._beyond if self._alerts[severity]}

    def due_in_s(self, now: datetime, now_s: float) -> float | None:
        """Seconds until a letter is due, 0 if one is; None while nothing waits."""
        if self._alerts[Severity.CRITICAL]:
            return 0.0
        waits = [self._group_in_s(now, now_s), self._digest_in_s(now)]
        return min((wait for wait in waits if wait is not None), default=None)

    def next_letter(self, now: datetime, now_s: float) -> tuple[AlertRow, ...]:
        """The alerts of the letter that is due, the most severe first; empty if none is."""
        if self._alerts[Severity.CRITICAL]:
            first = self._alerts[Severity.CRITICAL]
            if not self.together:
                return (first[0],) if len(first) <= ALONE_MAX else self._run(first, COUNTED_MAX)
            grouped = GROUPED if self._group_in_s(now, now_s) == 0.0 else ()
            return self._run(chain(first, *(self._alerts[severity] for severity in grouped)), GROUP_MAX)
        if self._group_in_s(now, now_s) == 0.0:
            waiting = [self._alerts[severity] for severity in GROUPED]
            most = GROUP_MAX if sum(map(len, waiting)) < BACKLOG_FROM else COUNTED_MAX
            return self._run(chain.from_iterable(waiting), most)
        if self._digest_in_s(now) == 0.0:
            return self._run(self._alerts[Severity.LOW], COUNTED_MAX)
        return ()

    def drop(self, alerts: Iterable[AlertRow]) -> None:
        """These are done with: taken, or parked."""
        gone = {alert.alert_id for alert in alerts}
        self.tried -= gone
        for severity, queue in self._alerts.items():
            if any(alert.alert_id in gone for alert in queue):
                self._alerts[severity] = deque(alert for alert in queue if alert.alert_id not in gone)
        if not any(self._alerts[severity] for severity in GROUPED):
            self._group_due_s = None

    def _run(self, alerts: Iterable[AlertRow], most: int) -> tuple[AlertRow, ...]:
        """The first ones that have been tried, or have not, alike, unless all go together."""
        chosen: list[AlertRow] = []
        for alert in alerts:
            if len(chosen) >= min(most, self.most):
                break
            if (
                chosen
                and not self.together
                and (alert.alert_id in self.tried) != (chosen[0].alert_id in self.tried)
            ):
                break
            chosen.append(alert)
        return tuple(chosen)

    def _group_in_s(self, now: datetime, now_s: float) -> float | None:
        if self._group_due_s is None:
            return None
        left_s = self._group_due_s - now_s
        wait_s = left_s if left_s > EARLY_S else 0.0
        return _until(now, self._times.allowed_from(now + timedelta(seconds=wait_s)))

    def _digest_in_s(self, now: datetime) -> float | None:
        low = self._alerts[Severity.LOW]
        if not low:
            return None
        # Set by the first that waits, so that a digest that an outage or a stop has delayed is sent at once.
        due = self._times.next_digest(min(low[0].at, now))
        return _until(now, self._times.allowed_from(max(due, now)))


def _until(now: datetime, when: datetime) -> float:
    return max(0.0, (when - now).total_seconds())
