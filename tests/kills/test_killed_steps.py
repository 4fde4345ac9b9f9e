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
from actors.state.backup import backups
from cli.main import main
from config import load_strategy
from core.messages.kill_switch import ArmKillSwitch
from core.orders.lifecycle import PositionState
from reading.audit import verified
from reading.backups import stored_settings
from reading.books import stored_positions
from reading.proof import books_proved
from reading.restore_begun import restore_begun
from tests.actors.state.books_room import LONG, POSITION, SHORT, BooksRoom
from tests.cli.restores import bind, folder_with_backups
from tests.cli.support import ROOT
from tests.fakes.traded_books import entered
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


def test_a_restore(tmp_path: Path) -> None:
    """The old books are there, or the new ones, or a restore that no engine starts on; the next ends it."""
    kept, data_dir = tmp_path / "kept", tmp_path / "data"
    folder_with_backups(kept)
    backup = backups(kept)[0]
    restore = ("state", "restore", "--from", str(backup), "--data-dir", str(data_dir))
    before = verified(kept).head
    for _ in killed_before_each_change(tmp_path / "note", restore, lambda: copied(kept, data_dir)):
        if not restore_begun(data_dir):
            assert books_proved(data_dir).lines() == ()
            assert verified(data_dir).head == before or stored_settings(data_dir)["restored"] == "pending"
        given_again(*restore)
        assert books_proved(data_dir).lines() == ()
        assert stored_settings(data_dir)["restored"] == "pending"
        assert not [path.name for path in data_dir.glob("restoring*")]


def test_an_exit_that_a_person_tells(tmp_path: Path) -> None:
    """All of it is in books and log after the next start, or nothing."""
    kept, data_dir = tmp_path / "kept", tmp_path / "data"
    room = BooksRoom(kept).start()
    bind(room)
    entered(room)
    room.stop()
    told = ("--contracts", "2", "--fee", "0.0012", "--index", "3000", "--at", "2026-01-06T12:00:00Z")
    prices = ("--price", f"{SHORT}=0.0071", "--price", f"{LONG}=0.0031", "--reason", "drill")
    book = ("state", "book-exit", POSITION, *told, *prices, "--data-dir", str(data_dir))
    seen = set()
    for _ in killed_before_each_change(tmp_path / "note", book, lambda: copied(kept, data_dir)):
        room = BooksRoom(data_dir).start()
        assert not any(isinstance(each, ArmKillSwitch) for each in room.state_ctx.told_to("kill_switch"))
        room.stop()
        assert books_proved(data_dir).lines() == ()
        (position,) = stored_positions(data_dir, everything=True)
        seen.add(position.state)
        if position.state is not PositionState.CLOSED:
            assert position.state is PositionState.OPEN
            given_again(*book)
    assert seen == {PositionState.OPEN, PositionState.CLOSED}


def test_an_entry_that_a_person_takes_back(tmp_path: Path) -> None:
    """The restored books have its proposal after the next start, or they do not and it can be given again."""
    kept, data_dir = tmp_path / "kept", tmp_path / "data"
    folder_with_backups(kept)
    assert main(["state", "restore", "--from", str(backups(kept)[0]), "--data-dir", str(kept)]) == 0
    (replaced,) = (kept / "replaced").iterdir()
    how = ("--from", str(replaced), "--reason", "drill")
    book = ("state", "book-entry", POSITION, *how, "--data-dir", str(data_dir))
    seen = set()
    for _ in killed_before_each_change(tmp_path / "note", book, lambda: copied(kept, data_dir)):
        room = BooksRoom(data_dir).start()
        assert not any(isinstance(each, ArmKillSwitch) for each in room.state_ctx.told_to("kill_switch"))
        room.stop()
        assert books_proved(data_dir).lines() == ()
        found = stored_positions(data_dir, everything=True)
        seen.add(len(found))
        if not found:
            given_again(*book)
        (position,) = stored_positions(data_dir, everything=True)
        assert (position.position_id, position.state) == (POSITION, PositionState.PROPOSED)
        assert books_proved(data_dir).lines() == ()
    assert seen == {0, 1}


def copied(folder: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
