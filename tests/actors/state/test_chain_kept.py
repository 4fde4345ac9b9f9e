"""What is pending is found by the next incarnation of state, wherever the books are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.runtime import Fenced
from actors.state.kept import ON_DISK, BooksInMemory, BooksStore
from actors.state.sequencer import Sequencer
from actors.state.tables import chain
from actors.state.text_door import TextDoor
from core.messages.audit import AuditEvent, AuditKind
from core.messages.state import RecordEvent
from core.redaction import Redactor

AT = datetime(2026, 1, 5, 14, tzinfo=UTC)


class Books:
    """Books, and the sequencers of one incarnation of state after the other."""

    def __init__(self, store: BooksStore, folder: Path) -> None:
        self._store = store
        self.db: sqlite3.Connection = store.opened(folder)

    def sequencer(self) -> Sequencer:
        answers, kept = self._store.answers(self.db), self._store.chain(self.db)
        return Sequencer(self.db, TextDoor(self.db, Redactor()), answers, kept)


@pytest.fixture(params=["on disk", "in memory"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    in_memory = BooksInMemory()
    books = Books(ON_DISK if request.param == "on disk" else in_memory, tmp_path)
    yield books
    books.db.close()
    in_memory.close()


def commit(sequencer: Sequencer, name: str, *, is_fenced: bool = False) -> None:
    def check_live() -> None:
        if is_fenced:
            raise Fenced("replaced before the commit")

    event = AuditEvent(kind=AuditKind.VETO, at=AT, detail={"why": name})
    sequencer.commit([(RecordEvent(request_id=name, audit=(event,)), None)], AT, check_live)


def test_what_a_crash_leaves_pending_is_found(books: Books) -> None:
    before = books.sequencer()
    commit(before, "a")
    commit(before, "b")
    after = books.sequencer()
    assert (after.end, after.pending) == (before.end, before.pending)
    assert after.pending is not None
    assert (after.pending.first_seq, after.pending.last_seq) == (1, 2)


def test_what_was_acknowledged_is_pending_until_the_next_commit(books: Books) -> None:
    """The file has it by then, and audit says so."""
    before = books.sequencer()
    commit(before, "a")
    before.acknowledge(None)
    assert books.sequencer().last_seq == 1
    commit(before, "b")
    after = books.sequencer()
    assert (after.end, after.pending) == (before.end, before.pending)


def test_what_a_transaction_that_was_undone_made_pending_is_not(books: Books) -> None:
    before = books.sequencer()
    commit(before, "a")
    with pytest.raises(Fenced):
        commit(before, "b", is_fenced=True)
    after = books.sequencer()
    assert after.last_seq == 1
    assert after.pending == before.pending


def test_after_an_orderly_stop_the_row_says_where_the_chain_ends(books: Books) -> None:
    before = books.sequencer()
    commit(before, "a")
    before.acknowledge(None)
    before.settle()
    after = books.sequencer()
    assert (after.end, after.pending) == (before.end, None) == chain.read(books.db)
    commit(after, "b")
    assert after.pending is not None
    assert after.pending.first_seq == 2
