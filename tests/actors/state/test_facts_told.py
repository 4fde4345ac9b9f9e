"""When the kill switch's gate is told the books."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from actors.state.queries import TOLD_AGAIN_AFTER
from core.messages.kill_switch import BooksChanged
from core.messages.state import GetBooks
from tests.actors.state.books_room import BooksRoom, event, instruct, propose


@pytest.fixture
def room(tmp_path: Path) -> BooksRoom:
    """Books whose switch was told them at their start."""
    return BooksRoom(tmp_path).start()


def told(room: BooksRoom) -> list[BooksChanged]:
    return [message for message in room.state_ctx.told_to("kill_switch") if isinstance(message, BooksChanged)]


def test_every_change_is_told_at_once(room: BooksRoom) -> None:
    before = len(told(room))
    propose(room)
    instruct(room)
    facts = told(room)[before:]
    assert [len(each.books.orders) for each in facts] == [0, 1]
    room.kill()


def test_what_has_not_changed_is_told_again_after_a_second(room: BooksRoom) -> None:
    before = len(told(room))
    room.tell(event(1))
    room.tell(event(2))
    assert len(told(room)) == before
    room.advance(TOLD_AGAIN_AFTER.total_seconds())
    room.tell(event(3))
    (again,) = told(room)[before:]
    assert again.books.as_of == room.state_ctx.time
    room.kill()


def test_who_asks_for_the_books_has_the_gate_told_books_of_now_first(room: BooksRoom) -> None:
    """An order may be worked for hours without a change of the books, and the gate takes no old ones."""
    room.ask(GetBooks())
    before = len(told(room))
    room.ask(GetBooks())
    assert len(told(room)) == before
    room.advance(3600)
    room.ask(GetBooks())
    (again,) = told(room)[before:]
    assert again.books.as_of == room.state_ctx.time
    room.kill()


def test_what_is_not_in_the_log_yet_is_not_told_to_who_asks(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    room.advance(3600)
    before = len(told(room))
    room.hold_appends = True
    room.tell(event(1))
    room.ask(GetBooks())
    assert len(told(room)) == before
    room.kill()


def test_a_clock_that_was_set_back_does_not_keep_the_books_from_being_told(room: BooksRoom) -> None:
    before = len(told(room))
    room.state_ctx.time -= timedelta(hours=2)
    room.tell(event(1))
    (again,) = told(room)[before:]
    assert again.books.as_of == room.state_ctx.time
    room.kill()
