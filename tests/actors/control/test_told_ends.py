"""The end of a person's command reaches the person: over the socket if they wait there, else by an alert."""

from __future__ import annotations

import json

import pytest

from actors.control.commands import LOOK_AGAIN_S
from actors.control.injectable import INJECTABLE
from core.messages.alerting import AlertRaised, RaiseAlert, Severity
from core.messages.base import Event, Refused
from core.messages.control import AwaitEnded, AwaitInject, InjectDone, InjectWaits
from core.messages.decision import CycleWaits
from core.messages.execution import (
    Settled,
)
from core.messages.market_data import MarketSnapshotFailed
from core.messages.state import OpenInbox, Recorded
from core.orders.books import CycleOutcome
from core.values import CycleId
from tests.actors.control.test_actor import NOW, Desk
from tests.actors.control.test_commands import CLOSED, cycle_ended, item, started


def test_the_row_is_closed_only_when_the_alert_is_on_record() -> None:
    desk = Desk()
    request_id = desk.accept("RunEntryCycle")
    desk.actor.on_receive(cycle_ended(request_id))
    (end,) = desk.ends()
    assert "RunEntryCycle of ann" in end.text
    assert "ended no_entry: dvol_low" in end.text
    assert desk.done() == []
    desk.advance(5.0)
    assert len(desk.alerts()) == 2, "raised again, under the same id, until it is on record"
    assert len(desk.ends()) == 1
    desk.actor.on_receive(AlertRaised(request_id=end.request_id))
    (done,) = desk.done()
    assert done.inbox_request_id == request_id
    assert done.answer.startswith("CycleEnded {")


def test_who_waits_at_the_socket_is_told_there_and_by_no_alert() -> None:
    desk = Desk()
    request_id = desk.accept_close(asker="socket-1")
    desk.actor.on_receive(AwaitInject(request_id=request_id))
    desk.actor.on_receive(CLOSED)
    done = desk.ctx.deferred[-1].outcome
    assert isinstance(done, InjectDone)
    assert (done.answer, json.loads(done.body)["state"]) == ("ExitEnded", "closed")
    assert desk.done() == []
    desk.actor.on_receive(AwaitEnded(asker="socket-1", told=True))
    assert len(desk.done()) == 1
    assert desk.alerts() == []


def test_an_end_that_comes_before_it_is_awaited_still_waits_for_who_asked() -> None:
    desk = Desk()
    request_id = desk.accept_close(asker="socket-1")
    desk.actor.on_receive(CLOSED)
    assert desk.alerts() == []
    assert isinstance(desk.actor.on_receive(AwaitInject(request_id=request_id)), InjectDone)


@pytest.mark.parametrize("first", ["the end", "the asker"])
def test_who_has_left_the_socket_is_told_by_an_alert(first: str) -> None:
    desk = Desk()
    desk.accept_close(asker="socket-1")
    moves: dict[str, Event | AwaitEnded] = {
        "the end": CLOSED,
        "the asker": AwaitEnded(asker="socket-1", told=False),
    }
    for move in sorted(moves, key=lambda name: name != first):
        assert desk.alerts() == []
        desk.actor.on_receive(moves[move])
    assert len(desk.ends()) == 1


def test_who_left_before_the_command_was_recorded_is_told_by_an_alert() -> None:
    desk = Desk()
    desk.inject("SettleExpired", asker="socket-1")
    desk.actor.on_receive(AwaitEnded(asker="socket-1", told=False))
    desk.accept("SettleExpired", asker="socket-2")
    request_id = desk.accept("SettleExpired")
    settled = Settled(request_id=request_id, cycle_id=CycleId("c"), positions_closed=(), deliveries=0)
    desk.actor.on_receive(settled)
    assert [end.cause for end in desk.ends()] == [request_id]


def test_the_end_of_a_command_that_an_earlier_life_accepted_is_told_by_an_alert() -> None:
    desk = Desk()
    body = json.dumps({"position_id": "p-1", "reason": "drill"})
    desk.actor.on_receive(OpenInbox(request_id="x", items=(item("ClosePosition", body),)))
    desk.actor.on_receive(CLOSED)
    (end,) = desk.ends()
    assert "ClosePosition of ann (inject-1): p-1 is closed" in end.text


