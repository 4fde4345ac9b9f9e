"""Verifying the audit chain against the files alone, the books, or a head that was told to somebody."""

from __future__ import annotations

from pathlib import Path

from actors.audit.files import AUDIT_FOLDER, bytes_from
from actors.audit.scan import Broken, Incomplete, Scan, judge, scan
from cli.books_reading import chain_end
from cli.data_folder import running_engine
from cli.report import AuditResult
from core.chain import Link
from core.messages.audit import AuditBatch, AuditHead


def verified(data_dir: Path, *, told_head: Link | None = None, strict: bool = False) -> AuditResult:
    """Every byte that was acknowledged is there and unchanged, or what is not.

    The books, where there are any, prove that nothing is missing at the end; so does `told_head`. Bytes that
    the books still hold as pending may be missing: the next start restores them.
    """
    # Read before the files: a running engine goes on meanwhile, and its files may then hold more.
    end = chain_end(data_dir)
    running = running_engine(data_dir) is not None
    wanted = [link.seq for link in (told_head, end[0] if end else None) if link is not None]
    found = scan(data_dir / AUDIT_FOLDER, wanted=wanted, strict=strict)
    if running:
        problem = found.problem or _against_head(found, end[0] if end else None)
    else:
        problem = found.problem or _against_books(data_dir, found, end)
    problem = problem or _against_head(found, told_head)
    return AuditResult(found.link.seq, str(found.link), problem is None, problem)


def _against_books(data_dir: Path, found: Scan, end: tuple[Link, AuditBatch | None] | None) -> str | None:
    if end is None:
        return None
    link, pending = end
    folder = data_dir / AUDIT_FOLDER
    head = AuditHead(seq=link.seq, hash=link.hash)
    verdict = judge(found, head, pending, lambda name, at, count: bytes_from(folder / name, at, count))
    match verdict:
        case Broken():
            return verdict.problem
        case Incomplete() if verdict.present > 0:
            return None  # A crash while appending; nobody was told that these records exist.
        case _:
            return None


def _against_head(found: Scan, told: Link | None) -> str | None:
    if told is None or told.seq == 0:
        return None
    there = found.hashes.get(told.seq)
    if there == told.hash:
        return None
    what = "no such record" if there is None else f"the hash {there}"
    return f"expected record {told.seq} with hash {told.hash}, found {what}"
