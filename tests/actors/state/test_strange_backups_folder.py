"""What a person or a damaged disk leaves among the backups keeps none from being made or removed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from actors.state.backup import backups, make_backup
from actors.state.tables.records import insert_snapshot
from tests.actors.state.books_room import START
from tests.actors.state.test_market_file import opened, snapshot


def a_file(folder: Path) -> None:
    (folder / "notes.txt").write_bytes(b"left by a person")


def a_file_like_a_draft(folder: Path) -> None:
    (folder / "notes.draft").write_bytes(b"left by a person")


def a_link_to_itself(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")


def a_link_to_nowhere(folder: Path) -> None:
    (folder / "20260102T000000Z").symlink_to("nowhere")


def a_link_through_a_file(folder: Path) -> None:
    (folder / "notes.txt").write_bytes(b"no folder")
    (folder / "below").symlink_to("notes.txt/below")


def an_impossible_time(folder: Path) -> None:
    (folder / "20261345T990000Z").mkdir()
    (folder / "20261345T990000Z" / "cerbero.db").write_bytes(b"no database")


def no_log_in_the_newest(folder: Path) -> None:
    newest = backups(folder.parent)[-1]
    for path in (newest / "audit").iterdir():
        path.unlink()
    (newest / "audit").rmdir()
    (newest / "audit").write_bytes(b"no folder")


@pytest.mark.parametrize(
    "left",
    [
        a_file,
        a_file_like_a_draft,
        a_link_to_itself,
        a_link_to_nowhere,
        a_link_through_a_file,
        an_impossible_time,
        no_log_in_the_newest,
    ],
)
def test_backups_go_on(tmp_path: Path, left: Callable[[Path], None]) -> None:
    with closing(opened(tmp_path)) as db:
        (tmp_path / "audit").mkdir()
        (tmp_path / "audit" / "audit-2026-01-05.jsonl").write_bytes(b"a day\n")
        make_backup(db, tmp_path, START)
        left(tmp_path / "backups")
        for hour in range(1, 30):
            made = make_backup(db, tmp_path, START + timedelta(hours=hour)).path
            assert backups(tmp_path)[-1] == made
    found = backups(tmp_path)
    assert len(found) == 9, "the first of both days, and all of the last six hours"
    assert len([path for path in found if (path / "cerbero.db").exists()]) == 2, "one a day"


@pytest.mark.parametrize("at", ["2026-01-06t14:00:00.000000Z", "2026-01-06", "2026", ""])
def test_a_time_that_is_none_costs_no_other_day(tmp_path: Path, at: str) -> None:
    """One flipped bit makes it, and the check of the file does not see it."""
    with closing(opened(tmp_path)) as db:
        for day in range(4):
            insert_snapshot(db, snapshot(day * 96))
        db.execute("UPDATE market.market_snapshots SET at = ? WHERE at LIKE '2026-01-06%'", (at,))
        make_backup(db, tmp_path, START + timedelta(days=10))
    kept = {path.name for path in (tmp_path / "backups" / "market").iterdir()}
    assert {"2026-01-05.db", "2026-01-07.db", "2026-01-08.db"} <= kept


def test_a_day_whose_file_has_rotted_is_written_again(tmp_path: Path) -> None:
    """Neither its size nor its time tells that."""
    with closing(opened(tmp_path)) as db:
        insert_snapshot(db, snapshot(0))
        for hour in range(2):
            make_backup(db, tmp_path, START + timedelta(days=1, hours=hour))
        path = tmp_path / "backups" / "market" / "2026-01-05.db"
        before = path.stat()
        with path.open("r+b") as file:
            file.write(b"\0" * 100)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        make_backup(db, tmp_path, START + timedelta(days=1, hours=2))
    with closing(sqlite3.connect(path)) as part:
        assert part.execute("SELECT count(*) FROM market_snapshots").fetchone() == (1,)
