"""The report of the recorded months stands in the documentation as it was printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recorded.pasted_report import BEGIN, END, PAGE, pasted, printed


def test_only_what_stands_between_the_marks_is_written_anew() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    found = pasted(page, "new")
    assert found.startswith(f"before\n{BEGIN}\n```\n$ run.py backtest")
    assert found.endswith(f"new\n```\n{END}\nafter\n")
    assert pasted(found, "new") == found


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="once each"):
        pasted("no marks", "new")


@pytest.mark.soak
@pytest.mark.recorded
def test_the_page_has_what_is_printed_now(recorded_data: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert pasted(page, printed(recorded_data / "chains")) == page
