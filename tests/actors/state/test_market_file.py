"""The market's snapshots stand in a file of their own, so that the books stay small and quick to copy."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from actors.state.backup import make_backup
from actors.state.database import open_database
from actors.state.tables.records import MarketSnapshotRow, insert_snapshot, snapshots
from core.messages.kill_switch import ArmCause, ArmKillSwitch
from tests.actors.state.books_room import START, BooksRoom


def snapshot(number: int) -> MarketSnapshotRow:
    return MarketSnapshotRow(START + timedelta(minutes=15 * number), 3000.0, 60.0, None, '[["ETH-X"]]')


def test_snapshots_are_read_back_and_are_not_in_the_books_file(tmp_path: Path) -> None:
    """What was stored comes back; the books' own file does not hold the table."""
    with closing(open_database(tmp_path)) as db:
        insert_snapshot(db, snapshot(1))
        insert_snapshot(db, snapshot(1))
        assert snapshots(db) == (snapshot(1),)
    with closing(sqlite3.connect(tmp_path / "cerbero.db")) as db:
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "cycles" in tables
    assert "market_snapshots" not in tables


def test_snapshots_are_copied_once_a_day_and_linked_in_between(tmp_path: Path) -> None:
    """The second backup of a day shares the first one's copy; the next day copies anew."""
    with closing(open_database(tmp_path)) as db:
        insert_snapshot(db, snapshot(1))
        first = make_backup(db, tmp_path, START).path
        insert_snapshot(db, snapshot(2))
        second = make_backup(db, tmp_path, START + timedelta(hours=1)).path
        shared = (first / "market.db").samefile(second / "market.db")
        third = make_backup(db, tmp_path, START + timedelta(days=1)).path
    assert shared
    with closing(sqlite3.connect(third / "market.db")) as db:
        assert db.execute("SELECT count(*) FROM market_snapshots").fetchone() == (2,)


def test_a_data_folder_named_relative_to_where_we_stand_is_backed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder's default name is a relative one."""
    monkeypatch.chdir(tmp_path)
    with closing(open_database(Path("data"))) as db:
        made = make_backup(db, Path("data"), START).path
    assert sorted(path.name for path in made.iterdir()) == ["audit", "cerbero.db", "market.db"]


def test_a_corrupt_market_file_is_kept_as_evidence_and_arms(tmp_path: Path) -> None:
    """A file that can't be trusted stops trading, whichever of the two it is."""
    BooksRoom(tmp_path).start().stop()
    broken = b"no database" * 1000
    (tmp_path / "market.db").write_bytes(broken)
    room = BooksRoom(tmp_path).start()
    (evidence,) = (tmp_path / "evidence").iterdir()
    assert (evidence / "market.db").read_bytes() == broken
    armed = [m for m in room.state_ctx.told_to("kill_switch") if isinstance(m, ArmKillSwitch)]
    assert [m.cause for m in armed] == [ArmCause.DATABASE]
