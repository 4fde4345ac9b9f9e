"""`run.py backtest`: what it shows, what it writes, and what it refuses."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from cli.backtest import run
from cli.main import main
from lab.backtest import road
from lab.backtest.result import BacktestResult, Plan
from lab.backtest.switched import NO_FEES


def test_a_week_of_the_model_market(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, document = tmp_path / "out", tmp_path / "run.json"
    arguments = ["backtest", "--model", "--seed", "1", "--to", "2026-01-14", "--out", str(out)]
    assert main([*arguments, "--json", str(document)]) == 0
    shown = capsys.readouterr().out
    assert "core road, model seed 1" in shown
    assert "at mid (not attainable)" in shown
    assert "monitors skipped  none" in shown
    run = json.loads(document.read_text("utf-8"))
    assert run == json.loads((out / "run.json").read_text("utf-8"))
    (trade,) = run["trades"]
    assert trade["pnl_eth"] == run["report"]["total"]["pnl_eth"]
    assert len((out / "trades.csv").read_text("utf-8").splitlines()) == 2
    assert len((out / "account.csv").read_text("utf-8").splitlines()) == 3
    page = (out / "report.html").read_text("utf-8")
    assert trade["pnl_eth"].rstrip("0") in page
    assert "plotly" in page


def test_a_run_leaves_the_collector_as_it_was() -> None:
    before = gc.callbacks[:]
    assert main(["backtest", "--model", "--to", "2026-01-06"]) == 0
    assert gc.callbacks == before


def test_several_seeds_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--model", "--seed", "1:2", "--to", "2026-01-06"]) == 0
    shown = capsys.readouterr().out
    assert "2 of 2 seeds" in shown
    assert "model seed 2" in shown


def test_two_at_a_time_find_what_one_at_a_time_finds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds, shown, written = ["backtest", "--model", "--seed", "1:3", "--to", "2026-01-10"], [], []
    for jobs in ("1", "2"):
        document = tmp_path / f"{jobs}.json"
        assert main([*seeds, "--jobs", jobs, "--json", str(document)]) == 0
        shown.append(capsys.readouterr().out)
        written.append(document.read_bytes())
    assert shown[0] == shown[1]
    assert written[0] == written[1]


def test_both_roads_are_checked_against_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["backtest", "--model", "--seed", "1", "--to", "2026-01-06", "--schedule", "sparse"]
    assert main([*arguments, "--check"]) == 0
    assert "0 differences from the actors'" in capsys.readouterr().out


def test_what_differs_between_the_roads_is_named_and_ends_with_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The core road is made to book no fees."""
    monkeypatch.setattr(road, "VENUE_FEES", NO_FEES)
    arguments = ["backtest", "--model", "--seed", "1", "--to", "2026-01-06", "--schedule", "sparse"]
    assert main([*arguments, "--check"]) == 1
    shown, problems = capsys.readouterr()
    assert "trade p-entry-20260105T140000Z: fees_eth: core 0, actors 0.00180000" in shown
    assert "the two roads differ in" in problems


def test_the_actors_road_shows_and_writes_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = {}
    for name in ("core", "actors"):
        document = tmp_path / f"{name}.json"
        arguments = ["backtest", "--model", "--seed", "1", "--to", "2026-01-06", "--schedule", "sparse"]
        assert main([*arguments, "--road", name, "--json", str(document)]) == 0
        assert f"{name} road, model seed 1" in capsys.readouterr().out
        written[name] = json.loads(document.read_text("utf-8"))
    for made in written.values():
        del made["run"]["road"]
    assert written["core"] == written["actors"]


def test_latency_tells_what_it_changed_and_which_run_had_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document = tmp_path / "out.json"
    arguments = ["backtest", "--model", "--seed", "1", "--to", "2026-01-06", "--schedule", "sparse"]
    assert main([*arguments, "--road", "actors", "--latency-ms", "200", "--json", str(document)]) == 0
    assert "latency of 200 ms: " in capsys.readouterr().out
    runs = json.loads(document.read_text("utf-8"))["runs"]
    assert [each["run"]["latency_ms"] for each in runs] == [0.0, 200.0]


