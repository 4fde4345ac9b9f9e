"""The boot table, case by case: files against the head and the pending bytes of the database."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.alerts import AlertCode
from core.audit.hash_chain import GENESIS, follow_all, split_lines
from core.messages.alerting import RaiseAlert, Severity
from core.messages.audit import AuditBoot, AuditEvent, AuditKind, GetAudit
from core.messages.state import Recorded, RecordEvent, RecordKillSwitch
from tests.actors.state.books_room import START, BooksRoom, opened

FILE = "audit-2026-01-05.jsonl"


def event(room: BooksRoom, number: int) -> None:
    detail = AuditEvent(kind=AuditKind.KELLY, at=START, detail={"number": number})
    room.tell(RecordEvent(request_id=f"event-{number}", audit=(detail,)))


def lived(data_dir: Path, *, orderly: bool) -> bytes:
    """A first life with two batches of records; returns the audit bytes."""
    room = BooksRoom(data_dir).start()
    event(room, 1)
    event(room, 2)
    content = room.audit_bytes()
    if orderly:
        room.stop()
    else:
        room.kill()
    return content


def boots(room: BooksRoom, name: str) -> list[AuditBoot]:
    return [m for m in room.audit_ctx.told_to(name) if isinstance(m, AuditBoot)]


def boot(data_dir: Path) -> tuple[BooksRoom, AuditBoot]:
    """A start, and what it told state; the kill switch hears of the same files."""
    room = BooksRoom(data_dir).start()
    told = boots(room, "state")
    assert [m.head for m in told] == [m.head for m in boots(room, "kill_switch")]
    return room, told[-1]


def kinds(room: BooksRoom) -> list[str]:
    return [json.loads(line)["kind"] for line in split_lines(room.audit_bytes())]


def proves(room: BooksRoom) -> bool:
    return follow_all(GENESIS, split_lines(room.audit_bytes())).seq == len(kinds(room))


def test_an_empty_folder_is_whole(tmp_path: Path) -> None:
    room, told = boot(tmp_path)
    assert (told.ok, told.restored, told.records) == (True, False, 0)
    room.kill()


@pytest.mark.parametrize("orderly", [True, False])
def test_files_that_end_at_the_head_or_the_whole_pending_bytes_go_on(tmp_path: Path, orderly: bool) -> None:
    content = lived(tmp_path, orderly=orderly)
    room, told = boot(tmp_path)
    assert (told.ok, told.restored, told.records) == (True, False, 2)
    event(room, 3)
    assert room.audit_bytes().startswith(content)
    assert kinds(room) == ["KELLY"] * 3
    assert proves(room)
    room.kill()


def test_a_crash_in_the_middle_of_an_append_is_completed_and_not_mistaken_for_tampering(
    tmp_path: Path,
) -> None:
    """Only the last batch can be half there; from none of it to all but its last byte."""
    content = lived(tmp_path / "life", orderly=False)
    first = len(split_lines(content)[0])
    for end in range(first, len(content), 29):
        data_dir = tmp_path / str(end)
        shutil.copytree(tmp_path / "life", data_dir)
        (data_dir / "audit" / FILE).write_bytes(content[:end])
        room, told = boot(data_dir)
        assert (told.ok, told.restored, told.records) == (True, True, 2)
        assert room.audit_bytes().startswith(content)
        assert kinds(room) == ["KELLY", "KELLY", "AUDIT_TAIL_RESTORED"]
        alerts = [m for m in room.audit_ctx.told_to("alerting") if isinstance(m, RaiseAlert)]
        assert (Severity.HIGH, "audit_tail_restored") in {(a.severity, a.code) for a in alerts}
        assert proves(room)
        room.kill()


def test_a_tail_of_zeros_from_a_power_cut_is_restored_and_not_mistaken_for_tampering(tmp_path: Path) -> None:
    """The length of a file may reach the disk before what was appended: then it ends in zeros."""
    content = lived(tmp_path / "life", orderly=False)
    first = len(split_lines(content)[0])
    for end in range(first, len(content), 29):
        data_dir = tmp_path / str(end)
        shutil.copytree(tmp_path / "life", data_dir)
        (data_dir / "audit" / FILE).write_bytes(content[:end] + bytes(len(content) - end))
        room, told = boot(data_dir)
        assert (told.ok, told.restored, told.records) == (True, True, 2)
        assert room.audit_bytes().startswith(content)
        assert proves(room)
        room.kill()


def test_more_zeros_than_the_last_batch_has_bytes_are_tampering(tmp_path: Path) -> None:
    content = lived(tmp_path, orderly=False)
    (tmp_path / "audit" / FILE).write_bytes(content + b"\0")
    room, told = boot(tmp_path)
    assert not told.ok
    room.kill()


def test_a_crash_before_the_first_byte_ever_is_completed(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    room.hold_appends = True
    event(room, 1)
    assert room.audit_bytes() == b""
    assert room.answers == []
    room.kill()
    again, told = boot(tmp_path)
    assert (told.ok, told.restored, told.records) == (True, True, 1)
    assert kinds(again) == ["KELLY", "AUDIT_TAIL_RESTORED"]
    event(again, 1)
    assert again.answers == [Recorded(request_id="event-1")]
    assert kinds(again) == ["KELLY", "AUDIT_TAIL_RESTORED"]
    again.kill()


def flip_first(content: bytes) -> bytes:
    return content[:30] + bytes([content[30] ^ 1]) + content[31:]


def flip_last(content: bytes) -> bytes:
    return content[:-2] + bytes([content[-2] ^ 1]) + content[-1:]


TAMPERINGS: dict[str, Callable[[bytes], bytes]] = {
    "flip in an old record": flip_first,
    "flip in the last byte but one": flip_last,
    "first record deleted": lambda content: b"".join(split_lines(content)[1:]),
    "records swapped": lambda content: b"".join(reversed(split_lines(content))),
    "record repeated": lambda content: content + split_lines(content)[-1],
    "bytes appended": lambda content: content + b"x",
    "a line feed appended": lambda content: content + b"\n",
    "everything gone": lambda content: b"",
    "cut inside an acknowledged record": lambda content: content[: len(split_lines(content)[0]) - 1],
    "other line ends": lambda content: content.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("orderly", [True, False])
@pytest.mark.parametrize("name", TAMPERINGS)
def test_anything_else_is_put_aside_and_a_new_chain_says_so(tmp_path: Path, name: str, orderly: bool) -> None:
    content = lived(tmp_path, orderly=orderly)
    changed = TAMPERINGS[name](content)
    (tmp_path / "audit" / FILE).write_bytes(changed)
    room, told = boot(tmp_path)
    assert not told.ok
    assert told.problem
    evidence = tmp_path / (told.evidence or "")
    assert (evidence / FILE).read_bytes() == changed
    assert (evidence / "pending.jsonl").exists() is not orderly
    assert kinds(room) == ["CHAIN_BROKEN", "BOOKS"]
    detail = json.loads(split_lines(room.audit_bytes())[0])["detail"]
    assert detail["expected_head"].startswith("2:" if orderly else "1:")
    assert detail["evidence_sha256"] == told.evidence_sha256
    alerts = [m for m in room.audit_ctx.told_to("alerting") if isinstance(m, RaiseAlert)]
    assert (Severity.CRITICAL, "audit_broken") in {(a.severity, a.code) for a in alerts}
    event(room, 9)
    room.stop()
    after, told = boot(tmp_path)
    assert told.ok, "the new chain proves from its first record"
    assert kinds(after) == ["CHAIN_BROKEN", "BOOKS", "KELLY"]
    after.kill()


def test_a_break_that_nobody_has_accepted_arms_at_every_start(tmp_path: Path) -> None:
    """The new chain is on disk; whether the first process lived long enough to arm can't be known."""
    content = lived(tmp_path, orderly=False)
    (tmp_path / "audit" / FILE).write_bytes(flip_first(content))
    boot(tmp_path)[0].kill()
    room = BooksRoom(tmp_path).start()
    assert [m.ok for m in boots(room, "state")] == [True]
    assert [m.ok for m in boots(room, "kill_switch")] == [False]
    for armed in (True, False):
        row = RecordKillSwitch(
            request_id=f"row-{armed}", armed=armed, causes=(), reason="seen", who="me", at=START
        )
        room.tell(row)
    room.kill()
    room = BooksRoom(tmp_path).start()
    assert [m.ok for m in boots(room, "kill_switch")] == [True]
    room.kill()


