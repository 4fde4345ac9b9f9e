"""One transaction, then the audit file, then the answers; each request once; stop and crash."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from actors.runtime import Fenced
from actors.state import answers
from actors.state.read_only import books_opened
from actors.state.tables.records import alerts
from core.alerts import AlertCode
from core.messages.alerting import RaiseAlert, Severity
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditEvent, AuditKind
from core.messages.base import Refused
from core.messages.kill_switch import BooksChanged
from core.messages.room_status import (
    AlertRow,
)
from core.messages.state import (
    AccountBound,
    BindAccount,
    BooksRead,
    CloseCycle,
    GetBooks,
    GetJobRuns,
    GetKillSwitchRow,
    GetOpenCycles,
    GetOpenInbox,
    GetSystem,
    GetUndeliveredAlerts,
    InboxItem,
    InboxRecorded,
    JobRuns,
    KillSwitchRow,
    OpenCycle,
    OpenInbox,
    RecordAlert,
    RecordAlertDelivered,
    Recorded,
    RecordInbox,
    RecordInboxDone,
    RecordJobRuns,
    RecordKillSwitch,
    SetSystem,
    SystemRead,
    UndeliveredAlerts,
)
from core.orders.books import CycleOutcome, Job
from core.values import Environment
from tests.actors.state.books_room import CYCLE, START, BooksRoom, event, instruct, propose, records


def test_nothing_is_acknowledged_before_the_audit_file_has_it(room: BooksRoom) -> None:
    room.hold_appends = True
    room.tell(event(1))
    assert room.answers == []
    room.release_appends()
    assert room.answers == [Recorded(request_id="event-1")]


def test_what_waits_for_the_append_is_one_next_batch(room: BooksRoom) -> None:
    room.hold_appends = True
    for number in range(5):
        room.tell(event(number))
    assert len(room.held) == 1
    first = room.held[0].batch
    assert (first.first_seq, first.last_seq) == (1, 1)
    room.release_appends()
    assert len(records(room)) == 5
    assert [m.batch.last_seq for _, m in room.state_ctx.told if hasattr(m, "batch")] == [1, 5]
    assert room.answers == [Recorded(request_id=f"event-{number}") for number in range(5)]


def test_nothing_is_accepted_before_audit_has_proved_its_files(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path)
    room.state.on_start()
    room.tell(event(1))
    assert room.answers == []
    room.audit.on_start()
    room.deliver()
    assert room.answers == [Recorded(request_id="event-1")]
    room.kill()


def test_a_request_told_again_gets_its_first_answer_and_writes_no_second_record(room: BooksRoom) -> None:
    request = OpenCycle(request_id="r", job=Job.ENTRY, slot=START, at=START)
    first = room.answer_to(request)
    assert room.answer_to(request) == first
    assert len(records(room)) == 1


def test_a_request_told_again_while_under_way_is_answered_with_the_first(room: BooksRoom) -> None:
    room.hold_appends = True
    room.tell(event(1))
    room.tell(event(1))
    room.release_appends()
    assert room.answers == [Recorded(request_id="event-1")] * 2
    assert len(records(room)) == 1


def test_a_request_told_again_after_a_restart_gets_its_first_answer(tmp_path: Path) -> None:
    room = BooksRoom(tmp_path).start()
    request = OpenCycle(request_id="r", job=Job.ENTRY, slot=START, at=START)
    first = room.answer_to(request)
    room.kill()
    room = BooksRoom(tmp_path)
    room.state.on_start()
    room.tell(request)
    room.audit.on_start()
    room.deliver()
    assert room.answers == [first]
    assert len(records(room)) == 1
    room.kill()


@pytest.mark.raises_alert(AlertCode.BOOKS_REFUSED)
def test_a_refusal_is_remembered_too(room: BooksRoom) -> None:
    request = SetSystem(request_id="r", key="account", value="x", at=START)
    first = room.answer_to(request)
    assert isinstance(first, Refused)
    assert room.answer_to(request) == first


def test_one_refused_request_takes_no_other_of_its_batch_along(room: BooksRoom) -> None:
    room.hold_appends = True
    room.tell(event(0))
    room.tell(event(1))
    room.tell(SetSystem(request_id="bad", key="account", value="x", at=START))
    room.tell(event(2))
    room.release_appends()
    assert [type(answer).__name__ for answer in room.answers] == [
        "Recorded",
        "Recorded",
        "Refused",
        "Recorded",
    ]
    assert len(records(room)) == 3


def test_answers_are_forgotten_after_a_week(room: BooksRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the newest, see `test_answers.py`."""
    monkeypatch.setattr(answers, "NEWEST_KEPT", 1)
    room.tell(event(1))
    room.advance(8 * 86_400)
    room.tell(event(2))
    room.tell(event(1))
    assert [made["kind"] for made in records(room)] == ["KELLY", "ROLLOVER", "KELLY", "KELLY"]


