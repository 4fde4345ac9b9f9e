"""Which conditions last now, as the alerts tell it: an end says how long it lasted and what is still true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.alerts import ENTRIES, AlertCode, begins_of, code_of
from core.messages.alerting import Severity
from core.messages.room_status import AlertRow
from core.text import duration

ARMINGS: Final = frozenset(code for code in AlertCode if code.value.startswith("armed:"))
"""They end by a disarming. That is an act of a person and no end of the kind that is told silently."""
BEGINS: Final = ARMINGS | {code for code, entry in ENTRIES.items() if entry.ends is not None}
ENDS: Final = frozenset(entry.ends for entry in ENTRIES.values() if entry.ends is not None)
WANTED: Final = tuple(sorted(BEGINS | ENDS | {AlertCode.DISARMED}))
"""The codes of which a new incarnation needs the last alerts."""
PER_CAUSE: Final = frozenset({AlertCode.PROBE_FAILED, AlertCode.HOST_WARNS})
"""They last for each cause apart; of the others at most one condition lasts, whatever the alerts name."""
STILL_MAX: Final = 3
STILL_LENGTH_MAX: Final = 200


@dataclass(frozen=True)
class Lasting:
    """One condition since its first alert; the severity is its highest, `text` the last alert's."""

    code: AlertCode
    since: datetime
    severity: Severity
    text: str


def is_end(alert: AlertRow) -> bool:
    """Whether the alert tells the end of something that was sent: it goes at once, and without a sound."""
    return code_of(alert.code) in ENDS and alert.severity is not Severity.LOW


class Standing:
    """What lasts, by code and cause. Bounded by the number of codes and routers."""

    def __init__(self) -> None:
        self._lasting: dict[tuple[AlertCode, str], Lasting] = {}

    def read(self, alerts: Iterable[AlertRow], began: datetime) -> None:
        """Take up what earlier incarnations have told, in the order in which they did.

        Of what was told before the engine `began`, only armings last: any other condition is told anew if it
        still holds, and may have ended while nobody watched.
        """
        now = self._lasting
        self._lasting = {}
        for alert in alerts:
            if alert.at >= began or code_of(alert.code) in ARMINGS | {AlertCode.DISARMED}:
                self.told(alert)
        self._lasting.update(now)

    def told(self, alert: AlertRow) -> AlertRow:
        """Note an alert. Returned as it is, or, if it is an end: with its beginning's severity, how long it
        lasted, and what is still true."""
        code = code_of(alert.code)
        if code in BEGINS:
            self._begin(code, alert)
        elif code is AlertCode.DISARMED:
            self._take(ARMINGS, alert)
        elif code in ENDS:
            ended = self._take(begins_of(code), alert)
            if ended:
                return self._end_of(ended, alert)
        return alert

    def _begin(self, code: AlertCode, alert: AlertRow) -> None:
        key = code, alert.cause if code in PER_CAUSE else ""
        before = self._lasting.get(key)
        if before is None:
            self._lasting[key] = Lasting(code, alert.at, alert.severity, alert.text)
            return
        severity = max(before.severity, alert.severity, key=lambda severity: severity.rank)
        self._lasting[key] = replace(before, severity=severity, text=alert.text)

    def _take(self, begins: frozenset[AlertCode], end: AlertRow) -> list[Lasting]:
        keys = [key for key in self._lasting if key[0] in begins and key[1] in ("", end.cause)]
        return [self._lasting.pop(key) for key in keys]

    def _end_of(self, ended: list[Lasting], alert: AlertRow) -> AlertRow:
        lasted = alert.at - min(one.since for one in ended)
        text = f"{alert.text} after {duration(lasted)}"
        still = self._still()
        if still:
            text += f"; still true: {still}"
        severity = max((one.severity for one in ended), key=lambda severity: severity.rank)
        return alert.model_copy(update={"severity": severity, "text": text})

    def _still(self) -> str:
        """What else lasts that matters, the worst first."""
        found = [one for one in self._lasting.values() if one.severity.rank >= Severity.MEDIUM.rank]
        found.sort(key=lambda one: -one.severity.rank)
        words = [_words(one) for one in found[:STILL_MAX]]
        if len(found) > STILL_MAX:
            words.append(f"{len(found) - STILL_MAX} more")
        return "; ".join(words)


def _words(one: Lasting) -> str:
    text = one.text if len(one.text) <= STILL_LENGTH_MAX else f"{one.text[:STILL_LENGTH_MAX]}…"
    return f"the switch is armed ({text})" if one.code in ARMINGS else text
