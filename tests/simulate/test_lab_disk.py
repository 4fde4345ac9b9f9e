"""The disk of a simulation: what a crash leaves of it, and how it fails."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from actors.audit.durable import fsync_folder, write_file
from actors.kill_switch import DiskKillFile
from core.kill_file import Arming
from core.messages.arm_cause import ArmCause
from lab.simulate.disk import LabDisk
from lab.simulate.draw import BEGIN

ARMING = Arming(arming_id="1", causes=(ArmCause.OPERATOR,), reason="drill", who="ada", at=BEGIN)


@pytest.fixture
def places() -> list[str]:
    return []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def disk(root: Path, places: list[str]) -> Iterator[LabDisk]:
    disk = LabDisk(places.append)
    disk.add(root)
    with disk.in_place():
        yield disk


def crash(disk: LabDisk, root: Path, loses: str) -> None:
    disk.freeze(root)
    disk.crash(root, loses, Random(1))


def test_what_was_synced_survives(disk: LabDisk, root: Path) -> None:
    write_file(root / "log", b"one")
    fsync_folder(root)
    crash(disk, root, "all")
    assert (root / "log").read_bytes() == b"one"


def test_a_name_that_was_not_synced_is_lost(disk: LabDisk, root: Path) -> None:
    write_file(root / "log", b"one")
    crash(disk, root, "all")
    assert not (root / "log").exists()


def test_bytes_that_were_not_synced_are_lost_or_torn(disk: LabDisk, root: Path) -> None:
    write_file(root / "log", b"one")
    fsync_folder(root)
    with (root / "log").open("ab") as stream:
        stream.write(b" and the rest")
    crash(disk, root, "torn")
    assert b"one and the rest".startswith((root / "log").read_bytes())
    with (root / "log").open("ab") as stream:
        stream.write(b" more")
    before = (root / "log").stat().st_size - len(b" more")
    crash(disk, root, "all")
    assert (root / "log").stat().st_size == before


def test_a_removal_and_a_renaming_that_were_not_synced_are_undone(disk: LabDisk, root: Path) -> None:
    for name in ("gone", "old"):
        write_file(root / name, name.encode())
    fsync_folder(root)
    (root / "gone").unlink()
    (root / "old").rename(root / "new")
    crash(disk, root, "all")
    assert {path.name: path.read_bytes() for path in root.iterdir()} == {"gone": b"gone", "old": b"old"}


def test_an_acknowledged_arming_survives_whatever_is_lost(disk: LabDisk, root: Path) -> None:
    file = DiskKillFile(root)
    file.add(ARMING)
    crash(disk, root, "all")
    found = file.read()
    assert found is not None
    assert found.armings == (ARMING,)


def test_a_transaction_that_was_not_committed_is_lost(disk: LabDisk, root: Path) -> None:
    db = sqlite3.connect(root / "cerbero.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE t (x)")
    db.execute("BEGIN")
    db.execute("INSERT INTO t VALUES (1)")
    disk.freeze(root)
    db.close()
    disk.crash(root, "all", Random(1))
    again = sqlite3.connect(root / "cerbero.db")
    assert again.execute("SELECT count(*) FROM t").fetchone() == (0,)
    again.close()


def test_after_its_end_a_process_changes_nothing(disk: LabDisk, root: Path) -> None:
    write_file(root / "log", b"one")
    fsync_folder(root)
    disk.freeze(root)
    with pytest.raises(OSError, match="its process has ended"):
        (root / "log").unlink()
    disk.crash(root, "nothing", Random(1))
    assert (root / "log").read_bytes() == b"one"


@pytest.mark.parametrize("full", ["soft", "hard"])
def test_a_full_disk_has_room_for_nothing_until_the_ballast_is_given_up(
    disk: LabDisk, root: Path, full: str
) -> None:
    (root / "ballast").touch()
    disk.full = full
    with pytest.raises(OSError) as raised:
        write_file(root / "log", b"one")
    assert raised.value.errno == errno.ENOSPC
    db = sqlite3.connect(root / "cerbero.db", isolation_level=None)
    db.execute("BEGIN")
    with pytest.raises(sqlite3.OperationalError, match="full") as refused:
        db.execute("COMMIT")
    assert refused.value.sqlite_errorcode == sqlite3.SQLITE_FULL
    db.execute("ROLLBACK")
    db.close()
    (root / "ballast").unlink()
    if full == "soft":
        write_file(root / "log2", b"one")
    else:
        with pytest.raises(OSError, match="space"):
            write_file(root / "log2", b"one")


def test_an_io_error_comes_once(disk: LabDisk, root: Path) -> None:
    disk.fails_next = True
    with pytest.raises(OSError) as raised:
        write_file(root / "log", b"one")
    assert raised.value.errno == errno.EIO
    write_file(root / "log2", b"one")


def test_every_change_is_a_place(disk: LabDisk, root: Path, places: list[str]) -> None:
    write_file(root / "log", b"one")
    (root / "log").rename(root / "other")
    (root / "other").unlink()
    assert [Path(place).name for place in places] == ["log", "log", "other"]


def test_what_is_elsewhere_is_left_alone(disk: LabDisk, tmp_path: Path, places: list[str]) -> None:
    disk.full = "hard"
    write_file(tmp_path / "elsewhere", b"one")
    os.unlink(tmp_path / "elsewhere")  # noqa: PTH108  (the call that is replaced)
    assert places == []
