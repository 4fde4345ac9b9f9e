"""What routers warn of on their health pages reaches a person once, and so does its end."""

from __future__ import annotations

import pytest

from core.alerts import AlertCode
from core.contract import Router
from core.messages.alerting import RaiseAlert, Severity
from core.messages.kill_switch import ArmKillSwitch, SuspendEntries
from tests.actors.health.room import Room

MACRO = Router.MACRO


def told(room: Room) -> list[tuple[str, Severity, str]]:
    return [(each.shown_code, each.severity, each.text) for each in room.sent("alerting", RaiseAlert)]


@pytest.mark.raises_alert(AlertCode.HOST_WARNS)
def test_a_warning_is_told_once_with_its_router_and_suspends_nothing() -> None:
    room = Room()
    for _ in range(3):
        room.probe(warnings={MACRO: ("⟪the calendar ends⟫",)})
    assert told(room) == [
        ("host_warns:macro", Severity.MEDIUM, "macro warns: ⟪the calendar ends⟫"),
    ]
    assert room.sent("kill_switch", SuspendEntries) == []
    assert room.sent("kill_switch", ArmKillSwitch) == []


@pytest.mark.raises_alert(AlertCode.HOST_WARNS_NO_MORE)
def test_its_end_is_told_once_nothing_is_left() -> None:
    room = Room()
    room.probe(warnings={MACRO: ("⟪one⟫", "⟪two⟫")})
    room.probe(warnings={MACRO: ("⟪two⟫",)})
    assert len(told(room)) == 1, "something is left"
    room.probe()
    room.probe()
    assert told(room)[1:] == [("host_warns_no_more:macro", Severity.LOW, "macro warns of nothing any more")]


def test_a_new_warning_beside_a_known_one_is_told_and_another_number_is_not() -> None:
    room = Room()
    room.probe(warnings={MACRO: ("⟪ends in 32 days⟫",)})
    room.probe(warnings={MACRO: ("⟪ends in 31 days⟫",)})
    assert len(told(room)) == 1
    room.probe(warnings={MACRO: ("⟪ends in 31 days⟫", "⟪no feed⟫")})
    assert told(room)[-1][2] == "macro warns: ⟪ends in 31 days⟫; ⟪no feed⟫"


def test_a_router_that_does_not_answer_has_not_stopped_warning() -> None:
    room = Room()
    room.probe(warnings={MACRO: ("⟪one⟫",)})
    room.probe(down=frozenset({MACRO}))
    room.probe(warnings={MACRO: ("⟪one⟫",)})
    assert [code for code, _, _ in told(room) if code.startswith("host_warns")] == ["host_warns:macro"]


def test_of_many_warnings_a_few_are_told_and_the_others_counted() -> None:
    room = Room()
    room.probe(warnings={MACRO: tuple(f"⟪{letter}⟫" for letter in "abcdefgh")})
    assert told(room)[0][2] == "macro warns: ⟪a⟫; ⟪b⟫; ⟪c⟫; ⟪d⟫; ⟪e⟫; and 3 more"
