"""The audit log as an outsider reads it: its records file by file, and whether the chain is whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from actors.audit.files import AUDIT_FOLDER, whole_lines
from actors.audit.verify import NOT_ACCEPTED, VerifyReport, verify
from core.audit.hash_chain import AuditRecord, Link, read_record
from reading.books import chain_end
from reading.engine_lock import running_engine
from reading.errors import DataFolderError

__all__ = ["NOT_ACCEPTED", "last_recorded_at", "records", "require_audit_log", "verified"]


def require_audit_log(data_dir: Path) -> None:
    """Raise DataFolderError if the folder holds no audit log."""
    if not (data_dir / AUDIT_FOLDER).is_dir():
        raise DataFolderError(f"{data_dir}: expected an audit log (a folder audit/), found none")


def records(data_dir: Path) -> Iterator[AuditRecord]:
    """Every record in order. An unfinished last line (an engine is writing, or died) is left out.

    Raises ChainBrokenError if a line is no record; whether they follow from each other is `verified`'s
    task.
    """
    for line in whole_lines(data_dir / AUDIT_FOLDER):
        yield read_record(line)


def last_recorded_at(data_dir: Path) -> datetime | None:
    """The latest market time that the audit log knows: an engine that goes on must not be before it."""
    return max((record.at for record in records(data_dir)), default=None)


def verified(data_dir: Path, *, told_head: Link | None = None, strict: bool = False) -> VerifyReport:
    """Whether every byte that was acknowledged is there and unchanged, by files, books and `told_head`.

    `told_head` is a head that was told before: its record must be there. `strict` checks the canonical form
    of every record too.
    """
    running = running_engine(data_dir) is not None
    return verify(
        data_dir, stored=lambda: chain_end(data_dir), head=told_head, strict=strict, running=running
    )
