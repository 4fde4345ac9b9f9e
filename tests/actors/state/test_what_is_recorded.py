"""What the books and the log hold of a trade is all of what they were told, field by field."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from decimal import Decimal

import pytest

from actors.state.tables import edits, ledger, orders, positions
from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert, Severity
from core.messages.kill_switch import BooksChanged
from core.messages.state import (
    BooksRead,
    GetBooks,
    GetPosition,
    PositionRead,
    RecordDeliveries,
    Recorded,
    RecordEdit,
    RecordSent,
)
from core.orders.books import (
    Books,
    CashFlow,
    CashFlowKind,
    Delivery,
    Edit,
    Instruction,
    InstructionKind,
    OrderRow,
)
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState, PositionState
from core.values import Label, OrderId, PositionId
from tests.actors.state.books_room import (
    CYCLE,
    EXPIRY,
    LATE_FEE,
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
    plan,
    propose,
    record,
    records,
    send,
)

INDEX = Decimal("3100.25")


def db_of(room: BooksRoom) -> sqlite3.Connection:
    db = room.state._db
    assert db is not None
    return db


def of_kind(room: BooksRoom, kind: str) -> list[dict[str, object]]:
    """The details of all records of a kind."""
    found = [made["detail"] for made in records(room) if made["kind"] == kind]
    assert all(isinstance(detail, dict) for detail in found)
    return found  # type: ignore[return-value]


def alerts(room: BooksRoom) -> list[RaiseAlert]:
    return [message for message in room.state_ctx.told_to("alerting") if isinstance(message, RaiseAlert)]


def delivery(name: str, **update: object) -> Delivery:
    made = Delivery(
        key=f"{name}@1",
        position_id=POSITION,
        instrument_name=name,
        delivery_price_usd=Decimal("2750.5"),
        size=-2 if name == SHORT else 2,
        cash_flow_eth=Decimal("-0.03599345") if name == SHORT else Decimal("0.01"),
        fee_eth=Decimal("0.00015"),
        at=EXPIRY,
    )
    return made.model_copy(update=update)


def settle(room: BooksRoom, *deliveries: Delivery, request: str = "settle") -> object:
    return room.answer_to(RecordDeliveries(request_id=request, deliveries=deliveries, at=EXPIRY))


def edit(room: BooksRoom, label: Label, limit_eth: str, minute: int) -> object:
    at = START + timedelta(minutes=minute)
    return room.answer_to(
        RecordEdit(request_id=f"edit-{minute}", label=label, limit_eth=Decimal(limit_eth), at=at)
    )


@pytest.mark.parametrize("kind", InstructionKind)
def test_an_instruction_is_read_as_it_was_written(room: BooksRoom, kind: InstructionKind) -> None:
    opened(room)
    entry = kind is InstructionKind.ENTRY
    written = Instruction(
        label=Label(f"{PROPOSAL}:z7"),
        proposal_id=PROPOSAL,
        cycle_id=CYCLE if entry else None,
        kind=kind,
        attempt=7,
        legs=plan().legs if entry else tuple(leg.reversed() for leg in plan().legs),
        amount=2,
        limit_eth=Decimal("0.0120") if entry else Decimal("-0.0040"),
        reduce_only=not entry,
        valid_until=START + timedelta(seconds=3),
        created_at=START + timedelta(seconds=1),
        exit_rule=None if entry else ExitRule.STOP,
    )
    orders.insert(db_of(room), written)
    assert orders.instruction(db_of(room), written.label) == written
    assert orders.order(db_of(room), written.label) == OrderRow(
        label=written.label,
        state=OrderState.INTENDED,
        amount=2,
        limit_eth=written.limit_eth,
        updated_at=written.created_at,
    )
    found = [each for each, _ in orders.everything(db_of(room))]
    assert [each.label for each in found] == [f"{PROPOSAL}:e1", written.label]
    assert [each for each, _ in orders.everything(db_of(room), limit=1)] == [written]
    assert [each for each, _ in orders.live(db_of(room))] == [written]
    assert orders.live_kinds(db_of(room), POSITION) == {kind}


def test_an_order_is_read_as_it_was_written(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    send(room, label)
    before = OrderState.SENT
    for number, state in enumerate((OrderState.WORKING, OrderState.CANCEL_PENDING, OrderState.CANCELLED)):
        written = OrderRow(
            label=label,
            state=state,
            order_id=OrderId("o-9"),
            amount=2,
            filled_amount=1,
            limit_eth=Decimal("0.0110"),
            average_price_eth=Decimal("0.0111"),
            reason="why",
            updated_at=START + timedelta(minutes=1 + number),
        )
        record(room, written, fills(label, 1, 1), request=f"r-{number}")
        assert orders.order(db_of(room), label) == written
        detail = of_kind(room, "ORDER")[-1]
        assert (detail["from"], detail["to"]) == (before, state)
        assert "state" not in detail
        before = state
        assert (detail["order_id"], detail["filled_amount"], detail["reason"]) == ("o-9", 1, "why")


def test_the_sending_of_an_order_is_on_record_with_its_time(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    at = START + timedelta(seconds=2)
    for request in ("first", "told-again"):
        answer = room.answer_to(RecordSent(request_id=request, label=label, at=at))
        assert answer == Recorded(request_id=request)
    found = orders.order(db_of(room), label)
    assert found is not None
    assert (found.state, found.updated_at) == (OrderState.SENT, at)
    assert of_kind(room, "ORDER") == [{"label": label, "from": "intended", "to": "sent"}]
    for after, count in ((at, 0), (at - timedelta(microseconds=1), 1)):
        assert len(orders.entry_requests_since(db_of(room), after)) == count


def test_edits_are_read_as_they_were_written(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    send(room, label)
    for number, limit in ((1, "0.0110"), (2, "0.0105")):
        edit(room, label, limit, number)
    written = tuple(
        Edit(label=label, number=number, limit_eth=Decimal(limit), at=START + timedelta(minutes=number))
        for number, limit in ((1, "0.0110"), (2, "0.0105"))
    )
    assert edits.of(db_of(room), (label,)) == written
    assert of_kind(room, "EDIT") == [each.model_dump(mode="json") for each in written]


def test_money_is_booked_by_the_venues_own_amounts_and_references(room: BooksRoom) -> None:
    """Premium received and paid, fees always paid, at the index of the fill."""
    label = opened(room)
    one, two = fills(label, 1, 2)
    settle(room, delivery(SHORT), delivery(LONG))
    assert ledger.order_fills(db_of(room), label) == (one, two)
    assert ledger.fill(db_of(room), one.trade_id) == one
    booked = ledger.booked_rows(db_of(room), POSITION)
    assert ledger.fills_in(booked) == (
        (InstructionKind.ENTRY, one),
        (InstructionKind.ENTRY, two),
    )
    assert ledger.deliveries_in(booked) == (delivery(SHORT), delivery(LONG))
    assert ledger.delivery(db_of(room), f"{LONG}@1") == delivery(LONG)

    def flow(ref: str, kind: CashFlowKind, amount: str, *, at_expiry: bool) -> CashFlow:
        return CashFlow(
            ref=f"{ref}:{kind}",
            position_id=POSITION,
            kind=kind,
            amount_eth=Decimal(amount),
            index_usd=Decimal("2750.5") if at_expiry else INDEX,
            at=EXPIRY if at_expiry else one.at,
        )

    expected = (
        flow(f"trade:{one.trade_id}", CashFlowKind.PREMIUM, "0.0306", at_expiry=False),
        flow(f"trade:{one.trade_id}", CashFlowKind.FEE, "-0.0006", at_expiry=False),
        flow(f"trade:{two.trade_id}", CashFlowKind.PREMIUM, "-0.0066", at_expiry=False),
        flow(f"trade:{two.trade_id}", CashFlowKind.FEE, "-0.0006", at_expiry=False),
        flow(f"delivery:{SHORT}@1", CashFlowKind.SETTLEMENT, "-0.03599345", at_expiry=True),
        flow(f"delivery:{SHORT}@1", CashFlowKind.SETTLEMENT_FEE, "-0.00015", at_expiry=True),
        flow(f"delivery:{LONG}@1", CashFlowKind.SETTLEMENT, "0.01", at_expiry=True),
        flow(f"delivery:{LONG}@1", CashFlowKind.SETTLEMENT_FEE, "-0.00015", at_expiry=True),
    )
    assert ledger.flows(db_of(room)) == ledger.flows_in(booked) == expected
    assert ledger.booked_rows(db_of(room), PositionId("p-other")) == ledger.BookedRows()
    assert of_kind(room, "FILL") == [each.model_dump(mode="json") for each in (one, two)]
    assert of_kind(room, "SETTLEMENT") == [
        each.model_dump(mode="json") for each in (delivery(SHORT), delivery(LONG))
    ]


def test_a_position_is_read_among_those_of_its_state(room: BooksRoom) -> None:
    def ids() -> list[list[str]]:
        db = db_of(room)
        readers = (positions.live, positions.traded, positions.closed, positions.everything)
        return [[each.position_id for each in reader(db)] for reader in readers]

    propose(room)
    assert ids() == [[POSITION], [], [], [POSITION]]
    label = instruct(room)
    send(room, label)
    record(room, order_row(label, OrderState.FILLED, 2), fills(label, 1, 2), request="fill")
    assert ids() == [[POSITION], [POSITION], [], [POSITION]]
    settle(room, delivery(SHORT), delivery(LONG))
    assert ids() == [[], [POSITION], [POSITION], [POSITION]]


def test_every_move_of_a_position_is_on_record(room: BooksRoom) -> None:
    opened(room)
    label = instruct(room, InstructionKind.EXIT, exit_rule=ExitRule.STOP)
    send(room, label)
    one_of_two = order_row(label, OrderState.CANCELLED, 1, limit="-0.0040")
    record(room, one_of_two, fills(label, 5, 1, entry=False), request="exit-1")
    settle(room, *(delivery(name, size=size) for name, size in ((SHORT, -1), (LONG, 1))))
    proposed, *moves = of_kind(room, "POSITION")
    assert proposed == {"from": None, "position_id": POSITION, "to": "proposed"}
    assert [(m["from"], m["to"], m["contracts_opened"], m["contracts"]) for m in moves] == [
        ("proposed", "awaiting_fill", 0, 0),
        ("awaiting_fill", "open", 2, 2),
        ("open", "closing", 2, 2),
        ("closing", "open", 2, 1),
        ("open", "closed", 2, 0),
    ]
    assert [(m["exit_rule"], m["reason"]) for m in moves] == [
        (None, f"{PROPOSAL}:e1"),
        (None, None),
        ("stop", label),
        ("stop", "exit ended with size left"),
        ("settlement", None),
    ]
    assert {m["position_id"] for m in moves} == {POSITION}
    assert [m["pnl_eth"] for m in moves[:3]] == ["0", "0.02280000", "0.02280000"]
    _, *made = [each for each in records(room) if each["kind"] == "POSITION"]
    minutes = [0, 1, 0, 5]
    times = [START + timedelta(minutes=minute) for minute in minutes] + [EXPIRY]
    assert [each["at"] for each in made] == [f"{at:%Y-%m-%dT%H:%M:%S}.000000+00:00" for at in times]


def test_an_entry_that_rests_awaits_its_fill_and_one_that_ends_unfilled_says_so(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    send(room, label)
    record(room, order_row(label, OrderState.WORKING), request="rests")
    (resting,) = positions.live(db_of(room))
    assert resting.state is PositionState.AWAITING_FILL
    record(room, order_row(label, OrderState.CANCELLED), request="ends")
    last = of_kind(room, "POSITION")[-1]
    assert (last["from"], last["to"], last["reason"]) == ("awaiting_fill", "cancelled", "nothing filled")


def test_who_asks_for_the_books_sees_each_change_at_once(room: BooksRoom) -> None:
    """They are kept between two questions: an order in doubt must not be missed, nor a contract."""

    def books() -> Books:
        answer = room.ask(GetBooks())
        assert isinstance(answer, BooksRead)
        return answer.books

    propose(room)
    label = instruct(room)
    assert [row.state for row in books().orders] == [OrderState.INTENDED]
    send(room, label)
    assert [row.state for row in books().orders] == [OrderState.SENT]
    record(room, order_row(label, OrderState.UNKNOWN), request="doubt")
    assert [order.label for order in books().orders_in_doubt] == [label]
    row = order_row(label, OrderState.WORKING, 2)
    record(room, row, fills(label, 1, 1), request="one")
    assert [position.contracts for position in books().positions] == [1]
    record(room, row, (*fills(label, 1, 1), *fills(label, 2, 1)), request="two")
    assert [position.contracts for position in books().positions] == [2]
    edit(room, label, "0.0110", 3)
    assert [made.limit_eth for made in books().edits] == [Decimal("0.0110")]


def test_a_fill_that_is_told_again_is_no_news(room: BooksRoom) -> None:
    label = opened(room)
    again = order_row(label, OrderState.FILLED, 2)
    record(room, again, fills(label, 1, 2), request="again")
    assert [alert.code for alert in alerts(room)].count(AlertCode.ORDER_FILLED) == 1
    assert len(of_kind(room, "FILL")) == 2


def test_records_of_a_trade_carry_the_cycle_that_it_belongs_to(room: BooksRoom) -> None:
    """An exit by hand has no cycle: its instruction and its position keep the entry's."""
    propose(room)
    label = instruct(room)
    send(room, label)
    edit(room, label, "0.0110", 1)
    row = order_row(label, OrderState.FILLED, 2, limit="0.0110")
    record(room, row, fills(label, 1, 2), request="fill")
    exit_label = instruct(room, InstructionKind.EXIT, exit_rule=ExitRule.STOP)
    settle(room, delivery(SHORT), delivery(LONG))
    of_trade = {"INSTRUCTION", "ORDER", "EDIT", "FILL", "POSITION", "SETTLEMENT"}
    carried = {(each["kind"], each["correlation"]) for each in records(room) if each["kind"] in of_trade}
    assert carried == {(kind, CYCLE) for kind in of_trade}
    assert exit_label.endswith(":x1")


