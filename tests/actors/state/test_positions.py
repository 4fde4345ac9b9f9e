"""Positions move only as fills, orders and settlements require, and their money is the sum of their flows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from actors.state.tables import orders
from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert, Severity
from core.messages.base import Refused
from core.messages.state import (
    CloseProposal,
    GetPosition,
    PositionRead,
    RecordDeliveries,
    Recorded,
    RecordSent,
    SetSystem,
)
from core.orders.books import Delivery, InstructionKind, Position
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState, PositionState
from tests.actors.state.books_room import (
    LONG,
    POSITION,
    PROPOSAL,
    SHORT,
    START,
    BooksRoom,
    fills,
    instruct,
    opened,
    order_row,
    propose,
    record,
    records,
    send,
)

EXIT = InstructionKind.EXIT


def position(room: BooksRoom) -> Position:
    answer = room.ask(GetPosition(request_id="q", position_id=POSITION))
    assert isinstance(answer, PositionRead)
    assert answer.position is not None
    return answer.position


def codes(answer: object) -> list[str]:
    assert isinstance(answer, Refused), answer
    return [reason.split(":")[0] for reason in answer.reasons]


def deliver(room: BooksRoom, *names: str, size: int = 2, request: str = "settle") -> object:
    deliveries = tuple(
        Delivery(
            key=f"{name}@1",
            position_id=POSITION,
            instrument_name=name,
            delivery_price_usd=Decimal("2750.5"),
            size=-size if name == SHORT else size,
            cash_flow_eth=Decimal("-0.03599345") if name == SHORT else Decimal(0),
            fee_eth=Decimal("0.00015"),
            at=START + timedelta(days=17),
        )
        for name in names
    )
    return room.answer_to(RecordDeliveries(request_id=request, deliveries=deliveries, at=START))


def test_a_proposal_is_a_proposed_position(room: BooksRoom) -> None:
    propose(room)
    assert position(room).state is PositionState.PROPOSED


def test_a_vetoed_proposal_is_cancelled_and_telling_it_again_changes_nothing(room: BooksRoom) -> None:
    propose(room)
    for request in ("a", "b"):
        close = CloseProposal(request_id=request, proposal_id=PROPOSAL, reason="veto", at=START)
        assert room.answer_to(close) == Recorded(request_id=request)
    assert position(room).state is PositionState.CANCELLED


def test_a_proposal_with_an_instruction_is_not_closed_as_unsent(room: BooksRoom) -> None:
    propose(room)
    instruct(room)
    close = CloseProposal(request_id="a", proposal_id=PROPOSAL, reason="veto", at=START)
    assert codes(room.answer_to(close)) == ["not_proposed"]


def test_the_entry_instruction_awaits_its_fill(room: BooksRoom) -> None:
    propose(room)
    instruct(room)
    assert position(room).state is PositionState.AWAITING_FILL


def test_a_partial_fill_is_a_position_of_what_was_filled(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    send(room, label)
    record(room, order_row(label, OrderState.WORKING, 1), fills(label, 1, 1), request="one")
    found = position(room)
    assert (found.state, found.contracts, found.contracts_opened) == (PositionState.OPEN, 1, 1)
    assert found.closed_at is None
    assert found.entered_at == START + timedelta(minutes=1)
    record(room, order_row(label, OrderState.CANCELLED, 1), fills(label, 1, 1), request="two")
    assert position(room).contracts == 1
    assert position(room).state is PositionState.OPEN


def test_the_position_grows_with_each_fill_and_a_fill_told_again_is_booked_once(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    send(room, label)
    first, second = fills(label, 1, 1), fills(label, 2, 1)
    record(room, order_row(label, OrderState.WORKING, 1), first, request="one")
    record(room, order_row(label, OrderState.FILLED, 2), first + second, request="two")
    found = position(room)
    assert (found.contracts, found.contracts_opened) == (2, 2)
    assert found.credit_eth == Decimal("0.0240")
    assert found.fees_eth == Decimal("0.0012")
    assert found.pnl_eth == Decimal("0.0228")
    assert found.pnl_usd == Decimal("0.0228") * Decimal("3100.25")


def test_an_entry_that_ends_unfilled_is_cancelled(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    send(room, label)
    record(room, order_row(label, OrderState.CANCELLED), request="end")
    assert position(room).state is PositionState.CANCELLED


def test_an_entry_never_sent_is_cancelled(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    record(room, order_row(label, OrderState.NOT_PLACED), request="end")
    assert position(room).state is PositionState.CANCELLED


def test_an_exit_closes_what_it_fills_and_names_its_rule(room: BooksRoom) -> None:
    opened(room)
    label = instruct(room, EXIT, exit_rule=ExitRule.PROFIT)
    assert position(room).state is PositionState.CLOSING
    send(room, label)
    record(room, order_row(label, OrderState.FILLED, 2), fills(label, 5, 2, entry=False), request="x")
    found = position(room)
    assert (found.state, found.contracts, found.exit_rule) == (PositionState.CLOSED, 0, ExitRule.PROFIT)
    assert found.closed_at == START + timedelta(minutes=5)
    assert found.pnl_eth == Decimal("0.024") - Decimal("0.008") - Decimal("0.0024")


def test_an_exit_without_a_rule_is_a_persons(room: BooksRoom) -> None:
    opened(room)
    instruct(room, EXIT)
    assert position(room).exit_rule is ExitRule.MANUAL


def test_an_exit_that_ends_with_size_left_opens_the_position_again(room: BooksRoom) -> None:
    """It keeps the rule by which it is to be closed, so that a restart goes on closing it."""
    opened(room)
    label = instruct(room, EXIT, exit_rule=ExitRule.STOP)
    send(room, label)
    record(room, order_row(label, OrderState.CANCELLED, 1), fills(label, 5, 1, entry=False), request="x")
    found = position(room)
    assert (found.state, found.contracts, found.contracts_opened) == (PositionState.OPEN, 1, 2)
    assert found.exit_rule is ExitRule.STOP


def test_a_second_exit_finishes_what_the_first_left(room: BooksRoom) -> None:
    opened(room)
    for attempt in (1, 2):
        label = instruct(room, EXIT, attempt, amount=1, exit_rule=ExitRule.STOP)
        send(room, label)
        row = order_row(label, OrderState.FILLED, 1, 1)
        record(room, row, fills(label, 5, 1, entry=False), request=f"x{attempt}")
    assert position(room).state is PositionState.CLOSED


@pytest.mark.raises_alert(AlertCode.POSITION_CLOSED)
def test_a_closed_position_is_told_once_with_its_numbers(room: BooksRoom) -> None:
    """By whatever hand it closed: rule, result in both currencies, costs and credit."""
    opened(room)
    label = instruct(room, EXIT, exit_rule=ExitRule.PROFIT)
    send(room, label)
    record(room, order_row(label, OrderState.FILLED, 2), fills(label, 5, 2, entry=False), request="x")
    found = [m for m in room.state_ctx.told_to("alerting") if isinstance(m, RaiseAlert)]
    (alert,) = [alert for alert in found if alert.code == "position_closed"]
    closed = position(room)
    for part in (closed.kind, closed.exit_rule, f"{closed.pnl_eth:+f} ETH", f"{closed.pnl_usd:+.2f} USD"):
        assert part is not None
        assert part in alert.text


def test_more_closed_than_opened_is_refused(room: BooksRoom) -> None:
    opened(room)
    label = instruct(room, EXIT, amount=3)
    send(room, label)
    row = order_row(label, OrderState.FILLED, 3, 3)
    assert codes(record(room, row, fills(label, 5, 3, entry=False), request="x")) == ["oversold"]
    assert position(room).contracts == 2


def test_a_position_whose_entry_still_rests_is_not_closed_at_size_zero(room: BooksRoom) -> None:
    """A fill could still come; only the entry's end makes it final."""
    propose(room)
    entry = instruct(room)
    send(room, entry)
    record(room, order_row(entry, OrderState.WORKING, 1), fills(entry, 1, 1), request="one")
    label = instruct(room, EXIT, amount=1, exit_rule=ExitRule.STOP)
    send(room, label)
    record(room, order_row(label, OrderState.FILLED, 1, 1), fills(label, 5, 1, entry=False), request="x")
    assert position(room).state is not PositionState.CLOSED
    record(room, order_row(entry, OrderState.CANCELLED, 1), request="end")
    assert position(room).state is PositionState.CLOSED


