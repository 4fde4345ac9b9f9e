"""`audit verify --books` and `state rebuild`: the books checked against the log, and made anew from it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from cli.main import main
from core.audit.fold.tables import PROVED
from reading.proof import books_proved
from tests.actors.state.books_room import BooksRoom, event, records
from tests.fakes.whole_books import make_whole_books, write_whole_books


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return make_whole_books(tmp_path / "data")


def change(data_dir: Path, sql: str) -> None:
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        db.execute(sql)
        db.commit()


def rows(data_dir: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every proved row, as it is stored."""
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        found = {}
        for table in PROVED:
            where = "" if table.only is None else f" WHERE {table.only[0]} IN ('HIGH', 'CRITICAL')"
            sql = f"SELECT {', '.join(table.columns)} FROM {table.name}{where} ORDER BY {table.key}"
            found[table.name] = db.execute(sql).fetchall()
        return found


def verify(data_dir: Path, *options: str) -> int:
    return main(["audit", "verify", "--books", "--data-dir", str(data_dir), *options])


def rebuild(data_dir: Path, audit: Path | None = None) -> int:
    from_audit = str(audit or data_dir / "audit")
    return main(["state", "rebuild", "--from-audit", from_audit, "--data-dir", str(data_dir)])


def test_books_that_the_log_makes_are_said_to_be_so(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(data_dir) == ExitCode.OK
    assert "the books are what 41 records make of them" in capsys.readouterr().out


def test_a_changed_cash_flow_exits_1_and_names_table_row_and_field(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(data_dir, "UPDATE cash_flows SET amount_eth = '9' WHERE ref LIKE '%e1-1-0:premium'")
    assert verify(data_dir) == ExitCode.FOUND_WRONG
    shown = capsys.readouterr()
    assert (
        "cash_flows 'trade:p-entry-20260105T140000Z:e1-1-0:premium', amount_eth:"
        " expected '0.04590000' by the log, found '9'" in shown.out
    )
    assert "expected the books that the log makes, found 1 place where they differ" in shown.err


def test_differences_are_json_too(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(data_dir, "UPDATE kill_switch SET armed = 0")
    assert verify(data_dir, "--json") == ExitCode.FOUND_WRONG
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert told["books"] == {
        "ok": False,
        "records": 41,
        "problems": [],
        "differences": [
            {"table": "kill_switch", "row": "1", "field": "armed", "log": "1", "books": "0"},
        ],
    }


def test_without_the_option_the_books_are_not_compared(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "verify", "--json", "--data-dir", str(data_dir)]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["books"] is None


@pytest.mark.parametrize("options", [(), ("--books",)])
def test_of_damaged_books_it_is_said_too_whether_the_log_itself_is_whole(
    data_dir: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    [path] = (data_dir / "audit").iterdir()
    (data_dir / "cerbero.db").write_bytes(b"no database" * 1000)

    def verified() -> tuple[int, str, str, dict[str, object]]:
        code = main(["audit", "verify", *options, "--data-dir", str(data_dir)])
        told = capsys.readouterr()
        assert main(["audit", "verify", *options, "--json", "--data-dir", str(data_dir)]) == code
        return code, told.out, told.err, json.loads(capsys.readouterr().out)

    code, out, err, told = verified()
    assert code == ExitCode.FOUND_WRONG
    assert out.startswith("whole: 41 records, head 41:")
    assert "the books can't be read: file is not a database: docs/runbook.md, 'The books are damaged'" in err
    assert (told["ok"], told["log_ok"], told["records"], told["compared_with_books"]) == (
        False,
        True,
        41,
        False,
    )
    assert "the books can't be read" in str(told["books_problem"])

    path.write_bytes(path.read_bytes().replace(b'"seq":7,', b'"seq":8,'))
    code, out, err, told = verified()
    assert (code, out) == (ExitCode.FOUND_WRONG, "")
    first, second = err.splitlines()
    assert "expected" in first
    assert "the books can't be read" in second
    assert (told["ok"], told["log_ok"]) == (False, False)


def test_the_option_needs_books(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data_dir / "cerbero.db").unlink()
    assert verify(data_dir) == ExitCode.BAD_INPUT
    assert "expected the books of an engine (cerbero.db), found none" in capsys.readouterr().err


def test_a_rebuilt_database_has_every_proved_row_and_the_engine_goes_on_with_it(data_dir: Path) -> None:
    before = rows(data_dir)
    (data_dir / "cerbero.db").unlink()
    assert rebuild(data_dir) == ExitCode.OK
    assert rows(data_dir) == before
    assert books_proved(data_dir).ok
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        assert db.execute("SELECT alert_id, delivered_at = at FROM alerts").fetchall() == [("alert-1", 1)]
        assert db.execute("SELECT count(*) FROM alert_channels").fetchone() == (0,)
    room = BooksRoom(data_dir).start()
    room.tell(event(1))
    assert [record["kind"] for record in records(room)][-1:] == ["KELLY"]
    room.stop()
    assert verify(data_dir) == ExitCode.OK


def test_a_database_is_rebuilt_elsewhere_and_what_is_to_be_done_then_is_said(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rebuild(tmp_path / "new", data_dir) == ExitCode.OK
    assert rows(tmp_path / "new") == rows(data_dir)
    assert "before an engine starts on this folder, put the audit files into" in capsys.readouterr().out
    shutil.copytree(data_dir / "audit", tmp_path / "new" / "audit")
    assert verify(tmp_path / "new") == ExitCode.OK


def test_a_database_that_is_there_is_not_touched(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (data_dir / "cerbero.db").read_bytes()
    assert rebuild(data_dir) == ExitCode.FOUND_WRONG
    assert "expected no database here, found one; move it away first" in capsys.readouterr().err
    assert (data_dir / "cerbero.db").read_bytes() == before


def test_a_broken_log_rebuilds_nothing(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data_dir / "cerbero.db").unlink()
    [path] = (data_dir / "audit").iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert rebuild(data_dir) == ExitCode.FOUND_WRONG
    assert "expected a whole log to rebuild from" in capsys.readouterr().err
    assert not (data_dir / "cerbero.db").exists()


def test_an_unfinished_last_record_is_named_with_what_to_do(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data_dir / "cerbero.db").unlink()
    [path] = (data_dir / "audit").iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    assert rebuild(data_dir) == ExitCode.FOUND_WRONG
    said = capsys.readouterr().err
    assert "bytes of an unfinished record, which was never acknowledged" in said
    offset = int(said.split("truncate -s ")[1].split()[0])
    path.write_bytes(path.read_bytes()[:offset])
    assert rebuild(data_dir) == ExitCode.OK


def test_a_folder_without_a_log_rebuilds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rebuild(tmp_path, tmp_path) == ExitCode.BAD_INPUT
    assert "expected files audit-YYYY-MM-DD.jsonl, found none" in capsys.readouterr().err


def test_a_running_engines_folder_is_refused(
    data_dir: Path, capsys: pytest.CaptureFixture[str], held_by_an_engine: None
) -> None:
    assert rebuild(data_dir) == ExitCode.BAD_INPUT
    assert "expected a folder without an engine, found one that runs" in capsys.readouterr().err


@pytest.fixture
def held_by_an_engine(data_dir: Path) -> object:
    import fcntl

    with (data_dir / "lock").open("w", encoding="utf-8") as lock:
        lock.write(json.dumps({"pid": 1, "socket": "/nowhere"}))
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield None


def test_books_after_a_kill_are_what_the_log_makes(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    write_whole_books(room)
    room.kill()
    assert verify(tmp_path) == ExitCode.OK


def test_rebuild_on_a_full_disk_says_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    make_whole_books(tmp_path / "data")
    monkeypatch.setattr("actors.state.rebuild.migrate", full)
    made = tmp_path / "made"
    code = main(["state", "rebuild", "--from-audit", str(tmp_path / "data"), "--data-dir", str(made)])
    assert code == ExitCode.FOUND_WRONG
    assert "cerbero.db: the books can't be written: database or disk is full" in capsys.readouterr().err
    assert list(made.glob("cerbero.db*")) == []
