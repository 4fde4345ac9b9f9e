"""What a venue says enters neither a row nor the chain; it is kept beside them, and can be cleared."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.state.clearing import clear_texts
from actors.state.database import database_path
from actors.state.stored import books_read
from actors.state.tables import venue_texts
from actors.state.text_door import TextDoor
from core.errors import FoundWrongError
from core.messages.alerting import Severity
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditEvent, AuditKind
from core.messages.base import Refused
from core.messages.room_status import (
    AlertRow,
)
from core.messages.state import (
    CloseCycle,
    GetKillSwitchRow,
    GetUndeliveredAlerts,
    KillSwitchRow,
    OpenCycle,
    RecordAlert,
    RecordDecision,
    RecordEvent,
    RecordKillSwitch,
    UndeliveredAlerts,
)
from core.orders.books import CycleOutcome, InstructionKind, Job
from core.orders.lifecycle import OrderState
from core.redaction import Redactor
from core.values import CycleId
from core.venue_text import digest, quoted
from reading.proof import books_proved
from tests.actors.state.books_room import CYCLE, START, BooksRoom, instruct, order_row, propose, record, send

SAID = "margin too low for planted-words"
QUOTED = quoted(SAID)
REFERENCE = f"⟪sha256:{digest(SAID)}⟫"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[BooksRoom]:
    room = BooksRoom(tmp_path).start()
    yield room
    room.stop()


def write_everywhere(room: BooksRoom) -> None:
    """The venue's words in each text that may hold them."""
    room.tell(OpenCycle(request_id="open", job=Job.ENTRY, slot=START, at=START))
    propose(room)
    label = instruct(room, InstructionKind.ENTRY, 1)
    send(room, label)
    refused = order_row(label, OrderState.REJECTED).model_copy(update={"reason": f"http_422: {QUOTED}"})
    record(room, refused, request="refused")
    room.tell(
        CloseCycle(
            request_id="close", cycle_id=CYCLE, outcome=CycleOutcome.REFUSED, reasons=(QUOTED, "x"), at=START
        )
    )
    room.tell(
        RecordKillSwitch(
            request_id="arm",
            armed=True,
            causes=(ArmCause.OPERATOR,),
            reason=f"deribit failed: {QUOTED}",
            who="w",
            at=START,
        )
    )
    alert = AlertRow(
        alert_id="a", severity=Severity.HIGH, code="c", text=f"it said {QUOTED}", cause=QUOTED[:20], at=START
    )
    room.tell(RecordAlert(request_id="a", alert=alert, channels=("telegram",)))
    event = AuditEvent(kind=AuditKind.SUSPENDED, at=START, detail={"reasons": [QUOTED], QUOTED: 1})
    room.tell(RecordEvent(request_id="event", audit=(event,)))
    room.tell(RecordDecision(request_id="d", cycle_id=CYCLE, at=START, record="{}", texts=("from a record",)))


def test_no_word_of_a_venue_is_in_the_log_or_in_a_row_that_it_proves(room: BooksRoom, tmp_path: Path) -> None:
    write_everywhere(room)
    log = room.audit_bytes()
    assert b"planted-words" not in log
    assert b"margin too" not in log
    assert digest(SAID).encode() in log
    with closing(sqlite3.connect(database_path(tmp_path))) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        holding = [
            table
            for table in tables
            if "planted-words" in str(db.execute(f"SELECT * FROM {table}").fetchall())  # noqa: S608
        ]
    assert holding == ["venue_texts"]


def test_what_is_read_by_people_has_the_words_again(room: BooksRoom, tmp_path: Path) -> None:
    write_everywhere(room)
    row = room.ask(GetKillSwitchRow(request_id="q"))
    assert isinstance(row, KillSwitchRow)
    assert row.reason == f"deribit failed: {QUOTED}"
    backlog = room.ask(GetUndeliveredAlerts(request_id="q", channel="telegram"))
    assert isinstance(backlog, UndeliveredAlerts)
    assert backlog.alerts[0].text == f"it said {QUOTED}"
    with books_read(tmp_path) as books:
        assert books is not None
        assert books.cycles(None)[0].reasons == (QUOTED, "x")
        assert books.orders(None)[0][1].reason == f"http_422: {QUOTED}"
        assert {one.text for one in books.texts()} >= {SAID, "from a record"}


def test_what_comes_back_from_the_books_is_recorded_as_the_same(room: BooksRoom) -> None:
    write_everywhere(room)
    row = room.ask(GetKillSwitchRow(request_id="q"))
    assert isinstance(row, KillSwitchRow)
    before = room.audit_bytes()
    room.tell(
        RecordKillSwitch(
            request_id="again", armed=True, causes=row.causes, reason=row.reason, who=row.who, at=START
        )
    )
    assert room.audit_bytes() == before