@pytest.mark.parametrize("cut", ["at a record boundary", "inside the last record"])
def test_truncation_after_an_orderly_stop_is_found(tmp_path: Path, cut: str) -> None:
    """Nothing is pending then, so nothing may be missing."""
    content = lived(tmp_path, orderly=True)
    first = split_lines(content)[0]
    kept = first if cut == "at a record boundary" else content[:-5]
    (tmp_path / "audit" / FILE).write_bytes(kept)
    room, told = boot(tmp_path)
    assert not told.ok
    room.kill()


def test_a_deleted_file_is_found(tmp_path: Path) -> None:
    lived(tmp_path, orderly=True)
    (tmp_path / "audit" / FILE).unlink()
    room, told = boot(tmp_path)
    assert not told.ok
    room.kill()


def test_a_deleted_database_is_found(tmp_path: Path) -> None:
    """Files without books: what they say can't be proved."""
    lived(tmp_path, orderly=True)
    (tmp_path / "cerbero.db").unlink()
    room, told = boot(tmp_path)
    assert not told.ok
    room.kill()


def test_a_record_moved_into_the_next_days_file_is_found_where_bytes_are_pending(tmp_path: Path) -> None:
    content = lived(tmp_path, orderly=False)
    first, second = split_lines(content)
    (tmp_path / "audit" / FILE).write_bytes(first)
    (tmp_path / "audit" / "audit-2026-01-06.jsonl").write_bytes(second)
    room, told = boot(tmp_path)
    assert not told.ok
    room.kill()


