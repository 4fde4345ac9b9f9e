"""`audit verify` says no wherever acknowledged bytes are missing or changed, and changes nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.audit.verify import Stored, VerifyReport, verify
from actors.state.read_only import books_opened
from actors.state.tables import chain
from core.audit.hash_chain import GENESIS, Link, append, split_lines
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditEvent, AuditKind, GetAudit
from core.messages.room_status import (
    AuditHead,
    AuditStatus,
)
from core.messages.state import RecordEvent, RecordKillSwitch
from tests.actors.state.books_room import START, BooksRoom

FILE = "audit-2026-01-05.jsonl"


def stored(data_dir: Path) -> Callable[[], Stored | None]:
    def read() -> Stored | None:
        with books_opened(data_dir) as db:
            if db is None:
                return None
            end, pending = chain.read(db)
            return AuditHead(seq=end.link.seq, hash=end.link.hash), pending

    return read


def verified(data_dir: Path, **options: object) -> VerifyReport:
    return verify(data_dir, stored=stored(data_dir), **options)  # type: ignore[arg-type]


def event(number: int) -> RecordEvent:
    made = AuditEvent(kind=AuditKind.KELLY, at=START, detail={"number": number})
    return RecordEvent(request_id=f"event-{number}", audit=(made,))


@pytest.fixture
def ended(tmp_path: Path) -> Path:
    """A folder with three records after an orderly stop."""
    room = BooksRoom(tmp_path).start()
    for number in range(3):
        room.tell(event(number))
    room.stop()
    return tmp_path


def test_a_whole_chain_is_whole(ended: Path) -> None:
    report = verified(ended, strict=True)
    assert (report.ok, report.records, report.problem) == (True, 3, None)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_change_of_the_files_is_found(ended: Path, data: st.DataObject) -> None:
    path = ended / "audit" / FILE
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    change = data.draw(st.sampled_from(["flip", "cut", "insert", "delete"]))
    changed = {
        "flip": content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1 :],
        "cut": content[:at],
        "insert": content[:at] + data.draw(st.binary(min_size=1, max_size=3)) + content[at:],
        "delete": content[:at] + content[at + 1 :],
    }[change]
    try:
        path.write_bytes(changed)
        assert not verified(ended).ok or changed == content
    finally:
        path.write_bytes(content)


def test_truncation_between_records_is_proved_by_a_told_head_alone(ended: Path) -> None:
    head = verified(ended).head
    path = ended / "audit" / FILE
    path.write_bytes(b"".join(split_lines(path.read_bytes())[:2]))
    (ended / "cerbero.db").unlink()
    assert verified(ended).ok
    report = verified(ended, head=head)
    assert not report.ok
    assert "no such record" in (report.problem or "")


def test_a_rewritten_chain_is_proved_by_a_told_head(ended: Path) -> None:
    head = verified(ended).head
    forged, end = append(GENESIS, [event(9).audit[0]] * 3)
    (ended / "audit" / FILE).write_bytes(forged)
    (ended / "cerbero.db").unlink()
    assert verified(ended).ok
    assert not verified(ended, head=head).ok
    assert verified(ended, head=end).ok


def test_an_earlier_head_is_proved_too(ended: Path) -> None:
    path = ended / "audit" / FILE
    end = Link(2, split_lines(path.read_bytes())[1][-67:-3].decode())
    assert verified(ended, head=end).ok


def test_an_unfinished_last_batch_is_said_and_named_restorable(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    room.tell(event(1))
    room.tell(event(2))
    room.kill()
    path = tmp_path / "audit" / FILE
    path.write_bytes(path.read_bytes()[:-10])
    report = verified(tmp_path)
    assert (report.ok, report.restorable) == (False, True)
    assert verified(tmp_path, running=True).ok
    BooksRoom(tmp_path).start().kill()
    assert verified(tmp_path).ok


def test_a_killed_engine_whose_file_is_whole_is_whole(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    room.tell(event(1))
    room.kill()
    assert verified(tmp_path).ok


def test_an_engine_that_writes_meanwhile_is_no_fault(tmp_path: Path) -> None:
    """Between the reading of database and files the engine goes on, each time."""
    room = BooksRoom(tmp_path).start()
    room.tell(event(0))
    read, numbers = stored(tmp_path), iter(range(1, 100))

    def moving() -> Stored | None:
        side = read()
        room.tell(event(next(numbers)))
        return side

    assert verify(tmp_path, stored=moving, running=True).ok
    room.kill()


def test_a_new_chain_after_a_break_is_not_whole_until_a_person_accepts_it(ended: Path) -> None:
    (ended / "audit" / FILE).write_bytes(b"")
    room = BooksRoom(ended).start()
    assert "CHAIN_BROKEN" in (verified(ended, running=True).problem or "")
    for armed in (True, False):
        row = RecordKillSwitch(
            request_id=f"k-{armed}",
            armed=armed,
            causes=(ArmCause.AUDIT,) if armed else (),
            reason="seen",
            who="me",
            at=START,
        )
        room.tell(row)
        with room.audit_ctx.handling(GetAudit(), sender=room.sender):
            room.audit.on_receive(GetAudit())
        told = room.audit_ctx.told_to(room.sender)[-1]
        assert isinstance(told, AuditStatus)
        assert told.ok is verified(ended, running=True).ok is not armed, "one answer to one question"
    room.stop()
    assert verified(ended).ok


def test_strict_finds_another_form_of_json_that_proves(tmp_path: Path) -> None:
    """Written by another hand with right hashes: the bytes prove, the form does not."""
    body = b'{"seq":1,"prev":"' + b"0" * 64 + b'", "at":"x","kind":"KELLY","correlation":null,"detail":{}'
    line = body + b',"hash":"' + sha256(body).hexdigest().encode() + b'"}\n'
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / FILE).write_bytes(line)
    assert verified(tmp_path).ok
    assert not verified(tmp_path, strict=True).ok
