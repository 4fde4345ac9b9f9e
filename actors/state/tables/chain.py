"""The row that says where the audit chain ends, and which bytes are committed but perhaps not in the file."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from core.audit.hash_chain import GENESIS, Link
from core.errors import FoundWrongError
from core.messages.audit import AuditBatch


@dataclass(frozen=True)
class ChainEnd:
    """The end of the acknowledged chain: the next bytes belong at `bytes` of `file`, or in a new file."""

    link: Link = GENESIS
    file: str | None = None
    bytes: int = 0

    def after(self, batch: AuditBatch) -> ChainEnd:
        """The end once `batch` is in the file."""
        link = Link(batch.last_seq, batch.last_hash)
        return ChainEnd(link=link, file=batch.file, bytes=batch.offset + len(batch.payload))


def read(db: sqlite3.Connection) -> tuple[ChainEnd, AuditBatch | None]:
    """Where the chain ends, and what is pending. Raises FoundWrongError if the row is damaged."""
    row = db.execute(
        "SELECT head_seq, head_hash, file, file_bytes, pending_first_seq, pending_last_seq,"
        " pending_last_hash, pending_file, pending_offset, pending_payload FROM chain"
    ).fetchone()
    end = ChainEnd(link=Link(row[0], row[1]), file=row[2], bytes=row[3])
    if all(cell is None for cell in row[4:]):
        return end, None
    if any(cell is None for cell in row[4:]):
        raise FoundWrongError("chain: expected the pending bytes with all that belongs to them, found a part")
    pending = AuditBatch(
        first_seq=row[4], last_seq=row[5], last_hash=row[6], file=row[7], offset=row[8], payload=row[9]
    )
    return end, pending


def write(db: sqlite3.Connection, end: ChainEnd, pending: AuditBatch | None) -> None:
    waiting: tuple[object, ...] = (None,) * 6
    if pending is not None:
        waiting = (
            pending.first_seq,
            pending.last_seq,
            pending.last_hash,
            pending.file,
            pending.offset,
            pending.payload,
        )
    db.execute(
        "UPDATE chain SET head_seq = ?, head_hash = ?, file = ?, file_bytes = ?, pending_first_seq = ?,"
        " pending_last_seq = ?, pending_last_hash = ?, pending_file = ?, pending_offset = ?,"
        " pending_payload = ?",
        (end.link.seq, end.link.hash, end.file, end.bytes, *waiting),
    )
