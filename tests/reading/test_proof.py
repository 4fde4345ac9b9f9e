"""Books = fold(audit): whatever is changed in a row of the books, the proof names table, row and field."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.audit.fold.tables import NOT_PROVED, NOT_PROVED_COLUMNS, PROVED, ProvedTable
from reading.errors import DataFolderError
from reading.proof import books_proved
from tests.actors.state.books_room import BooksRoom, event
from tests.fakes.whole_books import make_whole_books, switch, write_whole_books

COLUMNS = [(table, column) for table in PROVED for column in table.columns]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_whole_books(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def data_dir(whole: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(whole, tmp_path / "data", ignore=shutil.ignore_patterns("ballast")))


@contextmanager
def by_sql(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """As somebody with SQL changes the books."""
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        yield db
        db.commit()


def keys(data_dir: Path, table: ProvedTable) -> list[object]:
    with by_sql(data_dir) as db:
        found = db.execute(f"SELECT {table.key} FROM {table.name}").fetchall()
        return [row[0] for row in found]


def test_untouched_books_are_what_the_log_makes(whole: Path) -> None:
    proof = books_proved(whole)
    assert (proof.ok, proof.lines()) == (True, ())
    assert proof.records > 30


def test_every_table_is_proved_or_listed_with_the_reason(whole: Path) -> None:
    """A new table or column must be added to the fold, or to the list of those outside it."""
    with by_sql(whole) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        columns = {name: {row[1] for row in db.execute(f"PRAGMA table_info({name})")} for name in names}
    proved = {table.name: set(table.columns) for table in PROVED}
    for (table, column), reason in NOT_PROVED_COLUMNS.items():
        assert reason
        proved[table].add(column)
    assert {name: found for name, found in columns.items() if name not in NOT_PROVED} == proved
    assert set(NOT_PROVED) - set(columns) == {"market_snapshots"}
    assert all(NOT_PROVED.values())


def test_every_proved_table_has_a_row_here(whole: Path) -> None:
    """Without one the tests below would prove nothing of it."""
    assert [table.name for table in PROVED if not keys(whole, table)] == []


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{t.name}-{c}" for t, c in COLUMNS])
def test_a_changed_field_is_named_with_its_table_and_row(
    data_dir: Path, table: ProvedTable, column: str
) -> None:
    where = "" if table.only is None else f" WHERE {table.only[0]} = 'HIGH'"
    with by_sql(data_dir) as db:
        [rowid] = db.execute(f"SELECT max({table.key}) FROM {table.name}{where}").fetchone()
        [kind] = db.execute(
            f"SELECT type FROM pragma_table_info('{table.name}') WHERE name = '{column}'"
        ).fetchone()
        changed = f"coalesce({column}, 5) + 1" if kind == "INTEGER" else f"coalesce({column}, '') || 'x'"
        db.execute(f"UPDATE {table.name} SET {column} = {changed} WHERE {table.key} = ?", (rowid,))
    found = books_proved(data_dir)
    assert not found.ok
    named = {(each.table, each.field) for each in found.differences}
    if column == table.key:
        assert (table.name, None) in named
    else:
        assert named == {(table.name, column)}
        assert {each.row for each in found.differences} == {repr(rowid)}


@pytest.mark.parametrize("table", PROVED, ids=lambda table: table.name)
def test_a_row_that_is_gone_is_named(data_dir: Path, table: ProvedTable) -> None:
    where = "" if table.only is None else f" WHERE {table.only[0]} = 'HIGH'"
    with by_sql(data_dir) as db:
        db.execute(f"DELETE FROM {table.name}{where}")
    missing = {(each.table, each.field, each.found) for each in books_proved(data_dir).differences}
    assert (table.name, None, "none") in missing


@pytest.mark.parametrize("table", PROVED, ids=lambda table: table.name)
def test_a_row_that_was_added_is_named(data_dir: Path, table: ProvedTable) -> None:
    with by_sql(data_dir) as db:
        row = dict(
            zip(
                table.columns,
                db.execute(f"SELECT {', '.join(table.columns)} FROM {table.name} LIMIT 1").fetchone(),
                strict=True,
            )
        )
        if table.name == "alerts":
            row["severity"] = "CRITICAL"
        for unique in {table.key, "slot", "request_id", "number", "one"} & set(row):
            row[unique] = 77 if isinstance(row[unique], int) else f"{row[unique]}-added"
        names, places = ", ".join(row), ", ".join("?" for _ in row)
        db.execute(f"INSERT INTO {table.name} ({names}) VALUES ({places})", tuple(row.values()))
    added = {(each.table, each.row, each.by_log) for each in books_proved(data_dir).differences}
    assert (table.name, repr(row[table.key]), "no such row") in added


def test_rows_in_another_order_are_named(data_dir: Path) -> None:
    with by_sql(data_dir) as db:
        db.execute("UPDATE cycles SET rowid = rowid + 10 WHERE rowid = 1")
    [found] = books_proved(data_dir).differences
    assert (found.table, found.field, found.by_log) == ("cycles", None, "it as row 1")


def test_a_disarming_by_sql_is_found(data_dir: Path) -> None:
    with by_sql(data_dir) as db:
        db.execute("UPDATE kill_switch SET armed = 0")
    [found] = books_proved(data_dir).differences
    assert str(found) == "kill_switch 1, armed: expected 1 by the log, found 0"


def test_a_damaged_index_is_found(data_dir: Path) -> None:
    """Rows are read through indexes: one that lost an entry hides a row that is there."""
    with by_sql(data_dir) as db:
        db.execute("PRAGMA writable_schema = ON")
        [root] = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'fills_label'").fetchone()
        [size] = db.execute("PRAGMA page_size").fetchone()
    content = bytearray((data_dir / "cerbero.db").read_bytes())
    at = content.index(b"p-entry", (root - 1) * size)
    content[at] ^= 1
    (data_dir / "cerbero.db").write_bytes(content)
    [problem] = books_proved(data_dir).problems
    assert problem.startswith("cerbero.db: ")


def test_what_is_pending_counts_as_recorded(tmp_path: Path) -> None:
    """After a kill between commit and append the bytes are in the database, not yet in the file."""
    room = BooksRoom(tmp_path).start()
    write_whole_books(room)
    room.hold_appends = True
    switch(room, armed=False)
    room.kill()
    assert books_proved(tmp_path).ok


def test_an_engine_that_writes_meanwhile_is_no_fault(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    write_whole_books(room)
    room.tell(event(1))
    assert books_proved(tmp_path).ok
    room.kill()


def test_a_folder_without_books_has_nothing_to_prove(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="expected the books of an engine"):
        books_proved(tmp_path)


def test_a_trigger_that_waits_is_named(data_dir: Path) -> None:
    with by_sql(data_dir) as db:
        db.execute("CREATE TRIGGER x AFTER INSERT ON orders BEGIN DELETE FROM orders; END")
    assert books_proved(data_dir).lines() == ("cerbero.db: schema: expected no trigger x, found one",)


def test_a_row_that_its_own_table_forbids_is_named(data_dir: Path) -> None:
    with by_sql(data_dir) as db:
        db.execute("UPDATE chain SET one = 2")
    assert "CHECK constraint failed in chain" in books_proved(data_dir).lines()[0]
