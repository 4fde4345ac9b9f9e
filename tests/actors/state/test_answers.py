"""The first answer to a request is the one that it gets again, wherever the books are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from actors.state.answers import Answers
from actors.state.kept import ON_DISK, BooksInMemory, BooksStore
from core.messages.base import Refused
from core.messages.state import Recorded

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
    with books.transaction():
        books.answers.prune(AT + timedelta(seconds=1))
    assert [books.answers.first(name) for name in ("a", "b")] == [None, B]