@pytest.mark.raises_alert(AlertCode.ORDER_FILLED)
def test_a_person_is_told_of_each_fill_with_what_is_held_and_the_head(room: BooksRoom) -> None:
    opened(room)
    (told,) = [alert for alert in alerts(room) if alert.code == "order_filled"]
    expected = f"entry {PROPOSAL}:e1: 2 of 2 filled; bull_put holds 2"
    assert (told.severity, told.cause) == (Severity.MEDIUM, CYCLE)
    assert told.text.startswith(expected)
    assert told.text != expected, "the audit head stands behind it"


def test_a_settlement_is_told_to_the_gate_and_booked_once(room: BooksRoom) -> None:
    opened(room)
    for request in ("one", "two"):
        assert settle(room, delivery(SHORT), delivery(LONG), request=request) == Recorded(request_id=request)
    told = [m for m in room.state_ctx.told_to("kill_switch") if isinstance(m, BooksChanged)]
    assert told[-1].books.positions == ()
    assert len(ledger.booked_rows(db_of(room), POSITION).deliveries) == 2


def test_a_position_is_what_its_rows_say_now_also_after_a_rollback(room: BooksRoom) -> None:
    opened(room)
    db = db_of(room)
    before = positions.by_id(db, POSITION)
    assert before is not None
    db.execute("BEGIN")
    ledger.insert_flow(db, LATE_FEE)
    during = positions.by_id(db, POSITION)
    assert during is not None
    assert (during.fees_eth, during.pnl_usd) == (before.fees_eth + Decimal("0.001"), before.pnl_usd - 3)
    db.execute("ROLLBACK")
    assert positions.by_id(db, POSITION) == before


def test_a_position_is_told_as_its_rows_say_after_each_change(room: BooksRoom) -> None:
    def told_as_in_its_rows() -> PositionState:
        room.ask(GetBooks(request_id="b"))
        found = positions.by_id(db_of(room), POSITION)
        answer = room.ask(GetPosition(request_id="p", position_id=POSITION))
        assert answer == PositionRead(request_id="p", position=found)
        assert found is not None
        return found.state

    opened(room)
    seen = [told_as_in_its_rows()]
    label = instruct(room, InstructionKind.EXIT, 1, exit_rule=ExitRule.PROFIT)
    seen.append(told_as_in_its_rows())
    send(room, label)
    record(room, order_row(label, OrderState.FILLED, 2), fills(label, 5, 2, entry=False), request="exit")
    seen.append(told_as_in_its_rows())
    assert seen == [PositionState.OPEN, PositionState.CLOSING, PositionState.CLOSED]
