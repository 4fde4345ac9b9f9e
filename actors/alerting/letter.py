"""What one message to a person holds: one alert, or several that came together, each line of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.how_many import how_many
from core.messages.alerting import Severity
from core.messages.room_status import AlertRow

GROUP_MAX: Final = 20
"""So many alerts have a line each. Of more, which only a backlog has, each code has one line that counts."""
FOLDED: Final = frozenset({"probe_failed", "probe_back", "suspended"})
"""Families whose alerts differ by nothing but their subject: together they are one line of a letter. In the
daily digest every family is."""
PROBE: Final = "probe_failed"
_ROUTER_PREFIX: Final = "mcp."
REPEAT: Final = "(repeated: this may have reached you before)"


@dataclass(frozen=True)
class Letter:
    """The alerts in the order in which they are read.

    `silent`: the device makes no sound. `repeats` are the ids of alerts that may have been taken before.
    `host` is the upstream host.
    """

    alerts: tuple[AlertRow, ...]
    silent: bool = False
    repeats: frozenset[str] = frozenset()
    host: str = ""
    note: str = ""
    """What the channel itself adds, for instance that the chat has another id."""

    @property
    def letter_id(self) -> str:
        """The same for the same alerts."""
        return f"{self.alerts[0].alert_id}+{len(self.alerts) - 1}"

    @property
    def severity(self) -> Severity:
        """That of its most severe alert."""
        return max((alert.severity for alert in self.alerts), key=lambda severity: severity.rank)

    @property
    def is_digest(self) -> bool:
        return self.severity is Severity.LOW

    @property
    def is_counted(self) -> bool:
        """Whether there are so many that they are told by their codes."""
        return len(self.alerts) > GROUP_MAX

    def shown(self, alert: AlertRow) -> AlertRow:
        """The alert as it is read in this letter: a repeat says that it is one."""
        if alert.alert_id not in self.repeats:
            return alert
        return alert.model_copy(update={"text": f"{REPEAT} {alert.text}"})


@dataclass(frozen=True)
class LetterLine:
    """What a letter says in one line: one alert, or several of one family; `text` is that of the last."""

    severity: Severity
    code: str
    text: str
    subjects: tuple[str, ...]
    count: int
    first_at: datetime
    last_at: datetime


def family(code: str) -> str:
    """`probe_failed` of `probe_failed`, `suspended` of `suspended:probe:macro`."""
    return code.partition(":")[0]


def headline(letter: Letter) -> str:
    """What the letter is about, in one short sentence. Several routers of one host are that host."""
    alerts = how_many(len(letter.alerts), "alert")
    if letter.is_digest:
        return f"Daily digest: {alerts}"
    silent = sorted({_subject(alert) for alert in letter.alerts if family(alert.code) == PROBE})
    if len(silent) > 1 and letter.host:
        return f"{letter.host} does not answer ({', '.join(silent)}): {alerts}"
    return f"{alerts} have waited, told by their codes" if letter.is_counted else alerts


def lines(letter: Letter) -> tuple[LetterLine, ...]:
    """The letter's lines, each where its first alert stands."""
    folded: dict[object, list[AlertRow]] = {}
    for alert in letter.alerts:
        kind = family(alert.code)
        key: object = alert.alert_id
        if letter.is_digest or kind in FOLDED:
            key = kind, alert.severity
        elif letter.is_counted:
            key = alert.code, alert.severity
        folded.setdefault(key, []).append(alert)
    return tuple(_line(letter, alerts) for alerts in folded.values())


def _line(letter: Letter, alerts: list[AlertRow]) -> LetterLine:
    last = alerts[-1]
    by_family = len(alerts) > 1 and (letter.is_digest or family(last.code) in FOLDED)
    return LetterLine(
        severity=last.severity,
        code=family(last.code) if by_family else last.code,
        text=letter.shown(last).text,
        subjects=_once(map(_subject, alerts)) if family(last.code) in FOLDED else (),
        count=len(alerts),
        first_at=alerts[0].at,
        last_at=last.at,
    )


def _subject(alert: AlertRow) -> str:
    """Whom the alert is about: its cause names the actor or the source."""
    return alert.cause.removeprefix(_ROUTER_PREFIX).removeprefix("probe:")


def _once(subjects: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(subjects))
