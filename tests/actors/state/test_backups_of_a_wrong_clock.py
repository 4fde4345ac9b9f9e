"""A clock that was wrong for a while takes no backup away, and is not waited for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from actors.state.backup import make_backup
from actors.state.tables.records import insert_snapshot
from core.messages.state import MakeBackup
from tests.actors.state.books_room import START, BooksRoom
from tests.actors.state.test_market_file import opened, snapshot


def back_up(room: BooksRoom, name: str) -> None:
    room.tell(MakeBackup(request_id=name, at=room.state_ctx.time))


def a_week_of_backups(room: BooksRoom) -> set[str]:
    """The first of each day."""
    for number in range(14):
        back_up(room, f"week-{number}")
        room.advance(12 * 3600)
    names = sorted(path.name for path in (room.data_dir / "backups").iterdir())
    return {min(name for name in names if name[:8] == day) for day in {name[:8] for name in names}}


def test_a_clock_a_month_ahead_removes_no_days_backup(room: BooksRoom) -> None:
    before = a_week_of_backups(room)
    room.advance(30 * 86_400)
    back_up(room, "ahead")
    assert before <= {path.name for path in (room.data_dir / "backups").iterdir()}


def test_a_copy_dated_later_than_now_does_not_keep_the_database_from_being_copied(room: BooksRoom) -> None:
    room.advance(30 * 86_400)
    back_up(room, "ahead")
    room.advance(-30 * 86_400)
    for number in range(4):
        back_up(room, f"right-{number}")
        room.advance(12 * 3600)
    copies = sorted(path.parent.name[6:8] for path in (room.data_dir / "backups").glob("*/cerbero.db"))
    assert copies == ["04", "05", "06", "07"], "that of the wrong clock, and one a day"


def test_a_day_that_was_taken_for_over_by_a_clock_ahead_is_written_whole_when_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "backups" / "market"
    with closing(opened(tmp_path)) as db:
        insert_snapshot(db, snapshot(1))
        make_backup(db, tmp_path, START + timedelta(days=3))
        insert_snapshot(db, snapshot(2))
        make_backup(db, tmp_path, START + timedelta(hours=1))
        insert_snapshot(db, snapshot(4 * 24))
        make_backup(db, tmp_path, START + timedelta(days=1))
        assert kept_in(folder / "2026-01-05.db") == 2
        insert_snapshot(db, snapshot(3))
        make_backup(db, tmp_path, START + timedelta(days=2))
    assert [kept_in(path) for path in sorted(folder.iterdir())] == [3, 1]


def test_a_days_file_that_can_not_be_read_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = Path("data")
    data.mkdir()
    with closing(opened(data)) as db:
        insert_snapshot(db, snapshot(1))
        make_backup(db, data, START + timedelta(days=1))
        day = data / "backups" / "market" / "2026-01-05.db"
        day.write_bytes(b"no database" * 1000)
        make_backup(db, data, START + timedelta(days=1, hours=1))
    assert kept_in(day) == 1


def kept_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as day:
        [(count,)] = day.execute("SELECT count(*) FROM market_snapshots").fetchall()
    return int(count)
