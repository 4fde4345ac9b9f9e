"""A restart by hand is read from the lives themselves: done once, whatever restarts in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from actors.control.restarts import LIFE_S_MIN
from actors.runtime import CellState
from core.messages.base import Refused
from core.messages.restart import RESTARTED, RestartActor, RestartDone, RestartWaits
from core.messages.state import OpenInbox, RecordInbox
from tests.actors.control.test_actor import NOW, RECORDED_AT, Desk
from tests.actors.control.test_commands import item
from tests.fakes.engine import cell

OLD = NOW - timedelta(hours=1)


def lives(
    desk: Desk, state: CellState = CellState.UP, *, began_ago_s: float = 3600.0, epoch: int = 1
) -> None:
    """The present life of decision."""
    began_at = desk.ctx.now() - timedelta(seconds=began_ago_s)
    desk.engine.cell_list = (replace(cell("decision", state), began_at=began_at, epoch=epoch),)


def ask(desk: Desk) -> RestartActor:
    """Inject the message, have it recorded, and let control take what it told itself."""
    desk.accept("RestartActor", actor="decision", reason="a drill")
    return take(desk)


def take(desk: Desk) -> RestartActor:
    command = desk.told("control", RestartActor)[-1]
    assert isinstance(command, RestartActor)
    with desk.ctx.handling(command, sender=desk.rooms["control"]):
        desk.actor.on_receive(command)
    return command


def answers(desk: Desk) -> list[object]:
    return [m for m in desk.ctx.told_to("control") if isinstance(m, RestartDone | RestartWaits)]


def test_a_room_is_told_to_end_once_and_it_is_done_when_its_next_life_is_up() -> None:
    desk = Desk()
    lives(desk)
    command = ask(desk)
    assert desk.engine.restarts == ["decision"]
    desk.advance(1.0)
    lives(desk, CellState.BACKOFF)
    desk.advance(1.0)
    lives(desk, began_ago_s=0.5, epoch=2)
    desk.advance(1.0)
    assert desk.engine.restarts == ["decision"]
    assert answers(desk)[-1] == RestartDone(request_id=command.request_id, actor="decision")


def test_a_life_that_began_after_the_message_is_the_one_asked_for() -> None:
    """Of an earlier life of the process, or of control: it has been done already."""
    desk = Desk()
    desk.advance(10.0)
    lives(desk, began_ago_s=5.0)
    body = '{"actor": "decision", "reason": "a drill"}'
    desk.actor.on_receive(OpenInbox(request_id="r", items=(item("RestartActor", body),)))
    command = take(desk)
    assert command.at == RECORDED_AT
    assert desk.engine.restarts == []
    assert answers(desk) == [RestartDone(request_id="inject-1", actor="decision")]


def test_a_young_life_is_not_ended_before_its_time() -> None:
    desk = Desk()
    lives(desk, began_ago_s=20.0)
    ask(desk)
    assert desk.engine.restarts == []
    [waits] = answers(desk)
    assert isinstance(waits, RestartWaits)
    assert waits.text == "decision has just started; it is restarted at 14:01:40 UTC"
    desk.advance(LIFE_S_MIN - 20.0)
    assert desk.engine.restarts == ["decision"]


def test_told_again_while_it_is_under_way_it_is_not_done_twice() -> None:
    desk = Desk()
    lives(desk)
    ask(desk)
    take(desk)
    desk.advance(1.0)
    assert desk.engine.restarts == ["decision"]


def test_the_next_life_is_the_one_asked_for_also_if_the_clock_was_set_back_before_it_began() -> None:
    desk = Desk()
    lives(desk)
    command = ask(desk)
    lives(desk, began_ago_s=600.0, epoch=2)
    desk.advance(LIFE_S_MIN)
    assert desk.engine.restarts == ["decision"]
    assert answers(desk)[-1] == RestartDone(request_id=command.request_id, actor="decision")


def test_a_life_of_a_clock_that_was_ahead_is_not_taken_for_the_next_one() -> None:
    desk = Desk()
    lives(desk, began_ago_s=-28_800.0)
    ask(desk)
    assert desk.engine.restarts == ["decision"]


def test_rooms_that_can_not_be_restarted_alone_are_refused_and_nothing_is_stored() -> None:
    desk = Desk()
    for actor, why in (
        ("kill_switch", "what suspends entries is in its memory alone"),
        ("state", "every room waits for the books meanwhile"),
        ("audit", "nothing is acknowledged meanwhile"),
        ("nobody", "expected one of alerting, mcp.orders"),
    ):
        refused = desk.inject("RestartActor", actor=actor, reason="a drill")
        assert isinstance(refused, Refused)
        assert why in refused.reasons[0]
    assert desk.told("state", RecordInbox) == []


def test_every_other_room_of_the_tree_may_be_restarted() -> None:
    desk = Desk()
    for actor in RESTARTED:
        desk.accept("RestartActor", actor=actor, reason="a drill")
    assert len(desk.told("control", RestartActor)) == len(RESTARTED)
