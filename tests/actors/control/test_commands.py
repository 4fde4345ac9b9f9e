"""A person's durable command: only its end closes it, and the person is told that end, whatever restarts."""

from __future__ import annotations

import json

import pytest

from actors.control.commands import CRASHES_MAX, LOOK_AGAIN_S
from actors.control.inbox import UNDER_WAY_MAX
from actors.runtime import Terminated
from core.alerts import AlertCode
from core.messages.alerting import AlertRaised, Severity
from core.messages.base import Refused
from core.messages.control import InjectMessage
from core.messages.decision import RunEntryCycle, RunMonitorCycle
from core.messages.execution import (
    ClosePosition,
    ExitEnded,
    ExitStarted,
    Settled,
    SettleExpired,
    SettleFailed,
)
from core.messages.health import BackupFailed
from core.messages.market_data import TakeMarketSnapshot
from core.messages.room_status import CycleEnded, RecoveryReport
from core.messages.state import GetOpenInbox, InboxItem, OpenInbox, RecordInbox
from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import PositionState
from core.values import CycleId, PositionId
from tests.actors.control.test_actor import NOW, RECORDED_AT, Desk

P1 = PositionId("p-1")
CLOSED = ExitEnded(position_id=P1, state=PositionState.CLOSED, reasons=("not_open:closed",))


def started(request_id: str, *reasons: str, ok: bool = False) -> ExitStarted:
    return ExitStarted(request_id=request_id, position_id=P1, started=ok, reasons=reasons)


def cycle_ended(request_id: str, outcome: CycleOutcome = CycleOutcome.NO_ENTRY) -> CycleEnded:
    return CycleEnded(
        request_id=request_id,
        cycle_id=CycleId("entry-1"),
        job=Job.ENTRY,
        slot=RECORDED_AT,
        outcome=outcome,
        reasons=("dvol_low",),
        at=NOW,
    )


def crash(desk: Desk, room: str = "execution") -> None:
    path = f"root/books/{room}"
    desk.actor.on_receive(Terminated(path=path, name=room, reason="it raised", restarting=True))


def report(desk: Desk, *, ok: bool = True) -> None:
    desk.actor.on_receive(RecoveryReport(ok=ok, at=NOW, attempts=1, differences=()))


def item(message: str, body: str, request_id: str = "inject-1") -> InboxItem:
    return InboxItem(request_id=request_id, at=RECORDED_AT, message=message, body=body, who="ann")


def closes(desk: Desk) -> int:
    return len(desk.told("execution", ClosePosition))


def not_ended(desk: Desk) -> bool:
    """Neither was its row closed, nor was anybody told an end."""
    return desk.done() == [] and desk.alerts() == []


def test_a_recovery_does_not_close_the_command_that_it_refuses() -> None:
    """The refusal is transient: the position is still open, and the command is delivered after it."""
    desk = Desk()
    request_id = desk.accept_close()
    desk.actor.on_receive(started(request_id, "recovering"))
    assert not_ended(desk)
    report(desk)
    assert closes(desk) == 2


def test_a_failed_recovery_is_not_the_moment_to_ask_again() -> None:
    desk = Desk()
    request_id = desk.accept_close()
    desk.actor.on_receive(started(request_id, "recovering"))
    report(desk, ok=False)
    assert closes(desk) == 1


def test_what_is_refused_is_asked_again_later_and_later() -> None:
    desk = Desk()
    request_id = desk.accept_close()
    pauses = []
    for _ in range(6):
        desk.actor.on_receive(started(request_id, "recovering"))
        before, pause_s = closes(desk), 0
        while closes(desk) == before:
            desk.advance(1.0)
            pause_s += 1
        pauses.append(pause_s)
    assert pauses == [5, 10, 20, 40, 60, 60]


