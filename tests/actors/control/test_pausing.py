"""A pause does not wait for the books: it is told at once, and its answer says what is on disk."""

from __future__ import annotations

import json

from actors.control.inbox import UNDER_WAY_MAX
from actors.runtime import Terminated
from core.messages.alerting import AlertRaised, Severity
from core.messages.base import Refused
from core.messages.control import AwaitInject, InjectAccepted, InjectDone
from core.messages.kill_switch import EntriesPaused, EntriesResumed, PauseEntries, ResumeEntries
from core.messages.state import InboxRecorded, OpenInbox, RecordInbox
from core.orders.books import LatchSource
from tests.actors.control.test_actor import RECORDED_AT, Desk
from tests.actors.control.test_commands import item


def pause(desk: Desk) -> str:
    """Inject a pause; its id. State has not answered yet."""
    desk.inject("PauseEntries", reason="a look")
    record = desk.told("state", RecordInbox)[-1]
    assert isinstance(record, RecordInbox)
    return record.request_id


def paused(request_id: str, not_on_disk: str | None = None) -> EntriesPaused:
    return EntriesPaused(request_id=request_id, reason="a look", who="ann", not_on_disk=not_on_disk)


def accepted(desk: Desk) -> object:
    return desk.ctx.deferred[0].outcome


def deliveries(desk: Desk) -> int:
    return len(desk.told("kill_switch", PauseEntries))


def test_a_pause_is_told_to_the_kill_switch_before_it_is_on_disk() -> None:
    desk = Desk()
    pause(desk)
    assert deliveries(desk) == 1
    assert not desk.ctx.deferred[0].answered, "on disk it is not yet"


def test_a_pause_that_is_on_disk_is_acknowledged_and_not_told_twice() -> None:
    desk = Desk()
    request_id = pause(desk)
    desk.actor.on_receive(InboxRecorded(request_id=request_id, at=RECORDED_AT))
    assert accepted(desk) == InjectAccepted(request_id=request_id, message="PauseEntries", on_disk=True)
    assert deliveries(desk) == 1


def test_a_pause_that_can_not_be_recorded_ends_with_what_is_true() -> None:
    desk = Desk()
    request_id = pause(desk)
    desk.actor.on_receive(Refused(request_id=request_id, reasons=("disk_full: x",)))
    assert accepted(desk) == InjectAccepted(request_id=request_id, message="PauseEntries", on_disk=False)
    desk.actor.on_receive(paused(request_id, "disk_full: x"))
    done = desk.actor.on_receive(AwaitInject(request_id=request_id))
    assert isinstance(done, InjectDone)
    assert json.loads(done.body)["not_on_disk"] == "disk_full: x"
    [end] = desk.ends()
    assert end.severity is Severity.HIGH
    assert "only until the engine is restarted: the books can't be written (disk_full: x)" in end.text
    desk.actor.on_receive(AlertRaised(request_id=end.request_id))
    assert desk.done() == [], "there is no row to close"


def test_an_answer_that_comes_before_that_of_the_books_waits_for_it() -> None:
    desk = Desk()
    request_id = pause(desk)
    desk.actor.on_receive(paused(request_id))
    assert desk.ends() == []
    desk.actor.on_receive(InboxRecorded(request_id=request_id, at=RECORDED_AT))
    assert [end.severity for end in desk.ends()] == [Severity.MEDIUM]


def test_a_pause_on_disk_that_the_books_can_not_latch_goes_on_until_they_can() -> None:
    desk = Desk()
    request_id = desk.accept("PauseEntries", reason="a look")
    desk.actor.on_receive(paused(request_id, "disk_full: x"))
    assert desk.ends() == []
    desk.advance(5.0)
    assert deliveries(desk) == 2
    desk.actor.on_receive(paused(request_id))
    assert len(desk.ends()) == 1


def test_a_pause_is_told_again_to_a_switch_that_restarts() -> None:
    desk = Desk()
    pause(desk)
    ended = Terminated(path="root/kill_switch", name="kill_switch", reason="it raised", restarting=True)
    desk.actor.on_receive(ended)
    assert deliveries(desk) == 2


def test_a_full_inbox_keeps_no_pause_out() -> None:
    desk = Desk()
    for _ in range(UNDER_WAY_MAX):
        desk.accept("RunMonitorCycle")
    assert isinstance(desk.inject("ResumeEntries", reason="fine"), Refused)
    pause(desk)
    assert deliveries(desk) == 1


def test_a_pause_of_an_earlier_life_is_told_again_with_the_time_of_its_row() -> None:
    desk = Desk()
    desk.actor.on_receive(OpenInbox(request_id="r", items=(item("PauseEntries", '{"reason": "a look"}'),)))
    [told] = desk.told("kill_switch", PauseEntries)
    assert isinstance(told, PauseEntries)
    assert (told.reason, told.who, told.at) == ("a look", "ann", RECORDED_AT)


def test_a_resumption_is_on_disk_first_and_ends_with_what_still_blocks() -> None:
    desk = Desk()
    desk.inject("ResumeEntries", reason="fine", source="protections")
    assert desk.told("kill_switch", ResumeEntries) == []
    record = desk.told("state", RecordInbox)[-1]
    assert isinstance(record, RecordInbox)
    desk.actor.on_receive(InboxRecorded(request_id=record.request_id, at=RECORDED_AT))
    [told] = desk.told("kill_switch", ResumeEntries)
    assert isinstance(told, ResumeEntries)
    assert (told.source, told.at) == (LatchSource.PROTECTIONS, RECORDED_AT)
    desk.actor.on_receive(
        EntriesResumed(
            request_id=told.request_id, lifted=(), still_blocked_by=("the kill switch is armed: x",)
        )
    )
    [end] = desk.ends()
    assert end.text.endswith(
        "neither a pause nor a protection blocked entries; "
        "entries are still blocked: the kill switch is armed: x"
    )


def test_a_resumption_that_the_books_refuse_is_asked_again() -> None:
    desk = Desk()
    request_id = desk.accept("ResumeEntries", reason="fine")
    desk.actor.on_receive(Refused(request_id=request_id, reasons=("disk_full",)))
    assert desk.ends() == []
    desk.advance(5.0)
    assert len(desk.told("kill_switch", ResumeEntries)) == 2


def test_bad_fields_are_named() -> None:
    desk = Desk()
    for body, names in (
        ({}, "expected --reason TEXT, found none"),
        ({"reason": " "}, "expected --reason TEXT, found a blank"),
        ({"reason": "x", "source": "health"}, "source: found 'health'"),
        ({"reason": "x", "at": "2026-01-01"}, "unknown field 'at'"),
    ):
        refused = desk.inject("ResumeEntries", **body)
        assert isinstance(refused, Refused)
        assert names in refused.reasons[0]
    assert desk.told("state", RecordInbox) == []
