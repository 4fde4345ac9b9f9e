"""Anchor: keeps the audit log's head outside of the data folder, so that a rollback of all of it shows."""

from __future__ import annotations

from core.messages.base import Event, Query


class HeadReached(Event):
    """Told by audit at its start and after each acknowledgement: the log is on disk up to this record."""

    seq: int
    hash: str


class RecordHash(Event):
    """`hash` of record `seq`, None if the log has no such record; `last_seq` is its last."""

    seq: int
    hash: str | None
    last_seq: int


class GetRecordHash(Query[RecordHash]):
    """Asked by anchor when it has read what it last wrote. Answered by `RecordHash`."""

    seq: int
