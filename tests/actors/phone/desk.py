"""The phone's room with fakes around it, and the moves that a test makes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from actors.phone.actor import Arm, Phone, Poll, SendReplies, Work
from actors.phone.bot import NotReached, Said, SomebodyElseReads, Updates
from actors.phone.settings import PhoneSetup
from actors.runtime.testing import FakeAddress, FakeContext
from core.messages.alerting import RaiseAlert
from core.messages.arm_cause import ArmCause
from core.messages.control import InjectAccepted, InjectMessage
from core.messages.kill_switch import ArmKillSwitch, KillSwitchArmed
from core.messages.state import GetSystem, Recorded, SetSystem, SystemRead

START = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
SECRET = b"12345678901234567890"
LABEL = "[TESTNET] mine"


@dataclass
class FakeBot:
    """Keeps what was sent until it is confirmed, as Telegram does."""

    unconfirmed: list[Said] = field(default_factory=list)
    failures: deque[NotReached | SomebodyElseReads] = field(default_factory=deque)
    reply_failures: deque[NotReached] = field(default_factory=deque)
    confirmed: list[int | None] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    closed: bool = False

    def updates(self, confirm: int | None) -> Updates | SomebodyElseReads | NotReached:
        self.confirmed.append(confirm)
        if self.failures:
            return self.failures.popleft()
        if confirm is not None:
            self.unconfirmed = [said for said in self.unconfirmed if said.update_id > confirm]
        ids = [said.update_id for said in self.unconfirmed]
        return Updates(tuple(self.unconfirmed), (min(ids), max(ids)) if ids else None)

    def reply(self, text: str) -> NotReached | None:
        if self.reply_failures:
            return self.reply_failures.popleft()
        self.replies.append(text)
        return None

    def close(self) -> None:
        self.closed = True


class Desk:
    """One life of the room. What Telegram holds (`bot`) and what the books remember outlive it."""

    def __init__(self, *, may_act: bool = True, secret: bytes | None = SECRET) -> None:
        self.bot = FakeBot()
        self.books: dict[str, str] = {}
        self.setup = PhoneSetup(may_act=may_act, open_bot=lambda: self.bot, secret=secret, label=LABEL)
        self.time = START
        self.injected: list[InjectMessage] = []
        self.armed: list[ArmKillSwitch] = []
        self.born()

    def born(self) -> None:
        """A new life of the room; the fakes around it answer."""
        self.ctx = FakeContext("phone", now=self.time)
        self.room = Phone(
            setup=self.setup,
            kill_switch=FakeAddress("kill_switch"),
            state=FakeAddress("state"),
            control=FakeAddress("control"),
            alerting=FakeAddress("alerting"),
        )
        self.room.ctx = self.ctx
        self.ctx.asks = {
            ArmKillSwitch: self._arm,
            InjectMessage: self._inject,
            GetSystem: lambda query: SystemRead(key=query.key, value=self.books.get(query.key)),
            SetSystem: self._remember,
        }
        self.taken = 0
        self.room.on_start()

    def sent(self, number: int, text: str, *, age_s: float = 0.0) -> None:
        """The person has typed this."""
        self.bot.unconfirmed.append(Said(number, self.ctx.time - timedelta(seconds=age_s), text))

    def run(self, seconds: float = 1.0) -> None:
        """Deliver what the room tells itself, and let the time pass."""
        self._deliver()
        for message in self.ctx.advance(seconds):
            self.room.handle(message)  # type: ignore[arg-type]  # Only its own timers.
            self._deliver()
        self.time = self.ctx.time

    def _deliver(self) -> None:
        while self.taken < len(self.ctx.told):
            _, message = self.ctx.told[self.taken]
            self.taken += 1
            if isinstance(message, Poll | Work | Arm | SendReplies):
                self.room.handle(message)
            for due in self.ctx.advance(0.0):
                self.room.handle(due)  # type: ignore[arg-type]  # Only its own timers.

    @property
    def alerts(self) -> list[str]:
        return [alert.code for alert in self.ctx.told_to("alerting") if isinstance(alert, RaiseAlert)]

    @property
    def last_reply(self) -> str:
        """The newest answer without its first line, which is the label."""
        label, _, text = self.bot.replies[-1].partition("\n")
        assert label == LABEL
        return text

    def _arm(self, arm: object) -> KillSwitchArmed:
        assert isinstance(arm, ArmKillSwitch)
        self.armed.append(arm)
        return KillSwitchArmed(
            cause=ArmCause.OPERATOR, reason=arm.reason, who=arm.who, at=self.ctx.time, exits_blocked=False
        )

    def _inject(self, inject: object) -> InjectAccepted:
        assert isinstance(inject, InjectMessage)
        self.injected.append(inject)
        return InjectAccepted(request_id=inject.request_id, message=inject.message, on_disk=True)

    def _remember(self, value: object) -> Recorded:
        assert isinstance(value, SetSystem)
        self.books[value.key] = value.value
        return Recorded(request_id=value.request_id)
