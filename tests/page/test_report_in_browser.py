"""The report as one file, opened as a person opens it: from the disk, with no server and no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import ended, started
from tests.page.chromium import DESK, PHONE, browsers, looking, why_not
from tests.page.seen import OVERLAPS, serious
from tests.page.states import write_trades

pytestmark = [pytest.mark.browser, pytest.mark.skipif(why_not() is not None, reason=why_not() or "")]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of twenty closed trades."""
    folder = tmp_path_factory.mktemp("report")
    write_trades(folder / "data")
    path = folder / "report.html"
    assert ended(started("report", "--data-dir", folder / "data", "--html", path)).code == 0
    return path


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_its_charts_are_drawn_from_the_file_alone(file: Path, size: tuple[int, int]) -> None:
    with browsers() as browser, looking(browser, file.as_uri(), size) as looked:
        looked.scroll_through()
        assert looked.page.evaluate(OVERLAPS) == []
        assert len(looked.charts()) == 4
        for name in looked.charts():
            looked.explore(name)
        drawn = {str(each.get_attribute("data-drawn")) for each in looked.page.locator("[data-chart]").all()}
        assert drawn == {"yes"}
        assert looked.elsewhere == []
        assert looked.complaints == []
        scrolled, inner = looked.page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
        assert scrolled <= inner
        assert looked.page.evaluate(OVERLAPS) == []
        assert serious(looked) == []
