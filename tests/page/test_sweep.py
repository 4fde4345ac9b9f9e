"""The page over a sweep's folder: the sentence, every point, its charts, and each report one click away."""

from __future__ import annotations

import json
import os
import re
import signal
from html import unescape
from pathlib import Path

import httpx
import pytest

from core.errors import InputError
from page.sweep import SweepPages
from reading.run_file import read_run
from reading.sweep_file import read_sweep
from tests.page.served import served
from tests.page.swept import write_sweep


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sweep(tmp_path_factory.mktemp("sweep"))


def test_a_browser_finds_every_point_and_its_report(swept: Path, tmp_path: Path) -> None:
    with served(tmp_path, "--report", swept, links=2) as page, httpx.Client(follow_redirects=True) as client:
        html = unescape(client.get(page.link()).text)
        assert "4 points, too few to judge" in html
        assert "exits.profit_of_credit=0.5 strikes.delta_target=0.2" in html
        reports = re.findall(r'href="(/report/[^"]+)"', html)
        assert len(reports) == 4
        charts = re.findall(r'data-chart="([^"]+)"', html)
        assert charts == ["heat-1", "parallel"]
        for chart in charts:
            assert client.get(f"{page.origin}/chart/{chart}.json").json()["data"]
        report = client.get(f"{page.origin}{reports[0]}").text
        assert "a finished run: 1 trade closed" in report
        assert 'id="figure-drawdown"' in report
        assert "the file holds no cycles; a sweep keeps the report of a run alone" in report
        assert 'action="/arm"' not in report
        for elsewhere in (
            "/report/none.json",
            "/report/..%2Fjournal.jsonl",
            "/live",
            "/arm",
            "/chart/x.json",
        ):
            assert client.get(f"{page.origin}{elsewhere}").status_code == 404
        assert httpx.get(f"{page.origin}{reports[0]}").status_code == 401
        page.process.send_signal(signal.SIGTERM)
        assert page.process.wait(20) == 0


def test_a_file_that_the_answer_does_not_name_is_not_opened(swept: Path) -> None:
    (swept / "points" / "other.json").write_text("{}", "utf-8")
    assert SweepPages(swept).report("other.json") is None


def test_a_folder_that_is_no_sweep_is_refused_by_its_key(swept: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found a folder without sweep\.json"):
        read_sweep(tmp_path)
    answer = json.loads((swept / "sweep.json").read_text("utf-8"))
    answer["points"][0]["trades"] = "many"
    for content, told in (("{", "expected JSON"), (json.dumps(answer), "points.0.trades: ")):
        (tmp_path / "sweep.json").write_text(content, "utf-8")
        with pytest.raises(InputError, match=told):
            read_sweep(tmp_path)


def test_a_sweep_without_a_point_says_how_it_goes_on(swept: Path, tmp_path: Path) -> None:
    answer = json.loads((swept / "sweep.json").read_text("utf-8"))
    empty = {**answer, "sentence": "no point was run", "points": [], "heat_maps": []}
    (tmp_path / "sweep.json").write_text(json.dumps(empty), "utf-8")
    with (
        served(tmp_path, "--report", tmp_path, links=1) as page,
        httpx.Client(follow_redirects=True) as client,
    ):
        html = unescape(client.get(page.link()).text)
    assert "none: run.py sweep with the same --out goes on where it stopped" in html
    assert 'id="charts"' not in html


@pytest.mark.timeout(20)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "sweep.json")
    for read, path in ((read_sweep, tmp_path), (read_run, tmp_path / "sweep.json")):
        with pytest.raises(InputError, match=r"sweep\.json: expected a file, found a folder, a device or"):
            read(path)
