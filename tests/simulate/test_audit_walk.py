"""What the statements know of a log: each record once, while days are added and after they are compressed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from actors.audit.files import AUDIT_FOLDER, compress
from core.audit.hash_chain import GENESIS, Link, append, file_name
from core.messages.audit import AuditEvent, AuditKind
from lab.invariants.audit_walk import AuditWalk

MONDAY = datetime(2026, 1, 5, 14, tzinfo=UTC)


def a_day(data_dir: Path, link: Link, day: int, label: str) -> tuple[Path, Link]:
    """One more day of the log, in which an order is instructed."""
    at = MONDAY + timedelta(days=day)
    event = AuditEvent(at=at, kind=AuditKind.INSTRUCTION, correlation="", detail={"label": label})
    payload, link = append(link, [event])
    path = data_dir / AUDIT_FOLDER / file_name(at.date())
    path.write_bytes(payload)
    return path, link


def test_days_are_read_once_also_if_they_are_compressed_then_or_later(tmp_path: Path) -> None:
    (tmp_path / AUDIT_FOLDER).mkdir()
    first, link = a_day(tmp_path, GENESIS, 0, "a")
    compress(first)
    second, link = a_day(tmp_path, link, 1, "b")
    walk = AuditWalk(tmp_path)
    walk.go_on()
    assert walk.instructions == {"a": 1, "b": 1}
    compress(second)
    a_day(tmp_path, link, 2, "c")
    walk.go_on()
    assert walk.instructions == {"a": 1, "b": 1, "c": 1}
    assert walk.gaps == []