def test_the_gate_hears_of_the_books_before_the_asker_does(room: BooksRoom) -> None:
    room.tell(event(1))
    told = [type(message) for _, message in room.state_ctx.told]
    assert told[::-1].index(BooksChanged) > told[::-1].index(Recorded)


def test_books_hold_what_lives(room: BooksRoom) -> None:
    propose(room)
    label = instruct(room)
    read = room.ask(GetBooks())
    assert isinstance(read, BooksRead)
    books = read.books
    assert [order.label for order in books.orders] == [label]
    assert [instruction.label for instruction in books.instructions] == [label]
    assert len(books.open_positions) == 1
    room.tell(GetBooks(request_id="q"))
    told = room.answers[-1]
    assert isinstance(told, BooksRead)
    assert told.books == books


def test_an_audit_event_that_is_no_json_is_refused(room: BooksRoom) -> None:
    answer = room.answer_to(event(1, float("nan")))
    assert isinstance(answer, Refused)
    assert answer.reasons[0].startswith("bad_audit_event")
    assert room.answer_to(event(2)) == Recorded(request_id="event-2")


def test_a_senders_copy_of_states_own_record_is_not_a_second_one(room: BooksRoom) -> None:
    armed = RecordKillSwitch(
        request_id="k",
        audit=(AuditEvent(kind=AuditKind.ARMED, at=START, detail={"before": "x"}),),
        armed=True,
        causes=(ArmCause.OPERATOR,),
        reason="why",
        who="me",
        at=START,
    )
    room.tell(armed)
    room.tell(armed.model_copy(update={"request_id": "k2"}))
    (record,) = records(room)
    assert record["kind"] == "ARMED"
    assert record["detail"] == {"before": "x", "causes": ["operator"], "reason": "why", "who": "me"}
    row = room.ask(GetKillSwitchRow(request_id="q"))
    assert isinstance(row, KillSwitchRow)
    assert (row.armed, row.causes, row.at) == (True, (ArmCause.OPERATOR,), START)


def bind(room: BooksRoom, request: str, account: str, tag: str, folder: str = "here") -> object:
    environment = Environment.PAPER
    return room.answer_to(
        BindAccount(
            request_id=request, environment=environment, account=account, folder=folder, tag=tag, at=START
        )
    )


def test_an_account_is_bound_once_for_ever_and_its_labels_keep_the_first_tag(room: BooksRoom) -> None:
    answers = [bind(room, "1", "a", "aaaaaa"), bind(room, "2", "a", "bbbbbb")]
    bound = AccountBound(request_id="1", environment=Environment.PAPER, account="a", tag="aaaaaa")
    assert answers == [bound, bound.model_copy(update={"request_id": "2"})]
    other = bind(room, "3", "b", "cccccc")
    assert isinstance(other, Refused)
    assert other.reasons[0].startswith("account_differs")
    (record,) = records(room)
    assert record["kind"] == "ACCOUNT_BOUND"
    told = {"environment": "paper", "account": "a", "label_tag": "aaaaaa", "label_folder": "here"}
    assert record["detail"] == told


def test_copied_books_draw_another_tag_for_their_labels_and_then_keep_it(room: BooksRoom) -> None:
    bind(room, "1", "a", "aaaaaa")
    answers = [bind(room, "2", "a", "bbbbbb", "copy"), bind(room, "3", "a", "cccccc", "copy")]
    assert [answer.tag for answer in answers if isinstance(answer, AccountBound)] == ["bbbbbb", "bbbbbb"]
    _, bound, setting = records(room)[-3:]
    assert (bound["kind"], setting["kind"]) == ("ACCOUNT_BOUND", "SETTING")
    assert setting["detail"] == {"key": "former_tags", "value": "aaaaaa"}


