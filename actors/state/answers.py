"""The first answer to each request, by which one that is told again gets the same and changes nothing."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from itertools import islice, takewhile
from typing import Final, Protocol

from actors.state.tables import records
from core.messages.base import Refused
from core.messages.state import (
    AccountBound,
    BackupMade,
    CycleKnown,
    CycleOpened,
    InboxRecorded,
    LatchesLifted,
    Recorded,
    RecordingAnswer,
)

NEWEST_KEPT: Final = 1000
"""However old they seem: a clock that is ahead for a moment makes all old, also those on their way."""
_ANSWERS: dict[str, type[RecordingAnswer]] = {
    kind.__name__: kind
    for kind in (
        Recorded,
        Refused,
        CycleOpened,
        CycleKnown,
        InboxRecorded,
        BackupMade,
        AccountBound,
        LatchesLifted,
    )
}


class Answers(Protocol):
    """What the books have answered. It lasts as long as they do, and changes by their transactions."""

    def first(self, request_id: str) -> RecordingAnswer | None:
        """The answer that the request got before, if any."""

    def keep(self, request_id: str, answer: RecordingAnswer, now: datetime) -> None:
        """Remember the answer, in the transaction of the change."""

    def prune(self, before: datetime) -> None:
        """Forget what was answered before that time, except the newest `NEWEST_KEPT`."""

    def committed(self) -> None:
        """The transaction lasts."""

    def undone(self) -> None:
        """The transaction was rolled back: forget what was kept in it."""


class AnswersInBooks:
    """Rows of the database that the changes are in."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def first(self, request_id: str) -> RecordingAnswer | None:
        """As `Answers.first`."""
        found = records.answer(self._db, request_id)
        if found is None:
            return None
        name, body = found
        return _ANSWERS[name].model_validate_json(body)

    def keep(self, request_id: str, answer: RecordingAnswer, now: datetime) -> None:
        """As `Answers.keep`."""
        records.insert_answer(self._db, request_id, type(answer).__name__, answer.model_dump_json(), now)

    def prune(self, before: datetime) -> None:
        """As `Answers.prune`."""
        records.prune_answers(self._db, before, NEWEST_KEPT)

    def committed(self) -> None:
        """The database does it."""

    def undone(self) -> None:
        """The database does it."""


class AnswersInMemory:
    """For books in memory, which end with the process."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[RecordingAnswer, datetime]] = {}
        self._new: list[str] = []

    def first(self, request_id: str) -> RecordingAnswer | None:
        """As `Answers.first`."""
        known = self._known.get(request_id)
        return None if known is None else known[0]

    def keep(self, request_id: str, answer: RecordingAnswer, now: datetime) -> None:
        """As `Answers.keep`."""
        self._known[request_id] = (answer, now)
        self._new.append(request_id)

    def prune(self, before: datetime) -> None:
        """As `Answers.prune`."""
        # They are in the order of time but where a clock was set back: those wait for the ones before them.
        oldest = islice(self._known, max(0, len(self._known) - NEWEST_KEPT))
        old = takewhile(lambda request_id: self._known[request_id][1] < before, oldest)
        for request_id in list(old):
            del self._known[request_id]

    def committed(self) -> None:
        """As `Answers.committed`."""
        self._new.clear()

    def undone(self) -> None:
        """As `Answers.undone`."""
        while self._new:
            self._known.pop(self._new.pop(), None)
