"""What a person is told about alerts of one code, beside the words of the single alert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.alerts.code import AlertCode
from core.alerts.severity import Severity

NOTHING_TO_DO: Final = "Nothing."


@dataclass(frozen=True, kw_only=True)
class AlertEntry:
    """One row of the table. All texts are whole sentences, except the title."""

    title: str
    """A few words that say on a lock screen what has happened."""
    means: str
    do: str
    """What to do now, with the command; `NOTHING_TO_DO` if that is nothing."""
    over: str
    """When it is over, or that it only tells of something that has happened."""
    severities: tuple[Severity, ...]
    """Those that it is raised with; which, says the alert."""
    ends: AlertCode | None = None
    """The code by which its end is told, if it lasts and its end is told."""
