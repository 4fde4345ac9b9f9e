"""The live books that state keeps are those that it would read anew, after each change."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from actors.state.stored import books_read
from core.messages.state import BooksRead, GetBooks, GetTradeResults, RecordEdit
from core.orders.books import Books, InstructionKind
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState
from tests.actors.state.books_room import (
    START,
    BooksRoom,
    fills,
    instruct,
    opened,
    order_row,
    propose,
    record,
    send,
)


def kept(room: BooksRoom) -> Books:
    answer = room.ask(GetBooks())
    assert isinstance(answer, BooksRead)
    return answer.books


def as_stored(room: BooksRoom, folder: Path) -> Books:
    """What state tells, which has to be what is stored."""
    found = kept(room)
    with books_read(folder) as reader:
        assert reader is not None
        stored = reader.live(found.as_of)
    assert found.model_copy(update={"seq": stored.seq, "ended": None}) == stored
    return found


def test_each_change_of_an_order_shows(room: BooksRoom, tmp_path: Path) -> None:
    propose(room)
    as_stored(room, tmp_path)
    label = instruct(room)
    assert [order.state for order in as_stored(room, tmp_path).orders] == [OrderState.INTENDED]
    send(room, label)
    assert [order.state for order in as_stored(room, tmp_path).orders] == [OrderState.SENT]
    record(room, order_row(label, OrderState.WORKING), request="works")
    room.tell(RecordEdit(request_id="edit", label=label, limit_eth=Decimal("0.0110"), at=START))
    assert [edit.limit_eth for edit in as_stored(room, tmp_path).edits] == [Decimal("0.0110")]
    record(room, order_row(label, OrderState.FILLED, 2), fills(label, 1, 2), request="fill")
    assert as_stored(room, tmp_path).orders == ()


def test_what_an_order_does_not_change_is_kept(room: BooksRoom, tmp_path: Path) -> None:
    opened(room)
    label = instruct(room, InstructionKind.EXIT, 1, exit_rule=ExitRule.PROFIT)
    room.answer_to(GetTradeResults())
    before = as_stored(room, tmp_path)
    send(room, label)
    after = as_stored(room, tmp_path)
    assert after.orders != before.orders
    assert after.positions is before.positions
    assert after.ended is before.ended is not None
