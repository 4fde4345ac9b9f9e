"""A commit that hung, and is durable only after a successor has read the books, is found and recorded."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from actors.runtime.errors import Fenced
from actors.state import kept
from actors.state.database import AnotherWriterError, OneUser, open_database
from core.alerts import AlertCode
from core.messages.state import OpenCycle
from core.orders.books import Job
from reading.proof import books_proved
from tests.actors.state.books_room import START, BooksRoom


def opening(slot: int) -> OpenCycle:
    at = START + slot * timedelta(hours=12)
    return OpenCycle(request_id=f"open-{slot}", job=Job.MONITOR, slot=at, at=START)


class HungCommit:
    """The first life of the books, whose commit stands still until `go_on`."""

    def __init__(self, folder: Path) -> None:
        self.room = BooksRoom(folder)
        self.hangs, self._goes_on = Event(), Event()
        self.fenced = False
        self._connections: list[sqlite3.Connection] = []
        self._thread = Thread(target=self._live)

    def opened(self, folder: Path) -> sqlite3.Connection:
        self._connections.append(open_database(folder))
        return self._connections[-1]

    def begin(self) -> None:
        self._thread.start()
        assert self.hangs.wait(60.0)
        self.room.state_ctx.live = self.room.audit_ctx.live = False
        self.room.state.on_stop()

    def go_on(self) -> None:
        """Until its thread has ended, with which its connection is closed."""
        self._goes_on.set()
        self._thread.join(60.0)
        self._connections[0].close()

    def _live(self) -> None:
        self.room.start()
        self.room.tell(opening(0))
        self._connections[-1].set_trace_callback(self._reached)
        try:
            self.room.tell(opening(1))
        except Fenced:
            self.fenced = True

    def _reached(self, statement: str) -> None:
        if statement.startswith("COMMIT"):
            self.hangs.set()
            self._goes_on.wait(60.0)


@pytest.fixture
def hung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HungCommit:
    life = HungCommit(tmp_path / "data")
    monkeypatch.setattr(kept, "open_database", life.opened)
    return life


@pytest.mark.raises_alert(AlertCode.AUDIT_TAIL_RESTORED)
def test_a_successor_that_has_read_the_books_before_it_reads_them_again(
    tmp_path: Path, hung: HungCommit
) -> None:
    """Else the books would hold a row, perhaps an order's, of which the log knows nothing."""
    hung.begin()
    successor = BooksRoom(tmp_path / "data").start()
    hung.go_on()
    assert hung.fenced
    with pytest.raises(AnotherWriterError):
        successor.tell(opening(2))
    successor.kill()
    next_one = BooksRoom(tmp_path / "data").start()
    next_one.tell(opening(2))
    next_one.stop()
    proof = books_proved(tmp_path / "data")
    assert proof.ok, proof.lines()
    assert proof.records == 4  # The begins of three cycles, and that the bytes of one were restored.


def test_own_commits_are_of_nobody_else(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as db, closing(kept.BooksInMemory()) as in_memory:
        for each in (db, in_memory.opened(tmp_path)):
            user = OneUser(each)
            each.execute("CREATE TABLE more (number INTEGER)")
            each.execute("INSERT INTO more VALUES (1)")
            user.require_alone()


def test_a_commit_of_another_connection_is_found_within_the_next_transaction(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as db, closing(open_database(tmp_path)) as other:
        user = OneUser(db)
        other.execute("CREATE TABLE more (number INTEGER)")
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(AnotherWriterError):
            user.require_alone()
