"""`audit verify` beside an engine that appends while it looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.audit.verify import Stored, verify
from core.audit.hash_chain import GENESIS, Link, follow_all, split_lines
from core.messages.room_status import AuditHead
from tests.actors.audit.test_verify import FILE, event, stored
from tests.actors.state.books_room import BooksRoom


def test_a_batch_that_is_appended_right_after_the_scan_is_no_fault(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    room.tell(event(1))
    room.hold_appends = True
    room.tell(event(2))
    look, looks = stored(tmp_path), 0

    def read() -> Stored | None:
        """The second look comes after the scan; state does not know yet that the bytes are written."""
        nonlocal looks
        found, looks = look(), looks + 1
        if looks == 2:
            assert found is not None
            assert found[1] is not None
            with (tmp_path / "audit" / FILE).open("ab") as file:
                file.write(found[1].payload)
        return found

    report = verify(tmp_path, stored=read, running=True)
    assert (report.ok, report.problem, looks) == (True, None, 2)
    room.kill()


@pytest.mark.parametrize("whole", [True, False])
def test_an_engine_that_is_busy_at_every_look_still_has_to_hold_what_it_acknowledged(
    tmp_path: Path, whole: bool
) -> None:
    """The books have moved on at each try; the head before the last scan must be in the files."""
    room = BooksRoom(tmp_path).start()
    for number in range(3):
        room.tell(event(number))
    path = tmp_path / "audit" / FILE
    lines = split_lines(path.read_bytes())
    links = [follow_all(GENESIS, lines[:count]) for count in (1, 2, 3)]
    if not whole:
        path.write_bytes(b"".join(lines[:2]))
    heads = iter([links[0], links[2], links[1], links[0]])

    def read() -> Stored | None:
        link = next(heads)
        return AuditHead(seq=link.seq, hash=link.hash), None

    report = verify(tmp_path, stored=read, running=True)
    assert report.ok
    heads = iter([links[0], links[1], links[2], links[1]])
    report = verify(tmp_path, stored=read, running=True)
    assert report.ok is whole
    room.kill()


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_a_told_head_is_looked_for_whatever_its_number(tmp_path: Path, seq: int) -> None:
    room = BooksRoom(tmp_path).start()
    for number in range(3):
        room.tell(event(number))
    room.stop()
    link = follow_all(GENESIS, split_lines((tmp_path / "audit" / FILE).read_bytes())[:seq])
    assert verify(tmp_path, stored=lambda: None, head=link).ok
    told = Link(seq, "f" * 64)
    report = verify(tmp_path, stored=lambda: None, head=told)
    assert report.problem == f"expected record {seq} with hash {told.hash}, found {link.hash}"
    report = verify(tmp_path, stored=lambda: None, head=Link(9, "f" * 64))
    assert report.problem == f"expected record 9 with hash {told.hash}, found no such record"
    assert verify(tmp_path, stored=lambda: None, head=GENESIS).ok
    assert (report.records, report.files) == (3, 1)
