"""What is told of an alert, whatever the channel: who, what has happened, the engine's words, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from actors.alerting.sender import Sender
from core.alerts import NOTHING_TO_DO, entry_of
from core.messages.room_status import AlertRow
from core.named_commands import typeable


@dataclass(frozen=True)
class AlertWords:
    """The parts of a message, in the order in which they are read. Only the first and last are free of what
    others have said."""

    head: str
    """Sender and severity."""
    title: str
    """The table's title; the code itself if this version does not know it."""
    text: str
    do: str | None
    """What to do now; None for nothing."""
    cause: str
    code: str
    at: str


def words_of(alert: AlertRow, sender: Sender) -> AlertWords:
    """The words of one alert, nothing of it cut or escaped."""
    return AlertWords(
        head=f"{sender} · {alert.severity}",
        title=title_of(alert.code),
        text=typeable(alert.text, sender.folder),
        do=what_to_do(alert.code, sender),
        cause=alert.cause,
        code=alert.code,
        at=f"{alert.at:%Y-%m-%d %H:%M:%S}Z",
    )


def title_of(code: str) -> str:
    """The table's title of a shown code; the code itself if this version does not know it."""
    entry = entry_of(code)
    return code if entry is None else entry.title


def what_to_do(code: str, sender: Sender) -> str | None:
    """What to do now about an alert of this shown code, for who reads of this sender; None for nothing."""
    entry = entry_of(code)
    return None if entry is None or entry.do == NOTHING_TO_DO else typeable(entry.do, sender.folder)
