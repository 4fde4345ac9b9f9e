"""A data folder belongs to one engine, and only a paper account is ever emptied."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cli.data_folder import (
    emptied_paper_folder,
    locked,
    made_with,
    make_data_folder,
    mark_as_paper,
    others_who_write,
    private_files,
    refuse_paper_folder,
    require_paper_folder,
    restore_paper_folder,
    wait_until_free,
)
from core.errors import InputError
from reading.engine_lock import running_engine
from reading.errors import DataFolderError


def test_a_second_engine_on_the_same_folder_is_refused_and_the_holder_is_named(tmp_path: Path) -> None:
    with (
        locked(tmp_path, lambda: Path("a.sock")),
        pytest.raises(InputError, match="without an engine, found that pid"),
        locked(tmp_path, lambda: Path("b.sock")),
    ):
        pytest.fail("two engines on one folder")


def test_the_lock_says_where_the_engine_listens_and_goes_with_it(tmp_path: Path) -> None:
    with locked(tmp_path, lambda: Path("a.sock")):
        engine = running_engine(tmp_path)
        assert engine is not None
        assert engine.socket == Path("a.sock")
        assert not wait_until_free(tmp_path, timeout_s=0.1)
    assert running_engine(tmp_path) is None
    assert wait_until_free(tmp_path, timeout_s=0.1)


def test_a_folder_that_was_never_used_has_no_engine(tmp_path: Path) -> None:
    assert running_engine(tmp_path / "none") is None


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    make_data_folder(tmp_path / "data")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    """`--data-dir .` or /tmp belongs to others too; the engine's own files are private in it all the same."""
    tmp_path.chmod(0o755)
    with private_files():
        make_data_folder(tmp_path)
        (tmp_path / "books").touch()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "books").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(InputError, match="expected a folder to write in"):
        make_data_folder(tmp_path / "file" / "data")


def test_only_a_marked_folder_is_emptied(tmp_path: Path) -> None:
    (tmp_path / "cerbero.db").write_text("precious", "utf-8")
    with pytest.raises(InputError):
        require_paper_folder(tmp_path)
    with pytest.raises(InputError), emptied_paper_folder(tmp_path):
        pytest.fail("a folder without the marker was emptied")
    assert (tmp_path / "cerbero.db").read_text("utf-8") == "precious"


def test_a_marked_folder_is_emptied_but_for_its_lock_and_marker(tmp_path: Path) -> None:
    mark_as_paper(tmp_path)
    (tmp_path / "venue").mkdir()
    (tmp_path / "venue" / "venue.db").write_text("", "utf-8")
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "kept").write_text("", "utf-8")
    (tmp_path / "link").symlink_to(outside)
    require_paper_folder(tmp_path)
    with locked(tmp_path, lambda: Path("a.sock")), emptied_paper_folder(tmp_path):
        assert not (tmp_path / "venue").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["PAPER", "lock"]
    assert (outside / "kept").exists()


def start_that_fails(folder: Path, failure: BaseException) -> None:
    with emptied_paper_folder(folder):
        (folder / "cerbero.db").write_text("half of a new one", "utf-8")
        raise failure


def test_the_last_account_stays_where_a_new_one_cannot_start(tmp_path: Path) -> None:
    """A typo in an option, a broken record or a Ctrl-C meanwhile costs nothing."""
    mark_as_paper(tmp_path)
    (tmp_path / "cerbero.db").write_text("old", "utf-8")
    for failure in (InputError("no such fault"), KeyboardInterrupt()):
        with pytest.raises(type(failure)):
            start_that_fails(tmp_path, failure)
        assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == {
            "PAPER": "",
            "cerbero.db": "old",
        }


@pytest.mark.parametrize(
    "left", ["half set aside", "while the new one started", "while the old one was removed"]
)
def test_an_account_is_whole_after_a_start_that_was_killed(tmp_path: Path, left: str) -> None:
    mark_as_paper(tmp_path)
    before = tmp_path / (".gone" if left == "while the old one was removed" else ".before")
    before.mkdir()
    (before / "cerbero.db").write_text("old", "utf-8")
    (tmp_path / "venue.db").write_text("mine", "utf-8")
    if left != "half set aside":
        (tmp_path / "cerbero.db").write_text("new", "utf-8")
    restore_paper_folder(tmp_path)
    found = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    books = "new" if left == "while the old one was removed" else "old"
    assert found == {"PAPER": "", "cerbero.db": books, "venue.db": "mine"}


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_a_missing_or_empty_folder_may_become_a_paper_account(tmp_path: Path, make: object) -> None:
    folder = tmp_path / "new"
    assert callable(make)
    make(folder)
    require_paper_folder(folder)


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(InputError, match="found a file"):
        require_paper_folder(tmp_path / "file")


def test_a_live_engine_keeps_out_of_a_paper_account(tmp_path: Path) -> None:
    mark_as_paper(tmp_path)
    with pytest.raises(InputError, match="paper account"):
        refuse_paper_folder(tmp_path)


@pytest.mark.parametrize("mask", [0o000, 0o077, 0o777])
def test_the_lock_is_its_owners_only_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    with made_with(mask), locked(tmp_path, lambda: Path("a.sock")):
        assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
    (tmp_path / "lock").chmod(0o666)
    with locked(tmp_path, lambda: Path("a.sock")):
        assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600


def test_a_lock_that_is_a_link_is_refused_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious", encoding="utf-8")
    folder = tmp_path / "data"
    folder.mkdir()
    for leads_to in (target, tmp_path / "nowhere"):
        (folder / "lock").symlink_to(leads_to)
        with pytest.raises(InputError, match="not a link"), locked(folder, lambda: Path("a.sock")):
            pytest.fail("it followed the link")
        (folder / "lock").unlink()
    assert target.read_text(encoding="utf-8") == "precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_lock_that_is_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(InputError, match="plain file"), locked(tmp_path, lambda: Path("a.sock")):
        pytest.fail("a pipe was taken for the lock")
    with pytest.raises(DataFolderError):
        running_engine(tmp_path)


@pytest.mark.parametrize(
    ("mode", "who"), [(0o770, "the group"), (0o707, "everybody"), (0o777, "the group"), (0o755, None)]
)
def test_a_folder_that_others_can_write_is_named(tmp_path: Path, mode: int, who: str | None) -> None:
    tmp_path.chmod(mode)
    found = others_who_write(tmp_path)
    tmp_path.chmod(0o700)
    assert found is None if who is None else found is not None and who in found and "chmod go-w" in found


@pytest.mark.parametrize(("mode", "is_open"), [(0o700, False), (0o770, True)])
def test_a_folder_of_another_user_is_told_with_what_keeps_that_user_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, is_open: bool
) -> None:
    """Its owner may change it whatever its mode is, so that no mode helps."""
    tmp_path.chmod(mode)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda path: owned_by(4710, real(path)))
    found = others_who_write(tmp_path)
    monkeypatch.undo()
    assert found is not None
    assert f"run the engine as uid 4710, or: chown -R 4711: {tmp_path}" in found
    assert ("chmod go-w" in found) is is_open


def owned_by(uid: int, found: os.stat_result) -> os.stat_result:
    """The same of a file of that user."""
    values = list(found)
    values[stat.ST_UID] = uid
    return os.stat_result(values)
