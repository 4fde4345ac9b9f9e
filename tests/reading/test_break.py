"""After a break the new log opens with the books' rows, and the broken one is compared with them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from cli.main import main
from core.audit.hash_chain import split_lines
from core.messages.arm_cause import ArmCause
from core.messages.state import RecordKillSwitch
from reading.errors import DataFolderError
from reading.proof import NotYetInLogError, books_proved, break_compared
from tests.actors.state.books_room import START, BooksRoom, event, records
from tests.fakes.whole_books import make_whole_books

FILE = "audit-2026-01-05.jsonl"


def broken(data_dir: Path, at: int, *, sql: str | None = None) -> BooksRoom:
    """An engine that has found a flip in that record, and perhaps a row that was changed meanwhile."""
    make_whole_books(data_dir)
    path = data_dir / "audit" / FILE
    lines = split_lines(path.read_bytes())
    lines[at - 1] = lines[at - 1].replace(b'"at":"2026', b'"at":"2027', 1)
    path.write_bytes(b"".join(lines))
    if sql is not None:
        with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
            db.execute(sql)
            db.commit()
    return BooksRoom(data_dir).start()


def test_the_new_log_makes_the_books_although_the_old_one_is_put_aside(tmp_path: Path) -> None:
    room = broken(tmp_path, 41)
    assert [record["kind"] for record in records(room)] == ["CHAIN_BROKEN", "BOOKS"]
    room.tell(event(1))
    room.kill()
    assert books_proved(tmp_path).lines() == ()


def test_a_row_that_was_changed_too_is_shown_by_the_broken_log(tmp_path: Path) -> None:
    sql = "UPDATE cash_flows SET amount_eth = '9' WHERE ref LIKE '%e1-1-0:premium'"
    room = broken(tmp_path, 41, sql=sql)
    room.kill()
    assert books_proved(tmp_path).ok
    shown = break_compared(tmp_path)
    assert shown is not None
    assert shown[0].endswith("-audit: 40 records follow from each other and are compared")
    assert (
        "cash_flows 'trade:p-entry-20260105T140000Z:e1-1-0:premium', amount_eth:"
        " expected '0.04590000' by the log, found '9' when the new log began" in shown
    )


def test_the_comparison_says_only_what_the_broken_log_lacks_if_nothing_was_changed(tmp_path: Path) -> None:
    """The last record, an alert, was broken: its row is there and the log can't say it."""
    room = broken(tmp_path, 41)
    room.kill()
    assert (break_compared(tmp_path) or ())[1:] == (
        "alerts 'alert-1': expected no such row by the log, found one when the new log began",
    )


def test_what_was_pending_belongs_to_the_broken_log(tmp_path: Path) -> None:
    make_whole_books(tmp_path)
    room = BooksRoom(tmp_path).start()
    room.hold_appends = True
    room.tell(
        RecordKillSwitch(request_id="k", armed=True, causes=(ArmCause.AUDIT,), reason="r", who="w", at=START)
    )
    room.kill()
    with (tmp_path / "audit" / FILE).open("ab") as stream:
        stream.write(b"x")
    BooksRoom(tmp_path).start().kill()
    shown = break_compared(tmp_path) or ()
    assert shown[0].endswith("42 records follow from each other and are compared")
    assert shown[1:] == ()


def test_a_log_without_a_break_has_nothing_to_compare(tmp_path: Path) -> None:
    assert break_compared(make_whole_books(tmp_path)) is None
    assert break_compared(tmp_path / "nowhere") is None


def test_evidence_that_was_moved_away_is_missed(tmp_path: Path) -> None:
    broken(tmp_path, 9).kill()
    (tmp_path / "evidence").rename(tmp_path / "elsewhere")
    with pytest.raises(DataFolderError, match="expected the broken log in evidence/"):
        break_compared(tmp_path)


def test_verify_shows_the_comparison_before_the_break_is_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(tmp_path, 41).kill()
    assert main(["audit", "verify", "--books", "--data-dir", str(tmp_path)]) == ExitCode.FOUND_WRONG
    said = capsys.readouterr()
    assert "40 records follow from each other and are compared" in said.out
    assert "alerts 'alert-1': expected no such row by the log" in said.out
    assert "the books are what 2 records make of them" in said.out
    assert "no disarming after it accepts that" in said.err


def make_older_books(data_dir: Path) -> None:
    """Books of a version whose log did not say all of them, converted by the migration that notes it."""
    make_whole_books(data_dir)
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        db.execute("UPDATE system SET value = 'b0' WHERE key = 'boot'")
        db.execute("INSERT INTO system VALUES ('books_to_log', 'upgrade', '2026-01-05T14:00:00.000000Z')")
        db.commit()


def test_books_of_an_older_version_are_not_called_different_before_the_first_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To write them anew from a log that does not say all of them would lose what it leaves out."""
    make_older_books(tmp_path)
    with pytest.raises(NotYetInLogError, match="the next start writes their rows into it"):
        books_proved(tmp_path)
    assert main(["audit", "verify", "--books", "--data-dir", str(tmp_path)]) == ExitCode.FOUND_WRONG
    said = capsys.readouterr()
    assert said.out.startswith("whole: ")
    assert "the next start writes their rows into it" in said.err
    assert "rebuild" not in said.err
    assert "damaged" not in said.err
    main(["audit", "verify", "--books", "--json", "--data-dir", str(tmp_path)])
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["log_ok"], told["books"]) == (False, True, None)
    assert "an older version wrote them" in told["books_problem"]
    assert main(["audit", "verify", "--data-dir", str(tmp_path)]) == 0


def test_books_of_an_older_version_are_recorded_at_the_first_start(tmp_path: Path) -> None:
    """Its log lacks what the fold needs, here the record of a setting."""
    make_older_books(tmp_path)
    room = BooksRoom(tmp_path).start()
    last = records(room)[-1]
    assert (last["kind"], last["detail"]["why"]) == ("BOOKS", "upgrade")  # type: ignore[index]
    room.kill()
    assert books_proved(tmp_path).lines() == ()
    again = BooksRoom(tmp_path).start()
    assert records(again)[-1]["seq"] == last["seq"]
    again.kill()
