"""What the books refuse they refuse whole, saying what was expected and found; and a person is told."""

from __future__ import annotations

import sqlite3
from decimal import Decimal

import pytest

from actors.state.tables import orders, positions
from actors.state.tables.records import write_setting
from core.messages.alerting import Severity
from core.messages.base import Refused
from core.messages.state import GetSystem, Recorded, RecordInstruction, RecordSent, SetSystem, SystemRead
from core.orders.books import InstructionKind
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import OrderState, PositionState
from core.values import Label, PositionId, ProposalId
from tests.actors.state.books_room import (
    LONG,
    POSITION,
    PROPOSAL,
    SHORT,
    START,
    BooksRoom,
    event,
    fills,
    instruct,
    opened,
    order_row,
    propose,
    record,
    send,
)
from tests.actors.state.test_what_is_recorded import alerts, db_of, delivery, edit, settle


@pytest.mark.parametrize(
    ("reason", "act"),
    [
        (
            f"delivery_changed: {SHORT}@1: expected ",
            lambda room, label: (
                settle(room, delivery(SHORT)),
                settle(room, delivery(SHORT, fee_eth=Decimal(1)), request="2"),
            )[1],
        ),
        (
            "unknown_position: expected a recorded position, found p-nobody's",
            lambda room, label: settle(room, delivery(SHORT, position_id=PositionId("p-nobody's"))),
        ),
        (
            f"order_final: {PROPOSAL}:e1: expected a live order, found filled",
            lambda room, label: edit(room, label, "0.0110", 1),
        ),
        (
            "unknown_label: expected a committed instruction, found p-9:e1",
            lambda room, label: edit(room, Label("p-9:e1"), "0.0110", 1),
        ),
        (
            f"wrong_label: fill {PROPOSAL}:e1-1-0: expected label {PROPOSAL}:x1",
            lambda room, label: (
                instruct(room, InstructionKind.EXIT),
                record(
                    room,
                    order_row(Label(f"{PROPOSAL}:x1"), OrderState.NOT_PLACED, limit="-0.0040"),
                    fills(label, 1, 2),
                    request="2",
                ),
            )[1],
        ),
        (
            f"fills_missing: {PROPOSAL}:e1: expected {{'{SHORT}': 3, '{LONG}': 3}}, found {{'{SHORT}': 2, ",
            lambda room, label: record(room, order_row(label, OrderState.FILLED, 3), request="2"),
        ),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) else "",
)
def test_what_is_refused_says_what_was_expected_and_a_person_is_told(
    room: BooksRoom, reason: str, act: object
) -> None:
    assert callable(act)
    label = opened(room)
    before = db_of(room).execute("SELECT count(*) FROM cash_flows").fetchone()
    answer = act(room, label)
    assert isinstance(answer, Refused)
    assert answer.reasons[0].startswith(reason)
    told = alerts(room)[-1]
    assert (told.severity, told.code, told.cause) == (Severity.CRITICAL, "books_refused", answer.request_id)
    assert told.text.endswith(f" {answer.request_id}: {answer.reasons[0]}")
    assert told.text.startswith("the books refused Record")
    assert told.at == room.state_ctx.now()
    if not reason.startswith("delivery_changed"):
        assert db_of(room).execute("SELECT count(*) FROM cash_flows").fetchone() == before


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (sqlite3.IntegrityError("CHECK constraint failed"), "inconsistent: CHECK constraint failed"),
        (LookupError("no such thing"), "failed: LookupError: no such thing"),
    ],
)
def test_a_request_that_fails_is_refused_alone_and_named(
    room: BooksRoom, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    propose(room)
    label = instruct(room)

    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(orders, "mark_sent", failing)
    answer = room.answer_to(RecordSent(request_id="s", label=label, at=START))
    assert answer == Refused(request_id="s", reasons=(reason,))
    assert alerts(room)[-1].text == f"the books refused RecordSent s: {reason}"


def test_an_instruction_for_other_legs_than_the_plans_is_refused(room: BooksRoom) -> None:
    proposal = propose(room)
    legs = tuple(leg.model_copy(update={"ratio": 2}) for leg in proposal.plan.legs)
    label = instruct(room)
    known = orders.instruction(db_of(room), label)
    assert known is not None
    for number, other in enumerate((legs, tuple(leg.reversed() for leg in proposal.plan.legs))):
        wrong = known.model_copy(update={"label": Label(f"{PROPOSAL}:e{5 + number}"), "legs": other})
        answer = room.answer_to(RecordInstruction(request_id=f"wrong-{number}", instruction=wrong))
        assert isinstance(answer, Refused)
        assert answer.reasons[0].startswith(f"legs_differ: {wrong.label}: expected the plan's legs, ")
    taken = known.model_copy(update={"amount": 1})
    answer = room.answer_to(RecordInstruction(request_id="taken", instruction=taken))
    assert answer == Refused(
        request_id="taken", reasons=(f"label_taken: expected a new label, found {label}",)
    )
    nobody = known.model_copy(update={"label": Label("p-9:e1"), "proposal_id": ProposalId("p-9")})
    answer = room.answer_to(RecordInstruction(request_id="nobody", instruction=nobody))
    assert isinstance(answer, Refused)
    assert positions.by_id(db_of(room), POSITION) is not None
    assert positions.by_id(db_of(room), PositionId("p-9")) is None


def test_a_position_that_is_over_grows_no_more(room: BooksRoom) -> None:
    """A fill that comes after its closing is refused: a person has to look."""
    opened(room)
    first = instruct(room, InstructionKind.EXIT, exit_rule=ExitRule.STOP)
    send(room, first)
    record(
        room,
        order_row(first, OrderState.FILLED, 2, limit="-0.0040"),
        fills(first, 5, 2, entry=False),
        request="exit",
    )
    entry = Label(f"{PROPOSAL}:e1")
    late = fills(entry, 9, 1)
    row = order_row(entry, OrderState.FILLED, 3, 3)
    answer = record(room, row, (*fills(entry, 1, 2), *late), request="late", by_reconcile=True)
    assert answer == Refused(request_id="late", reasons=(f"closed_position_grew: {POSITION}: found 1 left",))
    found = positions.by_id(db_of(room), POSITION)
    assert found is not None
    assert found.state is PositionState.CLOSED


@pytest.mark.parametrize("alone", [True, False])
def test_of_a_request_that_fails_after_it_has_changed_rows_no_row_is_left(
    room: BooksRoom, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    def writes_and_fails(db: sqlite3.Connection, request: SetSystem) -> None:
        write_setting(db, request.key, request.value, request.at)
        raise KeyError("unforeseen")

    bad = SetSystem(request_id="bad", key="k", value="v", at=START)
    monkeypatch.setattr("actors.state.apply.set_system", writes_and_fails)
    if alone:
        room.tell(bad)
    else:
        room.hold_appends = True
        room.tell(event(0))
        room.tell(event(1))
        room.tell(bad)
        room.tell(event(2))
        room.release_appends()
    names = [type(answer).__name__ for answer in room.answers]
    assert names == (["Refused"] if alone else ["Recorded", "Recorded", "Refused", "Recorded"])
    monkeypatch.undo()
    assert room.ask(GetSystem(key="k")) == SystemRead(key="k", value=None)
    room.tell(bad)
    assert type(room.answers[-1]).__name__ == "Refused", "it gets its first answer again"
    room.tell(event(3))
    assert room.answers[-1] == Recorded(request_id="event-3")
