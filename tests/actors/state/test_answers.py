"""The first answer to a request is the one that it gets again, wherever the books are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from actors.runtime import Fenced
from actors.state.answers import NEWEST_KEPT, Answers
from actors.state.kept import ON_DISK, BooksInMemory, BooksStore
from actors.state.sequencer import Sequencer
from actors.state.text_door import TextDoor
from core.messages.audit import AuditEvent, AuditKind
from core.messages.base import Refused
from core.messages.state import Recorded, RecordEvent
from core.redaction import Redactor

AT = datetime(2026, 1, 5, 14, tzinfo=UTC)
A, B = Recorded(request_id="a"), Refused(request_id="b", reasons=("unknown_cycle: x",))


class Books:
    """Answers, with the database of the changes that they are part of."""

    def __init__(self, kept: BooksStore, db: sqlite3.Connection) -> None:
        self.answers: Answers = kept.answers(db)
        self._db = db

    @contextmanager
    def transaction(self, *, is_undone: bool = False) -> Iterator[None]:
        """As the sequencer's."""
        self._db.execute("BEGIN")
        yield
        if is_undone:
            self._db.execute("ROLLBACK")
            self.answers.undone()
        else:
            self._db.execute("COMMIT")
            self.answers.committed()


@pytest.fixture(params=["on disk", "in memory"])
def books(request: pytest.FixtureRequest) -> Books:
    store = BooksInMemory()
    return Books(ON_DISK if request.param == "on disk" else store, store.opened(request.path))


def test_a_request_gets_the_answer_that_it_got_first(books: Books) -> None:
    with books.transaction():
        books.answers.keep("a", A, AT)
    with books.transaction():
        books.answers.keep("b", B, AT)
    assert [books.answers.first(name) for name in ("a", "b", "c")] == [A, B, None]


def test_an_answer_goes_with_a_change_that_is_undone(books: Books) -> None:
    with books.transaction():
        books.answers.keep("a", A, AT)
    with books.transaction(is_undone=True):
        books.answers.keep("b", B, AT)
    assert [books.answers.first(name) for name in ("a", "b")] == [A, None]


def test_old_answers_are_forgotten(books: Books) -> None:
    with books.transaction():
        books.answers.keep("a", A, AT)
        books.answers.keep("b", B, AT + timedelta(seconds=1))
        for number in range(NEWEST_KEPT):
            books.answers.keep(f"n{number}", A, AT + timedelta(seconds=2, milliseconds=number))
    with books.transaction():
        books.answers.prune(AT + timedelta(seconds=1))
    assert [books.answers.first(name) for name in ("a", "b", "n0")] == [None, B, A]


@pytest.mark.parametrize("more", [-1, 0, 1, 2])
def test_a_clock_that_is_far_ahead_costs_no_answer_that_may_be_on_its_way(books: Books, more: int) -> None:
    names = [f"n{number}" for number in range(NEWEST_KEPT + more)]
    with books.transaction():
        for number, name in enumerate(names):
            books.answers.keep(name, A, AT + timedelta(seconds=number))
    with books.transaction():
        books.answers.prune(AT + timedelta(days=365))
    known = [name for name in names if books.answers.first(name) is not None]
    assert known == names[-NEWEST_KEPT:]


@pytest.mark.parametrize("kept", ["on disk", "in memory"])
def test_a_request_whose_commit_failed_is_applied_when_it_is_told_again(kept: str) -> None:
    store = BooksInMemory()
    db = store.opened(Path())
    answers = (ON_DISK if kept == "on disk" else store).answers(db)
    sequencer = Sequencer(db, TextDoor(db, Redactor()), answers)
    asked = RecordEvent(
        request_id="r", audit=(AuditEvent(kind=AuditKind.VETO, at=AT, detail={"why": "a test"}),)
    )

    def fenced() -> None:
        raise Fenced("replaced before the commit")

    with pytest.raises(Fenced):
        sequencer.commit([(asked, None)], AT, fenced)
    committed = sequencer.commit([(asked, None)], AT, lambda: None)
    assert committed.batch is not None
    assert committed.batch.last_seq == 1
