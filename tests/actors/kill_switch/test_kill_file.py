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
from actors.kill_switch.kill_file import CONTENT_BYTES_MAX, TRIES_MAX
from core.kill_file import Arming, parse_kill_file
from core.messages.arm_cause import ArmCause


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


def test_file_that_is_taken_away_again_and_again_is_laid_bare_and_that_is_said(
    file: DiskKillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said must not be that the arming is in it."""

    def another_was_faster(source: Path, target: Path) -> None:
        raise FileExistsError(errno.EEXIST, "File exists")

    monkeypatch.setattr(os, "link", another_was_faster)
    monkeypatch.setattr(os, "write", refusing(*[None] * TRIES_MAX, no_space()))
    problem = file.add(FIRST)
    assert str(problem) == "the file was taken away again and again"
    assert content(tmp_path) == b""


@pytest.mark.parametrize("at_a_time", [7, 1 << 16])
def test_file_is_read_piece_by_piece_up_to_a_mebibyte(
    file: DiskKillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    read, taken = os.read, [0]

    def piece(handle: int, count: int) -> bytes:
        got = read(handle, min(count, at_a_time))
        taken[0] += len(got)
        return got

    monkeypatch.setattr(os, "read", piece)
    (tmp_path / "KILL").write_bytes(FIRST.to_bytes())
    found = file.read()
    assert found is not None
    assert (found.armings, found.has_more) == ((FIRST,), False)
    if at_a_time > 7:
        (tmp_path / "KILL").write_bytes(FIRST.to_bytes() + b"x" * (CONTENT_BYTES_MAX + at_a_time))
        taken[0] = 0
        found = file.read()
        assert found is not None
        assert (found.armings, found.has_more) == ((FIRST,), True)
        assert taken[0] == CONTENT_BYTES_MAX + at_a_time + len(FIRST.to_bytes())
        with (tmp_path / "KILL").open("ab") as stream:
            stream.write(b"x" * (2 * CONTENT_BYTES_MAX))
        taken[0] = 0
        file.read()
        assert taken[0] == 2 * CONTENT_BYTES_MAX


@pytest.mark.parametrize("size", [CONTENT_BYTES_MAX - 100, CONTENT_BYTES_MAX + 1, 4 * CONTENT_BYTES_MAX])
def test_an_arming_behind_more_than_is_read_is_seen_and_kept(
    file: DiskKillFile, tmp_path: Path, size: int
) -> None:
    """A script that arms each minute makes a mebibyte in some days: the last word counts all the same."""
    (tmp_path / "KILL").write_bytes(b"x" * size)
    assert file.add(FIRST) is None
    found = file.read()
    assert found is not None
    assert found.armings == (FIRST,)
    assert file.add(SECOND) is None
    left = file.disarm(frozenset(found.ids))
    assert left is not None
    assert left.armings == (SECOND,)


def test_error_without_words_is_shown_all_the_same(
    file: DiskKillFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, said in ((OSError("no words"), "no words"), (OSError(errno.EIO, "I/O error"), "I/O error")):

        def failing(*_: object, error: OSError = error) -> int:
            raise error

        monkeypatch.setattr(os, "open", failing)
        found = file.read()
        monkeypatch.undo()
        assert found is not None
        assert found.problem == said


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
    (tmp_path / "KILL" / "something").touch()
    found = file.read()
    assert found is not None
    with pytest.raises(OSError):
        file.disarm(set(found.ids))
    assert (tmp_path / "KILL").is_dir()


def test_file_that_can_not_even_be_renamed_back_is_found_at_the_next_start(
    file: DiskKillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fails at the sync of the end, when nothing is left to be renamed back."""
    file.add(FIRST)
    rename = Path.rename
    left = [rename]

    def once(source: Path, target: Path) -> Path:
        if not left:
            raise OSError(errno.EROFS, "Read-only file system")
        return left.pop()(source, target)

    def failed(_handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "rename", once)
    monkeypatch.setattr(os, "fsync", failed)
    with pytest.raises(OSError, match="Input/output error"):
        file.disarm({"a"})
    found = file.read()
    assert found is not None, "it still arms, though the disk takes no words any more"
    assert found.causes == {ArmCause.KILL_FILE}


@pytest.mark.parametrize("full", [False, True])
def test_arming_by_the_administrator_belongs_to_the_folders_owner(
    file: DiskKillFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    """Also a bare one on a full disk."""
    given: list[tuple[int, int, int]] = []

    def give(handle: int, uid: int, gid: int) -> None:
        given.append((os.fstat(handle).st_ino, uid, gid))

    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    monkeypatch.setattr(os, "fchown", give)
    if full:
        monkeypatch.setattr(os, "write", refusing(no_space(), no_space()))
    file.add(FIRST)
    owner = tmp_path.stat()
    assert given[-1] == ((tmp_path / "KILL").stat().st_ino, owner.st_uid, owner.st_gid)


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


@pytest.mark.parametrize("mask", [0o000, 0o077, 0o777])
def test_the_file_is_its_owners_only_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        assert DiskKillFile(tmp_path).add(FIRST) is None
    finally:
        os.umask(before)
    assert (tmp_path / "KILL").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["link", "hard link", "link to nowhere"])
def test_what_has_the_temporary_name_is_not_written_to(file: DiskKillFile, tmp_path: Path, kind: str) -> None:
    precious, temporary = tmp_path / "precious", tmp_path / f"KILL.{FIRST.key}.new"
    precious.write_text("precious", encoding="utf-8")
    match kind:
        case "link":
            temporary.symlink_to(precious)
        case "hard link":
            temporary.hardlink_to(precious)
        case _:
            temporary.symlink_to(tmp_path / "nowhere")
    assert file.add(FIRST) is None
    assert precious.read_text(encoding="utf-8") == "precious"
    assert not (tmp_path / "nowhere").exists()
    assert parse_kill_file(content(tmp_path)).armings == (FIRST,)


def test_a_file_that_is_a_link_arms_without_being_followed(file: DiskKillFile, tmp_path: Path) -> None:
    """What it leads to may be anything, and may be made to say that fewer causes arm."""
    (tmp_path / "elsewhere").write_bytes(FIRST.to_bytes())
    (tmp_path / "KILL").symlink_to(tmp_path / "elsewhere")
    found = file.read()
    assert found is not None
    assert found.armings == ()
    assert found.causes == {ArmCause.KILL_FILE}