def test_audit_restarting_alone_completes_what_is_in_flight(tmp_path: Path) -> None:
    """A lost append is never waited for, and the append told before is not written twice."""
    room = BooksRoom(tmp_path).start()
    event(room, 1)
    room.hold_appends = True
    event(room, 2)
    event(room, 3)
    room.restart_audit()
    room.release_appends()
    assert room.answers == [Recorded(request_id=f"event-{number}") for number in (1, 2, 3)]
    assert kinds(room) == ["KELLY", "KELLY", "AUDIT_TAIL_RESTORED", "KELLY"]
    assert proves(room)
    room.kill()


def test_a_file_that_grew_by_another_hand_stops_the_append(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    event(room, 1)
    with (tmp_path / "audit" / FILE).open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(Exception, match=r"expected \d+ bytes, found"):
        event(room, 2)
    room.restart_audit()
    assert kinds(room) == ["CHAIN_BROKEN", "BOOKS"]
    assert room.answers[-1] == Recorded(request_id="event-2")
    room.kill()


def test_the_chain_runs_on_across_days(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    event(room, 1)
    room.advance(86_400)
    event(room, 2)
    names = [path.name for path in sorted((tmp_path / "audit").iterdir())]
    assert names == [FILE, "audit-2026-01-06.jsonl"]
    assert proves(room)
    room.kill()
    room, told = boot(tmp_path)
    assert (told.ok, told.records) == (True, 3), "the second file begins with its ROLLOVER"
    room.kill()


def test_a_clock_set_back_goes_on_in_the_newest_file(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    event(room, 1)
    room.advance(-86_400)
    event(room, 2)
    assert [path.name for path in (tmp_path / "audit").iterdir()] == [FILE]
    assert proves(room)
    room.kill()


@pytest.mark.parametrize("content", [b"", b"not ours\n"])
@pytest.mark.parametrize("name", ["audit-2026-13-01.jsonl", "audit-2025-02-30.jsonl.gz"])
def test_a_file_named_by_no_day_is_put_aside_as_evidence(tmp_path: Path, name: str, content: bytes) -> None:
    """No file of ours has such a name: it is foreign, or one of ours was renamed."""
    lived(tmp_path, orderly=True)
    (tmp_path / "audit" / name).write_bytes(content)
    room, told = boot(tmp_path)
    assert not told.ok
    assert name in (told.problem or "")
    assert (tmp_path / (told.evidence or "") / name).read_bytes() == content
    room.stop()
    after, told = boot(tmp_path)
    assert told.ok
    after.kill()


@pytest.mark.raises_alert(AlertCode.AUDIT_FOREIGN_FILE)
def test_a_file_named_by_no_day_that_comes_while_audit_runs_is_told_and_stops_nothing(tmp_path: Path) -> None:
    """The chain is whole beside it; the next start puts it aside."""
    room = BooksRoom(tmp_path).start()
    event(room, 1)
    (tmp_path / "audit" / "audit-2026-13-01.jsonl").write_bytes(b"")
    room.advance(86_400)
    event(room, 2)
    assert room.answers[-1] == Recorded(request_id="event-2")
    alerts = [m for m in room.audit_ctx.told_to("alerting") if isinstance(m, RaiseAlert)]
    assert [(a.severity, a.code) for a in alerts][-1] == (Severity.HIGH, "audit_foreign_file")
    room.kill()


def test_the_records_of_a_trade_are_each_there_once_and_in_order(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    opened(room)
    assert kinds(room) == [
        "CYCLE_OPENED",
        "DECISION",
        "PROPOSAL",
        "POSITION",
        "INSTRUCTION",
        "POSITION",
        "ORDER",
        "ORDER",
        "FILL",
        "FILL",
        "POSITION",
    ]
    room.kill()


def test_audit_says_how_it_stands(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    event(room, 1)
    with room.audit_ctx.handling(GetAudit(), sender=room.sender):
        room.audit.on_receive(GetAudit())
    status = room.audit_ctx.told_to(room.sender)[-1]
    assert getattr(status, "ok", None) is True
    assert getattr(status, "records", None) == 1
    room.kill()


def test_an_unknown_message_is_a_crash(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    with pytest.raises(TypeError, match="expected a message of Audit"):
        room.audit.on_receive("hello")
    room.kill()
