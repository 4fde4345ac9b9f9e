"""Each step of audit reaches its failpoint; a refusal names file and place, what was expected and found."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import actors.audit
from actors import failpoints
from actors.audit.actor import Audit
from actors.audit.files import bytes_from, compress
from actors.audit.scan import Broken, Scan, judge, scan
from actors.failpoints import Failpoint
from core.alerts import AlertCode
from core.audit.hash_chain import ChainBrokenError, Link, split_lines
from core.messages.alerting import RaiseAlert
from core.messages.audit import AuditKind
from core.messages.room_status import AuditHead
from tests.actors.audit.test_boot import boot, event, lived
from tests.actors.state.books_room import BooksRoom
from tests.core.audit.fold.logs import lines_of

F = Failpoint
FILE = "audit-2026-01-05.jsonl"


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[F]:
    found: list[F] = []
    monkeypatch.setattr(failpoints, "_at", found.append)
    return found


def of_audit(reached: list[F]) -> list[F]:
    return [each for each in reached if each.name.startswith(("AUDIT", "COMPRESSION"))]


APPENDED = [F.AUDIT_OPENED, F.AUDIT_WRITTEN, F.AUDIT_SYNCED, F.AUDIT_APPENDED]
COMPRESSED = [
    F.COMPRESSION_DRAFTED,
    F.COMPRESSION_SYNCED,
    F.COMPRESSION_NAMED,
    F.COMPRESSION_CHECKED,
    F.COMPRESSION_DONE,
]


def test_an_append_a_new_day_and_a_compression_reach_their_failpoints_in_order(
    tmp_path: Path, reached: list[F]
) -> None:
    room = BooksRoom(tmp_path).start()
    event(room, 1)
    assert of_audit(reached) == APPENDED
    room.advance(40 * 86_400)
    reached.clear()
    event(room, 2)
    assert of_audit(reached) == [*APPENDED, F.AUDIT_DAY_BEGUN, *COMPRESSED]
    room.kill()


def test_restoring_a_tail_reaches_its_failpoints(tmp_path: Path, reached: list[F]) -> None:
    content = lived(tmp_path, orderly=False)
    (tmp_path / "audit" / FILE).write_bytes(content[:-7])
    reached.clear()
    room, told = boot(tmp_path)
    assert (told.ok, told.restored) == (True, True)
    assert of_audit(reached)[:5] == [F.AUDIT_TAIL_CUT, *APPENDED[:-1], F.AUDIT_TAIL_RESTORED]
    room.kill()


def test_the_room_is_imported_by_its_name_alone() -> None:
    assert actors.audit.__getattr__("Audit") is Audit
    with pytest.raises(AttributeError, match=r"^module 'actors\.audit' has no attribute 'Auditor'$"):
        actors.audit.__getattr__("Auditor")


def test_the_day_knows_the_bytes_of_its_file_after_each_batch(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    for number in range(3):
        event(room, number)
        end = room.audit._file_end()
        assert end is not None
        assert (end.file, end.bytes) == (FILE, (tmp_path / "audit" / FILE).stat().st_size)
    room.kill()


def test_a_file_that_is_not_there_has_no_bytes(tmp_path: Path) -> None:
    assert bytes_from(tmp_path / "none", 0, 10) == b""
    (tmp_path / "some").write_bytes(b"0123456789")
    assert bytes_from(tmp_path / "some", 3, 4) == b"3456"


def test_a_compressed_file_that_reads_back_as_others_bytes_is_removed_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / FILE
    path.write_bytes(b"records\n")

    def spoil(point: F) -> None:
        if point is F.COMPRESSION_NAMED:
            path.write_bytes(b"others!\n")

    monkeypatch.setattr(failpoints, "_at", spoil)
    with pytest.raises(ChainBrokenError, match=rf"^{FILE}\.gz: expected the bytes of {FILE}, found others$"):
        compress(path)
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_a_record_in_another_form_is_named_by_file_and_byte(tmp_path: Path) -> None:
    first, second, *_ = lines_of([(AuditKind.KELLY, {"n": 1}), (AuditKind.KELLY, {"n": 2})])
    (tmp_path / FILE).write_bytes(first + second.replace(b'{"seq":2', b'{ "seq":2'))
    problem = scan(tmp_path).problem
    assert problem is not None
    assert problem.startswith(f"{FILE}, byte {len(first)}: ")


@pytest.mark.parametrize(("tail", "more"), [(b"", ""), (b"{part", " and 5 bytes of a further one")])
def test_files_that_end_elsewhere_than_the_books_say_are_told_with_what_is_beyond(
    tail: bytes, more: str
) -> None:
    found = Scan(link=Link(1, "a" * 64), file=FILE, offset=100, tail=tail, files=1, problem=None)
    verdict = judge(found, AuditHead(seq=2, hash="b" * 64), None, lambda *_: b"")
    assert isinstance(verdict, Broken)
    assert verdict.problem == (
        f"expected records up to 2, number 2 with hash {'b' * 64}; "
        f"found records up to 1 with hash {'a' * 64}{more}"
    )


def told(room: BooksRoom) -> list[tuple[AlertCode, str]]:
    alerts = (each for each in room.audit_ctx.told_to("alerting") if isinstance(each, RaiseAlert))
    return [(each.code, each.text.partition("(")[2]) for each in alerts]


def test_a_sound_life_tells_its_head_at_start_and_stop_and_nothing_else(tmp_path: Path) -> None:
    for _ in range(2):
        room = BooksRoom(tmp_path).start()
        event(room, 1)
        room.stop()
        head = AlertCode.AUDIT_HEAD
        assert told(room) == [(head, "start)"), (head, "stop)")]


def test_a_chain_that_begins_anew_is_followed_from_its_first_record_on(tmp_path: Path) -> None:
    lived(tmp_path, orderly=True)
    path = tmp_path / "audit" / FILE
    path.write_bytes(path.read_bytes()[:-40])
    room = BooksRoom(tmp_path).start()
    assert room.audit._proof._running is not None
    event(room, 7)
    assert room.audit._proof._running.seq == room.audit._link.seq == len(split_lines(room.audit_bytes()))
    end = room.audit._file_end()
    assert end is not None
    assert end.file == FILE
    room.kill()


def test_two_forms_of_a_day_that_differ_are_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"".join(lines_of([(AuditKind.KELLY, {"n": 1})])))
    with gzip.open(tmp_path / f"{FILE}.gz", "wb") as other:
        other.write(b"".join(lines_of([(AuditKind.KELLY, {"n": 2})])))
    problem = scan(tmp_path).problem
    assert problem == f"{FILE}: expected the same as {FILE}.gz, found other bytes"
