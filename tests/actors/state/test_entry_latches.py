"""What blocks entries until a person resumes them: of two words the later one counts, however delivered."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert, Severity
from core.messages.base import Refused
from core.messages.kill_switch import BooksChanged
from core.messages.state import (
    BooksRead,
    GetBooks,
    LatchEntries,
    LatchesLifted,
    LiftLatches,
    Recorded,
    RecordInbox,
)
from core.orders.books import EntryLatch, LatchSource
from reading.proof import books_proved
from tests.actors.state.books_room import START, BooksRoom
from tests.actors.state.test_what_is_recorded import of_kind

LATER = START + timedelta(hours=3)


def word(room: BooksRoom, request_id: str) -> str:
    """A person's message, of whatever kind, in the inbox; its id."""
    room.tell(RecordInbox(request_id=request_id, at=START, message="M", body="{}", who="ann"))
    return request_id


def pause(room: BooksRoom, inbox: str, *, reason: str = "a look", again: int = 0) -> object:
    request = LatchEntries(
        request_id=f"pause-{inbox}-{again}",
        source=LatchSource.OPERATOR,
        reason=reason,
        who="ann",
        at=START + timedelta(minutes=again),
        inbox_request_id=inbox,
    )
    return room.answer_to(request)


def protect(room: BooksRoom, request_id: str, *, reason: str = "drawdown 7 % > 6 %") -> object:
    request = LatchEntries(
        request_id=request_id, source=LatchSource.PROTECTIONS, reason=reason, who="decision", at=START
    )
    return room.answer_to(request)


def resume(room: BooksRoom, inbox: str, *sources: LatchSource, again: int = 0) -> object:
    request = LiftLatches(
        request_id=f"resume-{inbox}-{again}",
        sources=sources or tuple(LatchSource),
        reason="fine",
        who="bob",
        at=LATER,
        inbox_request_id=inbox,
    )
    return room.answer_to(request)


def latches(room: BooksRoom) -> dict[str, EntryLatch]:
    room.tell(GetBooks())
    read = room.answers[-1]
    assert isinstance(read, BooksRead)
    return {latch.source.value: latch for latch in read.books.latches}


def blocking(room: BooksRoom) -> set[str]:
    return {source for source, latch in latches(room).items() if latch.latched}


def proved(room: BooksRoom) -> None:
    """The log makes the same rows."""
    room.stop()
    assert books_proved(room.data_dir).lines() == ()


def test_a_latch_is_told_to_the_gate_before_it_is_acknowledged(room: BooksRoom) -> None:
    assert pause(room, word(room, "i-1")) == Recorded(request_id="pause-i-1-0")
    told = [(to.name, message) for to, message in room.state_ctx.told]
    at = told.index(("sender", Recorded(request_id="pause-i-1-0")))
    facts = [message for name, message in told[:at] if name == "kill_switch"][-1]
    assert isinstance(facts, BooksChanged)
    assert [latch.source for latch in facts.books.latched] == [LatchSource.OPERATOR]
    proved(room)


def test_a_latch_says_who_blocks_entries_why_and_since_when(room: BooksRoom) -> None:
    pause(room, word(room, "i-1"))
    expected = EntryLatch(source=LatchSource.OPERATOR, latched=True, reason="a look", who="ann", at=START)
    assert latches(room) == {"operator": expected}
    resume(room, word(room, "i-2"))
    lifted = {"latched": False, "reason": "fine", "who": "bob", "at": LATER, "resumed_at": LATER}
    assert latches(room) == {"operator": expected.model_copy(update=lifted)}
    proved(room)


def test_a_second_pause_has_its_own_reason_and_the_time_of_the_first(room: BooksRoom) -> None:
    pause(room, word(room, "i-1"))
    pause(room, word(room, "i-2"), reason="another look", again=5)
    found = latches(room)["operator"]
    assert (found.reason, found.at) == ("another look", START)
    proved(room)


@pytest.mark.parametrize("source", list(LatchSource))
def test_a_resumption_lifts_what_it_is_told_to_and_leaves_the_other(
    room: BooksRoom, source: LatchSource
) -> None:
    pause(room, word(room, "i-1"))
    protect(room, "r-1")
    assert resume(room, word(room, "i-2"), source) == LatchesLifted(
        request_id="resume-i-2-0", lifted=(source,)
    )
    assert blocking(room) == {each.value for each in LatchSource} - {source.value}
    proved(room)


