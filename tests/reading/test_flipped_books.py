"""Every flip of a bit in a small `cerbero.db` changes no row, or is found by a start or by the proof."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest

from core.errors import FoundWrongError
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditBoot
from core.messages.kill_switch import ArmKillSwitch
from reading.audit import verified
from reading.proof import books_proved
from tests.actors.state.books_room import BooksRoom, event
from tests.fakes.whole_books import write_whole_books

PAGE_BYTES = 512
"""The smallest page of SQLite: the file has 44 KB instead of 180."""
SAMPLE = 400
STARTS = 40
PARTS = 16
Rows = dict[str, list[tuple[object, ...]]]


def small_books(data_dir: Path, *, orderly: bool) -> Path:
    """The database alone in one file, with every table filled; after a kill bytes are pending."""
    room = BooksRoom(data_dir).start()
    write_whole_books(room)
    room.tell(event(1))
    if orderly:
        room.stop()
    else:
        room.kill()
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        for sql in ("PRAGMA journal_mode = DELETE", f"PRAGMA page_size = {PAGE_BYTES}", "VACUUM"):
            db.execute(sql).fetchall()
    return data_dir


def rows(data_dir: Path, tables: list[str]) -> Rows | None:
    """Every row, read without an index; None if the file can't be read."""
    try:
        with closing(sqlite3.connect(f"file:{data_dir / 'cerbero.db'}?mode=ro", uri=True)) as db:
            return {name: db.execute(f'SELECT * FROM "{name}" NOT INDEXED').fetchall() for name in tables}
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def tables_by_page(database: Path) -> dict[int, list[str]]:
    """The tables whose rows a page may change: those whose tree it is a part of, or all, of the pages that
    hold the schema and the file's own figures. An index changes no row that is read without it.
    """
    with closing(sqlite3.connect(database)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        pages = range(1, database.stat().st_size // PAGE_BYTES + 1)
        try:
            owners = dict(db.execute("SELECT pageno, name FROM dbstat").fetchall())
        except sqlite3.OperationalError:
            owners = {}  # This SQLite was built without it: every page may be any table's.
        indexes = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    parts = {name: [name] for name in tables} | {name: [] for name in indexes}
    return {page: parts.get(owners.get(page, ""), tables) for page in pages}


def changes(data_dir: Path, before: Rows, tables: list[str]) -> bool:
    """Whether a row of these tables is another than before, or can't be read."""
    return bool(tables) and rows(data_dir, tables) != {name: before[name] for name in tables}


def noticed(data_dir: Path) -> bool:
    """Whether the proof or the check of the chain finds something wrong."""
    try:
        return not books_proved(data_dir).ok or not verified(data_dir).ok
    except FoundWrongError:
        return True


def noticed_by_the_start(data_dir: Path, to: Path) -> bool:
    """Whether a start arms, or puts the log aside. It is made on a copy."""
    shutil.copytree(data_dir, to, ignore=shutil.ignore_patterns("ballast"))
    room = BooksRoom(to)
    # Who reads a damaged row of what is live crashes. By then it must have been told that it is damaged.
    with suppress(ValueError, ArithmeticError, sqlite3.Error):
        room.start()
    room.kill()
    shutil.rmtree(to)
    told = [*room.state_ctx.told_to("kill_switch"), *room.audit_ctx.told_to("kill_switch")]
    broken = [made for made in told if isinstance(made, AuditBoot) and not made.ok]
    return bool(broken) or any(isinstance(made, ArmKillSwitch) for made in told)


def unnoticed(data_dir: Path, bits: list[int]) -> list[int]:
    """The flips among `bits` that change a row and that nobody notices."""
    path = data_dir / "cerbero.db"
    content = path.read_bytes()
    tables = tables_by_page(path)
    before = rows(data_dir, tables[1])
    assert before is not None
    assert not noticed(data_dir)
    found = []
    for bit in bits:
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        if changes(data_dir, before, tables[1 + bit // 8 // PAGE_BYTES]) and not noticed(data_dir):
            found.append(bit)
    path.write_bytes(content)
    return found


@pytest.mark.parametrize("orderly", [True, False])
def test_some_flips_change_no_row_or_are_noticed(tmp_path: Path, orderly: bool) -> None:
    data_dir = small_books(tmp_path, orderly=orderly)
    size = (data_dir / "cerbero.db").stat().st_size
    assert unnoticed(data_dir, Random("flips").sample(range(size * 8), SAMPLE)) == []


@pytest.mark.parametrize("orderly", [True, False])
@pytest.mark.parametrize("sample", [STARTS, pytest.param(100 * STARTS, marks=pytest.mark.soak)])
def test_flips_that_change_a_row_are_noticed_by_the_next_start(
    tmp_path: Path, orderly: bool, sample: int
) -> None:
    data_dir = small_books(tmp_path / "data", orderly=orderly)
    path = data_dir / "cerbero.db"
    content, missed = path.read_bytes(), []
    tables = tables_by_page(path)
    before = rows(data_dir, tables[1])
    assert before is not None
    assert not noticed_by_the_start(data_dir, tmp_path / "copy")
    for bit in Random(f"starts {sample}").sample(range(len(content) * 8), sample):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        changed = changes(data_dir, before, tables[1 + bit // 8 // PAGE_BYTES])
        if changed and not noticed_by_the_start(data_dir, tmp_path / "copy"):
            missed.append(bit)
    assert missed == []


@pytest.mark.parametrize("column", ["last_seq", "last_hash", "file", "offset", "payload"])
def test_a_part_of_pending_bytes_is_noticed(tmp_path: Path, column: str) -> None:
    """One bit makes a 0 of a NULL."""
    data_dir = small_books(tmp_path, orderly=True)
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        cell = "x'00'" if column == "payload" else "0"
        db.execute(f"UPDATE chain SET pending_{column} = {cell}")
        db.commit()
    assert noticed(data_dir)
    room = BooksRoom(data_dir).start()
    arms = [made for made in room.state_ctx.told_to("kill_switch") if isinstance(made, ArmKillSwitch)]
    assert [made.cause for made in arms] == [ArmCause.DATABASE]


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("orderly", [True, False])
def test_every_flip_changes_no_row_or_is_noticed(tmp_path: Path, orderly: bool, part: int) -> None:
    data_dir = small_books(tmp_path, orderly=orderly)
    size = (data_dir / "cerbero.db").stat().st_size
    assert unnoticed(data_dir, list(range(part, size * 8, PARTS))) == []
