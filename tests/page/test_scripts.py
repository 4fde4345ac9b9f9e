"""The page's own scripts stay few."""

from __future__ import annotations

from page.static_files import FOLDER

LINES_MAX, COLUMNS_MAX = 199, 140


def test_all_scripts_together_have_less_than_two_hundred_lines() -> None:
    lines = [line for path in sorted(FOLDER.glob("*.js")) for line in path.read_text("utf-8").splitlines()]
    assert 0 < len(lines) <= LINES_MAX
    assert max(map(len, lines)) <= COLUMNS_MAX
