"""The file on a real disk: added to, never replaced, and taken away only as far as it was named."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.kill_switch import DiskKillFile
from core.kill_file import Arming, parse_kill_file
from core.messages.kill_switch import ArmCause


def arming(arming_id: str, cause: ArmCause = ArmCause.OPERATOR) -> Arming:
    at = datetime(2026, 1, 5, 14, tzinfo=UTC)
    return Arming(arming_id=arming_id, causes=(cause,), reason="stop", who="ada", at=at)


FIRST, SECOND = arming("a"), arming("b", ArmCause.AUDIT)


@pytest.fixture
def file(tmp_path: Path) -> DiskKillFile:
    return DiskKillFile(tmp_path)


def content(tmp_path: Path) -> bytes:
    return (tmp_path / "KILL").read_bytes()


def refusing(*errors: OSError | None) -> Callable[..., int]:
    """`os.write` that raises these in turn, and writes as ever for None and after them."""
    left, write = list(errors), os.write

    def one(handle: int, data: bytes) -> int:
        error = left.pop(0) if left else None
        if error is not None:
            raise error
        return write(handle, data)

    return one


def no_space() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


def test_file_is_laid_whole_and_nothing_else_is_left(file: DiskKillFile, tmp_path: Path) -> None:
    assert file.add(FIRST) is None
    assert [path.name for path in tmp_path.iterdir()] == ["KILL"]
    assert content(tmp_path) == FIRST.to_bytes()
    assert (tmp_path / "KILL").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("before", [b"", b"stop", FIRST.to_bytes(), FIRST.to_bytes()[:-9]])
def test_arming_is_added_to_whatever_is_there(file: DiskKillFile, tmp_path: Path, before: bytes) -> None:
    (tmp_path / "KILL").write_bytes(before)
    seen = parse_kill_file(before)
    assert file.add(SECOND) is None
    found = parse_kill_file(content(tmp_path))
    assert found.armings == (*seen.armings, SECOND)
    assert found.rest.strip() == seen.rest.strip()


def test_file_that_comes_while_one_is_laid_is_not_replaced(
    file: DiskKillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def meanwhile(source: Path, target: Path) -> None:
        target.write_bytes(SECOND.to_bytes())
        link(source, target)

    monkeypatch.setattr(os, "link", meanwhile)
    assert file.add(FIRST) is None
    assert parse_kill_file(content(tmp_path)).armings == (SECOND, FIRST)


def test_arming_that_went_into_a_file_taken_away_meanwhile_is_added_again(
    file: DiskKillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disarming has renamed the file and read it just before."""
    file.add(SECOND)
    write = os.write

    def meanwhile(handle: int, data: bytes) -> int:
        monkeypatch.undo()
        assert file.disarm({SECOND.key}) is None
        return write(handle, data)

    monkeypatch.setattr(os, "write", meanwhile)
    assert file.add(FIRST) is None
    assert parse_kill_file(content(tmp_path)).armings == (FIRST,)


def test_full_disk_still_has_room_for_a_bare_file(
    file: DiskKillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "write", refusing(no_space(), no_space()))
    problem = file.add(FIRST)
    assert problem is not None
    assert problem.errno == errno.ENOSPC
    assert content(tmp_path) == b""
    assert [path.name for path in tmp_path.iterdir()] == ["KILL"]


def test_full_disk_leaves_a_file_as_it_is(
    file: DiskKillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.add(FIRST)
    monkeypatch.setattr(os, "write", refusing(no_space(), no_space()))
    assert file.add(SECOND) is not None
    assert content(tmp_path) == FIRST.to_bytes()


def test_file_system_without_links_has_the_content_all_the_same(
    file: DiskKillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    assert file.add(FIRST) is None
    assert parse_kill_file(content(tmp_path)).armings == (FIRST,)


def test_folder_in_which_nothing_can_be_laid_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DiskKillFile(tmp_path / "none").add(FIRST)


def test_link_that_leads_nowhere_is_not_taken_for_the_file(file: DiskKillFile, tmp_path: Path) -> None:
    (tmp_path / "KILL").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        file.add(FIRST)
    assert not (tmp_path / "elsewhere").exists()


def test_pipe_of_that_name_arms_and_does_not_block(file: DiskKillFile, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "KILL")
    found = file.read()
    assert found is not None
    assert found.causes == {ArmCause.KILL_FILE}
    assert file.add(FIRST) is not None


def test_what_can_not_be_read_is_there_all_the_same(file: DiskKillFile, tmp_path: Path) -> None:
    (tmp_path / "KILL").mkdir()
    found = file.read()
    assert found is not None
    assert found.problem is not None


def test_everything_that_is_written_is_synced_before_its_name_and_the_name_before_the_end(
    file: DiskKillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, link = os.fsync, os.link

    def synced(handle: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file")  # noqa: PTH112
        fsync(handle)

    def linked(source: Path, target: Path) -> None:
        steps.append("name")
        link(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", linked)
    file.add(FIRST)
    assert steps == ["file", "name", "folder"]
    steps.clear()
    file.add(SECOND)
    assert steps == ["file", "folder"]
    steps.clear()
    file.sync()
    assert steps == ["file", "folder"]
    steps.clear()
    file.disarm({"a", "b"})
    assert steps == ["folder"]
    monkeypatch.setattr(os, "write", refusing(no_space(), no_space()))
    steps.clear()
    file.add(FIRST)
    assert steps == ["file", "folder"]


def test_only_what_is_named_is_taken_away(file: DiskKillFile, tmp_path: Path) -> None:
    file.add(FIRST)
    file.add(SECOND)
    left = file.disarm({"a"})
    assert left is not None
    assert left.armings == (SECOND,)
    assert file.disarm({"b"}) is None
    assert list(tmp_path.iterdir()) == []
    assert file.disarm({"b"}) is None, "nothing is there to be taken away"


def test_what_a_disarming_before_has_left_behind_is_not_lost(file: DiskKillFile, tmp_path: Path) -> None:
    (tmp_path / "KILL.disarming").write_bytes(FIRST.to_bytes())
    file.add(SECOND)
    left = file.disarm({"b"})
    assert left is not None
    assert left.armings == (FIRST,)
    assert file.read_aside() is None


def test_file_that_can_not_be_taken_away_is_where_it_was(file: DiskKillFile, tmp_path: Path) -> None:
    (tmp_path / "KILL").mkdir()
    found = file.read()
    assert found is not None
    with pytest.raises(OSError):
        file.disarm(set(found.ids))
    assert (tmp_path / "KILL").is_dir()


def test_arming_by_the_administrator_belongs_to_the_folders_owner(
    file: DiskKillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    monkeypatch.setattr(os, "fchown", lambda _handle, uid, gid: given.append((uid, gid)))
    file.add(FIRST)
    owner = tmp_path.stat()
    assert given == [(owner.st_uid, owner.st_gid)]


def test_arming_without_the_right_to_give_it_away_is_an_arming(
    file: DiskKillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_handle: int, _uid: int, _gid: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    monkeypatch.setattr(os, "fchown", refused)
    assert file.add(FIRST) is None
    assert content(tmp_path) == FIRST.to_bytes()


def test_all_that_add_at_the_same_time_are_in_there(tmp_path: Path) -> None:
    armings = [arming(f"c{number}") for number in range(8)]
    with ThreadPoolExecutor(len(armings)) as pool:
        problems = list(pool.map(lambda one: DiskKillFile(tmp_path).add(one), armings))
    assert problems == [None] * len(armings)
    found = parse_kill_file(content(tmp_path))
    assert sorted(found.ids) == sorted(one.key for one in armings)