def test_a_resumption_lifts_every_latch_and_has_nothing_to_lift_after_that(room: BooksRoom) -> None:
    pause(room, word(room, "i-1"))
    protect(room, "r-1")
    assert resume(room, word(room, "i-2")) == LatchesLifted(
        request_id="resume-i-2-0", lifted=(LatchSource.OPERATOR, LatchSource.PROTECTIONS)
    )
    assert resume(room, word(room, "i-3")) == LatchesLifted(request_id="resume-i-3-0", lifted=())
    assert blocking(room) == set()
    proved(room)


def test_a_pause_that_is_delivered_again_after_a_resumption_changes_nothing(room: BooksRoom) -> None:
    pause(room, word(room, "i-1"))
    resume(room, word(room, "i-2"))
    pause(room, "i-1", again=9)
    assert blocking(room) == set()
    proved(room)


def test_a_resumption_that_is_delivered_after_a_later_pause_does_not_lift_it(room: BooksRoom) -> None:
    pause(room, word(room, "i-1"))
    word(room, "i-2")
    pause(room, word(room, "i-3"), reason="stop again")
    assert resume(room, "i-2") == LatchesLifted(request_id="resume-i-2-0", lifted=())
    assert blocking(room) == {"operator"}
    proved(room)


def test_a_resumption_does_not_lift_what_the_person_can_not_have_seen(room: BooksRoom) -> None:
    """The protections' breach came after the message, and before it was carried out."""
    word(room, "i-1")
    protect(room, "r-1")
    assert resume(room, "i-1") == LatchesLifted(request_id="resume-i-1-0", lifted=())
    assert blocking(room) == {"protections"}
    proved(room)


def test_protections_latch_anew_after_a_resumption_without_a_further_message(room: BooksRoom) -> None:
    protect(room, "r-1")
    resume(room, word(room, "i-1"))
    protect(room, "r-2", reason="four losses in a row")
    found = latches(room)["protections"]
    assert (found.latched, found.reason, found.resumed_at) == (True, "four losses in a row", LATER)
    proved(room)


def test_the_same_breach_is_on_record_once_and_another_reason_replaces_it(room: BooksRoom) -> None:
    protect(room, "r-1")
    protect(room, "r-2")
    protect(room, "r-3", reason="four losses in a row")
    made = of_kind(room, "ENTRIES_LATCHED")
    assert [detail["reason"] for detail in made] == ["drawdown 7 % > 6 %", "four losses in a row"]
    proved(room)


def test_a_resumption_without_its_row_is_refused(room: BooksRoom) -> None:
    pause(room, word(room, "i-1"))
    answer = resume(room, "i-9")
    assert isinstance(answer, Refused)
    assert answer.reasons == ("unknown_inbox: expected an inbox item, found i-9",)
    assert blocking(room) == {"operator"}


@pytest.mark.raises_alert(AlertCode.ENTRIES_LATCHED, AlertCode.PROTECTION_BREACHED, AlertCode.ENTRIES_RESUMED)
def test_a_person_is_told_of_a_latch_and_of_its_end(room: BooksRoom) -> None:
    pause(room, word(room, "i-1"))
    protect(room, "r-1")
    resume(room, word(room, "i-2"))
    told = [m for m in room.state_ctx.told_to("alerting") if isinstance(m, RaiseAlert)]
    assert [(alert.severity, alert.shown_code) for alert in told] == [
        (Severity.MEDIUM, "entries_latched"),
        (Severity.HIGH, "protection_breached"),
        (Severity.MEDIUM, "entries_resumed:operator"),
        (Severity.MEDIUM, "entries_resumed:protections"),
    ]
    assert "drawdown 7 % > 6 %" in told[1].text


def test_latches_outlive_the_process(room: BooksRoom) -> None:
    pause(room, word(room, "i-1"))
    room.kill()
    second = BooksRoom(room.data_dir).start()
    assert blocking(second) == {"operator"}
    proved(second)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE entry_latches SET source = 'nobody'",
        "UPDATE entry_latches SET at = 'x'",
        "UPDATE entry_latches SET resumed_at = 'x'",
    ],
)
def test_a_row_that_can_not_be_read_blocks_entries_and_state_goes_on(room: BooksRoom, damage: str) -> None:
    pause(room, word(room, "i-1"))
    resume(room, word(room, "i-2"))
    with closing(sqlite3.connect(room.data_dir / "cerbero.db")) as db:
        db.execute(damage)
        db.commit()
    room.kill()
    second = BooksRoom(room.data_dir).start()
    found = latches(second)["operator"]
    assert found.latched
    assert found.reason.startswith("its row in the books can't be read")
    second.kill()
