"""The sequencer: many requests in one transaction, and the audit bytes that the same commit makes pending."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from actors.failpoints import Failpoint, reach
from actors.state.answers import Answers, AnswersInBooks
from actors.state.applied import Applied
from actors.state.apply import Write, apply
from actors.state.chain_kept import ChainInBooks, ChainKept
from actors.state.tables.chain import ChainEnd
from actors.state.text_door import TextDoor
from core.audit.hash_chain import Link, encode_record, file_name
from core.messages.audit import AuditBatch, AuditEvent, AuditKind, FileEnd

ANSWERS_KEPT = timedelta(days=7)
"""No request is told again after this long: an outbox is lost when its sender restarts."""
PRUNE_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Committed:
    """What one transaction made durable in the database. `batch` holds all pending audit bytes, if any."""

    outcomes: tuple[Applied, ...]
    batch: AuditBatch | None


class Sequencer:
    """Owns the numbering of audit records. `end` is the end of what the audit file is known to hold."""

    def __init__(
        self,
        db: sqlite3.Connection,
        door: TextDoor,
        answers: Answers | None = None,
        chain: ChainKept | None = None,
        require_alone: Callable[[], None] = lambda: None,
    ) -> None:
        """`answers` and `chain`: by default, rows of the same database. `require_alone` raises if somebody
        else has written there, so that what was read here no longer holds.
        """
        self._db = db
        self._door = door
        self.answers = answers or AnswersInBooks(db)
        self._chain = chain or ChainInBooks(db)
        self._require_alone = require_alone
        self.end, self.pending = self._chain.read()
        self._pruned_at: datetime | None = None
        self._file_end: FileEnd | None = None

    @property
    def last_seq(self) -> int:
        """The number of the last committed audit record."""
        return self._last.seq

    @property
    def _last(self) -> Link:
        return self.end.link if self.pending is None else self.end.after(self.pending).link

    def commit(
        self, requests: Sequence[tuple[Write, str | None]], now: datetime, check_live: Callable[[], None]
    ) -> Committed:
        """Apply (request, correlation) in order and commit them together.

        If bytes are still pending, the new ones are added to them. Raises sqlite3.Error, and what
        `require_alone` raises, with nothing changed.
        """
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            self._require_alone()
            rollover, link = self._rollover(now)
            outcomes: list[Applied] = []
            lines: list[bytes] = []
            for request, correlation in requests:
                applied, payload, link = self._applied(
                    request, now, link, correlation, is_alone=len(requests) == 1
                )
                outcomes.append(applied)
                lines.append(payload)
            told = b"".join(lines)
            reach(Failpoint.BOOKS_APPLIED)
            batch = self._batch(rollover + told if told else b"", link.seq, link.hash, now)
            if batch is not None:
                self._chain.write(self.end, batch)
            self._prune(now)
            check_live()
            reach(Failpoint.BOOKS_PENDING)
            db.execute("COMMIT")
            self.answers.committed()
            self._chain.committed()
            reach(Failpoint.BOOKS_COMMITTED)
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            self.answers.undone()
            self._chain.undone()
            raise
        self.pending = batch
        return Committed(tuple(outcomes), batch)

    def _applied(
        self, request: Write, now: datetime, previous: Link, correlation: str | None, *, is_alone: bool
    ) -> tuple[Applied, bytes, Link]:
        recorded, texts = self._door.taken_in(request)
        applied = apply(self._db, self.answers, recorded, now, previous, correlation, is_alone=is_alone)
        # After it, so that they stay where the request is refused and its changes are undone.
        self._door.keep(texts, now)
        return applied

    def acknowledge(self, file_end: FileEnd | None) -> None:
        """Take note that the pending bytes are in the audit file, fsynced, which ends at `file_end`."""
        self._file_end = file_end
        if self.pending is not None:
            self.end, self.pending = self.end.after(self.pending), None

    def restart(self) -> None:
        """Begin a new chain, after the files were put aside; durable with the next commit."""
        self.end, self.pending, self._file_end = ChainEnd(), None, None

    def settle(self) -> None:
        """At an orderly stop, store the end of the audit file as the head, if nothing is pending."""
        if self.pending is None:
            self._chain.settle(self.end)
            reach(Failpoint.BOOKS_SETTLED)

    def _rollover(self, now: datetime) -> tuple[bytes, Link]:
        """The first record of a new day's file, which says how the one before ends, and the chain's end
        after it; no bytes if the file goes on or nothing is known of its end."""
        closed = self._file_end
        if self.pending is not None or closed is None or self.end.file is None:
            return b"", self._last
        if file_name(now.date()) <= self.end.file or (closed.seq, closed.hash) != self.end.link:
            return b"", self._last
        detail = closed.model_dump(mode="json")
        return encode_record(self._last, AuditEvent(kind=AuditKind.ROLLOVER, at=now, detail=detail))

    def _batch(self, payload: bytes, last_seq: int, last_hash: str, now: datetime) -> AuditBatch | None:
        if not payload:
            return self.pending
        if self.pending is not None:
            whole = self.pending.payload + payload
            return self.pending.model_copy(
                update={"last_seq": last_seq, "last_hash": last_hash, "payload": whole}
            )
        # A clock that was set back must not reopen an earlier day's file.
        file = max(file_name(now.date()), self.end.file or "")
        return AuditBatch(
            first_seq=self.end.link.seq + 1,
            last_seq=last_seq,
            last_hash=last_hash,
            file=file,
            offset=self.end.bytes if file == self.end.file else 0,
            payload=payload,
        )

    def _prune(self, now: datetime) -> None:
        if self._pruned_at is not None and now - self._pruned_at < PRUNE_EVERY:
            return
        self.answers.prune(now - ANSWERS_KEPT)
        self._door.prune()
        self._pruned_at = now