def test_a_row_that_state_refuses_to_close_is_closed_later() -> None:
    desk = Desk()
    desk.accept_close()
    desk.actor.on_receive(CLOSED)
    desk.actor.on_receive(AlertRaised(request_id=desk.ends()[0].request_id))
    (done,) = desk.done()
    desk.actor.on_receive(Refused(request_id=done.request_id, reasons=("disk_full: x",)))
    desk.advance(LOOK_AGAIN_S)
    again = desk.done()[-1]
    assert again.request_id != done.request_id, "state remembers what it answered to a request"
    assert again.inbox_request_id == done.inbox_request_id
    desk.actor.on_receive(Recorded(request_id=again.request_id))
    desk.advance(10 * LOOK_AGAIN_S)
    assert len(desk.done()) == 2


def test_a_person_hears_what_their_command_waits_for() -> None:
    desk = Desk()
    request_id = desk.accept("RunMonitorCycle", asker="socket-1")
    desk.actor.on_receive(AwaitInject(request_id=request_id))
    text = "it begins when the venue's maintenance window ends, at 08:05 UTC"
    desk.actor.on_receive(CycleWaits(request_id=request_id, text=text))
    word = desk.ctx.deferred[-1].outcome
    assert word == InjectWaits(request_id=request_id, number=1, text=text)
    desk.actor.on_receive(AwaitInject(request_id=request_id, seen=1))
    desk.actor.on_receive(CycleWaits(request_id=request_id, text=text))
    assert not desk.ctx.deferred[-1].answered, "the same words again are no news"
    desk.actor.on_receive(CycleWaits(request_id=request_id, text="it begins when …"))
    assert desk.ctx.deferred[-1].outcome == InjectWaits(
        request_id=request_id, number=2, text="it begins when …"
    )


def test_a_word_that_came_before_it_was_awaited_is_told_first() -> None:
    desk = Desk()
    request_id = desk.accept_close(asker="socket-1")
    desk.actor.on_receive(started(request_id, "recovering"))
    word = desk.actor.on_receive(AwaitInject(request_id=request_id))
    assert isinstance(word, InjectWaits)
    assert "compares books and venue" in word.text


def test_a_redelivery_that_joins_an_exit_says_nothing_new() -> None:
    desk = Desk()
    request_id = desk.accept_close(asker="socket-1")
    desk.actor.on_receive(started(request_id, "armed"))
    desk.advance(LOOK_AGAIN_S)
    desk.actor.on_receive(started(request_id, "already_under_way", ok=True))
    word = desk.actor.on_receive(AwaitInject(request_id=request_id))
    assert isinstance(word, InjectWaits)
    assert "armed" in word.text


@pytest.mark.parametrize(
    ("outcome", "severity"),
    [
        (CycleOutcome.ENTERED, Severity.MEDIUM),
        (CycleOutcome.EXPIRED, Severity.HIGH),
        (CycleOutcome.INTERRUPTED, Severity.HIGH),
        (CycleOutcome.EXIT_BLOCKED, Severity.HIGH),
    ],
)
def test_an_end_after_which_a_person_may_have_to_act_is_told_loudly(
    outcome: CycleOutcome, severity: Severity
) -> None:
    desk = Desk()
    request_id = desk.accept("RunEntryCycle")
    desk.actor.on_receive(cycle_ended(request_id, outcome))
    assert [end.severity for end in desk.ends()] == [severity]


def test_a_snapshot_that_failed_has_ended() -> None:
    desk = Desk()
    request_id = desk.accept("TakeMarketSnapshot")
    desk.actor.on_receive(MarketSnapshotFailed(request_id=request_id, slot=NOW, reasons=("get_dvol:server",)))
    assert [end.severity for end in desk.ends()] == [Severity.HIGH]


def test_every_durable_message_has_answers_that_are_known_to_control() -> None:
    durable = {name for name, item in INJECTABLE.items() if item.through_inbox}
    assert durable == {
        "PauseEntries",
        "ResumeEntries",
        "ClosePosition",
        "SettleExpired",
        "RunEntryCycle",
        "RunMonitorCycle",
        "TakeMarketSnapshot",
    }


def test_an_alert_is_raised_under_an_id_of_its_command() -> None:
    desk = Desk()
    request_id = desk.accept_close()
    desk.actor.on_receive(CLOSED)
    (alert,) = desk.told("alerting", RaiseAlert)
    assert isinstance(alert, RaiseAlert)
    assert alert.request_id == f"end-{request_id}"
