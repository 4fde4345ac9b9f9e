"""The page over what `run.py backtest` wrote: the panels of any finished run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cli import http_server
from cli.main import main
from core.errors import InputError
from page.finished import FinishedViews
from reading.run_file import read_run
from tests.cli.support import Cli

WEEK = ("backtest", "--model", "--seed", "1", "--to", "2026-01-14")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `backtest --out`, in which `run.json` is what `--json` writes."""
    folder = tmp_path_factory.mktemp("backtest") / "out"
    assert main([*WEEK, "--out", str(folder)]) == 0
    return folder


def test_its_trades_cycles_and_facts_are_shown(written: Path) -> None:
    document = json.loads((written / "run.json").read_text("utf-8"))
    view = FinishedViews(written / "run.json").view()
    total = document["report"]["total"]
    (finding,) = view.verdict.findings
    assert finding.text.startswith("a finished run: 1 trade closed, 1 with a gain")
    assert f"{float(total['pnl_usd']):+,.2f} USD" in finding.text
    assert {one.label: one.text for one in view.verdict.facts} == {
        "market": "model seed 1",
        "road": "core",
        "ended by": "its end",
        "strategy": document["run"]["strategy_hash"],
    }
    entries = [cycle for cycle in document["cycles"] if cycle["kind"] == "entry"]
    assert len(view.why.dots) == len(entries) == 2
    assert {"equity-usd", "drawdown", "months"} <= {each.name for each in view.charts["money"]}
    assert view.health.empty == "the file says nothing of rooms and feeds; a backtest keeps no more"


def test_what_was_changed_and_how_it_ended_is_told(written: Path, tmp_path: Path) -> None:
    document = json.loads((written / "run.json").read_text("utf-8"))
    document["run"] |= {"changes": ["exits.profit_of_credit=0.6"], "whole": False}
    document["entries_blocked_at_end"] = True
    file = tmp_path / "run.json"
    file.write_text(json.dumps(document), "utf-8")
    verdict = FinishedViews(file).view().verdict
    facts = {one.label: one.text for one in verdict.facts}
    assert (facts["changed"], facts["ended by"]) == ("exits.profit_of_credit=0.6", "a person, before its end")
    assert verdict.findings[-1].text == "at its end a protection held entries back"


def test_a_key_that_is_wrong_is_named(written: Path, tmp_path: Path) -> None:
    document = json.loads((written / "run.json").read_text("utf-8"))
    document["report"]["began"] = "yesterday"
    file = tmp_path / "run.json"
    file.write_text(json.dumps(document), "utf-8")
    with pytest.raises(InputError, match=r"report\.began: "):
        read_run(file)


def test_of_several_seeds_it_says_how_to_write_one(tmp_path: Path) -> None:
    file = tmp_path / "runs.json"
    file.write_text(json.dumps({"runs": [{}, {}]}), "utf-8")
    with pytest.raises(InputError, match=r"found 2, one of each seed; write one alone: run\.py backtest "):
        read_run(file)


def test_the_folder_is_taken_as_well(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "serve", lambda app, listener: None)
    cli = Cli(capsys, monkeypatch)
    assert cli("page", "--port", "0", "--report", written).code == 0
    other = tmp_path / "other"
    shutil.copytree(written, other, ignore=shutil.ignore_patterns("run.json"))
    assert cli("page", "--port", "0", "--report", other).code == 2
