"""Old files are compressed while somebody else reads the folder: a command beside the engine, or a backup."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from actors.audit.files import audit_files, compress, lines_of, plain_files
from actors.audit.verify import verify
from core.messages.state import BackupMade, MakeBackup
from reading.backups import proved_backup
from tests.actors.audit.test_boot import event
from tests.actors.audit.test_verify import stored
from tests.actors.state.books_room import BooksRoom

FIRST, SECOND = "audit-2026-01-05.jsonl", "audit-2026-01-06.jsonl"


@pytest.fixture
def room(tmp_path: Path) -> BooksRoom:
    """Books with two days in the log."""
    made = BooksRoom(tmp_path).start()
    event(made, 1)
    made.advance(86_400)
    event(made, 2)
    return made


def test_a_file_that_was_listed_is_read_in_its_other_form(room: BooksRoom) -> None:
    (first, *_) = plain_files(room.data_dir / "audit")
    expected = list(lines_of(first))
    compress(first)
    assert list(lines_of(first)) == expected
    room.kill()


def test_verification_finds_the_log_whole(room: BooksRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    def compressed_after(folder: Path) -> list[Path]:
        found = audit_files(folder)
        if (folder / FIRST).exists():
            compress(folder / FIRST)
        return found

    monkeypatch.setattr("actors.audit.scan.audit_files", compressed_after)
    report = verify(room.data_dir, stored=stored(room.data_dir), running=True)
    assert (report.ok, report.problem) == (True, None)
    room.kill()


def test_a_backup_takes_the_form_that_is_there(room: BooksRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    copy2 = shutil.copy2

    def compressed_before(source: Path, target: Path) -> object:
        if source.name == FIRST and source.exists():
            compress(source)
        return copy2(source, target)

    monkeypatch.setattr("actors.state.backup_audit.shutil.copy2", compressed_before)
    made = room.answer_to(MakeBackup(request_id="b", at=room.state_ctx.time))
    assert isinstance(made, BackupMade), made
    backup = room.data_dir / made.path
    assert sorted(path.name for path in (backup / "audit").iterdir()) == [f"{FIRST}.gz", SECOND]
    assert proved_backup(backup).end.seq > 0
    room.kill()


def test_a_file_that_is_really_gone_fails_the_backup(
    room: BooksRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy2 = shutil.copy2

    def removed_before(source: Path, target: Path) -> object:
        if source.name == FIRST:
            source.unlink()
        return copy2(source, target)

    monkeypatch.setattr("actors.state.backup_audit.shutil.copy2", removed_before)
    made = room.answer_to(MakeBackup(request_id="b", at=room.state_ctx.time))
    assert not isinstance(made, BackupMade)
    room.kill()
