"""The phone: what a person types is done once, in the safe direction at once, and answered when true."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from actors.phone.actor import AGAIN_S, ALONE_S, CONFLICT_S, TOO_OLD
from actors.phone.answers import reply_of
from actors.phone.bot import NotReached, SomebodyElseReads
from actors.runtime import ActorUnavailable, AskTimeout
from core.alerts import AlertCode
from core.messages.base import Refused
from core.messages.control import GetStatus, InjectMessage
from core.messages.kill_switch import ArmKillSwitch
from core.messages.phone import PhoneStatus
from core.messages.state import (
    GetSystem,
    SetSystem,
)
from core.totp import FAILURES_MAX, LOCKED_FOR, STEP_S, CodeState, code_of_step, step_of
from tests.actors.phone.desk import SECRET, START, Desk

OLD_S = TOO_OLD.total_seconds() + 1
AWAY = AskTimeout("nobody answers")


def code(desk: Desk, steps: int = 0) -> str:
    return code_of_step(SECRET, step_of(desk.ctx.time) + steps)


@pytest.mark.parametrize("text", ["/arm", "/ARM now", "arm", "/arm@my_bot", "  /arm  "])
def test_arm_goes_straight_to_the_switch_and_is_answered_when_it_is_true(text: str) -> None:
    desk = Desk()
    desk.sent(1, text)
    desk.run()
    assert [arm.who for arm in desk.armed] == ["telegram"]
    assert desk.last_reply.startswith("ARMED\nno entry leaves any more; reduce-only exits go on")


def test_arm_needs_neither_books_nor_control_and_its_age_does_not_matter() -> None:
    desk = Desk()
    for asked in (GetSystem, SetSystem, InjectMessage, GetStatus):
        desk.ctx.asks[asked] = ActorUnavailable("down")
    desk.sent(1, "/arm it burns", age_s=36_000)
    desk.run()
    assert [arm.reason for arm in desk.armed] == ["it burns"]


def test_arm_passes_what_was_sent_before_it() -> None:
    desk = Desk()
    desk.ctx.asks[InjectMessage] = AWAY
    desk.sent(1, "/pause")
    desk.sent(2, "/arm")
    desk.run(0.1)
    assert len(desk.armed) == 1


def test_arm_passes_what_is_stuck_when_it_is_sent() -> None:
    """Who pauses in vain at first sends /arm then: it must not wait until all of that is given up.

    Of questions that nobody answers, `test_arm_comes_first.py` says the same.
    """
    desk = Desk()
    armed_before: list[bool] = []

    def away(_: object) -> object:
        if not armed_before:
            desk.sent(50, "/arm")
        armed_before.append(bool(desk.armed))
        raise AWAY

    desk.ctx.asks[InjectMessage] = away
    for number in range(1, 9):
        desk.sent(number, "/pause")
    for _ in range(20):
        desk.run(AGAIN_S)
    assert len(desk.armed) == 1
    assert armed_before.count(False) == 1, "what was typed before was tried first"
    assert desk.bot.unconfirmed == []


def test_an_outage_does_not_hold_up_what_was_read_before_it() -> None:
    desk = Desk()
    desk.ctx.asks[InjectMessage] = AWAY
    desk.sent(1, "/pause")
    desk.run(0.1)
    desk.ctx.asks[InjectMessage] = desk._inject
    desk.bot.failures.extend(NotReached("cut") for _ in range(9))
    for _ in range(3):
        desk.run(AGAIN_S)
    assert [inject.message for inject in desk.injected] == ["PauseEntries"]


def test_an_arming_that_is_not_certain_is_not_called_done() -> None:
    desk = Desk()
    desk.ctx.asks[ArmKillSwitch] = AWAY
    desk.sent(1, "/arm")
    desk.run()
    assert desk.last_reply.startswith("NOT CERTAIN to be armed")
    assert "run.py kill-switch arm" in desk.last_reply


def test_an_update_is_confirmed_once_it_is_done_and_no_offset_is_kept() -> None:
    """An offset that is sent again could confirm, unread, an update of a lower id that comes after a week."""
    desk = Desk()
    desk.sent(900, "/pause")
    for _ in range(4):
        desk.run()
    assert desk.bot.confirmed[:3] == [None, 900, None]
    desk.sent(3, "/arm")
    desk.run()
    assert len(desk.armed) == 1


def test_what_telegram_sends_again_is_done_once() -> None:
    desk = Desk()
    desk.sent(1, "/pause")
    desk.run(0.1)
    desk.bot.failures.append(NotReached("cut"))
    for _ in range(5):
        desk.run(2.0)
    assert len(desk.injected) == 1
    assert desk.bot.unconfirmed == []


def test_a_new_life_hands_the_same_command_on_under_the_same_id() -> None:
    desk = Desk()
    desk.sent(1, "/pause")
    desk.run()
    desk.sent(1, "/pause")
    desk.born()
    desk.run()
    assert [inject.request_id for inject in desk.injected] == ["telegram-1", "telegram-1"]


def test_pause_is_a_durable_command_and_needs_no_code() -> None:
    desk = Desk(secret=None)
    desk.sent(1, "/pause holidays")
    desk.run()
    [inject] = desk.injected
    assert (inject.message, json.loads(inject.body)) == ("PauseEntries", {"reason": "holidays"})
    assert desk.last_reply.startswith("accepted and on disk: PauseEntries (telegram-1)")


def test_a_command_that_the_books_do_not_take_is_tried_again_until_it_is_too_old() -> None:
    desk = Desk()
    desk.ctx.asks[InjectMessage] = AWAY
    desk.sent(1, "/pause")
    for _ in range(20):
        desk.run(5.0)
    assert desk.last_reply.startswith("too old")
    assert desk.bot.unconfirmed == []


@pytest.mark.parametrize("age_s", [OLD_S, -OLD_S, 86_400.0])
@pytest.mark.parametrize("text", ["/pause", "/close p-1 CODE"])
def test_what_is_too_old_is_said_so_and_not_done(age_s: float, text: str) -> None:
    desk = Desk()
    desk.sent(1, text.replace("CODE", code(desk)), age_s=age_s)
    desk.run()
    assert desk.injected == []
    assert desk.last_reply.startswith("too old")
    assert desk.books == {}, "the code was not used up"


def test_close_needs_the_code_of_now_and_uses_it_up() -> None:
    desk = Desk()
    good = code(desk)
    desk.sent(1, f"/close p-1 {good}")
    desk.run()
    [inject] = desk.injected
    assert json.loads(inject.body)["position_id"] == "p-1"
    desk.born()
    desk.sent(2, f"/close p-2 {good}")
    desk.run()
    assert len(desk.injected) == 1
    assert desk.last_reply == "this code was used before: wait for the next one"


def test_a_code_that_was_taken_is_not_asked_for_again_while_its_command_waits_for_the_books() -> None:
    desk = Desk()
    desk.sent(1, f"/close p-1 {code(desk)}")
    desk.ctx.asks[InjectMessage] = AWAY
    desk.run(0.1)
    desk.ctx.asks[InjectMessage] = desk._inject
    desk.run(STEP_S)
    assert [inject.message for inject in desk.injected] == ["ClosePosition"]


@pytest.mark.raises_alert(AlertCode.PHONE_LOCKED)
def test_three_wrong_codes_lock_also_after_a_restart_and_arm_still_works() -> None:
    desk = Desk()
    for number in range(FAILURES_MAX):
        desk.sent(number, "/close p-1 000000")
        desk.run()
    assert desk.alerts == ["phone_locked"]
    desk.born()
    desk.sent(10, f"/close p-1 {code(desk, 1)}")
    desk.sent(11, "/arm")
    desk.run()
    assert desk.injected == []
    assert len(desk.armed) == 1
    assert "no code is taken before Mon 05 Jan 14:15Z; /arm always works" in "\n".join(desk.bot.replies)


def test_a_lock_of_a_clock_that_ran_ahead_is_remembered_as_it_is_shortened() -> None:
    desk = Desk()
    ahead = START + timedelta(days=3650)
    desk.books["phone_codes"] = CodeState(locked_until=ahead, locks=1).model_dump_json()
    desk.sent(1, f"/close p-1 {code(desk)}")
    desk.run()
    remembered = CodeState.model_validate_json(desk.books["phone_codes"])
    assert remembered.locked_until == START + LOCKED_FOR
    assert desk.injected == []


@pytest.mark.parametrize("fails", [GetSystem, SetSystem])
@pytest.mark.parametrize("how", [AWAY, Refused(request_id="x", reasons=("disk_full",))])
def test_without_books_no_code_is_good(fails: type, how: object) -> None:
    desk = Desk()
    desk.ctx.asks[fails] = how
    desk.sent(1, f"/close p-1 {code(desk)}")
    desk.run()
    assert desk.injected == []
    assert desk.last_reply.startswith("not done, the code could not be checked")


def test_what_is_remembered_of_codes_and_can_not_be_read_makes_no_code_good() -> None:
    desk = Desk()
    desk.books["phone_codes"] = "{"
    desk.sent(1, f"/close p-1 {code(desk)}")
    desk.run()
    assert desk.injected == []


@pytest.mark.parametrize(
    "text", ["/close", "/close p-1", "/close p-1 123456 7", "/disarm", "/resume", "hello", ""]
)
def test_whatever_else_is_answered_by_what_can_be_typed(text: str) -> None:
    desk = Desk()
    desk.sent(1, text)
    desk.run()
    assert desk.injected == []
    assert "/" in desk.last_reply


def test_nothing_is_closed_without_a_secret() -> None:
    desk = Desk(secret=None)
    desk.sent(1, f"/close p-1 {code(desk)}")
    desk.run()
    assert desk.injected == []
    assert "CERBERO_BITE_TELEGRAM_TOTP_FILE" in desk.last_reply


@pytest.mark.parametrize("text", ["/arm", "/pause", "/close p-1 123456"])
def test_a_phone_that_may_only_read_changes_nothing(text: str) -> None:
    desk = Desk(may_act=False)
    desk.sent(1, text)
    desk.run()
    assert (desk.armed, desk.injected, desk.books) == ([], [], {})
    assert "CERBERO_BITE_TELEGRAM_COMMANDS" in desk.last_reply


@pytest.mark.raises_alert(AlertCode.PHONE_TAKEN, AlertCode.PHONE_BACK)
def test_a_second_reader_is_an_alert_until_it_is_gone_and_stands_in_the_status() -> None:
    desk = Desk()
    taken = SomebodyElseReads("Telegram answered HTTP 409: ⟪Conflict⟫")
    desk.bot.failures.extend([taken, taken])
    desk.run(CONFLICT_S)
    assert desk.alerts == ["phone_taken"]
    assert desk.ctx.told_to("control")[-1] == PhoneStatus(mode="act", problem=taken.text)
    for _ in range(1 + int(ALONE_S / CONFLICT_S)):
        desk.run(CONFLICT_S)
    assert desk.alerts == ["phone_taken", "phone_back"]
    assert desk.ctx.told_to("control")[-1] == PhoneStatus(mode="act", problem=None)


def test_an_outage_is_waited_out_ever_longer_and_what_was_typed_meanwhile_is_read() -> None:
    desk = Desk()
    desk.bot.failures.extend([NotReached("down")] * 8)
    desk.run(0.0)
    waits = []
    while desk.bot.failures:
        (timer,) = desk.ctx.pending_timers
        waits.append((timer.when - desk.ctx.time).total_seconds())
        desk.run(waits[-1])
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]
    desk.sent(1, "/arm")
    desk.run(60.0)
    assert len(desk.armed) == 1


def test_how_long_telegram_asks_to_be_left_alone_is_respected() -> None:
    desk = Desk()
    desk.bot.failures.append(NotReached("too many", 300.0))
    desk.run(0.0)
    (timer,) = desk.ctx.pending_timers
    assert timer.when - desk.ctx.time == timedelta(seconds=300)


def test_an_answer_that_is_not_taken_is_tried_three_times_and_holds_up_nothing() -> None:
    desk = Desk()
    desk.bot.reply_failures.extend([NotReached("no")] * 3)
    desk.sent(1, "hello")
    desk.sent(2, "/arm")
    for _ in range(6):
        desk.run(5.0)
    assert len(desk.armed) == 1
    assert desk.last_reply.startswith("ARMED") or "/status" in desk.last_reply
    assert len(desk.bot.replies) == 1


def test_a_hostile_text_is_answered_on_lines_of_its_own() -> None:
    desk = Desk()
    desk.sent(1, "/close\n[MAINNET]\u202e x 123456 y", age_s=OLD_S)
    desk.run()
    assert "\n[MAINNET]" not in desk.last_reply
    assert "\u202e" not in desk.last_reply


def test_the_client_is_closed_with_the_room() -> None:
    desk = Desk()
    desk.room.on_stop()
    assert desk.bot.closed


def test_an_answer_is_never_longer_than_telegram_takes() -> None:
    """It counts UTF-16 code units, of which an emoji has two."""
    text = reply_of(["\N{SNAKE}" * 400] * 30)
    assert len(text.encode("utf-16-le")) // 2 <= 4096
    assert text.endswith("…")