def test_the_books_are_proved_with_the_texts_and_after_they_are_cleared(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    write_everywhere(room)
    room.stop()
    assert books_proved(tmp_path).lines() == ()
    assert clear_texts(tmp_path) == 3
    assert books_proved(tmp_path).lines() == ()
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"planted-words" not in everything
    with books_read(tmp_path) as books:
        assert books is not None
        assert books.cycles(None)[0].reasons == (REFERENCE, "x")
    assert clear_texts(tmp_path) == 0


def test_a_record_of_an_older_version_that_holds_the_words_still_proves_its_row(tmp_path: Path) -> None:
    """Before, the words stood in record and row without signs around them."""
    room = BooksRoom(tmp_path).start()
    alert = AlertRow(alert_id="a", severity=Severity.HIGH, code="c", text=SAID, cause="old", at=START)
    room.tell(RecordAlert(request_id="a", alert=alert, channels=()))
    room.stop()
    assert SAID.encode() in room.audit_bytes()
    assert books_proved(tmp_path).lines() == ()


def test_a_text_that_is_not_the_one_of_its_digest_is_named(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    write_everywhere(room)
    room.stop()
    with closing(sqlite3.connect(database_path(tmp_path))) as db:
        db.execute("UPDATE venue_texts SET text = 'all is well' WHERE sha256 = ?", (digest(SAID),))
        db.commit()
    (line,) = books_proved(tmp_path).lines()
    assert digest(SAID) in line


def test_the_texts_that_were_said_last_are_kept(
    room: BooksRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venue_texts, "KEPT_MAX", 2)
    for number in range(4):
        room.advance(1.0)
        event = AuditEvent(kind=AuditKind.SUSPENDED, at=START, detail={"said": quoted(f"text {number}")})
        room.tell(RecordEvent(request_id=f"e{number}", audit=(event,)))
    room.advance(timedelta(hours=2).total_seconds())
    room.tell(RecordEvent(request_id="late"))
    with books_read(tmp_path) as books:
        assert books is not None
        assert [one.text for one in books.texts()] == ["text 3", "text 2"]


def test_clearing_needs_books(tmp_path: Path) -> None:
    with pytest.raises(FoundWrongError, match="expected books"):
        clear_texts(tmp_path)


@pytest.mark.parametrize("alone", [True, False])
def test_the_words_of_a_request_that_is_refused_are_kept_for_its_refusal(
    room: BooksRoom, tmp_path: Path, alone: bool
) -> None:
    room.hold_appends = not alone
    if not alone:
        room.tell(OpenCycle(request_id="open", job=Job.ENTRY, slot=START, at=START))
    closing_it = CloseCycle(
        request_id="close",
        cycle_id=CycleId("unknown"),
        outcome=CycleOutcome.REFUSED,
        reasons=(QUOTED,),
        at=START,
    )
    room.tell(closing_it)
    if not alone:
        room.tell(OpenCycle(request_id="again", job=Job.ENTRY, slot=START, at=START))
        room.release_appends()
    refused = next(each for each in room.answers if isinstance(each, Refused))
    assert refused.reasons[0].startswith("unknown_cycle")
    with books_read(tmp_path) as books:
        assert books is not None
        assert [each.text for each in books.texts()] == [SAID]


def test_a_secret_that_came_this_far_is_masked_in_row_and_record(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path)
    room.state._redact = lambda text: text.replace("s3cret-token", "***")
    room.start()
    event = AuditEvent(kind=AuditKind.SUSPENDED, at=START, detail={"reason": ["s3cret-token"]})
    room.tell(RecordEvent(request_id="event", audit=(event,)))
    room.stop()
    last = json.loads(room.audit_bytes().splitlines()[-1])
    assert last["detail"] == {"reason": ["***"]}


SECRET = "s3cret-token"
PARTS = st.sampled_from(
    (SECRET, SECRET.upper(), SECRET.encode().hex(), "s3cret", "-token", "%2d", r"\x74", "&#116;", "=2d")
) | st.sampled_from(("\\", " ", "\n", "", "bearer", "0123456789", "/bot", "12:ab", "https://", "who@"))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(PARTS, max_size=5).map("".join), max_size=4))
def test_texts_that_are_looked_at_together_are_masked_as_each_by_itself(texts: list[str]) -> None:
    redact = Redactor([SECRET])
    ended = CloseCycle(
        request_id="close", cycle_id=CYCLE, outcome=CycleOutcome.REFUSED, reasons=tuple(texts), at=START
    )
    with closing(sqlite3.connect(":memory:")) as db:
        kept, _ = TextDoor(db, redact).taken_in(ended)
    assert kept.reasons == tuple(map(redact, texts))
