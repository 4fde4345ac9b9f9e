"""`audit verify` beside an engine that appends while it looks."""

from __future__ import annotations

from pathlib import Path

from actors.audit.verify import Stored, verify
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
