"""Books that an older version wrote are opened by this one, and nothing in them is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from actors.state.clearing import clear_texts
from actors.state.database import DATABASE_FILE, open_database
from actors.state.read_only import books_copied, books_opened
from actors.state.schema import DatabaseCorruptError, migrations, schema_fault
from actors.state.seals import SEALED, broken_seals
from actors.state.tables.records import alerts, mark_delivered
from core.errors import FoundWrongError
from tests.actors.state.books_room import START
from tests.actors.state.test_alert_channels import waiting


def books_of_version(data_dir: Path, version: int, *alerts_of_version_1: tuple[object, ...]) -> None:
    """The database file as that version left it, with these alerts."""
    with closing(sqlite3.connect(data_dir / DATABASE_FILE)) as db:
        for sql in (*migrations()[:version], f"PRAGMA user_version = {version}"):
            db.executescript(sql)
        db.executemany("INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", alerts_of_version_1)
        db.commit()


def alert_row(number: int, alert_id: str, delivered_at: str | None) -> tuple[object, ...]:
    return (number, alert_id, "HIGH", "code", "text", "cause", "2026-01-05T14:00:00Z", delivered_at)


def test_alerts_that_waited_for_telegram_before_there_were_channels_still_wait_for_it(tmp_path: Path) -> None:
    books_of_version(
        tmp_path,
        1,
        alert_row(1, "a", "2026-01-05T14:00:01Z"),
        alert_row(2, "b", None),
        alert_row(3, "c", None),
    )
    with closing(open_database(tmp_path)) as db:
        assert waiting(db, "telegram") == ["b", "c"]
        assert waiting(db, "another") == []
        assert mark_delivered(db, "b", "telegram", START)
        assert not mark_delivered(db, "a", "telegram", START)
        assert waiting(db, "telegram") == ["c"]
        assert [alert.delivered_at is not None for alert in alerts(db)] == [True, True, False]


def test_books_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    newer = len(migrations()) + 1
    books_of_version(tmp_path, 1)
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as db:
        db.execute(f"PRAGMA user_version = {newer}")
    with pytest.raises(DatabaseCorruptError, match=f"expected at most {newer - 1}, found {newer}"):
        open_database(tmp_path)


def test_books_of_a_newer_version_are_not_read_and_nothing_of_them_is_cleared(tmp_path: Path) -> None:
    """Also where each table that is asked for is there: what its rows mean by now, nobody here knows."""
    open_database(tmp_path).close()
    newer = len(migrations()) + 1
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as db:
        db.execute(f"PRAGMA user_version = {newer}")
    before = (tmp_path / DATABASE_FILE).read_bytes()
    said = f"user_version: expected at most {newer - 1}, found {newer}"
    for opened in (books_opened, books_copied):
        with pytest.raises(FoundWrongError, match=f"the books can't be read: {said}"), opened(tmp_path):
            pass
    with pytest.raises(FoundWrongError, match=f"the texts can't be cleared: {said}"):
        clear_texts(tmp_path)
    assert (tmp_path / DATABASE_FILE).read_bytes() == before


def test_rows_of_an_older_version_are_sealed_when_it_is_opened(tmp_path: Path) -> None:
    books_of_version(tmp_path, 1, alert_row(1, "a", "2026-01-05T14:00:01Z"), alert_row(2, "b", None))
    with closing(open_database(tmp_path)) as db:
        assert list(broken_seals(db)) == []
        db.execute("UPDATE alerts SET text = 'other' WHERE alert_id = 'b'")
        db.execute("UPDATE alert_channels SET seal = NULL")
        assert list(broken_seals(db)) == [
            "alerts 2: expected the row as it was sealed, found it changed",
            "alert_channels 'b': expected the row as it was sealed, found it changed",
        ]


def test_each_sealed_row_is_made_of_all_columns_of_its_table(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as db:
        for table, columns in SEALED.items():
            found = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            assert [*columns, "seal"] == found


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("CREATE TRIGGER x BEFORE INSERT ON kill_switch BEGIN SELECT raise(ignore); END", "no trigger x"),
        ("CREATE TABLE foo (a)", "no table foo"),
        ("CREATE VIEW v AS SELECT 1", "no view v"),
        ("CREATE INDEX i ON fills (at)", "no index i"),
        ("DROP INDEX fills_label", "the index fills_label, found none"),
        ("ALTER TABLE fills ADD COLUMN more TEXT", "the table fills is not the one"),
    ],
)
def test_a_schema_that_is_not_of_our_making_is_found_before_it_changes_a_row(
    tmp_path: Path, sql: str, named: str
) -> None:
    open_database(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as db:
        assert schema_fault(db) is None
        db.execute(sql)
        db.commit()
        assert named in str(schema_fault(db))
    with pytest.raises(DatabaseCorruptError, match=named):
        open_database(tmp_path)


def test_books_of_an_older_version_are_read_as_the_next_start_would_convert_them(tmp_path: Path) -> None:
    """A backup of before an upgrade is proved, and an upgraded folder looked at, before any start."""
    books_of_version(tmp_path, 1, alert_row(1, "a", "2026-01-05T14:00:01Z"))
    before = (tmp_path / DATABASE_FILE).read_bytes()
    with books_opened(tmp_path) as db:
        assert db is not None
        db.execute("SELECT disarms FROM kill_switch")
        assert schema_fault(db) is None
        assert list(broken_seals(db)) == []
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("DELETE FROM alerts")
    assert (tmp_path / DATABASE_FILE).read_bytes() == before


def test_books_of_an_older_version_that_can_not_be_converted_are_called_so(tmp_path: Path) -> None:
    books_of_version(tmp_path, 1)
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as db:
        db.execute("DROP TABLE alerts")
    with (
        pytest.raises(FoundWrongError, match=r"of version 1, those of this program of .*\(.*alerts"),
        books_opened(tmp_path),
    ):
        pass
