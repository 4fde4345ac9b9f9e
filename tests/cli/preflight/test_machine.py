"""The preflight's checks of the data folder: what is in order, what is not, and that nothing is written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from cli.preflight import machine
from cli.preflight.line import LineState, PreflightCheck, PreflightLine, guarded
from core.errors import FoundWrongError
from core.messages.state import LatchEntries
from core.orders.books import LatchSource
from reading.paper_folder import PAPER_MARKER
from reading.switch.stored import stored_status
from tests.actors.state.books_room import START, BooksRoom
from tests.fakes.held_folder import held_folder
from tests.fakes.whole_books import write_whole_books


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def books(data_dir: Path) -> Path:
    """A folder with books and a log."""
    room = BooksRoom(data_dir)
    room.start()
    write_whole_books(room)
    room.stop()
    return data_dir


def test_a_folder_that_is_still_to_be_made_is_in_order(tmp_path: Path) -> None:
    new = tmp_path / "a" / "b"
    for line in (machine.data_folder(new), machine.engine(new), machine.kill_switch(new)):
        assert line.state is LineState.OK
    assert machine.audit_log(new).state is machine.backups(new).state is LineState.OK
    assert not new.parent.exists()


def test_a_file_a_paper_account_and_a_restore_that_was_cut_short_are_refused(data_dir: Path) -> None:
    assert machine.data_folder(data_dir).state is LineState.OK
    (data_dir / "restoring-x").mkdir()
    assert "run.py state restore" in machine.data_folder(data_dir).do
    (data_dir / PAPER_MARKER).touch()
    assert "paper account" in machine.data_folder(data_dir).found
    file = data_dir / "file"
    file.touch()
    assert machine.data_folder(file).state is LineState.NOT


def test_a_folder_that_others_may_write_is_named_with_what_to_do(data_dir: Path) -> None:
    data_dir.chmod(0o777)
    line = machine.data_folder(data_dir)
    assert line.state is LineState.LOOK
    assert "everybody on this machine" in line.found
    assert f"chmod go-w {data_dir}" in line.do


def test_a_folder_that_cant_be_written_is_refused(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said by the system, since root may write anywhere."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert machine.data_folder(data_dir).state is LineState.NOT


def test_an_engine_that_runs_on_the_folder_is_named(data_dir: Path) -> None:
    with held_folder(data_dir, None):
        line = machine.engine(data_dir)
    assert line.state is LineState.NOT
    assert f"pid {os.getpid()}" in line.found


@pytest.mark.parametrize(
    ("free_mib", "state"), [(200, LineState.NOT), (1_000, LineState.LOOK), (9_000, LineState.OK)]
)
def test_room_on_the_disk_is_judged(data_dir: Path, free_mib: int, state: LineState) -> None:
    assert machine.disk(data_dir / "new", lambda folder: free_mib * 2**20).state is state


def test_an_armed_switch_is_told_with_its_causes(data_dir: Path) -> None:
    assert machine.kill_switch(data_dir).state is LineState.OK
    (data_dir / "KILL").touch()
    line = machine.kill_switch(data_dir)
    assert line.state is LineState.NOT
    assert "kill_file" in line.found
    assert stored_status(data_dir).armed


def test_a_log_that_was_cut_is_refused_and_a_whole_one_is_not(books: Path) -> None:
    assert machine.audit_log(books).state is LineState.OK
    (log,) = sorted((books / "audit").glob("*.jsonl"))
    log.write_bytes(log.read_bytes()[:-200])
    assert machine.audit_log(books).state is LineState.NOT


def test_books_without_a_whole_backup_are_refused(books: Path) -> None:
    assert "no backup" in machine.backups(books).found
    older, newest = (books / "backups" / name for name in ("20260101T000000Z", "20260102T000000Z"))
    for backup in (older, newest):
        backup.mkdir(parents=True)
        shutil.copytree(books / "audit", backup / "audit")
        shutil.copy(books / "cerbero.db", backup / "cerbero.db")
    (books / "backups" / "20260103T000000Z.draft").mkdir()
    found = machine.backups(books)
    assert found.state is LineState.OK
    assert found.found.startswith(newest.name)
    (log,) = (newest / "audit").glob("*.jsonl")
    log.write_bytes(log.read_bytes()[:-200])
    assert machine.backups(books).state is LineState.NOT


@pytest.mark.parametrize(
    ("make", "state"),
    [
        (lambda path: None, LineState.LOOK),
        (lambda path: path.touch(), LineState.LOOK),
        (lambda path: path.mkdir(), LineState.NOT),
        (lambda path: path.symlink_to("elsewhere"), LineState.NOT),
    ],
)
def test_the_anchor_is_a_plain_file(data_dir: Path, tmp_path: Path, make: object, state: LineState) -> None:
    """On the same disk as the data folder it is named: there is no second disk here."""
    assert callable(make)
    file = tmp_path / "anchor"
    make(file)
    assert machine.anchor(str(file), data_dir).state is state


def test_an_anchor_that_is_missing_or_not_mounted_is_told(data_dir: Path, tmp_path: Path) -> None:
    assert machine.anchor(None, data_dir).state is LineState.LOOK
    assert machine.anchor(str(tmp_path / "none" / "anchor"), data_dir).state is LineState.NOT


def test_an_anchor_on_another_disk_is_in_order(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == data_dir.stat().st_dev:
        pytest.skip("no second file system at /dev/shm")
    assert machine.anchor(str(other / "cerbero-bite-anchor-of-a-test"), data_dir).state is LineState.OK


def test_a_check_that_cant_be_made_is_a_finding() -> None:
    def unreadable() -> PreflightLine:
        raise PermissionError(13, "Permission denied", "/x")

    def wrong() -> PreflightLine:
        raise FoundWrongError("cerbero.db: expected a database, found text")

    assert guarded(PreflightCheck.DISK, unreadable) == PreflightLine(
        PreflightCheck.DISK, LineState.NOT, "/x: Permission denied", "look at that file and its rights"
    )
    assert guarded(PreflightCheck.BACKUPS, wrong).found.startswith("cerbero.db: expected")


def test_a_pause_is_told(data_dir: Path) -> None:
    room = BooksRoom(data_dir)
    room.start()
    latch = LatchEntries(
        request_id="pause", source=LatchSource.OPERATOR, reason="holidays", who="me", at=START
    )
    room.tell(latch)
    room.stop()
    line = machine.kill_switch(data_dir)
    assert line.state is LineState.NOT
    assert "operator: holidays" in line.found
    assert "run.py resume" in line.do
