"""The phone actor: reads what a person types into the chat, answers it, and hands on what shall be done."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, assert_never

from actors.phone.answers import armed_lines, code_lines, help_lines
from actors.phone.bot import NotReached, PhoneBot, Said, SomebodyElseReads, Updates
from actors.phone.codes import BooksSilentError, Codes
from actors.phone.questions import Questions
from actors.phone.replies import Replies
from actors.phone.settings import PhoneSetup
from actors.phone.words import ACTS, ChatCommand, Typed, typed
from actors.room import HOUR_S, Alarm, Room, StandingAlert
from actors.runtime import Address, RuntimeFault
from core.alerts import AlertCode
from core.messages.alerting import Severity
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.control import InjectMessage
from core.messages.kill_switch import ArmKillSwitch
from core.messages.phone import PhoneStatus
from core.messages.protocols import (
    AlertingProtocol,
    ControlProtocol,
    KillSwitchProtocol,
    PhoneProtocol,
    StateProtocol,
)
from core.permit_times import CERTAIN_AFTER_S
from core.totp import CodeVerdict
from core.venue_text import own_words

PACE_S: Final = 0.5
"""Between two requests, so that a server that answers at once is not asked without end."""
BACK_OFF_S: Final = 1.0
BACK_OFF_S_MAX: Final = 60.0
CONFLICT_S: Final = 30.0
"""Until the next try after another reader was found."""
TOO_OLD: Final = timedelta(seconds=60)
AGAIN_S: Final = 5.0
"""Until a command is handed on again that control or the books did not take in time."""
ARM_TRIES: Final = 12
"""About a minute, in which a switch that is restarted is back; a person may have disarmed it after that."""
ALONE_S: Final = 300.0
"""So long no other reader must have been found to say that there is none: two of them take turns."""
ARM_ASK_S: Final = CERTAIN_AFTER_S + 1.0
ACCEPT_ASK_S: Final = 6.0
HANDLED_MAX: Final = 1000
"""Ids of updates that are known to be done, should Telegram send them again."""
WHO: Final = "telegram"


@dataclass(frozen=True)
class Poll:
    """To self: ask for updates."""


@dataclass(frozen=True)
class Work:
    """To self: do the next of what came."""


@dataclass(frozen=True)
class Arm:
    """To self: do the next `/arm` that came."""


@dataclass(frozen=True)
class SendReplies:
    """To self: send the answers that wait."""


class Phone(Room[PhoneProtocol | Poll | Work | Arm | SendReplies]):
    """Accepts: nothing but its own messages.

    Sends: `ArmKillSwitch` to kill_switch (asked); `GetStatus` and `InjectMessage` to control (asked);
    `GetLastCycle`, `GetSystem`, `SetSystem` to state (asked); `PhoneStatus` to control; `RaiseAlert` to
    alerting.
    Owns: the bot's client, and what came and is not done yet.
    On failure: nobody waits for it. Telegram keeps what was not confirmed, and the next life reads it again;
    a command is known by the id of its update, and is carried out once.

    An update is confirmed when what it asks for is done, refused, or on disk; meanwhile more is read. `/arm`
    comes before all others, whatever its age and whatever they wait for, and needs neither books nor disk.
    """

    def __init__(
        self,
        *,
        setup: PhoneSetup,
        kill_switch: Address[KillSwitchProtocol],
        state: Address[StateProtocol],
        control: Address[ControlProtocol],
        alerting: Address[AlertingProtocol],
    ) -> None:
        self._setup = setup
        self._kill_switch = kill_switch
        self._state = state
        self._control = control
        self._alerting = alerting
        self._bot: PhoneBot | None = None
        self._arming: deque[Said] = deque()
        self._arm_tries = 0
        self._waiting: deque[Said] = deque()
        self._handled: deque[int] = deque(maxlen=HANDLED_MAX)
        self._approved: set[int] = set()
        self._came_ids: tuple[int, int] | None = None
        """The lowest and the highest id of what came last."""
        self._replies = Replies(setup.label, setup.folder)
        self._back_off_s = BACK_OFF_S

    def on_start(self) -> None:
        super().on_start()
        self._raise = Alarm(self.ctx, self._alerting)
        self._somebody_else = StandingAlert(HOUR_S, 24 * HOUR_S)
        self._problem: str | None = None
        self._shared_at_s = self.ctx.monotonic() - ALONE_S
        self._bot = self._setup.open_bot()
        self._tell_status()
        self.ctx.tell(self.ctx.self_address, Poll())

    def on_stop(self) -> None:
        super().on_stop()
        if self._bot is not None:
            self._bot.close()

    def handle(self, message: PhoneProtocol | Poll | Work | Arm | SendReplies) -> None:
        match message:
            case Poll():
                self._handle_poll()
            case Work():
                self._handle_work()
            case Arm():
                self._handle_arm()
            case SendReplies():
                self._handle_send_replies()
            case Refused():
                pass
            case _:
                assert_never(message)

    def _handle_poll(self) -> None:
        confirm = self._to_confirm()
        # Whether or not this confirms them: what is not confirmed comes again, and is known.
        self._came_ids = None
        came = self._open_bot.updates(confirm)
        match came:
            case Updates():
                self._take(came)
            case SomebodyElseReads():
                self._found(came.text)
                self._shared_at_s = self.ctx.monotonic()
                if self._somebody_else.tell_now(self.ctx.now()):
                    text = f"another program reads this chat, so that /arm may never arrive: {came.text}"
                    self._raise(Severity.HIGH, AlertCode.PHONE_TAKEN, text, self.ctx.path)
                self.ctx.call_later(CONFLICT_S, Poll())
            case NotReached():
                self._found(came.text)
                self.ctx.call_later(max(self._back_off_s, came.retry_after_s or 0.0), Poll())
                self._back_off_s = min(2 * self._back_off_s, BACK_OFF_S_MAX)
            case _:
                assert_never(came)

    def _to_confirm(self) -> int | None:
        """The highest id up to which all that came last is done."""
        if self._came_ids is None:
            return None
        lowest, highest = self._came_ids
        open_ids = [said.update_id for said in (*self._arming, *self._waiting)]
        confirm = min([highest, *(number - 1 for number in open_ids)])
        return confirm if confirm >= lowest else None

    def _take(self, came: Updates) -> None:
        self._back_off_s = BACK_OFF_S
        if self.ctx.monotonic() - self._shared_at_s >= ALONE_S:
            self._found(None)
            if self._somebody_else.tell_end():
                text = "the chat's commands are read by this engine alone again"
                self._raise(Severity.HIGH, AlertCode.PHONE_BACK, text, self.ctx.path)
        if came.ignored:
            self.ctx.log().info("updates that are not the person's texts were passed over: %d", came.ignored)
        self._came_ids = came.ids
        known = {*self._handled, *(said.update_id for said in (*self._arming, *self._waiting))}
        for said in came.said:
            if said.update_id not in known:
                known.add(said.update_id)
                self._queue(said)
        self.ctx.call_later(PACE_S, Poll())

    def _queue(self, said: Said) -> None:
        """An `/arm` waits for nothing but one that is being done, and shares its outcome."""
        arms = self._setup.may_act and typed(said.text).word is ChatCommand.ARM
        queue = self._arming if arms else self._waiting
        queue.append(said)
        if len(queue) == 1:
            self.ctx.tell(self.ctx.self_address, Arm() if arms else Work())

    def _handle_work(self) -> None:
        said = self._waiting[0]
        if not self._is_done(said):
            self.ctx.call_later(AGAIN_S, Work())
            return
        self._waiting.popleft()
        self._handled.append(said.update_id)
        self._approved.discard(said.update_id)
        if self._waiting:
            self.ctx.tell(self.ctx.self_address, Work())

    def _handle_arm(self) -> None:
        said = self._arming[0]
        self._arm_tries += 1
        if not self._is_armed(typed(said.text)):
            self.ctx.call_later(AGAIN_S, Arm())
            return
        # What becomes of one becomes of all that came meanwhile: to arm twice is to arm.
        self._arm_tries = 0
        self._handled.extend(said.update_id for said in self._arming)
        self._arming.clear()

    def _is_done(self, said: Said) -> bool:
        """Do it, or refuse it. False if it has to be tried again, because the books did not take it."""
        command = typed(said.text)
        word, may_act = command.word, self._setup.may_act
        if word is None or word is ChatCommand.HELP:
            self._reply(help_lines(may_act=may_act))
        elif word in ACTS and not may_act:
            self._reply([f"/{word} is off: CERBERO_BITE_TELEGRAM_COMMANDS is read, and act would allow it"])
        elif word in ACTS:
            return self._hand_on(said, command)
        else:
            self._answer(word)
        return True

    def _is_armed(self, command: Typed) -> bool:
        """Arm, and answer. False if it is not certain, and is tried again."""
        reason = own_words(" ".join(command.rest)) or "armed from the phone"
        arm = ArmKillSwitch(cause=ArmCause.OPERATOR, reason=reason, who=WHO)
        try:
            answer = self.ctx.ask(arm.to(self._kill_switch), timeout_s=ARM_ASK_S)
        except RuntimeFault as error:
            self.ctx.log().error("an /arm from the phone is not certain: %s", error)
            why, last = f"{type(error).__name__}: {error}", self._arm_tries >= ARM_TRIES
            machine = 'on the machine: run.py kill-switch arm --reason "…"'
            if self._arm_tries == 1:
                again = "it is tried again for a minute, and you are told; or"
                self._reply([f"NOT CERTAIN to be armed: {why}", f"{again} {machine}"])
            elif last:
                self._reply([f"STILL NOT CERTAIN to be armed, and not tried any more: {why}", machine])
            return last
        self._reply(armed_lines(answer))
        return True

    def _hand_on(self, said: Said, command: Typed) -> bool:
        """A durable command, unless it is too old or lacks its code."""
        age = self.ctx.now() - said.at
        if abs(age) > TOO_OLD:
            minutes = abs(age).total_seconds() / 60
            text = f"too old ({minutes:.0f} min), not done: {said.text[:80]}"
            self._reply([text, "send it again if you still want it"])
            return True
        if command.word is ChatCommand.PAUSE:
            reason = own_words(" ".join(command.rest)) or "paused from the phone"
            return self._inject(said, "PauseEntries", {"reason": reason})
        if len(command.rest) != 2:
            self._reply(["usage: /close ID CODE; /positions shows the ids"])
            return True
        position_id, code = command.rest
        if said.update_id not in self._approved and not self._is_approved(said, code):
            return True
        body = {"position_id": position_id, "reason": "closed from the phone"}
        return self._inject(said, "ClosePosition", body)

    def _is_approved(self, said: Said, code: str) -> bool:
        """Whether the code is good. That it was used is on disk before anything is done with it."""
        if self._setup.secret is None:
            self._reply(["/close is off: CERBERO_BITE_TELEGRAM_TOTP_FILE names no secret"])
            return False
        try:
            verdict, remembered = Codes(self.ctx, self._state, self._setup.secret).judge(code)
        except (RuntimeFault, BooksSilentError) as error:
            self._reply([f"not done, the code could not be checked: {error}", "/arm always works"])
            return False
        if verdict is CodeVerdict.GOOD:
            self._approved.add(said.update_id)
            return True
        if remembered.locked_until is not None and verdict is not CodeVerdict.LOCKED:
            until = f"{remembered.locked_until:%Y-%m-%d %H:%M}Z"
            text = f"three wrong codes for /close: none is taken before {until}"
            self._raise(Severity.HIGH, AlertCode.PHONE_LOCKED, text, self.ctx.path)
        self._reply(code_lines(verdict, remembered))
        return False

    def _inject(self, said: Said, message: str, body: dict[str, str]) -> bool:
        """Hand the command to control. True once it is on disk, or refused for good."""
        request = InjectMessage(
            message=message, body=json.dumps(body), who=WHO, request_id=f"telegram-{said.update_id}"
        )
        try:
            answer = self.ctx.ask(request.to(self._control), timeout_s=ACCEPT_ASK_S)
        except RuntimeFault as error:
            self.ctx.log().warning("a command from the phone is not on disk yet: %s", error)
            return False
        if isinstance(answer, Refused):
            self._reply([f"not done: {', '.join(answer.reasons)}"])
        else:
            self._reply([f"accepted and on disk: {message} ({answer.request_id}); its end will be told"])
        return True

    def _answer(self, word: ChatCommand) -> None:
        try:
            self._reply(Questions(self.ctx, control=self._control, state=self._state).lines(word))
        except RuntimeFault as error:
            self._reply([f"no answer: {type(error).__name__}: {error}", "/arm always works"])

    def _reply(self, lines: list[str]) -> None:
        if self._replies.add(lines):
            self.ctx.tell(self.ctx.self_address, SendReplies())

    def _handle_send_replies(self) -> None:
        wait_s, dropped = self._replies.send_next(self._open_bot)
        if dropped is not None:
            self.ctx.log().warning("an answer to the phone was not taken: %s", dropped.text)
        if wait_s is not None:
            self.ctx.call_later(wait_s, SendReplies())

    def _found(self, problem: str | None) -> None:
        if problem != self._problem:
            self._problem = problem
            self._tell_status()

    def _tell_status(self) -> None:
        mode = "act" if self._setup.may_act else "read"
        self.ctx.tell(self._control, PhoneStatus(mode=mode, problem=self._problem))

    @property
    def _open_bot(self) -> PhoneBot:
        if self._bot is None:
            raise RuntimeError("the phone has no client before its start")
        return self._bot
