"""The page of a sweep in a real browser: its points, its charts, and each report one click away and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.page.chromium import DESK, PHONE, Looking, browsers, looking, why_not
from tests.page.seen import OVERLAPS, serious
from tests.page.served import Served, served
from tests.page.swept import write_sweep

pytestmark = [pytest.mark.browser, pytest.mark.skipif(why_not() is not None, reason=why_not() or "")]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sweep(tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="module")
def page(swept: Path) -> Iterator[Served]:
    with served(swept, "--report", swept, links=2) as serving:
        yield serving


def assert_well_made(looked: Looking) -> None:
    """Every chart is drawn, also by plotly; nothing lies over another, and nothing is asked for elsewhere."""
    for name in looked.charts():
        looked.page.locator(f"[data-chart='{name}'] .still .lines").wait_for()
    assert looked.page.evaluate(OVERLAPS) == []
    for name in looked.charts():
        looked.explore(name)
    looked.page.evaluate("() => scrollTo({ top: 0, behavior: 'instant' })")
    assert looked.page.evaluate(OVERLAPS) == []
    scrolled, inner = looked.page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert scrolled <= inner
    assert serious(looked) == []
    assert (looked.complaints, looked.elsewhere) == ([], [])


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_person_finds_every_point_and_each_report_and_the_way_back(
    swept: Path, page: Served, size: tuple[int, int]
) -> None:
    answer = json.loads((swept / "sweep.json").read_text("utf-8"))
    with browsers() as browser, looking(browser, page.link(), size) as looked:
        points = looked.page.locator("#points tbody tr")
        assert points.count() == len(answer["points"]) == 4
        assert looked.charts() == ["heat-1", "parallel"]
        assert_well_made(looked)
        points.first.get_by_role("link").first.click()
        looked.page.get_by_text("a finished run: 1 trade closed").wait_for()
        assert looked.charts() == ["drawdown", "months"]
        assert_well_made(looked)
        looked.page.get_by_role("link", name="back to the sweep").click()
        looked.page.locator("#points").wait_for()
        assert looked.page.url == f"{looked.origin}/#points"
