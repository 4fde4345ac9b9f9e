"""Whatever has the name `KILL` arms: a link, a folder, a pipe, something that can't be read."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.kill_switch import DiskKillFile
from core.kill_file import Arming
from core.messages.arm_cause import ArmCause

FIRST = Arming(
    arming_id="a",
    causes=(ArmCause.OPERATOR,),
    reason="stop",
    who="ada",
    at=datetime(2026, 1, 5, 14, tzinfo=UTC),
)


@pytest.fixture
def file(tmp_path: Path) -> DiskKillFile:
    return DiskKillFile(tmp_path)


def _link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _link_below_a_file(path: Path) -> None:
    path.with_name("plain").touch()
    path.symlink_to("plain/below")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.mkdir()


def _full_folder(path: Path) -> None:
    path.mkdir()
    (path / "something").touch()


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


def _unreadable(path: Path) -> None:
    path.touch(mode=0o000)


ODD = (
    _link_to_nothing,
    _link_to_itself,
    _link_below_a_file,
    _pipe,
    _folder,
    _full_folder,
    _socket,
    _unreadable,
)


@pytest.mark.parametrize("lay", ODD)
def test_whatever_has_the_name_arms_and_keeps_nobody_waiting(
    lay: Callable[[Path], None], file: DiskKillFile, tmp_path: Path
) -> None:
    lay(tmp_path / "KILL")
    found = file.read()
    assert found is not None
    assert found.causes == {ArmCause.KILL_FILE}


@pytest.mark.parametrize("lay", ODD)
def test_what_a_disarming_set_aside_arms_whatever_it_is(
    lay: Callable[[Path], None], file: DiskKillFile, tmp_path: Path
) -> None:
    lay(tmp_path / "KILL.disarming")
    assert file.read_aside() is not None


@pytest.mark.parametrize("lay", [lay for lay in ODD if lay is not _unreadable])
def test_arming_is_on_disk_without_its_words_where_no_file_has_the_name(
    lay: Callable[[Path], None], file: DiskKillFile, tmp_path: Path
) -> None:
    lay(tmp_path / "KILL")
    kind = stat.S_IFMT((tmp_path / "KILL").lstat().st_mode)
    assert isinstance(file.add(FIRST), OSError)
    file.sync()
    assert stat.S_IFMT((tmp_path / "KILL").lstat().st_mode) == kind
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("lay", [lay for lay in ODD if lay is not _full_folder])
def test_disarming_takes_away_whatever_has_the_name(
    lay: Callable[[Path], None], file: DiskKillFile, tmp_path: Path
) -> None:
    lay(tmp_path / "KILL")
    found = file.read()
    assert found is not None
    assert file.disarm(frozenset(found.ids)) is None
    assert not list(tmp_path.glob("KILL*"))
