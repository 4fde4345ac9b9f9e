"""However much there is to read: no reading of the page holds up the engine, which writes beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree
from threading import Event

import pytest

from actors.state import read_only
from actors.state.database import database_path
from core.errors import FoundWrongError, ReadingGivenUpError
from page.sources import folder
from page.sources.folder import FolderWatch
from page.view import Viewer
from reading import brief as brief_module
from reading.books import newest_rows, required_books
from reading.brief import READ_S_MAX, brief
from reading.engine_status import engine_status
from reading.entry_history import EntryHistory, recorded_decisions
from reading.trading import TradingReport
from reading.trading_books import trading_report
from tests.actors.state.books_room import CYCLE


@pytest.fixture
def traded(one_trade: Path, tmp_path: Path) -> Path:
    """A folder with one closed trade, of the test's own."""
    return copytree(one_trade, tmp_path / "data")


def checkpoint_is_held_up(folder: Path) -> bool:
    """Whether the engine, having written, would have to wait for a reader until its log starts anew."""
    with closing(sqlite3.connect(database_path(folder), isolation_level=None)) as db:
        db.execute("PRAGMA busy_timeout = 0")
        db.execute("CREATE TABLE IF NOT EXISTS written (number INTEGER)")
        db.execute("INSERT INTO written VALUES (1)")
        busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return bool(busy)


def test_who_reads_for_long_reads_a_copy_that_holds_up_nobody(traded: Path) -> None:
    with required_books(traded) as books:
        books.trades()
        assert checkpoint_is_held_up(traded)
    with required_books(traded, from_copy=True) as books:
        assert len(books.trades()) == 1
        assert not checkpoint_is_held_up(traded)


def test_who_asks_again_sees_at_once_what_was_read_meanwhile(
    traded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = Event()

    def slowly(data_dir: Path) -> TradingReport:
        assert go_on.wait(60)
        return trading_report(data_dir)

    views = Viewer(traded, "slow", lambda: engine_status(traded), lambda: datetime.now(UTC), slowly)
    with monkeypatch.context() as hasty:
        hasty.setattr(folder, "FIRST_WAIT_S", 0.0)
        assert views.view().money.empty == "the books are being read"
    go_on.set()
    assert [each.closed for each in views.view().money.trades]


def test_a_copy_that_is_never_whole_is_given_up(traded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_only, "COPYING_S_MAX", 0.0)
    monkeypatch.setattr(read_only, "PAGES_AT_ONCE", 1)
    with (
        pytest.raises(FoundWrongError, match="expected a copy within"),
        required_books(traded, from_copy=True),
    ):
        pass


def test_a_read_may_take_so_long_and_no_longer() -> None:
    now_s = [10.0]
    is_over = brief(lambda: now_s[0])
    now_s[0] += READ_S_MAX - 0.001
    assert not is_over()
    now_s[0] += 0.001
    assert is_over()
    assert READ_S_MAX <= 0.2


def test_every_reading_of_a_look_ends_when_its_time_is_over(
    traded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brief_module, "READ_S_MAX", -1.0)
    monkeypatch.setattr(read_only, "STEPS_BETWEEN_LOOKS", 1)
    for read in (
        lambda: newest_rows(traded),
        EntryHistory(traded).read,
        lambda: recorded_decisions(traded, CYCLE),
    ):
        with pytest.raises(ReadingGivenUpError, match="took too long"):
            read()


def test_what_was_not_read_in_time_is_read_at_the_next_look(
    traded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [0.0]
    watch = FolderWatch(traded, trading_report, clock=lambda: now_s[0])
    with monkeypatch.context() as busy:
        busy.setattr(brief_module, "READ_S_MAX", -1.0)
        busy.setattr(read_only, "STEPS_BETWEEN_LOOKS", 1)
        said = watch.look()
        assert (said.read, said.books_problem, said.report) == (False, None, None)
    now_s[0] += 2.0
    said = watch.look()
    assert said.read
    assert said.report is not None
