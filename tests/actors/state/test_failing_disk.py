"""A full disk, a broken database, and the backups that answer for it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from actors.audit.scan import scan
from actors.state import actor, backup
from actors.state.backup_manifest import read_manifest
from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert, Severity
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.kill_switch import ArmKillSwitch, ClearSuspension, SuspendEntries
from core.messages.state import BackupMade, BooksRead, GetBooks, MakeBackup, Recorded, SetSystem
from tests.actors.state.books_room import START, BooksRoom, event, opened, records


def limit_pages(room: BooksRoom, extra: int) -> None:
    """A disk that has room for so many more pages: SQLite then fails as on a full one."""
    db = room.state._db
    assert db is not None
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages + extra}")


def large_setting(number: int) -> SetSystem:
    """More than a page of text under a key of its own."""
    return SetSystem(request_id=f"s{number}", key=f"large-{number}", value="x" * 20_000, at=START)


def fill_disk(room: BooksRoom) -> list[object]:
    limit_pages(room, 2)
    for number in range(40):
        room.tell(large_setting(number))
        if isinstance(room.answers[-1], Refused):
            break
    return room.answers


def test_on_a_full_disk_the_ballast_goes_first_then_requests_are_refused(room: BooksRoom) -> None:
    answers = fill_disk(room)
    assert isinstance(answers[-1], Refused)
    assert answers[-1].reasons[0].startswith("disk_full")
    assert not (room.data_dir / "ballast").exists()
    suspended = [m for m in room.state_ctx.told_to("kill_switch") if isinstance(m, SuspendEntries)]
    assert {m.source for m in suspended} == {"books_disk"}
    codes = [m.code for m in room.state_ctx.told_to("alerting") if isinstance(m, RaiseAlert)]
    assert codes[:2] == ["ballast_released", "commit_failed"]


def test_a_refusal_for_room_is_not_remembered_and_room_clears_the_suspension(room: BooksRoom) -> None:
    fill_disk(room)
    refused = room.answers[-1]
    assert isinstance(refused, Refused)
    limit_pages(room, 100_000)
    number = int(refused.request_id[1:])
    room.tell(large_setting(number))
    assert room.answers[-1] == Recorded(request_id=f"s{number}")
    pass_time(room, 300)
    assert (room.data_dir / "ballast").stat().st_size == 32 * 1024 * 1024
    assert ClearSuspension(source="books_disk") in room.state_ctx.told_to("kill_switch")


def alerts(room: BooksRoom) -> list[tuple[Severity, str]]:
    return [(m.severity, m.code) for m in room.state_ctx.told_to("alerting") if isinstance(m, RaiseAlert)]


def pass_time(room: BooksRoom, seconds: float) -> None:
    for message in room.state_ctx.advance(seconds):
        with room.state_ctx.handling(message):
            room.state.on_receive(message)


def test_a_missing_ballast_is_told_each_day_and_as_over_once(tmp_path: Path) -> None:
    """It is tried every five minutes; the operator is not told every five minutes."""
    (tmp_path / "ballast").mkdir()
    room = BooksRoom(tmp_path).start()
    for _ in range(2 * 24 * 12):
        pass_time(room, 300)
    assert alerts(room) == [(Severity.HIGH, "disk_low")] * 3
    (tmp_path / "ballast").rmdir()
    for _ in range(2):
        pass_time(room, 300)
    assert alerts(room)[3:] == [(Severity.LOW, "disk_back")]
    assert ClearSuspension(source="books_disk") in room.state_ctx.told_to("kill_switch")
    room.stop()


def test_a_start_that_fails_lets_go_of_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A life that fails in its start gets no `on_stop`; each further attempt would hold one more."""
    opened: list[sqlite3.Connection] = []

    def unreadable(db: sqlite3.Connection, *_: object) -> None:
        opened.append(db)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(actor, "Sequencer", unreadable)
    with pytest.raises(sqlite3.OperationalError, match="disk"):
        BooksRoom(tmp_path).start()
    [db] = opened
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        db.execute("SELECT 1")


@pytest.mark.raises_alert(AlertCode.COMMIT_FAILED)
def test_refusals_on_a_full_disk_are_told_once_an_hour(room: BooksRoom) -> None:
    """Each alert is itself to be recorded: told at each refusal it would cause the next."""
    fill_disk(room)
    for number in range(100, 120):
        room.tell(large_setting(number))
    assert alerts(room).count((Severity.CRITICAL, "commit_failed")) == 1


