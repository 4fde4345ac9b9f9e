"""Letters that a service refuses for good: finds the alert that it refuses, and says when to give it up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from actors.alerting.channel import NotTaken
from actors.alerting.letter import Letter
from actors.alerting.outgoing import COUNTED_MAX, Outgoing
from core.alerts import AlertCode
from core.messages.alerting import Severity
from core.messages.room_status import AlertRow

TRIES_MAX: Final = 3
"""Refusals of one alert in a letter of its own, the last one after a notice was taken."""
BROKEN_MAX: Final = 10
"""So often a service may fail at one letter, over about eight minutes, until that counts as a refusal."""


class Ruling(StrEnum):
    """What follows from a refusal."""

    PART = "part"
    """The letter had several alerts: a part of it is tried next."""
    AGAIN = "again"
    PARK = "park"
    """The service takes other letters and refuses this alert."""


class Refusals:
    """Of a letter with several alerts, halves are tried until the refused one stands alone.

    Between its second and its third try a notice is sent, in words that hold nothing of the alert. If it is
    taken and the third try is refused, it is the alert that is refused. If the notice is refused too, the
    service refuses everything (the chat is gone, say): then nothing is given up, however long that lasts.
    """

    def __init__(self, waiting: Outgoing) -> None:
        self._waiting = waiting
        self._counts: Counter[str] = Counter()
        self._noticed: set[str] = set()
        self._broken: Counter[str] = Counter()

    def is_refusal(self, alerts: Sequence[AlertRow], refusal: NotTaken) -> bool:
        """Whether the service will not take the letter with these: because it says so, or because it has
        failed at it every time."""
        first = alerts[0].alert_id
        self._broken[first] += refusal.broken
        return refusal.refused or (refusal.broken and self._broken[first] > BROKEN_MAX)

    def notice_due(self, alerts: Sequence[AlertRow]) -> AlertRow | None:
        """The alert in whose place a notice is sent now, or None."""
        first = alerts[0]
        refused = len(alerts) == 1 and self._counts[first.alert_id] >= TRIES_MAX - 1
        return first if refused and first.alert_id not in self._noticed else None

    def notice_taken(self, alert: AlertRow) -> None:
        self._noticed.add(alert.alert_id)

    def notice_refused(self, alert: AlertRow) -> None:
        """Everything is refused: the alert is tried again before the next notice."""
        self._counts[alert.alert_id] = TRIES_MAX - 2

    def refused(self, alerts: Sequence[AlertRow]) -> Ruling:
        """Note that the service refuses the letter with these."""
        if len(alerts) > 1:
            self._waiting.most = len(alerts) // 2
            return Ruling.PART
        self._counts[alerts[0].alert_id] += 1
        return Ruling.PARK if self._counts[alerts[0].alert_id] >= TRIES_MAX else Ruling.AGAIN

    def done(self, alerts: Sequence[AlertRow]) -> None:
        """These were taken, or are parked."""
        for alert in alerts:
            self._counts.pop(alert.alert_id, None)
            self._broken.pop(alert.alert_id, None)
            self._noticed.discard(alert.alert_id)
        self._waiting.most = min(2 * self._waiting.most, COUNTED_MAX)


def notice_of(refused: AlertRow, channel: str) -> Letter:
    """The letter in the place of an alert that was refused. None of the alert's own words are in it."""
    text = (
        f"An alert of {refused.severity} was refused by {channel}. It is tried once more: unless it comes "
        "next, it stays in the books and is not sent any more; run.py status names it."
    )
    return Letter(
        (
            AlertRow(
                alert_id=f"parked-{refused.alert_id}",
                severity=Severity.HIGH,
                code=AlertCode.ALERT_PARKED,
                text=text,
                cause=f"alert of {refused.at:%Y-%m-%d %H:%M:%S}Z",
                at=refused.at,
            ),
        )
    )