def test_unequal_legs_are_refused_and_leave_no_trace(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    send(room, label)
    answer = record(room, order_row(label, OrderState.WORKING, 1), fills(label, 1, 1)[:1], request="x")
    assert codes(answer) == ["legs_unequal"]
    found = position(room)
    assert (found.state, found.pnl_eth) == (PositionState.AWAITING_FILL, Decimal(0))


def test_a_final_order_without_its_fills_is_refused(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    send(room, label)
    answer = record(room, order_row(label, OrderState.FILLED, 2), fills(label, 1, 1), request="x")
    assert codes(answer) == ["fills_missing"]


def test_a_fill_that_changed_is_refused(room: BooksRoom) -> None:
    label = opened(room)
    one, two = fills(label, 1, 2)
    other = one.model_copy(update={"price_eth": Decimal("0.02")})
    answer = record(room, order_row(label, OrderState.FILLED, 2), (other, two), request="x")
    assert codes(answer) == ["fill_changed"]


def test_a_fill_on_the_wrong_side_is_refused(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    send(room, label)
    answer = record(
        room, order_row(label, OrderState.FILLED, 2), fills(label, 1, 2, entry=False), request="x"
    )
    assert codes(answer) == ["unknown_leg"]


@pytest.mark.raises_alert(AlertCode.CANCELLED_POSITION_FILLED)
def test_a_fill_found_under_a_cancelled_label_opens_by_reconcile_only(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    send(room, label)
    record(room, order_row(label, OrderState.UNKNOWN), request="u")
    record(room, order_row(label, OrderState.NOT_PLACED), request="n")
    assert position(room).state is PositionState.CANCELLED
    row = order_row(label, OrderState.NOT_PLACED, 2)
    assert codes(record(room, row, fills(label, 1, 2), request="x")) == ["illegal_edge"]
    assert record(room, row, fills(label, 1, 2), request="y", by_reconcile=True) == Recorded(request_id="y")
    assert position(room).state is PositionState.OPEN
    alerts = [a for a in room.state_ctx.told_to("alerting") if isinstance(a, RaiseAlert)]
    assert ("cancelled_position_filled", Severity.CRITICAL) in {(a.code, a.severity) for a in alerts}


def test_settlement_closes_when_the_last_leg_is_delivered(room: BooksRoom) -> None:
    opened(room)
    deliver(room, SHORT, request="one")
    assert (position(room).state, position(room).contracts) == (PositionState.OPEN, 2)
    deliver(room, SHORT, LONG, request="two")
    found = position(room)
    assert (found.state, found.exit_rule, found.contracts) == (PositionState.CLOSED, "settlement", 0)
    assert found.pnl_eth == Decimal("0.0228") - Decimal("0.03599345") - Decimal("0.0003")
    assert found.fees_eth == Decimal("0.0012") + Decimal("0.0003")


def test_more_delivered_than_held_is_refused(room: BooksRoom) -> None:
    opened(room)
    assert codes(deliver(room, SHORT, LONG, size=3)) == ["oversold"]


def test_an_order_moves_only_along_its_machine(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    assert codes(record(room, order_row(label, OrderState.WORKING), request="x")) == ["illegal_edge"]
    send(room, label)
    record(room, order_row(label, OrderState.REJECTED), request="y")
    sent = RecordSent(request_id="again", label=label, at=START)
    assert codes(room.answer_to(sent)) == ["illegal_edge"]


def test_a_label_is_one_instruction_for_ever(room: BooksRoom) -> None:
    propose(room)
    instruct(room, amount=2)
    before = room.audit_bytes()
    room.answers.clear()
    label = instruct(room, amount=2)
    assert room.audit_bytes() == before
    answer = room.answers[-1]
    assert isinstance(answer, Recorded)
    assert label.endswith(":e1")


def test_a_look_that_finds_nothing_new_changes_no_row_and_writes_no_record(room: BooksRoom) -> None:
    """Otherwise the row would hold a time that the log does not."""
    propose(room)
    label = instruct(room)
    send(room, label)
    working = order_row(label, OrderState.WORKING)
    record(room, working, request="works")
    before = len(records(room))
    later = working.model_copy(update={"updated_at": START + timedelta(minutes=5)})
    assert record(room, later, request="looked-again") == Recorded(request_id="looked-again")
    db = room.state._db
    assert db is not None
    assert orders.order(db, label) == working
    assert len(records(room)) == before


def test_a_setting_is_recorded_when_it_changes(room: BooksRoom) -> None:
    for number, value in enumerate(("a", "a", "b")):
        room.tell(SetSystem(request_id=f"set-{number}", key="boot", value=value, at=START))
    found = [made["detail"] for made in records(room) if made["kind"] == "SETTING"]
    assert found == [{"key": "boot", "value": "a"}, {"key": "boot", "value": "b"}]
