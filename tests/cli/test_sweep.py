"""`run.py sweep`: what it shows, what it keeps, and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from cli.main import main
from lab.research import tried

WEEK = ["sweep", "--model", "--seeds", "1", "--to", "2026-01-12", "--jobs", "1"]
TWO = ["--set", "exits.profit_of_credit=0.4,0.5,0.6", "--set", "strikes.delta_target=0.2,0.9"]


@pytest.fixture(autouse=True)
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Points of tests are not counted among those of the person who runs them."""
    folder = tmp_path / "tried"
    monkeypatch.setattr(tried, "FOLDER", folder)
    return folder


def test_a_sweep_begins_with_its_sentence_and_ends_with_its_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, document = tmp_path / "out", tmp_path / "answer.json"
    assert main([*WEEK, *TWO, "--out", str(out), "--json", str(document)]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert first == (
        "3 points, too few to judge: expected a point with at least 10 closed trades over 1 week, found none"
    )
    assert any("3 asked, 0 on record before, 3 run now" in line for line in others)
    assert sum("can't work" in line for line in others) == 3
    answer = json.loads(document.read_text("utf-8"))
    assert answer == json.loads((out / "sweep.json").read_text("utf-8"))
    assert [point["values"]["exits.profit_of_credit"] for point in answer["points"]] == ["0.4", "0.5", "0.6"]
    for point in answer["points"]:
        (run,) = point["runs"]
        assert (out / run["report"]).is_file()


def test_points_of_all_sweeps_are_counted_and_a_second_run_finds_all_on_record(
    tmp_path: Path, counted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    main([*WEEK, *out, "--set", "exits.profit_of_credit=0.4,0.5"])
    capsys.readouterr()
    assert main([*WEEK, *out, "--set", "exits.profit_of_credit=0.5,0.4"]) == 0
    assert "2 asked, 2 on record before, 0 run now" in capsys.readouterr().out
    main([*WEEK, "--set", "exits.profit_of_credit=0.6"])
    points = (counted / tried.ALL_SEEDS).read_text("utf-8").split()
    assert len(points) == 3


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "--chains DIR, --model: expected one of them, found neither"),
        (["--model", "--chains", "x"], "expected one of them, found both"),
        (["--chains", "x", "--seeds", "1:2"], "--seeds: expected with --model"),
        (["--model", "--seeds", "2:1"], "--seeds: expected A:B"),
        (["--model", "--columns", "x"], "--columns: expected --chains FILE too"),
        (["--model", "--grid", "--sample", "3"], "--grid, --sample N: expected one of them, found both"),
        (["--model", "--from", "2026-03-01", "--to", "2026-02-01"], "--to: expected a day after 2026-03-01"),
        (["--model", "--set", "a"], "--set a: expected KEY=VALUE"),
        (
            ["--model", "--set", "exits.profit_of_credit=2"],
            "expected a combination that can work, found none of 1",
        ),
        (["--chains", "/nowhere/at-all"], "/nowhere/at-all"),
        (["--model", "--cluster", "tcp://a:1", "--jobs", "2"], "--jobs, --cluster: expected one of them"),
        (["--model", "--cluster", "10.0.0.1"], "--cluster: expected tcp://HOST:PORT"),
        (["--model", "--json", "/nowhere/answer.json"], "--json /nowhere/answer.json: expected a file"),
    ],
)
def test_what_cannot_be_swept_is_refused_by_its_option(
    options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", *options]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.long
def test_an_interruption_ends_it_within_two_seconds_and_the_same_command_goes_on(
    tmp_path: Path, repository: Path
) -> None:
    command = [sys.executable, "run.py", "sweep", "--model", "--seeds", "1:8", "--jobs", "2"]
    process = subprocess.Popen(
        [*command, "--to", "2046-01-01", "--resume-after-days", "30", "--out", str(tmp_path / "out")],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    )
    with process:
        lock = tmp_path / "out" / "lock"
        while not (lock.exists() and _children(process.pid)):
            assert process.poll() is None, process.stderr
        children = _children(process.pid)
        began = monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        took_s = monotonic() - began
    assert process.returncode == 130, err
    assert "no point was run over all its markets" in out
    assert took_s < 2.0 + _SLOW_S
    while any(_runs(child) for child in children):
        assert monotonic() - began < 2.0 + _SLOW_S


def test_what_fails_for_one_reason_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    before = [*WEEK, "--from", "2020-01-01", "--set", "exits.profit_of_credit=0.4,0.5,0.6"]
    assert main(before) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("failed")]
    assert "exits.profit_of_credit=" in line
    assert ", model seed 1, and 2 more: --from: the market begins at 2026-01-05T00:00:00Z" in line


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 KB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24k", "none", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.long
def test_a_sweep_whose_disk_is_full_ends_with_a_word_and_goes_on_when_there_is_room(
    small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = small_disk / "out"
    six = ["--set", "exits.profit_of_credit=0.3,0.4,0.5", "--set", "strikes.delta_target=0.18,0.2"]
    command = [*WEEK, *six, "--out", str(out)]
    assert main(command) == 2
    assert "No space left on device" in capsys.readouterr().err
    before = (out / "journal.jsonl").read_text("utf-8").splitlines()
    assert 0 < len(before) < 6
    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    assert main(command) == 0
    said = capsys.readouterr().out
    assert f"6 asked, {len(before)} on record before, {6 - len(before)} run now" in said
    after = (out / "journal.jsonl").read_text("utf-8").splitlines()
    assert (after[: len(before)], len(after)) == (before, 6)


@pytest.mark.soak
def test_the_best_point_is_repeated_through_the_actors_and_behind_the_holdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    sets = ["--set", "exits.profit_of_credit=0.4,0.6", "--out", str(out), "--jobs", "1", "--confirm", "1"]
    held = ["--to", "2026-01-26", "--holdout", "2026-01-19"]
    for look in (1, 2):
        assert main(["sweep", "--model", "--seeds", "1", *held, *sets]) == 0
        said = capsys.readouterr().out
        assert f"look {look} behind a holdout of this market, this one behind 2026-01-19" in said
        assert ("who looks again" in said) == (look == 2)
        assert "is no holdout" not in said
    before, behind = json.loads((out / "sweep.json").read_text("utf-8"))["confirmed"]
    assert (before["behind_holdout"], behind["behind_holdout"]) == (False, True)
    assert (before["trades"], before["differences"], behind["differences"]) == (1, [], [])
    assert behind["began"] == "2026-01-19T00:00:00Z"


_SLOW_S = 8.0
"""What a machine may add that others use; of this process alone it is under two."""


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [int(each) for each in found]


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_walk_with_too_few_trades_is_refused_once_the_answer_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    walk = ["--walk", "train=2w,test=1w,step=1w"]
    month = ["sweep", "--model", "--seeds", "1", "--to", "2026-02-23", "--jobs", "1"]
    assert main([*month, "--set", "strikes.dte_max=14.0", *walk]) == 2
    shown = capsys.readouterr()
    assert "1 point, too few to judge" in shown.out
    assert "--walk: expected at least 30 trades of a point in training, found at most 1" in shown.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ["--from", "2026-02-01", "--holdout", "2026-02-01"],
            "--holdout: expected a day after --from 2026-02-01",
        ),
        (
            ["--to", "2026-02-01", "--holdout", "2026-02-01"],
            "--holdout: expected a day before --to 2026-02-01",
        ),
        (["--walk", "train=1w"], "--walk: expected train=Nw,test=Nw,step=Nw"),
        (["--confirm", "1", "--holdout", "2026-02-01"], "--confirm, --holdout: expected --out, too"),
    ],
)
def test_a_span_that_there_is_not_is_refused(
    options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", "--model", "--to", "2026-03-01", *options]) == 2
    assert told in capsys.readouterr().err


def test_what_lies_behind_a_holdout_is_not_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    sets = ["--set", "exits.profit_of_credit=0.5", "--out", str(out), "--jobs", "1"]
    assert (
        main(["sweep", "--model", "--seeds", "1", "--to", "2026-06-01", "--holdout", "2026-01-19", *sets])
        == 0
    )
    (point,) = json.loads((out / "sweep.json").read_text("utf-8"))["points"]
    (run,) = point["runs"]
    assert run["ended"] == "2026-01-19T00:00:00Z"
