"""The copy of corrupt books is made whole, also if a kill has cut an earlier one short at the same time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from actors.state.database import DATABASE_FILE, keep_evidence

NOW = datetime(2026, 1, 5, 14, tzinfo=UTC)
GARBAGE = b"no database at all"


def test_a_copy_that_was_cut_short_is_kept_and_another_is_made(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(GARBAGE)
    first = keep_evidence(tmp_path, NOW)
    (note,) = [each for each in first.iterdir() if each.name != DATABASE_FILE]
    note.unlink()
    second = keep_evidence(tmp_path, NOW)
    assert second != first
    assert [(each / DATABASE_FILE).read_bytes() for each in (first, second)] == [GARBAGE, GARBAGE]
    assert keep_evidence(tmp_path, NOW) == second, "what is copied whole is not copied again"
