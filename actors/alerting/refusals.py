"""Letters that a service refuses for good: finds the alert that it refuses, and says when to give it up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from actors.alerting.letter import Letter
from actors.alerting.waiting import DIGEST_MAX, Waiting
from core.alerts import AlertCode
from core.messages.alerting import AlertRow, Severity

TRIES_MAX: Final = 3
"""Refusals of one alert in a letter of its own; then a notice is sent in its place."""


class Refusals:
    """Of a letter with several alerts, halves are tried until the refused one stands alone.

    After its third refusal a notice goes in its place, in words that hold nothing of the alert. If the notice
    is taken, it was the alert that was refused. If it is refused too, the service refuses everything (the
    chat is gone, say): then nothing is given up, however long that lasts.
    """

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._counts: Counter[str] = Counter()

    def given_up(self, alerts: Sequence[AlertRow]) -> AlertRow | None:
        """The alert in whose place a notice is due, or None."""
        alone = len(alerts) == 1 and self._counts[alerts[0].alert_id] >= TRIES_MAX
        return alerts[0] if alone else None

    def refused(self, alerts: Sequence[AlertRow]) -> bool:
        """Note a refusal of these, or of the notice in their place. True if a part of them is tried next."""
        if len(alerts) > 1:
            self._waiting.most = len(alerts) // 2
            return True
        alert_id = alerts[0].alert_id
        if self._counts[alert_id] >= TRIES_MAX:
            self._counts[alert_id] = 0
        else:
            self._counts[alert_id] += 1
        return False

    def taken(self, alerts: Sequence[AlertRow]) -> None:
        for alert in alerts:
            self._counts.pop(alert.alert_id, None)
        self._waiting.most = min(2 * self._waiting.most, DIGEST_MAX)


def notice_of(refused: AlertRow, channel: str) -> Letter:
    """The letter in the place of an alert that was refused. None of the alert's own words are in it."""
    text = (
        f"An alert of {refused.severity} was refused by {channel} {TRIES_MAX} times and is not sent any "
        "more. It is in the books: run.py status names it."
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
