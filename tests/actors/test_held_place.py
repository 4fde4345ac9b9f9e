"""Once the data folder is elsewhere, no room makes anything where it was."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from actors.audit.log_file import SyncedFiles
from actors.held_place import HeldPlace, PlaceGoneError
from actors.state.backup import BackupError, make_backup
from actors.state.database import keep_evidence, open_database
from actors.state.kept import BooksOnDisk
from core.messages.audit import AuditBatch
from tests.actors.state.books_room import START

BATCH = AuditBatch(
    first_seq=1, last_seq=1, last_hash="a", file="audit-2026-01-05.jsonl", offset=0, payload=b"{}\n"
)


def gone(data: Path) -> None:
    data.rename(data.with_name("moved"))


def replaced(data: Path) -> None:
    gone(data)
    data.mkdir()
    (data / "audit").mkdir()


def left_in(data: Path) -> list[str]:
    return sorted(str(path.relative_to(data.parent)) for path in data.rglob("*"))


@pytest.mark.parametrize(("lose", "named"), [(gone, "not there any more"), (replaced, "found another")])
def test_neither_log_nor_books_are_begun_anew(
    tmp_path: Path, lose: Callable[[Path], None], named: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    place = HeldPlace(data)
    log, books = SyncedFiles(place), BooksOnDisk(place)
    log.begin(data / "audit")
    books.opened(data).close()
    lose(data)
    before = left_in(data)
    with pytest.raises(PlaceGoneError, match=named):
        log.begin(data / "audit")
    with pytest.raises(PlaceGoneError, match=named):
        log.append(data / "audit", BATCH, lambda: None)
    with pytest.raises(PlaceGoneError, match=named):
        books.opened(data)
    assert left_in(data) == before


def test_neither_a_backup_nor_evidence_makes_the_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with closing(open_database(data)) as db:
        gone(data)
        with pytest.raises(BackupError, match="No such file"):
            make_backup(db, data, START)
    with pytest.raises(OSError, match="No such file"):
        keep_evidence(data, START)
    assert not data.exists()
