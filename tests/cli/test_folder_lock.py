"""A process holds the folder itself beside the file `lock`, and lays the file again when it is lost."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.control.folder_lock import LockLoss
from cli.data_folder import EngineFolder, locked, wait_until_free, without_engine
from cli.folder_lock import FolderInUseError, held
from cli.rebuilding import rebuilt_from_audit
from core.errors import InputError
from reading.engine_lock import LOCK, USUAL_SOCKET, is_locked, opened_folder, running_engine, try_lock
from reading.errors import DataFolderError

ENGINE = {"pid": os.getpid(), "socket": "a.sock"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def engine(data: Path) -> Iterator[EngineFolder]:
    with locked(data, lambda: Path("a.sock")) as engine:
        yield engine


def removed(lock: Path) -> None:
    lock.unlink()


def another_file(lock: Path) -> None:
    lock.unlink()
    lock.write_text("precious", "utf-8")


def an_old_lock(lock: Path) -> None:
    lock.unlink()
    lock.write_text('{"pid": 1, "socket": "old.sock"}', "utf-8")


def a_folder(lock: Path) -> None:
    lock.unlink()
    lock.mkdir()
    (lock / "kept").write_text("precious", "utf-8")


def a_link(lock: Path) -> None:
    lock.unlink()
    lock.symlink_to("nowhere")


def a_pipe(lock: Path) -> None:
    lock.unlink()
    os.mkfifo(lock)


def emptied(lock: Path) -> None:
    lock.write_bytes(b"")


def written_into(lock: Path) -> None:
    with lock.open("a", encoding="utf-8") as file:
        file.write("x")


def shut(lock: Path) -> None:
    lock.chmod(0o000)


LOST = (removed, another_file, an_old_lock, a_folder, a_link, a_pipe)
SPOILT = (emptied, written_into, shut)


@pytest.mark.parametrize("lose", LOST)
def test_nobody_else_takes_a_folder_whose_lock_is_lost(
    engine: EngineFolder, data: Path, lose: Callable[[Path], None]
) -> None:
    lose(data / LOCK)
    before = sorted(data.iterdir())
    for take in (held(data), without_engine(data), locked(data, lambda: Path("b.sock"))):
        with pytest.raises(FolderInUseError, match=f"found that pid {os.getpid()} uses it"), take:
            pytest.fail("a second one")
    assert sorted(data.iterdir()) == before, "nothing is laid in a folder that is in use"
    found = running_engine(data)
    assert found is not None
    assert (found.pid, found.socket) == (os.getpid(), data / USUAL_SOCKET)
    assert not wait_until_free(data, timeout_s=0.1)
    assert engine.socket == Path("a.sock")


@pytest.mark.parametrize("lose", [*LOST, *SPOILT])
def test_a_lock_that_is_lost_is_laid_again_once_and_what_was_there_is_kept(
    engine: EngineFolder, data: Path, lose: Callable[[Path], None]
) -> None:
    assert engine.lock.look() is None
    lose(data / LOCK)
    loss = engine.lock.look()
    assert loss is not None
    assert (loss.lock is None, loss.error, loss.folder) == (False, None, None)
    assert engine.lock.look() is None
    assert json.loads((data / LOCK).read_text("utf-8")) == ENGINE
    assert (data / LOCK).stat().st_mode & 0o777 == 0o600
    with (data / LOCK).open("r+", encoding="utf-8") as file:
        assert not try_lock(file)
    found = running_engine(data)
    assert found is not None
    assert found.socket == Path("a.sock")
    kept = [path.read_text("utf-8") for path in data.rglob("*") if path.is_file() and path != data / LOCK]
    assert kept == (["precious"] if lose in (another_file, a_folder) else [])


def test_a_lock_that_another_process_holds_is_left_to_it_and_told(engine: EngineFolder, data: Path) -> None:
    (data / LOCK).unlink()
    with (data / LOCK).open("w", encoding="utf-8") as other:
        assert try_lock(other)
        loss = engine.lock.look()
        assert loss is not None
        assert loss.error is not None
        assert "another process holds the file" in loss.error
    assert engine.lock.look() == LockLoss(lock="another file is in its place")
    assert engine.lock.look() is None


def test_a_lock_that_cannot_be_laid_again_is_told_with_the_reason(
    engine: EngineFolder, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / LOCK).unlink()

    def full(path: Path, flags: int) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("cli.folder_lock.opened_lock", full)
        loss = engine.lock.look()
    assert loss is not None
    assert loss.error is not None
    assert "No space left" in loss.error
    assert engine.lock.look() == LockLoss(lock="it is not there (No such file or directory)")


def test_a_folder_that_is_renamed_stays_held_and_its_loss_is_told(engine: EngineFolder, data: Path) -> None:
    moved = data.with_name("moved")
    data.rename(moved)
    loss = engine.lock.look()
    assert loss is not None
    assert loss.folder == f"there is no {data} any more (No such file or directory)"
    assert loss.error is not None
    with pytest.raises(FolderInUseError), held(moved):
        pytest.fail("a second one on the renamed folder")
    moved.rename(data)
    assert engine.lock.look() is None


@pytest.mark.parametrize("is_copy", [False, True])
def test_a_folder_in_the_place_of_a_renamed_one_is_held_beside_it(
    engine: EngineFolder, data: Path, is_copy: bool
) -> None:
    moved = data.with_name("moved")
    data.rename(moved)
    if is_copy:
        shutil.copytree(moved, data)
    else:
        data.mkdir()
    loss = engine.lock.look()
    assert loss is not None
    assert loss.error is None
    assert loss.folder is not None
    assert "another folder than the one" in loss.folder
    assert engine.lock.look() == LockLoss(folder=loss.folder), "it is still another folder"
    for folder in (moved, data):
        with pytest.raises(FolderInUseError), held(folder):
            pytest.fail("a second one")
    found = running_engine(data)
    assert found is not None
    assert found.socket == Path("a.sock")
    shutil.rmtree(data)
    moved.rename(data)
    back = engine.lock.look()
    assert back is not None
    assert (back.folder, back.error) == (None, None), "the file of the folder that is back was given away"
    assert engine.lock.look() is None


def test_a_folder_that_another_process_has_taken_over_is_left_to_it(engine: EngineFolder, data: Path) -> None:
    data.rename(data.with_name("moved"))
    data.mkdir()
    with locked(data, lambda: Path("b.sock")):
        loss = engine.lock.look()
        assert loss is not None
        assert loss.error is not None
        assert "another process uses the folder" in loss.error
        found = running_engine(data)
        assert found is not None
        assert found.socket == Path("b.sock")


def test_a_look_that_comes_after_the_end_lays_nothing(data: Path) -> None:
    with locked(data, lambda: Path("a.sock")) as engine:
        pass
    (data / LOCK).unlink()
    assert engine.lock.look() is None
    assert not (data / LOCK).exists()
    assert running_engine(data) is None


def test_whoever_looks_takes_nobody_who_looks_for_a_holder(data: Path) -> None:
    (data / LOCK).write_text('{"pid": 1, "socket": "old.sock"}', "utf-8")
    with opened_folder(data) as folder, (data / LOCK).open(encoding="utf-8") as file:
        for looked_at in (folder, file.fileno()):
            fcntl.flock(looked_at, fcntl.LOCK_SH)
        assert running_engine(data) is None
        assert not is_locked(folder)


def test_a_rebuild_holds_the_folder_while_it_writes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "audit"
    log.mkdir()
    (log / "audit-2026-01-05.jsonl").write_bytes(b"")

    def write(folder: Path, *_: object) -> Path:
        with pytest.raises(FolderInUseError), held(folder):
            pytest.fail("somebody else while it is written")
        return folder / "written"

    monkeypatch.setattr("cli.rebuilding.write_database", write)
    assert rebuilt_from_audit(log, data)[0] == data / "written"
    with held(data), pytest.raises(InputError, match="without an engine"):
        rebuilt_from_audit(log, data)


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_text("", "utf-8")
    with pytest.raises(DataFolderError, match="expected a data folder, found a file"):
        running_engine(file)
    with pytest.raises(InputError, match="can be locked"), held(file):
        pytest.fail("a file was held")


def test_a_folder_whose_file_system_has_no_locks_is_named(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(handle: object, kind: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with pytest.raises(InputError, match="locked to one engine: Function not implemented"), held(data):
        pytest.fail("it was held without a lock")
