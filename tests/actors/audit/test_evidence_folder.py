"""Where broken audit files are kept: in a folder of their own, for their owner alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from actors.audit.evidence import put_aside

NOW = datetime(2026, 1, 5, 14, tzinfo=UTC)


def test_breaks_within_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    names = []
    for content in ("one", "two", "three"):
        log = tmp_path / content
        log.mkdir()
        (log / "audit-2026-01-05.jsonl").write_text(content, "utf-8")
        found = put_aside(tmp_path, log, None, NOW)
        assert (found.folder / "audit-2026-01-05.jsonl").read_text("utf-8") == content
        assert found.folder.stat().st_mode & 0o777 == 0o700
        names.append(found.folder.name)
    assert names == [f"20260105T140000Z-audit{end}" for end in ("", "-2", "-3")]
