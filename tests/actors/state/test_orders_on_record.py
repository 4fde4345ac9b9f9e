"""What the books keep of orders for their identity and their limits: permitted prices, requests an hour."""

from __future__ import annotations

from decimal import Decimal

from core.messages.base import Refused
from core.messages.kill_switch import BooksChanged
from core.messages.state import BooksRead, GetBooks, GetOrders, OrdersRead, Recorded, RecordEdit
from core.orders.books import InstructionKind
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState
from core.values import Label
from tests.actors.state.books_room import (
    START,
    BooksRoom,
    event,
    instruct,
    opened,
    order_row,
    propose,
    record,
    records,
    send,
)


def entry_requests(room: BooksRoom) -> int:
    """What the gate was told last."""
    told = [m for m in room.state_ctx.told_to("kill_switch") if isinstance(m, BooksChanged)]
    return told[-1].entry_requests_last_hour


def edit(room: BooksRoom, label: Label, limit_eth: str) -> object:
    return room.answer_to(
        RecordEdit(
            request_id=f"edit-{label}-{limit_eth}", label=label, limit_eth=Decimal(limit_eth), at=START
        )
    )


def test_placements_and_edits_of_entries_are_counted_for_an_hour(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    send(room, label)
    assert entry_requests(room) == 1
    edit(room, label, "0.0110")
    assert entry_requests(room) == 2
    room.advance(3601)
    room.tell(event(1))
    assert entry_requests(room) == 0


def test_exits_are_not_counted_among_the_entries_of_the_hour(room: BooksRoom) -> None:
    """Else a position that is hard to close would use up the limit, which binds entries only."""
    opened(room)
    for attempt in (1, 2, 3):
        label = instruct(room, InstructionKind.EXIT, attempt=attempt, exit_rule=ExitRule.STOP)
        send(room, label)
        edit(room, label, "-0.0041")
        record(room, order_row(label, OrderState.CANCELLED, limit="-0.0041"), request=f"end-{attempt}")
    assert entry_requests(room) == 1


def test_the_price_of_an_edit_is_on_record_once_and_counts_as_permitted(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    send(room, label)
    for limit in ("0.0110", "0.0105", "0.0110"):
        assert isinstance(edit(room, label, limit), Recorded)
    told = [record["detail"] for record in records(room) if record["kind"] == "EDIT"]
    assert [(detail["number"], detail["limit_eth"]) for detail in map(_dict, told)] == [
        (1, "0.0110"),
        (2, "0.0105"),
    ]
    read = room.ask(GetBooks())
    assert isinstance(read, BooksRead)
    assert [made.limit_eth for made in read.books.edits] == [Decimal("0.0110"), Decimal("0.0105")]


def _dict(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value


def test_a_final_order_takes_no_edit(room: BooksRoom) -> None:
    answer = edit(room, opened(room), "0.0110")
    assert isinstance(answer, Refused)
    assert answer.reasons[0].startswith("order_final")


def test_orders_are_read_by_label_with_all_that_was_permitted(room: BooksRoom) -> None:
    """Also final ones, which are not among the live books."""
    propose(room)
    label = instruct(room)
    send(room, label)
    edit(room, label, "0.0110")
    record(room, order_row(label, OrderState.CANCELLED), request="end")
    answer = room.ask(GetOrders(request_id="q", labels=(label, Label("p-9:e1"))))
    assert isinstance(answer, OrdersRead)
    ((row, permitted),) = answer.orders
    assert (row.label, row.state) == (label, OrderState.CANCELLED)
    assert permitted.instruction.label == label
    assert permitted.edited_eth == (Decimal("0.0110"),)
