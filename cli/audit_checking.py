"""Verifying the audit chain of a data folder against its files, its books, and a head that was told."""

from __future__ import annotations

from pathlib import Path

from actors.audit.verify import verify
from cli.books_reading import chain_end
from cli.data_folder import running_engine
from cli.report import AuditResult
from core.audit.hash_chain import Link


def verified(data_dir: Path, *, told_head: Link | None = None, strict: bool = False) -> AuditResult:
    """Every byte that was acknowledged is there and unchanged, or what is not."""
    running = running_engine(data_dir) is not None
    found = verify(
        data_dir, stored=lambda: chain_end(data_dir), head=told_head, strict=strict, running=running
    )
    return AuditResult(found.records, str(found.head), found.ok, found.problem)
