"""A command that changes a folder without an engine is killed before each change: it can be given again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from actors.kill_switch import DiskKillFile
from config import load_strategy
from reading.proof import books_proved
from tests.cli.support import ROOT
from tests.kills import folders
from tests.kills.killed import STEP

STEPS_MAX = 100
pytestmark = pytest.mark.soak


def killed_before_each_change(
    note: Path, arguments: tuple[str, ...], begin: Callable[[], None]
) -> Iterator[int]:
    """Each time from the same beginning, until the command comes to its end; yields after each kill."""
    for step in count(1):
        assert step < STEPS_MAX
        begin()
        note.unlink(missing_ok=True)
        ran = run(str(note), STEP, str(step), *arguments)
        if ran.returncode == 0:
            assert step > 1, "the command changes nothing"
            return
        assert ran.returncode == -signal.SIGKILL, ran.stderr
        yield step


def run(note: str, where: str, step: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.kills.killed", note, where, step, *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )


def given_again(*arguments: str) -> None:
    """To its end: no step is numbered so high."""
    ran = run("/dev/null", STEP, str(10**6), *arguments)
    assert ran.returncode == 0, ran.stderr


def test_an_arming_without_an_engine(tmp_path: Path) -> None:
    """It was not answered, so it may be armed or not; whatever is there arms, and the next is added."""
    kept, data_dir = tmp_path / "kept", tmp_path / "data"
    folders.used(kept)
    arm = ("kill-switch", "arm", "--reason", "drill", "--data-dir", str(data_dir))
    for _ in killed_before_each_change(tmp_path / "note", arm, lambda: copied(kept, data_dir)):
        found = DiskKillFile(data_dir).read()
        assert found is None or [arming.reason for arming in found.armings] == ["drill"]
        given_again(*arm)
        found = DiskKillFile(data_dir).read()
        assert found is not None
        assert {arming.reason for arming in found.armings} == {"drill"}


def test_a_rebuilding_from_the_log(tmp_path: Path) -> None:
    """There is a whole database or none, and the next rebuilding makes it."""
    kept, data_dir = tmp_path / "kept", tmp_path / "data"
    folders.used(kept)
    log = data_dir / "audit"
    rebuild = ("state", "rebuild", "--from-audit", str(log), "--data-dir", str(data_dir))

    def begin() -> None:
        shutil.rmtree(data_dir, ignore_errors=True)
        shutil.copytree(kept / "audit", log)

    for _ in killed_before_each_change(tmp_path / "note", rebuild, begin):
        if (data_dir / "cerbero.db").exists():
            assert books_proved(data_dir).lines() == ()
        else:
            given_again(*rebuild)
        assert books_proved(data_dir).lines() == ()


def test_a_sealing_of_the_strategy(tmp_path: Path) -> None:
    """The file is the old one or the new one, and the next sealing seals it."""
    path = tmp_path / "strategy.yaml"
    old = (ROOT / "strategy.yaml").read_text("utf-8").replace("config_hash:", "config_hash: x #", 1)
    seal = ("config", "hash", "--write", "--strategy", str(path))

    def begin() -> None:
        path.write_text(old, encoding="utf-8")

    for _ in killed_before_each_change(tmp_path / "note", seal, begin):
        assert path.read_text("utf-8") == old or load_strategy(path).hash_matches
        given_again(*seal)
        assert load_strategy(path).hash_matches


def copied(folder: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