@pytest.mark.raises_alert(AlertCode.DATABASE_CORRUPT)
def test_a_corrupt_database_is_kept_as_evidence_and_arms(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    opened(room)
    room.stop()
    path = tmp_path / "cerbero.db"
    broken = b"no database" + path.read_bytes()[11:]
    path.write_bytes(broken)
    room = BooksRoom(tmp_path).start()
    assert path.read_bytes() == broken
    (evidence,) = (tmp_path / "evidence").iterdir()
    assert (evidence / "cerbero.db").read_bytes() == broken
    armed = [m for m in room.state_ctx.told_to("kill_switch") if isinstance(m, ArmKillSwitch)]
    assert [m.cause for m in armed] == [ArmCause.DATABASE]
    answer = room.answer_to(event(1))
    assert isinstance(answer, Refused)
    assert answer.reasons[0].startswith("database_corrupt")
    assert isinstance(room.ask(GetBooks()), Refused)
    assert [path.name for path in (tmp_path / "audit").iterdir()] == ["audit-2026-01-05.jsonl"]
    room.stop()
    BooksRoom(tmp_path).start()
    assert len(list((tmp_path / "evidence").iterdir())) == 1


def test_a_page_torn_in_the_middle_is_found_at_the_start(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    opened(room)
    room.stop()
    path = tmp_path / "cerbero.db"
    content = bytearray(path.read_bytes())
    content[8192 : 8192 + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    room = BooksRoom(tmp_path).start()
    assert any(isinstance(m, ArmKillSwitch) for m in room.state_ctx.told_to("kill_switch"))


def test_a_backup_put_back_passes_the_boot_verification(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path / "live").start()
    opened(room)
    made = room.answer_to(MakeBackup(request_id="b", at=START))
    assert isinstance(made, BackupMade)
    assert room.answer_to(MakeBackup(request_id="b", at=START)) == made
    backup = tmp_path / "live" / made.path
    (noted,) = [record["detail"] for record in records(room) if record["kind"] == "BACKUP"]
    assert isinstance(noted, dict)
    assert (noted["path"], noted["bytes"], len(noted["sha256"])) == (made.path, made.bytes, 64)
    room.tell(event(1))
    room.kill()
    restored = BooksRoom(backup).start()
    assert not any(isinstance(m, ArmKillSwitch) for m in restored.state_ctx.told_to("kill_switch"))
    assert [record["kind"] for record in records(restored)][-1] == "POSITION"
    read = restored.ask(GetBooks())
    assert isinstance(read, BooksRead)
    assert len(read.books.open_positions) == 1
    restored.kill()


def test_a_second_backup_links_what_did_not_change(room: BooksRoom) -> None:
    room.tell(event(1))
    room.advance(86_400)
    room.tell(event(2))
    for number in (1, 2):
        room.advance(3600)
        room.tell(MakeBackup(request_id=f"b{number}", at=room.state_ctx.time))
    copies = sorted((room.data_dir / "backups").glob("*/audit/audit-2026-01-05.jsonl"))
    assert len(copies) == 2
    assert copies[0].samefile(copies[1])
    today = sorted((room.data_dir / "backups").glob("*/audit/audit-2026-01-06.jsonl"))
    assert not today[0].samefile(today[1])


def test_backups_thin_out_with_age(room: BooksRoom) -> None:
    for number in range(40):
        room.advance(6 * 3600)
        room.tell(MakeBackup(request_id=f"b{number}", at=room.state_ctx.time))
    names = sorted(path.name for path in (room.data_dir / "backups").iterdir())
    days = [name[:8] for name in names]
    assert len(set(days)) == 11
    assert len(days) <= 11 + 5


def test_a_removal_that_breaks_off_leaves_no_half_backup_under_a_final_name(
    room: BooksRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(folder: Path, *, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            (folder / "backup.json").unlink()
            raise OSError("the power is cut")

    monkeypatch.setattr("actors.state.backup.shutil.rmtree", breaks_off)
    for number in range(60):
        room.advance(6 * 3600)
        room.tell(MakeBackup(request_id=f"b{number}", at=room.state_ctx.time))
        if any((room.data_dir / "backups").glob("*.draft")):
            break
    else:
        pytest.fail("no backup was old enough to be removed")
    finished = [path for path in (room.data_dir / "backups").iterdir() if path.suffix != ".draft"]
    assert finished
    assert [path.name for path in finished if not (path / "backup.json").exists()] == []


def test_the_database_is_copied_once_a_day_and_less_often_once_it_is_large(
    room: BooksRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def days_with_database() -> list[str]:
        return [path.parent.name[6:11] for path in sorted((room.data_dir / "backups").glob("*/cerbero.db"))]

    for number in range(20):
        room.tell(MakeBackup(request_id=f"b{number}", at=room.state_ctx.time))
        room.advance(4 * 3600)
    assert days_with_database() == ["05T14", "06T02", "07T02", "08T02"]
    [size] = {(path.stat().st_size) for path in (room.data_dir / "backups").glob("20260108*/cerbero.db")}
    monkeypatch.setattr(backup, "DATABASE_BYTES_A_DAY_MAX", size * 2 // 5)
    for number in range(20, 50):
        room.tell(MakeBackup(request_id=f"b{number}", at=room.state_ctx.time))
        room.advance(4 * 3600)
    assert days_with_database()[4:] == ["11T02"]


def test_the_log_of_a_backup_ends_where_the_books_say_whatever_is_in_the_file_yet(room: BooksRoom) -> None:
    room.tell(event(1))
    room.hold_appends = True
    room.tell(event(2))
    assert room.state._db is not None
    made = backup.make_backup(room.state._db, room.data_dir, START).path
    manifest = read_manifest(made)
    assert manifest is not None
    found = scan(made / "audit")
    assert (found.problem, found.tail) == (None, b"")
    assert found.link == (manifest.seq, manifest.hash)
    assert manifest.files.keys() == {"cerbero.db", "audit/audit-2026-01-05.jsonl"}


def test_a_backup_that_fails_is_refused_and_leaves_nothing(room: BooksRoom) -> None:
    (room.data_dir / "backups").write_text("in the way", "utf-8")
    answer = room.answer_to(MakeBackup(request_id="b", at=START))
    assert isinstance(answer, Refused)
    assert answer.reasons[0].startswith("backup_failed")
