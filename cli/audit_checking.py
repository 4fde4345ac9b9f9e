"""Verifying the audit chain against the files alone, the books, or a head that was told to somebody."""

from __future__ import annotations

from pathlib import Path

from actors.audit.verify import Stored, verify
from cli.books_reading import chain_end
from cli.data_folder import running_engine
from cli.report import AuditResult
from core.chain import Link
from core.messages.audit import AuditHead


def verified(data_dir: Path, *, told_head: Link | None = None, strict: bool = False) -> AuditResult:
    """Every byte that was acknowledged is there and unchanged, or what is not.

    The books, where there are any, prove that nothing is missing at the end; so does `told_head`.
    """

    def stored() -> Stored | None:
        end = chain_end(data_dir)
        return None if end is None else (AuditHead(seq=end[0].seq, hash=end[0].hash), end[1])

    running = running_engine(data_dir) is not None
    report = verify(data_dir, stored=stored, head=told_head, strict=strict, running=running)
    return AuditResult(report.records, str(report.head), report.ok, report.problem)