@pytest.mark.parametrize(
    "refusal",
    [
        SettleFailed(request_id="r", cycle_id=CycleId("c"), reasons=("recovering",)),
        Refused(request_id="r", reasons=("too_many_waiting",)),
        Refused(request_id="r", reasons=("database_corrupt: x",)),
    ],
)
def test_no_transient_refusal_is_an_end(refusal: SettleFailed | Refused) -> None:
    desk = Desk()
    request_id = desk.accept("SettleExpired")
    desk.actor.on_receive(refusal.model_copy(update={"request_id": request_id}))
    assert not_ended(desk)
    desk.advance(5.0)
    assert len(desk.told("execution", SettleExpired)) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Settled(request_id="r", cycle_id=CycleId("c"), positions_closed=(), deliveries=0),
        SettleFailed(request_id="r", cycle_id=CycleId("c"), reasons=("not_delivered:ETH",)),
    ],
)
def test_a_settlement_that_was_tried_to_its_end_has_ended(answer: Settled | SettleFailed) -> None:
    desk = Desk()
    request_id = desk.accept("SettleExpired")
    desk.actor.on_receive(answer.model_copy(update={"request_id": request_id}))
    assert len(desk.ends()) == 1


@pytest.mark.parametrize("state", [PositionState.CLOSED, PositionState.CANCELLED, None])
def test_a_close_ends_when_nothing_is_left(state: PositionState | None) -> None:
    desk = Desk()
    request_id = desk.accept_close()
    desk.actor.on_receive(started(request_id, ok=True))
    assert desk.alerts() == []
    desk.actor.on_receive(ExitEnded(position_id=P1, state=state, reasons=()))
    (end,) = desk.ends()
    assert end.severity is (Severity.HIGH if state is None else Severity.MEDIUM)


@pytest.mark.parametrize("state", [PositionState.PROPOSED, PositionState.AWAITING_FILL, PositionState.OPEN])
def test_a_close_does_not_end_while_something_may_be_left(state: PositionState) -> None:
    desk = Desk()
    desk.accept_close()
    desk.actor.on_receive(ExitEnded(position_id=P1, state=state, reasons=(f"not_open:{state}",)))
    assert desk.ends() == []
    desk.advance(5.0)
    assert closes(desk) == 2


def test_the_close_of_another_position_is_not_meant() -> None:
    desk = Desk()
    desk.accept_close()
    desk.actor.on_receive(CLOSED.model_copy(update={"position_id": PositionId("p-2")}))
    assert desk.ends() == []


def test_two_commands_for_one_position_end_together() -> None:
    desk = Desk()
    ids = [desk.accept_close(), desk.accept_close()]
    desk.actor.on_receive(started(ids[1], "already_under_way", ok=True))
    desk.actor.on_receive(CLOSED)
    assert [end.cause for end in desk.ends()] == ids


def test_an_exit_that_can_not_be_sent_yet_is_not_the_end() -> None:
    desk = Desk()
    request_id = desk.accept_close()
    desk.actor.on_receive(started(request_id, "armed"))
    assert not_ended(desk)


def test_the_slot_of_a_cycle_is_the_time_of_its_row() -> None:
    desk = Desk()
    for message in ("RunEntryCycle", "RunMonitorCycle"):
        desk.accept(message)
    desk.accept("TakeMarketSnapshot")
    commands = [*desk.told("decision", RunEntryCycle), *desk.told("decision", RunMonitorCycle)]
    commands += desk.told("market_data", TakeMarketSnapshot)
    assert len(commands) == 3
    for command in commands:
        assert isinstance(command, RunEntryCycle | RunMonitorCycle | TakeMarketSnapshot)
        assert command.slot == RECORDED_AT


def test_after_a_restart_an_open_command_is_delivered_with_its_own_id_and_time() -> None:
    desk = Desk()
    desk.actor.on_receive(OpenInbox(request_id="x", items=(item("RunEntryCycle", "{}"),)))
    assert desk.told("decision", RunEntryCycle) == [RunEntryCycle(request_id="inject-1", slot=RECORDED_AT)]


def test_the_inbox_is_read_again_until_state_answers() -> None:
    desk = Desk()
    desk.advance(5.0)
    queries = desk.told("state", GetOpenInbox)
    assert len(queries) == 2
    assert isinstance(queries[0], GetOpenInbox)
    desk.actor.on_receive(Refused(request_id=queries[0].request_id, reasons=("database_corrupt: x",)))
    desk.advance(59.0)
    assert len(desk.told("state", GetOpenInbox)) == 2
    desk.advance(1.0)
    assert len(desk.told("state", GetOpenInbox)) == 3


def test_a_command_that_is_under_way_is_not_taken_up_twice() -> None:
    desk = Desk()
    request_id = desk.accept_close()
    body = json.dumps({"position_id": "p-1", "reason": "drill"})
    desk.actor.on_receive(OpenInbox(request_id="x", items=(item("ClosePosition", body, request_id),)))
    assert closes(desk) == 1


