"""What trades brought is the same whether it is asked for once or at every change."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from actors.state.database import DATABASE_FILE
from actors.state.ended_trades import EndedTrades
from actors.state.stored import books_read
from actors.state.tables import ledger
from core.messages.state import (
    BooksRead,
    GetBooks,
    GetPosition,
    GetTradeResults,
    PositionRead,
    TradeResults,
)
from core.orders.books import InstructionKind, TradeResult
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState
from tests.actors.state.books_room import (
    LATE_FEE,
    POSITION,
    START,
    BooksRoom,
    fills,
    instruct,
    opened,
    order_row,
    record,
    send,
)


def results(room: BooksRoom) -> tuple[TradeResult, ...]:
    answer = room.answer_to(GetTradeResults())
    assert isinstance(answer, TradeResults)
    return answer.results


def leave(room: BooksRoom) -> None:
    """The position that is open, at a profit."""
    label = instruct(room, InstructionKind.EXIT, 1, exit_rule=ExitRule.PROFIT)
    send(room, label)
    record(room, order_row(label, OrderState.FILLED, 2), fills(label, 5, 2, entry=False), request="exit")


def test_a_trade_is_told_from_its_close_on_with_all_that_it_brought(room: BooksRoom, tmp_path: Path) -> None:
    assert results(room) == ()
    opened(room)
    assert results(room) == ()
    leave(room)
    found = room.answer_to(GetPosition(request_id="p", position_id=POSITION))
    assert isinstance(found, PositionRead)
    assert found.position is not None
    [told] = results(room)
    assert (told.position_id, told.pnl_usd) == (POSITION, found.position.pnl_usd)
    assert (told.exit_rule, told.closed_at) == (ExitRule.PROFIT, START + timedelta(minutes=5))
    assert results(room) is results(room)
    with books_read(tmp_path) as books:
        assert books is not None
        assert books.trade_results() == (told,)


def told_with_books(room: BooksRoom) -> tuple[TradeResult, ...] | None:
    answer = room.ask(GetBooks())
    assert isinstance(answer, BooksRead)
    return answer.books.ended


def test_the_books_tell_what_was_asked_for_until_they_change(room: BooksRoom) -> None:
    assert told_with_books(room) is None
    assert told_with_books(room) is None
    found = results(room)
    assert told_with_books(room) is found
    opened(room)
    assert told_with_books(room) is None
    assert results(room) == ()
    assert told_with_books(room) == ()
    leave(room)
    assert told_with_books(room) is None
    found = results(room)
    assert len(found) == 1
    assert told_with_books(room) is found


def test_a_trace_of_messages_leaves_out_what_the_books_tell_of_trades(room: BooksRoom) -> None:
    """Its lines are the messages as text: each that tells the books would tell all trades that ever were."""
    opened(room)
    leave(room)
    assert POSITION in repr(results(room))
    assert told_with_books(room)
    assert POSITION not in repr(room.ask(GetBooks()))


def test_what_is_booked_after_a_trade_was_told_is_told_too(room: BooksRoom, tmp_path: Path) -> None:
    """Its row stays as it is: only the flow says that it has brought something else."""
    opened(room)
    leave(room)
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE, isolation_level=None)) as db:
        ended = EndedTrades(db)
        [before] = ended.results()
        ledger.insert_flow(db, LATE_FEE)
        [after] = ended.results()
    assert after.pnl_usd == before.pnl_usd - 3
