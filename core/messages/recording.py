"""The base of every request that state records, and what it may be answered by."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from core.messages.audit import AuditEvent
from core.messages.base import Answered, Command, Event, Refused
from core.orders.books import CycleOutcome, Job, LatchSource
from core.values import CycleId, Environment


class Recorded(Event):
    """The write of `request_id` is durable, in the database and in the audit file."""

    request_id: str


class CycleOpened(Event):
    """`closed`: it had nothing to do, and has its outcome already."""

    request_id: str
    cycle_id: CycleId
    job: Job
    slot: datetime
    resumed: bool
    closed: bool = False


class CycleKnown(Event):
    request_id: str
    cycle_id: CycleId
    job: Job
    slot: datetime
    outcome: CycleOutcome
    reasons: tuple[str, ...] = ()


class InboxRecorded(Event):
    """The message is durable. `at` is the time of its row, which no other row has and no grid of a job."""

    request_id: str
    at: datetime


class BackupMade(Event):
    request_id: str
    path: str
    bytes: int


class AccountBound(Event):
    """What the data folder is bound to, and the tag that its new labels carry, drawn once for each folder.

    `former_tags` are those of before, the oldest first; `restored_at` is when `tag` was drawn, if that was
    because a backup had been restored.
    """

    request_id: str
    environment: Environment
    account: str
    tag: str
    former_tags: tuple[str, ...] = ()
    restored_at: datetime | None = None


class LatchesLifted(Event):
    """What a person has resumed is recorded. `lifted` are the latches that were set and are not any more."""

    request_id: str
    lifted: tuple[LatchSource, ...]


RecordingAnswer = (
    Recorded | Refused | CycleOpened | CycleKnown | InboxRecorded | BackupMade | AccountBound | LatchesLifted
)


DISK_FULL: Final = "disk_full"
BOOKS_BUSY: Final = "books_busy"


def may_be_told_again(refused: Refused) -> bool:
    """Whether the books refused for lack of room, and so may take the same request later."""
    return any(reason.partition(":")[0] in (DISK_FULL, BOOKS_BUSY) for reason in refused.reasons)


class Recording(Command, Answered[RecordingAnswer]):
    """A request to write. `audit` is sequenced in the same transaction. Answered by `Recorded`, unless the
    request itself names another answer, or by `Refused`."""

    request_id: str
    audit: tuple[AuditEvent, ...] = ()
