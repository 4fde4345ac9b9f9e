"""Audit files that are compressed still prove, and damage to one is found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.audit.files import lines_of
from core.messages.state import Recorded
from files.plain import PlainFileError
from tests.actors.audit.test_boot import boot, event
from tests.actors.state.books_room import BooksRoom

FILE = "audit-2026-01-05.jsonl"


def test_old_files_are_compressed_and_still_prove(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    event(room, 1)
    room.advance(86_400)
    event(room, 2)
    room.advance(40 * 86_400)
    event(room, 3)
    names = [path.name for path in sorted((tmp_path / "audit").iterdir())]
    assert names == [f"{FILE}.gz", "audit-2026-01-06.jsonl.gz", "audit-2026-02-15.jsonl"]
    room.stop()
    room, told = boot(tmp_path)
    assert (told.ok, told.records) == (True, 5)
    room.kill()


def test_a_damaged_compressed_file_is_found(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    event(room, 1)
    room.advance(40 * 86_400)
    event(room, 2)
    room.stop()
    path = tmp_path / "audit" / f"{FILE}.gz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    room, told = boot(tmp_path)
    assert not told.ok
    room.kill()


def test_a_crash_between_compressing_and_removing_is_finished(tmp_path: Path) -> None:
    """Both forms are there and the same: that is one day's file."""
    room = BooksRoom(tmp_path).start()
    event(room, 1)
    plain = (tmp_path / "audit" / FILE).read_bytes()
    room.advance(40 * 86_400)
    event(room, 2)
    room.stop()
    (tmp_path / "audit" / FILE).write_bytes(plain)
    room = BooksRoom(tmp_path, now=room.state_ctx.time).start()
    assert not (tmp_path / "audit" / FILE).exists()
    event(room, 3)
    assert room.answers == [Recorded(request_id="event-3")]
    room.kill()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", [FILE, f"{FILE}.gz"])
def test_a_pipe_in_a_file_s_place_is_told_and_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(PlainFileError, match="expected a plain file, found a pipe"):
        list(lines_of(tmp_path / name))
