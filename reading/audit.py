"""Reads the audit log from outside: its records file by file, and whether the chain is whole."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
from datetime import datetime
from pathlib import Path

from actors.audit.files import AUDIT_FOLDER, whole_lines
from actors.audit.verify import NOT_ACCEPTED, VerifyReport, verify
from core.audit.hash_chain import AuditRecord, Link, kind_of, read_record
from reading.engine_lock import running_engine
from reading.errors import DataFolderError

__all__ = [
    "NOT_ACCEPTED",
    "last_recorded_at",
    "records",
    "records_of_kinds",
    "records_under",
    "require_audit_log",
    "verified",
    "verified_alone",
]


def require_audit_log(data_dir: Path) -> None:
    """Raise DataFolderError if the folder holds no audit log."""
    if not (data_dir / AUDIT_FOLDER).is_dir():
        raise DataFolderError(f"{data_dir}: expected an audit log (a folder audit/), found none")


def records(data_dir: Path) -> Iterator[AuditRecord]:
    """Every record in order, except an unfinished last line (an engine is writing, or died).

    Raises ChainBrokenError if a line is not a record. That the records form a chain is checked by `verified`.
    """
    for line in whole_lines(data_dir / AUDIT_FOLDER):
        yield read_record(line)


def records_of_kinds(data_dir: Path, kinds: Container[str]) -> Iterator[AuditRecord]:
    """The records of some kinds, in order. Only their lines are read closely."""
    for line in whole_lines(data_dir / AUDIT_FOLDER):
        kind = kind_of(line)
        # In another form than the engine's, a record says its kind only when it is read.
        if (kind in kinds or not kind) and (record := read_record(line)).kind in kinds:
            yield record


def records_under(data_dir: Path, correlation: str) -> Iterator[AuditRecord]:
    """The records of one correlation, in order. Only lines that have its text are read closely."""
    sign = json.dumps(correlation).encode("ascii")
    for line in whole_lines(data_dir / AUDIT_FOLDER):
        if sign in line and (record := read_record(line)).correlation == correlation:
            yield record


def last_recorded_at(data_dir: Path) -> datetime | None:
    """The latest market time in the audit log, before which no engine may resume; None if it is empty."""
    return max((record.at for record in records(data_dir)), default=None)


def verified(data_dir: Path, *, told_head: Link | None = None, strict: bool = False) -> VerifyReport:
    """Check the files against the books: is every acknowledged byte there and unchanged?

    `told_head` is a head that was reported earlier: its record must be there. `strict` also checks the
    canonical form of every record.
    """
    # Commands that only read the log start faster without it.
    from reading.books import chain_end

    running = running_engine(data_dir) is not None
    return verify(
        data_dir, stored=lambda: chain_end(data_dir), head=told_head, strict=strict, running=running
    )


def verified_alone(data_dir: Path, *, told_head: Link | None = None, strict: bool = False) -> VerifyReport:
    """The same by the files alone, as for books that can't be read: a missing end is not seen."""
    running = running_engine(data_dir) is not None
    return verify(data_dir, stored=lambda: None, head=told_head, strict=strict, running=running)
