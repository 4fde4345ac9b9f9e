"""Verifies the chain from outside, while the engine runs or after it; changes and repairs nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from actors.audit.files import AUDIT_FOLDER, bytes_from
from actors.audit.scan import NOT_ACCEPTED, Broken, Incomplete, Scan, Whole, judge, scan
from core.audit.hash_chain import Link
from core.messages.audit import AuditBatch
from core.messages.room_status import AuditHead

Stored = tuple[AuditHead, AuditBatch | None]
"""The head and the pending bytes as the database has them."""

QUIET_TRIES = 3

__all__ = ["NOT_ACCEPTED", "QUIET_TRIES", "Stored", "VerifyReport", "verify"]


@dataclass(frozen=True)
class VerifyReport:
    """`head` is where the sound chain ends. `restorable`: the next start completes what is missing."""

    ok: bool
    records: int
    head: Link
    files: int
    problem: str | None = None
    restorable: bool = False


def verify(
    data_dir: Path,
    *,
    stored: Callable[[], Stored | None],
    head: Link | None = None,
    strict: bool = False,
    running: bool = False,
) -> VerifyReport:
    """Check that every acknowledged byte is there and unchanged.

    `stored` reads the database's head and pending bytes at each call; it returns None if there is no
    database, and then only the files and `head` are checked. `head` is one that was noted earlier: its record
    must be in the files. `running`: an engine may be appending meanwhile, so an unfinished last batch is no
    fault.
    """
    found, side = _look(data_dir, stored, head, strict)
    problem, restorable = found.problem, False
    if problem is None and side is not None:
        problem, restorable = _against_books(data_dir, found, side, running=running)
    if problem is None and head is not None and head.seq > 0 and found.hashes.get(head.seq) != head.hash:
        what = found.hashes.get(head.seq, "no such record")
        problem = f"expected record {head.seq} with hash {head.hash}, found {what}"
    if problem is None and found.broken_before:
        problem = NOT_ACCEPTED
    return VerifyReport(problem is None, found.link.seq, found.link, found.files, problem, restorable)


def _look(
    data_dir: Path, stored: Callable[[], Stored | None], head: Link | None, strict: bool
) -> tuple[Scan, Stored | None]:
    """Scan the files, and return the database's side if it did not change during the scan.

    With a busy engine it may change during each of the tries. Then the files must hold the head that was
    acknowledged before the last scan, and the records after it are verified by the hash chain alone (None).
    """
    before = stored()
    for _ in range(QUIET_TRIES):
        wanted = {link.seq for link in (head, before[0] if before else None) if link is not None}
        found = scan(data_dir / AUDIT_FOLDER, wanted=wanted, strict=strict)
        after = stored()
        if after == before or before is None:
            return found, after
        busy, before = before, after
    if found.problem is None and found.hashes.get(busy[0].seq) == busy[0].hash:
        return found, None
    return found, busy


def _against_books(data_dir: Path, found: Scan, side: Stored, *, running: bool) -> tuple[str | None, bool]:
    head, pending = side
    folder = data_dir / AUDIT_FOLDER
    verdict = judge(found, head, pending, lambda name, at, count: bytes_from(folder / name, at, count))
    match verdict:
        case Whole():
            return None, False
        case Broken():
            return verdict.problem, False
        case Incomplete():
            if running or pending is None:
                return None, False
            # It can't be known here whether these bytes were ever acknowledged, so their absence is reported.
            problem = (
                f"the last batch, records {pending.first_seq} to {pending.last_seq}, has {verdict.present} of"
                f" {len(pending.payload)} bytes; the database holds them and the next start restores them"
            )
            return problem, True
        case _:
            assert_never(verdict)