def test_trades_that_latency_has_kept_from_being_made_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Answers so late that each entry is vetoed: its permit is over."""
    arguments = ["backtest", "--model", "--seed", "1", "--to", "2026-01-08", "--schedule", "sparse"]
    assert main([*arguments, "--road", "actors", "--latency-ms", "5000"]) == 0
    told = capsys.readouterr().out.split("latency of 5000 ms: ")[1]
    assert "1 trade at once, 0 with latency, 0 of them the same" in told
    assert " ETH at once, +0.00000000 ETH with latency" in told
    assert told.splitlines()[-1].startswith("trade p-entry-20260105T140000Z: the whole: at once there, with")


def test_a_setting_that_is_changed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    changed = "entry.dvol_min_pts=84.5"
    assert main(["backtest", "--model", "--to", "2026-01-06", "--set", changed]) == 0
    shown = capsys.readouterr().out
    assert "dvol_below_min" in shown
    assert changed in shown


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "interrupted at"),
        # Each of them would run for minutes.
        (["--seed", "1:4", "--jobs", "2"], "of 4 seeds"),
        (["--check"], "not compared"),
        (["--road", "actors", "--latency-ms", "50"], "not compared"),
    ],
)
def test_an_interruption_ends_it_with_what_was_done(repository: Path, options: list[str], told: str) -> None:
    command = [sys.executable, "run.py", "backtest", "--model", "--to", "2056-01-01"]
    process = subprocess.Popen(
        [*command, *options, "--resume-after-days", "30"],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    with process:
        # It handles the signal once it has read its settings; until then it would end without a word.
        while "SigCgt" not in _handled(process.pid):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        shown, problems = process.communicate(timeout=60)
    assert process.returncode == 130, problems
    assert told in shown


def test_what_was_compared_before_an_interruption_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of two markets is whole on both roads, the second one was not begun on the actors'."""
    one_by_one = run._one_by_one

    def until_the_last(
        plans: tuple[Plan, ...], _interrupted: Callable[[], bool]
    ) -> list[BacktestResult | None]:
        return [*one_by_one(plans[:3], lambda: False), None]

    monkeypatch.setattr(run, "_one_by_one", until_the_last)
    monkeypatch.setattr(run, "interruptions", lambda: nullcontext(lambda: True))
    options = ["--seed", "1:2", "--to", "2026-01-06", "--schedule", "sparse", "--check"]
    assert main(["backtest", "--model", *options]) == 130
    assert capsys.readouterr().out.splitlines() == [
        "model seed 2: 0 trades, 0 fills, 4 cycles on the core road, whole, not compared",
        "interrupted: 1 of 2 markets compared",
        "model seed 1: 1 trade, 2 fills, 4 cycles on the core road, 0 differences from the actors'",
    ]


def _handled(pid: int) -> str:
    """`SigCgt` if the process handles SIGTERM by now, which Python does not by itself."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return "SigCgt" if int(caught.split()[1], 16) & 1 << (signal.SIGTERM - 1) else ""


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "expected one of them, found neither"),
        (["--model", "--chains", "x"], "expected one of them, found both"),
        (["--chains", "x", "--seed", "1"], "a recorded market has no seed"),
        (["--chains", "x"], "expected a folder of recorded chains"),
        (["--model", "--columns", "x"], "expected --chains FILE too"),
        (["--model", "--seed", "x"], "--seed: expected a whole number"),
        (["--model", "--seed", "5:1"], "from A to B"),
        (["--model", "--from", "2026-02-01", "--to", "2026-01-10"], "--to: expected a day after"),
        (["--model", "--from", "2025-01-01"], "--from: the market begins at"),
        (["--model", "--to", "2026-01-05"], "--to: expected a time after"),
        (["--model", "--set", "exits"], "expected KEY=VALUE"),
        (["--model", "--set", "exits.nonsense=1"], "exits.nonsense: unknown key"),
        (["--model", "--set", "exits.profit_of_credit=2"], "expected less than 1, found 2"),
        (["--model", "--set", "config_hash=x"], "found the seal"),
        (["--model", "--set", "lab.gates=false"], "leaves no bias"),
        (["--model", "--set", "lab=1"], "lab: expected a section"),
        (["--model", "--assume", "x=1"], "--assume: expected KEY=VALUE"),
        (["--model", "--assume", "max_gap_h=4"], "--assume max_gap_h: model seed 7 does not go by it"),
        (["--model", "--json", "missing/out.json"], "expected a file in an existing folder"),
        (["--model", "--out", "run.py"], "expected a folder, found a file"),
        (["--model", "--seed", "1:2", "--out", "x"], "--out: expected one seed"),
        (["--model", "--check", "--out", "x"], "--check: expected without --out"),
        (["--model", "--check", "--latency-ms", "5"], "--check: expected without --latency-ms"),
        (["--model", "--latency-ms", "5"], "--latency-ms: expected --road actors too"),
        (["--model", "--latency-ms", "5", "--road", "actors", "--out", "x"], "expected without --latency-ms"),
        (["--model", "--road", "both"], "--road"),
    ],
)
def test_what_can_not_be_run_is_refused(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backtest", *arguments]) == 2
    assert problem in capsys.readouterr().err
