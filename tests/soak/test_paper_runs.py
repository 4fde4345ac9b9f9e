"""The embedded venue for months: every kind of trade, every way out, books right to the last decimal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reading.proof import books_proved
from tests.cli.support import ended, started
from tests.report_checks import loud_alerts, problems

SEEDS = ("20", "13", "1")
MODEL_DAYS = "180"
HOLD_DAYS = "90"
RECORDED_DAYS = "115"
RUN_LIMIT_S = 5400.0

pytestmark = pytest.mark.soak


def run_paper(folder: Path, *arguments: str) -> dict[str, Any]:
    """One whole run; its report."""
    out = folder / "out.json"
    fixed = ("paper", "--no-ui", "--data-dir", str(folder / "data"), "--json", str(out))
    ran = ended(started(*fixed, *arguments), RUN_LIMIT_S)
    assert ran.code == 0, ran.err
    assert books_proved(folder / "data").lines() == ()
    report: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return report


@pytest.fixture(scope="module")
def model_reports(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return [
        run_paper(tmp_path_factory.mktemp(f"seed{seed}"), "--days", MODEL_DAYS, "--seed", seed)
        for seed in SEEDS
    ]


def test_nothing_on_the_model_market_is_unexplained(model_reports: list[dict[str, Any]]) -> None:
    """No outcome outside the list, no missing slot, no loud alert at all, books equal to the venue's."""
    assert [problems(report) for report in model_reports] == [[] for _ in SEEDS]
    assert [loud_alerts(report) for report in model_reports] == [[] for _ in SEEDS]


def test_the_model_market_shows_all_kinds_and_four_ways_out(model_reports: list[dict[str, Any]]) -> None:
    """Three seeds together trade bull puts, bear calls and condors, and close them by at least four rules."""
    trades = [trade for report in model_reports for trade in report["trades"]]
    assert {trade["kind"] for trade in trades} == {"bull_put", "bear_call", "iron_condor"}
    assert len({trade["exit_rule"] for trade in trades if trade["closed_at"]}) >= 4


def test_positions_that_are_held_are_settled(tmp_path: Path, repository: Path) -> None:
    """Without early exits every position ends by the venue's delivery, booked to the last decimal."""
    strategy = repository / "lab" / "workloads" / "hold.yaml"
    report = run_paper(tmp_path, "--days", HOLD_DAYS, "--seed", SEEDS[0], "--strategy", str(strategy))
    assert problems(report) == []
    closed = [trade for trade in report["trades"] if trade["closed_at"]]
    assert closed
    assert {trade["exit_rule"] for trade in closed} == {"settlement"}


@pytest.mark.recorded
def test_the_recorded_market_is_replayed_without_an_unexplained_error(
    tmp_path: Path, recorded_data: Path
) -> None:
    """January to April 2026 through the HTTP venue and the engine on threads: at least three trades."""
    report = run_paper(tmp_path, "--days", RECORDED_DAYS, "--chains", str(recorded_data / "chains"))
    assert problems(report) == []
    assert loud_alerts(report) == []
    assert len(report["trades"]) >= 3