@pytest.mark.raises_alert(AlertCode.INBOX_UNREADABLE)
@pytest.mark.parametrize(
    ("message", "body"),
    [("OldMessage", "{}"), ("ClosePosition", "{}"), ("ClosePosition", "no JSON"), ("RunEntryCycle", "[]")],
)
def test_a_stored_message_that_is_not_understood_is_told_and_then_closed(message: str, body: str) -> None:
    desk = Desk()
    for _ in range(2):
        desk.actor.on_receive(OpenInbox(request_id="x", items=(item(message, body),)))
    (alert,) = desk.alerts()
    assert (alert.code, alert.severity) == ("inbox_unreadable", Severity.HIGH)
    assert desk.done() == []
    desk.actor.on_receive(AlertRaised(request_id=alert.request_id))
    assert [done.inbox_request_id for done in desk.done()] == ["inject-1"]


def test_a_room_that_restarts_is_told_again_at_once() -> None:
    desk = Desk()
    desk.accept_close()
    crash(desk)
    assert closes(desk) == 2
    crash(desk, "decision")
    assert closes(desk) == 2


def test_a_command_that_ends_its_room_again_and_again_is_given_up_and_told() -> None:
    desk = Desk()
    desk.accept_close()
    for _ in range(CRASHES_MAX):
        crash(desk)
        desk.advance(LOOK_AGAIN_S)
    assert desk.ends() == []
    crash(desk)
    (end,) = desk.ends()
    assert end.severity is Severity.HIGH
    assert "execution failed 6 times in a row" in end.text


def test_a_word_from_the_room_shows_that_the_command_does_not_end_it() -> None:
    desk = Desk()
    request_id = desk.accept_close()
    for _ in range(3 * CRASHES_MAX):
        crash(desk)
        desk.advance(LOOK_AGAIN_S)
        desk.actor.on_receive(started(request_id, "recovering"))
    assert desk.ends() == []


def test_a_second_crash_is_not_answered_at_once() -> None:
    desk = Desk()
    desk.accept_close()
    crash(desk)
    crash(desk)
    assert closes(desk) == 2
    desk.advance(5.0)
    assert closes(desk) == 3


@pytest.mark.parametrize("heard", [True, False])
def test_a_command_that_its_room_may_have_lost_is_told_again(heard: bool) -> None:
    """It went to the dead letters of a full or parked room, which nobody reports to control."""
    desk = Desk()
    request_id = desk.accept_close()
    if heard:
        desk.actor.on_receive(started(request_id, ok=True))
    desk.advance(LOOK_AGAIN_S)
    assert closes(desk) == 2


def test_a_room_that_says_nothing_is_told_again_seldom() -> None:
    """A parked room makes a dead letter of each, and an alert of that."""
    desk = Desk()
    desk.accept_close()
    desk.advance_in_steps(60.0, 60)
    assert closes(desk) == 1 + 4 + 4, "after 1, 3, 7 and 15 minutes, then every 10 minutes within the hour"


def test_a_person_who_has_too_many_commands_under_way_is_refused_another_one() -> None:
    desk = Desk()
    for _ in range(UNDER_WAY_MAX):
        desk.accept_close()
    assert isinstance(desk.inject(position_id="p-1", reason="drill"), Refused)
    assert len(desk.told("state", RecordInbox)) == UNDER_WAY_MAX


def test_nothing_is_delivered_after_the_end() -> None:
    desk = Desk()
    desk.accept_close()
    desk.actor.on_receive(CLOSED)
    crash(desk)
    report(desk)
    desk.advance(3 * LOOK_AGAIN_S)
    assert closes(desk) == 1


@pytest.mark.parametrize("is_over", [False, True])
def test_a_message_under_the_id_of_another_kind_is_refused_and_not_called_accepted(is_over: bool) -> None:
    desk = Desk()
    request_id = desk.accept("BackupNow", reason="a drill")
    if is_over:
        done = BackupFailed(request_id=request_id, reasons=("no room",))
        desk.actor.on_receive(done)
    inject = InjectMessage(message="CloseAll", body='{"reason": "now"}', who="bob", request_id=request_id)
    with desk.ctx.handling(inject):
        answered = desk.actor.on_receive(inject)
    assert answered == Refused(request_id=request_id, reasons=("request_id_taken:BackupNow",))