def test_folder_whose_identity_is_unknown_is_a_new_one_each_time(room: BooksRoom) -> None:
    answers = [bind(room, str(number), "a", tag, "") for number, tag in enumerate(("aaaaaa", "bbbbbb"))]
    assert [answer.tag for answer in answers if isinstance(answer, AccountBound)] == ["aaaaaa", "bbbbbb"]


def test_a_folder_that_was_bound_before_there_were_tags_draws_one(room: BooksRoom) -> None:
    db = room.state._db
    assert db is not None
    for key, value in (("environment", "paper"), ("account", "a")):
        db.execute("INSERT INTO system (key, value, at) VALUES (?, ?, ?)", (key, value, START.isoformat()))
    answer = bind(room, "1", "a", "dddddd")
    assert isinstance(answer, AccountBound)
    assert answer.tag == "dddddd"
    assert bind(room, "2", "a", "eeeeee") == answer.model_copy(update={"request_id": "2"})


def test_alerts_stay_undelivered_until_they_are_delivered(room: BooksRoom) -> None:
    for number, severity in enumerate(Severity):
        alert = AlertRow(alert_id=str(number), severity=severity, code="c", text="t", cause="x", at=START)
        room.tell(RecordAlert(request_id=f"a{number}", alert=alert, channels=("one", "two")))
    room.tell(RecordAlertDelivered(request_id="d", alert_id="0", channel="one", at=START))
    room.tell(RecordAlertDelivered(request_id="e", alert_id="1", channel="two", at=START))

    def undelivered(channel: str) -> list[str]:
        found = room.ask(GetUndeliveredAlerts(request_id="q", channel=channel))
        assert isinstance(found, UndeliveredAlerts)
        assert found.channel == channel
        return [alert.alert_id for alert in found.alerts]

    assert undelivered("one") == ["1", "2", "3"]
    assert undelivered("two") == ["0", "2", "3"]
    assert undelivered("unknown") == []
    assert delivered_at(room) == [None] * 4
    room.tell(RecordAlertDelivered(request_id="f", alert_id="0", channel="two", at=START))
    assert delivered_at(room) == [START, None, None, None]
    assert [record["kind"] for record in records(room)] == ["ALERT", "ALERT"]


def delivered_at(room: BooksRoom) -> list[datetime | None]:
    with books_opened(room.data_dir) as db:
        assert db is not None
        return [alert.delivered_at for alert in alerts(db)]


def test_an_operators_message_is_kept_until_it_is_done(room: BooksRoom) -> None:
    at = START + timedelta(microseconds=7)
    room.tell(RecordInbox(request_id="in", at=at, message="RunEntryCycle", body="{}", who="me"))
    found = room.ask(GetOpenInbox(request_id="q"))
    assert isinstance(found, OpenInbox)
    assert found.items == (InboxItem(request_id="in", at=at, message="RunEntryCycle", body="{}", who="me"),)
    room.tell(RecordInboxDone(request_id="done", inbox_request_id="in", at=START, answer="ok"))
    after = room.ask(GetOpenInbox(request_id="q"))
    assert isinstance(after, OpenInbox)
    assert after.items == ()


def test_no_two_operators_messages_have_one_time_and_none_has_that_of_a_grid(room: BooksRoom) -> None:
    """Market time may stand still meanwhile; the time becomes the slot of a cycle, and its id."""
    for name in ("a", "b", "c", "a"):
        room.tell(RecordInbox(request_id=name, at=START, message="RunEntryCycle", body="{}", who="me"))
    expected = [START + timedelta(microseconds=n) for n in (1, 2, 3, 1)]
    assert [each.at for each in room.answers if isinstance(each, InboxRecorded)] == expected
    found = room.ask(GetOpenInbox(request_id="q"))
    assert isinstance(found, OpenInbox)
    assert [item.at for item in found.items] == expected[:3]
    assert [record["at"] for record in records(room) if record["kind"] == "OPERATOR"] == [
        at.isoformat() for at in expected[:3]
    ]


