"""The rows of cycles: one for each slot, closed once, or at once where there is nothing to do."""

from __future__ import annotations

import json

from core.audit.hash_chain import split_lines
from core.messages.base import Refused
from core.messages.state import (
    BooksRead,
    CloseCycle,
    CycleKnown,
    CycleOpened,
    EndOfCycle,
    GetBooks,
    IdleEnd,
    OpenCycle,
    RecordDecision,
    Recorded,
)
from core.orders.books import CycleOutcome, Job
from core.values import cycle_id_of
from tests.actors.state.books_room import CYCLE, START, BooksRoom, propose


def test_a_slot_is_one_cycle(room: BooksRoom) -> None:
    first = room.answer_to(OpenCycle(request_id="1", job=Job.MONITOR, slot=START, at=START))
    again = room.answer_to(OpenCycle(request_id="2", job=Job.MONITOR, slot=START, at=START))
    assert isinstance(first, CycleOpened)
    assert isinstance(again, CycleOpened)
    assert (first.resumed, again.resumed) == (False, True)
    assert first.cycle_id == again.cycle_id == "monitor-20260105T140000Z"
    close = CloseCycle(
        request_id="3", cycle_id=first.cycle_id, outcome=CycleOutcome.HELD, reasons=("r",), at=START
    )
    room.tell(close)
    known = room.answer_to(OpenCycle(request_id="4", job=Job.MONITOR, slot=START, at=START))
    assert known == CycleKnown(
        request_id="4",
        cycle_id=first.cycle_id,
        job=Job.MONITOR,
        slot=START,
        outcome=CycleOutcome.HELD,
        reasons=("r",),
    )


def idle_monitor(request_id: str, seq: int) -> OpenCycle:
    idle = IdleEnd(seq=seq, outcome=CycleOutcome.NOTHING_OPEN, reasons=("r",))
    return OpenCycle(request_id=request_id, job=Job.MONITOR, slot=START, at=START, idle=idle)


def last_seq(room: BooksRoom) -> int:
    read = room.ask(GetBooks())
    assert isinstance(read, BooksRead)
    return read.books.seq


def test_a_cycle_that_has_nothing_to_do_is_opened_and_closed_by_one_message(room: BooksRoom) -> None:
    propose(room)
    before = len(room.audit_bytes())
    opened = room.answer_to(idle_monitor("idle", last_seq(room)))
    assert isinstance(opened, CycleOpened)
    assert (opened.resumed, opened.closed) == (False, True)
    kinds = [json.loads(line)["kind"] for line in split_lines(room.audit_bytes()[before:])]
    assert kinds == ["CYCLE_OPENED", "CYCLE_CLOSED"]
    again = room.answer_to(idle_monitor("again", last_seq(room)))
    assert isinstance(again, CycleKnown)
    assert (again.outcome, again.reasons) == (CycleOutcome.NOTHING_OPEN, ("r",))


def test_a_cycle_is_not_idle_by_books_that_have_changed_since(room: BooksRoom) -> None:
    seq = last_seq(room)
    propose(room)
    before = len(room.audit_bytes())
    opened = room.answer_to(idle_monitor("idle", seq))
    assert isinstance(opened, CycleOpened)
    assert not opened.closed
    kinds = [json.loads(line)["kind"] for line in split_lines(room.audit_bytes()[before:])]
    assert kinds == ["CYCLE_OPENED"]
    taken_up = room.answer_to(idle_monitor("again", last_seq(room)))
    assert isinstance(taken_up, CycleOpened)
    assert (taken_up.resumed, taken_up.closed) == (True, True)


def held(request_id: str, reason: str = "r") -> RecordDecision:
    end = EndOfCycle(outcome=CycleOutcome.HELD, reasons=(reason,))
    cycle_id = cycle_id_of(Job.MONITOR, START)
    return RecordDecision(request_id=request_id, cycle_id=cycle_id, at=START, record='{"x":1}', end=end)


def test_a_decision_from_which_nothing_follows_closes_its_cycle(room: BooksRoom) -> None:
    room.answer_to(OpenCycle(request_id="open", job=Job.MONITOR, slot=START, at=START))
    before = len(room.audit_bytes())
    assert room.answer_to(held("end")) == Recorded(request_id="end")
    assert room.answer_to(held("end")) == Recorded(request_id="end")
    kinds = [json.loads(line)["kind"] for line in split_lines(room.audit_bytes()[before:])]
    assert kinds == ["DECISION", "CYCLE_CLOSED"]
    known = room.answer_to(OpenCycle(request_id="again", job=Job.MONITOR, slot=START, at=START))
    assert isinstance(known, CycleKnown)
    assert (known.outcome, known.reasons) == (CycleOutcome.HELD, ("r",))


def test_a_decision_of_a_cycle_that_has_another_end_is_not_recorded(room: BooksRoom) -> None:
    room.answer_to(OpenCycle(request_id="open", job=Job.MONITOR, slot=START, at=START))
    room.answer_to(held("end"))
    before = len(room.audit_bytes())
    refused = room.answer_to(held("other", "s"))
    assert isinstance(refused, Refused)
    assert [reason.partition(":")[0] for reason in refused.reasons] == ["cycle_closed"]
    assert b"DECISION" not in room.audit_bytes()[before:]


def test_a_cycle_ends_once(room: BooksRoom) -> None:
    propose(room)

    def close(request: str, outcome: CycleOutcome) -> object:
        return room.answer_to(
            CloseCycle(request_id=request, cycle_id=CYCLE, outcome=outcome, reasons=(), at=START)
        )

    assert close("1", CycleOutcome.ENTERED) == Recorded(request_id="1")
    assert close("2", CycleOutcome.ENTERED) == Recorded(request_id="2")
    refused = close("3", CycleOutcome.VETOED)
    assert isinstance(refused, Refused)
    assert [reason.partition(":")[0] for reason in refused.reasons] == ["cycle_closed"]
