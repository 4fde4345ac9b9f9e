"""Protections and margin on the record: silent by default; with tight bounds, engine and replay agree."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from config import load_strategy
from core.protection_settings import ProtectionsSection
from core.strategy import Strategy
from tests.recorded.compare_replay import differences
from tests.recorded.weekly_replay import SNAPSHOT, WeeklyReplay

pytestmark = pytest.mark.recorded
TO_26_JANUARY = 26


@pytest.mark.soak
def test_by_default_the_record_comes_near_no_bound(recorded_data: Path) -> None:
    """The figures of docs/strategy.md."""
    replay = WeeklyReplay(recorded_data / "chains", Strategy(), look_every=SNAPSHOT)
    replay.run()
    assert replay.results.breaches == []
    assert {code: round(value, 4) for code, value in replay.results.largest.items()} == {
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
    replay = WeeklyReplay(first_month / "chains", tight, look_every=SNAPSHOT)
    replay.run(TO_26_JANUARY)
    (breach,) = replay.results.breaches
    assert breach.codes == ("loss_above_max",)
    assert f"{breach.at:%m-%d %H:%M}" == "01-21 00:15", "the first snapshot after the close of 00:05"
    last = [slot for slot in replay.slots if slot.job == "entry"][-1]
    assert (last.outcome, last.reasons) == ("blocked", ("suspended:protections",))


@pytest.mark.soak
def test_the_engine_latches_what_the_replay_latches(
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
    replay = WeeklyReplay(recorded_data / "chains", load_strategy(strategy).strategy, look_every=SNAPSHOT)
    replay.run(63)
    assert [breach.codes for breach in replay.results.breaches] == [("losing_trades_in_a_row",)]
    assert replay.outcomes["blocked"] == 1
    assert differences(json.loads(out.read_text(encoding="utf-8")), replay) == []