def test_next_runs_and_settings_are_read_back(room: BooksRoom) -> None:
    room.tell(RecordJobRuns(request_id="j", next_runs={Job.ENTRY: START}))
    room.tell(SetSystem(request_id="s", key="k", value="v", at=START))
    assert room.ask(GetJobRuns()) == JobRuns(next_runs={Job.ENTRY: START}, last_slots={})
    for number, hours in enumerate((2, 26, 1)):
        slot = START + timedelta(hours=hours)
        room.tell(OpenCycle(request_id=f"c{number}", job=Job.MONITOR, slot=slot, at=START))
    assert room.ask(GetJobRuns()) == JobRuns(
        next_runs={Job.ENTRY: START}, last_slots={Job.MONITOR: START + timedelta(hours=26)}
    )
    assert room.ask(GetSystem(key="k")) == SystemRead(key="k", value="v")
    assert room.ask(GetSystem(key="none")) == SystemRead(key="none", value=None)


def test_open_cycles_say_whether_an_instruction_came_of_them(room: BooksRoom) -> None:
    propose(room)
    instruct(room)
    room.tell(OpenCycle(request_id="m", job=Job.MONITOR, slot=START, at=START))
    found = room.ask(GetOpenCycles(request_id="q"))
    flags = {row.job: flag for row, flag in found.cycles}  # type: ignore[attr-defined]
    assert flags == {Job.ENTRY: True, Job.MONITOR: False}


def test_open_cycles_name_the_proposals_that_have_neither_instruction_nor_end(room: BooksRoom) -> None:
    propose(room)
    assert room.ask(GetOpenCycles(request_id="q")).proposed == (CYCLE,)  # type: ignore[attr-defined]
    end = CloseCycle(request_id="end", cycle_id=CYCLE, outcome=CycleOutcome.REFUSED, reasons=(), at=START)
    room.tell(end)
    left = room.ask(GetOpenCycles(request_id="q"))
    assert (left.cycles, left.proposed) == ((), (CYCLE,))  # type: ignore[attr-defined]
    instruct(room)
    assert room.ask(GetOpenCycles(request_id="q")).proposed == ()  # type: ignore[attr-defined]


def test_a_replaced_incarnation_commits_nothing(room: BooksRoom) -> None:
    room.state_ctx.live = False
    with pytest.raises(Fenced):
        room.tell(event(1))
    room.state_ctx.live = True
    room.tell(event(2))
    assert [record["detail"] for record in records(room)] == [{"n": 2}]


def test_an_orderly_stop_leaves_nothing_pending(room: BooksRoom) -> None:
    room.tell(event(1))
    room.stop()
    again = BooksRoom(room.data_dir)
    again.state.on_start()
    assert again.state._sequencer.pending is None
    assert again.state._sequencer.end.link.seq == 1
    again.kill()


def test_an_orderly_stop_finishes_the_append_that_is_under_way(room: BooksRoom) -> None:
    room.hold_appends = True
    room.tell(event(1))
    room.tell(event(2))
    room.stop()
    assert len(records(room)) == 1
    again = BooksRoom(room.data_dir).start()
    assert [record["kind"] for record in records(again)] == ["KELLY"]
    again.kill()


def test_a_crash_of_state_loses_nothing_that_it_had_taken_from_its_mailbox(room: BooksRoom) -> None:
    """Who told it without waiting for the answer has no second try."""
    room.hold_appends = True
    for number in range(4):
        room.tell(event(number))
    room.crash_state()
    found = [record["detail"] for record in records(room)]
    assert found[:4] == [{"n": number} for number in range(4)]
    room.tell(event(2))
    assert room.answers[-1] == Recorded(request_id="event-2")
    assert len(records(room)) == len(found)


def test_a_request_that_fails_in_an_unforeseen_way_takes_no_other_along(
    room: BooksRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise KeyError("unforeseen")

    monkeypatch.setattr("actors.state.apply.set_system", fails)
    room.hold_appends = True
    room.tell(event(0))
    room.tell(SetSystem(request_id="bad", key="k", value="v", at=START))
    room.tell(event(1))
    room.release_appends()
    assert [type(answer).__name__ for answer in room.answers] == ["Recorded", "Refused", "Recorded"]
    alerts = [m for m in room.state_ctx.told_to("alerting") if isinstance(m, RaiseAlert)]
    assert [a.severity for a in alerts if a.code == "books_refused"] == [Severity.CRITICAL]


def test_an_unknown_message_is_a_crash(room: BooksRoom) -> None:
    with pytest.raises(TypeError, match="expected a message of State"):
        room.state.on_receive("hello")
