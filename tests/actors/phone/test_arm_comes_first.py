"""`/arm` is read and done whatever else the phone is busy with, and whatever comes over the wire."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.phone.actor import AGAIN_S, ALONE_S, ARM_TRIES
from actors.phone.bot import NotReached, Said, SomebodyElseReads
from actors.runtime import ActorUnavailable, AskTimeout
from core.messages.control import GetStatus, InjectMessage
from core.messages.kill_switch import ArmKillSwitch
from core.totp import code_of_step, step_of
from tests.actors.phone.desk import SECRET, Desk
from tests.fakes.engine_status import state

AWAY = AskTimeout("nobody answers")
DOWN = ActorUnavailable("down")


@pytest.mark.parametrize("text", ["/pause", "/close p-1 CODE"])
def test_arm_passes_a_command_that_the_books_have_not_taken_for_a_minute(text: str) -> None:
    """Nothing was read any more before that command was too old."""
    desk = Desk()
    desk.ctx.asks[InjectMessage] = AWAY
    desk.sent(1, text.replace("CODE", code_of_step(SECRET, step_of(desk.ctx.time))))
    desk.run()
    desk.sent(2, "/arm")
    desk.run()
    assert len(desk.armed) == 1


def test_arm_passes_questions_that_were_sent_before_it_and_wait_for_their_answer() -> None:
    desk = Desk()

    def slow(_query: object) -> object:
        if not desk.armed and desk.bot.unconfirmed[-1].update_id < 100:
            desk.sent(100, "/arm")
        answered_before_arm.append(not desk.armed)
        desk.ctx.time += timedelta(seconds=9)
        return state()

    answered_before_arm: list[bool] = []
    desk.ctx.asks[GetStatus] = slow
    for number in range(1, 20):
        desk.sent(number, "/status")
    for _ in range(80):
        desk.run()
    assert len(answered_before_arm) == 19
    assert sum(answered_before_arm) <= 3


def test_nothing_is_confirmed_that_is_not_done_while_more_is_read() -> None:
    desk = Desk()
    desk.ctx.asks[InjectMessage] = AWAY
    desk.sent(5, "/pause")
    for _ in range(5):
        desk.run()
    desk.sent(6, "/arm")
    desk.run()
    desk.run()
    assert [said.update_id for said in desk.bot.unconfirmed] == [5, 6]
    desk.ctx.asks[InjectMessage] = desk._inject
    for _ in range(10):
        desk.run()
    assert desk.bot.unconfirmed == []
    assert (len(desk.armed), len(desk.injected)) == (1, 1)


@pytest.mark.parametrize("failure", [AWAY, DOWN])
def test_an_arming_that_is_not_certain_is_tried_again_until_it_is(failure: Exception) -> None:
    """The switch was restarting, say: what the person was told to repeat may never be repeated."""
    desk = Desk()
    desk.ctx.asks[ArmKillSwitch] = failure
    desk.sent(1, "/arm")
    for _ in range(2):
        desk.run(AGAIN_S)
    assert [reply.count("NOT CERTAIN") for reply in desk.bot.replies] == [1]
    assert desk.bot.unconfirmed != []
    desk.ctx.asks[ArmKillSwitch] = desk._arm
    for _ in range(4):
        desk.run(AGAIN_S)
    assert len(desk.armed) == 1
    assert desk.last_reply.startswith("ARMED")
    assert desk.bot.unconfirmed == []


def test_an_arming_that_never_becomes_certain_is_given_up_in_words() -> None:
    desk = Desk()
    desk.ctx.asks[ArmKillSwitch] = DOWN
    desk.sent(1, "/arm")
    for _ in range(ARM_TRIES + 2):
        desk.run(AGAIN_S)
    assert len(desk.bot.replies) == 2
    assert desk.last_reply.startswith("STILL NOT CERTAIN")
    assert "run.py kill-switch arm" in desk.last_reply
    desk.run()
    assert desk.bot.unconfirmed == []


@pytest.mark.parametrize("works", [True, False])
def test_an_arm_that_is_sent_a_hundred_times_is_one_and_keeps_nothing_from_being_read(works: bool) -> None:
    """Who gets no answer presses again. With a dead switch each was tried for a minute of its own."""
    desk = Desk()
    if not works:
        desk.ctx.asks[ArmKillSwitch] = DOWN
    for number in range(100):
        desk.sent(number, "/arm")
    for _ in range(ARM_TRIES + 2):
        desk.run(AGAIN_S)
    assert len(desk.armed) == works
    assert len(desk.bot.replies) == (1 if works else 2)
    assert desk.bot.unconfirmed == []


def test_a_confirmation_that_got_lost_is_not_kept() -> None:
    """After a week without traffic the ids begin anywhere: a kept one could confirm an unread `/arm`."""
    desk = Desk()

    def last_of_a_week(command: object) -> object:
        desk.bot.failures.append(NotReached("down"))
        desk.bot.unconfirmed = []
        desk.sent(3, "/arm")
        return desk._inject(command)

    desk.ctx.asks[InjectMessage] = last_of_a_week
    desk.sent(900, "/pause")
    for _ in range(10):
        desk.run()
    assert desk.bot.confirmed[:2] == [None, 900]
    assert len(desk.armed) == 1


def test_one_update_that_comes_twice_at_once_is_one_command() -> None:
    desk = Desk()
    good = f"/close p-1 {code_of_step(SECRET, step_of(desk.ctx.time))}"
    desk.bot.unconfirmed = [Said(7, desk.ctx.time, good), Said(7, desk.ctx.time, good)]
    for _ in range(3):
        desk.run()
    assert len(desk.injected) == 1
    assert len(desk.bot.replies) == 1


def test_ids_in_any_order_are_all_done_before_they_are_confirmed() -> None:
    desk = Desk()
    for number, text in ((9, "/pause"), (2, "/arm"), (5, "/pause")):
        desk.sent(number, text)
    for _ in range(4):
        desk.run()
    assert (len(desk.armed), len(desk.injected)) == (1, 2)
    assert desk.bot.unconfirmed == []


@pytest.mark.parametrize("text", ["/arm.", "Arm!", "/ARM,", "/arm: it burns", "arm;"])
def test_what_a_phones_keyboard_adds_to_arm_is_no_reason_not_to_stop(text: str) -> None:
    desk = Desk()
    desk.sent(1, text)
    desk.run()
    assert len(desk.armed) == 1


def test_two_readers_that_take_turns_are_one_alert() -> None:
    """Each answer ends the other's request, so that every second one of ours fails."""
    desk = Desk()
    for _ in range(60):
        desk.bot.failures.append(SomebodyElseReads("HTTP 409"))
        desk.run(31.0)
    assert desk.alerts == ["phone_taken"]
    for _ in range(int(ALONE_S) + 5):
        desk.run()
    assert desk.alerts == ["phone_taken", "phone_back"]
