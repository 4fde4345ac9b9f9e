"""Protections and margin on the record: silent by default; with tight bounds, engine and backtest agree."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from config import load_strategy
from core.orders.books import CycleOutcome, Job
from core.protection_settings import ProtectionsSection
from core.strategy import Strategy
from lab.backtest.compared import row_differences
from reading.json_forms import cycle_json, trade_json
from tests.recorded.seen_road import DAYS, SeenRoad, recorded_market

pytestmark = pytest.mark.recorded
TO_26_JANUARY = 26


@pytest.mark.soak
def test_by_default_the_record_comes_near_no_bound(recorded_data: Path) -> None:
    """The figures of docs/strategy.md."""
    road = SeenRoad(recorded_market(recorded_data / "chains"), Strategy())
    road.days(DAYS)
    assert road.breaches == []
    assert {code: round(value, 4) for code, value in road.largest.items()} == {
        "drawdown_above_max": 0.0015,
        "loss_above_max": 163.026,
        "losing_trades_in_a_row": 3,
        "margin": 0.0364,
    }


def test_the_stop_of_january_breaches_a_tight_loss_and_keeps_the_next_monday_out(first_month: Path) -> None:
    """The bull put of 01-19 lost 127 USD; a tenth of the cap is 58.50 USD."""
    tight = Strategy().model_copy(
        update={"protections": ProtectionsSection(loss_max_multiple=0.1, losing_trades_max=None)}
    )
    road = SeenRoad(recorded_market(first_month / "chains"), tight)
    road.days(TO_26_JANUARY)
    (breach,) = road.breaches
    assert breach.codes == ("loss_above_max",)
    assert f"{breach.at:%m-%d %H:%M}" == "01-21 00:15", "the first snapshot after the close of 00:05"
    last = [row for row in road.books.cycles if row.job is Job.ENTRY][-1]
    assert (last.outcome, [reason.split(": ")[0] for reason in last.reasons]) == (
        CycleOutcome.BLOCKED,
        ["suspended:protections"],
    )


@pytest.mark.soak
def test_the_engine_latches_what_the_backtest_latches(
    recorded_data: Path, repository: Path, tmp_path: Path
) -> None:
    """Two losing trades suffice here: the stops of 01-21 and 02-26, so that Monday 03-02 is kept out."""
    strategy = tmp_path / "strategy.yaml"
    text = (repository / "strategy.yaml").read_text(encoding="utf-8")
    strategy.write_text(text.replace("losing_trades_max: 4 ", "losing_trades_max: 2 "), encoding="utf-8")
    run = [sys.executable, "run.py"]
    seal = [*run, "config", "hash", "--write", "--strategy", str(strategy)]
    subprocess.run(seal, cwd=repository, check=True, capture_output=True)
    out = tmp_path / "out.json"
    paper = [*run, "paper", "--chains", str(recorded_data / "chains"), "--no-ui", "--json", str(out)]
    paper += ["--days", "63", "--data-dir", str(tmp_path / "data"), "--strategy", str(strategy)]
    subprocess.run(paper, cwd=repository, check=True, capture_output=True)
    road = SeenRoad(recorded_market(recorded_data / "chains"), load_strategy(strategy).strategy)
    road.days(63)
    assert [breach.codes for breach in road.breaches] == [("losing_trades_in_a_row",)]
    assert road.entries["blocked"] == 1
    engine = json.loads(out.read_text(encoding="utf-8"))
    ours = {
        "trades": [trade_json(position) for position in road.books.positions.values()],
        "cycles": [cycle_json(row) for row in road.books.cycles],
    }
    for kind, rows in ours.items():
        assert list(row_differences(kind.removesuffix("s"), engine[kind], rows)) == []
