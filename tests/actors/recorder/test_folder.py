"""The folder of a record on a real disk: whole members or nothing, whatever crashed, and never too much."""

from __future__ import annotations

import errno
import gzip
import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from actors.recorder import RecordFolder
from actors.recorder.folder import DAYS_PRUNED_AT_ONCE, FREE_BYTES_MIN
from core.record.members import packed
from core.record.names import RecordFile, record_name

DAY = date(2026, 1, 5)
HEADER = b"a,b\n"
CHAIN = record_name(RecordFile.CHAIN, DAY)


def append(folder: RecordFolder, content: bytes, day: date = DAY) -> str | None:
    return folder.append(RecordFile.CHAIN, day, HEADER, content)


def text_of(data_dir: Path, name: str = CHAIN) -> bytes:
    return gzip.decompress((data_dir / "record" / name).read_bytes())


def refuse(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_begins_with_its_header_and_goes_on_in_members(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path, 400)
    assert append(folder, b"1,2\n") is None
    assert append(folder, b"3,4\n") is None
    assert text_of(tmp_path) == b"a,b\n1,2\n3,4\n"


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    append(RecordFolder(tmp_path, 400), b"1,2\n")
    assert (tmp_path / "record").stat().st_mode & 0o077 == 0
    assert (tmp_path / "record" / CHAIN).stat().st_mode & 0o077 == 0


def test_each_day_has_a_file_of_its_own_also_one_that_comes_again(tmp_path: Path) -> None:
    folder, tomorrow = RecordFolder(tmp_path, 400), DAY + timedelta(days=1)
    append(folder, b"1,2\n")
    append(folder, b"3,4\n", tomorrow)
    append(folder, b"5,6\n")  # The clock was set back over midnight.
    assert text_of(tmp_path) == b"a,b\n1,2\n5,6\n"
    assert text_of(tmp_path, record_name(RecordFile.CHAIN, tomorrow)) == b"a,b\n3,4\n"


def test_at_whatever_byte_a_write_was_cut_the_next_life_goes_on_after_what_was_whole(tmp_path: Path) -> None:
    first, second = packed(HEADER + b"1,2\n"), packed(b"3,4\n")
    for length in range(len(first + second)):
        data_dir = tmp_path / str(length)
        (data_dir / "record").mkdir(parents=True)
        (data_dir / "record" / CHAIN).write_bytes((first + second)[:length])
        told = append(RecordFolder(data_dir, 400), b"5,6\n")
        whole = b"a,b\n1,2\n" if length >= len(first) else b"a,b\n"
        assert text_of(data_dir) == whole + b"5,6\n"
        aside = data_dir / "record" / f"{CHAIN}.damaged"
        lost = length - (len(first) if length >= len(first) else 0)
        assert (told is not None) == (lost > 0) == aside.exists()
        assert not lost or aside.stat().st_size == lost


def test_what_was_damaged_later_is_kept_aside_and_recording_goes_on(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path, 400)
    for content in (b"1,2\n", b"3,4\n", b"5,6\n"):
        append(folder, content)
    path = tmp_path / "record" / CHAIN
    file = bytearray(path.read_bytes())
    begin = len(packed(HEADER + b"1,2\n"))
    file[begin + 12] ^= 0xFF
    path.write_bytes(file)
    told = append(RecordFolder(tmp_path, 400), b"7,8\n")
    assert told is not None
    assert f"the last {len(file) - begin} of {len(file)} bytes" in told
    assert text_of(tmp_path) == b"a,b\n1,2\n7,8\n"
    assert path.with_name(f"{CHAIN}.damaged").read_bytes() == bytes(file[begin:])


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_after_an_error_nothing_of_the_member_is_left(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RecordFolder(tmp_path, 400)
    append(folder, b"1,2\n")
    with monkeypatch.context() as patched:
        patched.setattr(os, call, refuse)
        with pytest.raises(OSError, match="No space left"):
            append(folder, b"3,4\n")
    assert append(folder, b"5,6\n") is None
    assert text_of(tmp_path) == b"a,b\n1,2\n5,6\n"


def test_half_a_member_that_can_not_be_taken_back_is_cut_off_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RecordFolder(tmp_path, 400)
    append(folder, b"1,2\n")
    write = os.write

    def half_then_refuse(handle: int, content: Any) -> int:
        if len(content) > 10:
            return write(handle, content[:10])
        return refuse()

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda handle, view: half_then_refuse(handle, view[: max(1, len(view))]))
        patched.setattr(os, "ftruncate", refuse)
        with pytest.raises(OSError, match="No space left"):
            append(folder, b"3,4\n")
    assert append(folder, b"5,6\n") is not None
    assert text_of(tmp_path) == b"a,b\n1,2\n5,6\n"


def test_with_little_free_on_the_disk_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = SimpleNamespace(f_bavail=FREE_BYTES_MIN // 4096 - 1, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda _: left)
    with pytest.raises(OSError, match="511 MiB free at"):
        append(RecordFolder(tmp_path, 400), b"1,2\n")
    assert not (tmp_path / "record").exists()


def test_while_a_thread_hangs_in_it_others_are_turned_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RecordFolder(tmp_path, 400)
    append(folder, b"1,2\n")
    turned_away: list[str] = []

    def meanwhile(_: int) -> None:
        for other in (lambda: append(folder, b"3,4\n"), lambda: folder.prune(DAY)):
            with pytest.raises(OSError, match="an earlier write hangs in it") as raised:
                other()
            turned_away.append(str(raised.value))

    monkeypatch.setattr(os, "fsync", meanwhile)
    append(folder, b"5,6\n")
    assert len(turned_away) == 2
    assert text_of(tmp_path) == b"a,b\n1,2\n5,6\n"


def kept(data_dir: Path) -> list[str]:
    return sorted(path.name for path in (data_dir / "record").iterdir())


@pytest.fixture
def lay(tmp_path: Path) -> Callable[[str], None]:
    (tmp_path / "record").mkdir()
    return lambda name: (tmp_path / "record" / name).touch()


def test_days_that_are_too_old_go_with_all_their_files(tmp_path: Path, lay: Callable[[str], None]) -> None:
    for ago in (9, 10, 11):
        for what in RecordFile:
            lay(record_name(what, DAY - timedelta(days=ago)))
    lay(f"{record_name(RecordFile.CHAIN, DAY - timedelta(days=12))}.damaged")
    lay("notes.txt")
    assert RecordFolder(tmp_path, 10).prune(DAY) == 4
    left = {record_name(what, DAY - timedelta(days=ago)) for ago in (9, 10) for what in RecordFile}
    assert set(kept(tmp_path)) == left | {"notes.txt"}


def test_a_clock_that_ran_ahead_costs_only_a_few_of_the_oldest_days(
    tmp_path: Path, lay: Callable[[str], None]
) -> None:
    days = [DAY - timedelta(days=ago) for ago in range(20)]
    for day in days:
        lay(record_name(RecordFile.CHAIN, day))
    assert RecordFolder(tmp_path, 10).prune(DAY + timedelta(days=10_000)) == DAYS_PRUNED_AT_ONCE
    assert kept(tmp_path) == sorted(record_name(RecordFile.CHAIN, day) for day in days[:-DAYS_PRUNED_AT_ONCE])


def test_without_a_folder_there_is_nothing_to_prune(tmp_path: Path) -> None:
    assert RecordFolder(tmp_path, 10).prune(DAY) == 0


def test_a_link_in_the_place_of_a_file_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "record").mkdir()
    (tmp_path / "elsewhere").write_bytes(b"mine")
    (tmp_path / "record" / CHAIN).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="Too many levels"):
        append(RecordFolder(tmp_path, 400), b"1,2\n")
    assert (tmp_path / "elsewhere").read_bytes() == b"mine"
