"""Fakes for unit tests of actors: set `actor.ctx = FakeContext(...)` and call the handlers."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from actors.runtime.actor import ActorLog, LogAdapter
from actors.runtime.address import Address, Watcher
from actors.runtime.context import check_timeout
from actors.runtime.envelope import Envelope, to_us
from actors.runtime.errors import ActorUnavailable, Fenced

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_NOW = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)


class _Inbox:
    """Stands behind a fake address and writes down what is sent there."""

    def __init__(self) -> None:
        self.received: list[object] = []
        self.senders: list[Address | None] = []
        self.correlations: list[str | None] = []
        self.timeouts_s: list[float] = []
        self.answers: dict[type, object] = {}
        self.watchers: list[Watcher] = []

    @property
    def waiting_on(self) -> Address | None:
        return None

    def deliver(self, envelope: Envelope) -> str | None:
        self.received.append(envelope.message)
        self.senders.append(envelope.sender)
        self.correlations.append(envelope.correlation)
        if envelope.reply_to is not None:
            envelope.reply_to.resolve(answer_from(self.answers, envelope.message, "FakeAddress.answers"))
        return None

    def watched_by(self, watcher: Watcher) -> None:
        self.watchers.append(watcher)

    def tell_from(self, message: object, sender: Address | None, correlation: str | None) -> None:
        self.received.append(message)
        self.senders.append(sender)
        self.correlations.append(correlation)

    def ask_from(self, message: object, timeout_s: float, correlation: str | None) -> object:
        check_timeout(timeout_s)
        self.received.append(message)
        self.correlations.append(correlation)
        self.timeouts_s.append(timeout_s)
        return answer_from(self.answers, message, f"FakeAddress.answers[{type(message).__name__}]")


def answer_from(answers: dict[type, object], message: object, where: str) -> object:
    """The prepared answer: a value, an exception to raise, or a function of the message."""
    if type(message) not in answers:
        raise ActorUnavailable(f"no answer prepared: set {where}")
    answer = answers[type(message)]
    if isinstance(answer, BaseException):
        raise answer
    if callable(answer):
        return answer(message)
    return answer


class FakeAddress(Address):
    """An address without an actor; `.received` lists what was sent to it from outside a context."""

    __slots__ = ()

    def __init__(self, name: str, path: str | None = None) -> None:
        super().__init__(path or f"root/{name}", name, _Inbox())

    @property
    def inbox(self) -> _Inbox:
        assert isinstance(self.recipient, _Inbox)
        return self.recipient

    @property
    def received(self) -> list[object]:
        return self.inbox.received

    @property
    def answers(self) -> dict[type, object]:
        return self.inbox.answers


@dataclass
class FakeTimer:
    """A timer that was set; `context.fire(timer)` is up to the test."""

    when: datetime
    message: object
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class FakeReply:
    """A deferred reply; `.outcome` holds what it was answered with."""

    correlation: str | None
    values: list[object] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def set(self, value: object) -> None:
        if not self.answered:
            self.values.append(value)

    def fail(self, error: BaseException) -> None:
        if not self.answered:
            self.errors.append(error)

    @property
    def answered(self) -> bool:
        return bool(self.values or self.errors)

    @property
    def outcome(self) -> object:
        """The value or the error; LookupError while unanswered."""
        if not self.answered:
            raise LookupError("the deferred reply is still unanswered")
        return (self.values or self.errors)[0]


class FakeContext:
    """A context that writes everything down. Time moves only by `advance`, which returns the timers due."""

    def __init__(self, name: str = "actor", *, now: datetime = DEFAULT_NOW, seed: int = 0) -> None:
        self.name = name
        self.path = f"root/{name}"
        self.epoch = 1
        self.live = True
        self.stopped = False
        self.time = now
        self.process_time_s = 0.0
        self.self_address: Address = FakeAddress(name)
        self.told: list[tuple[Address, object]] = []
        self.tell_correlations: list[str | None] = []
        self.asked: list[tuple[Address, object, float]] = []
        self.asks: dict[type, object] = {}
        self.timers: list[FakeTimer] = []
        self.deferred: list[FakeReply] = []
        self.slept: list[float] = []
        self.watched: list[Address] = []
        self._rng = random.Random(seed)
        self._number = 0
        self._envelope: Envelope | None = None

    @property
    def envelope(self) -> Envelope:
        if self._envelope is None:
            self._envelope = self.envelope_of(None)
        return self._envelope

    @envelope.setter
    def envelope(self, envelope: Envelope) -> None:
        self._envelope = envelope

    @property
    def sender(self) -> Address | None:
        return self.envelope.sender

    def envelope_of(
        self, message: object, *, sender: Address | None = None, correlation: str | None = None
    ) -> Envelope:
        """An envelope to set as the current one before calling a handler."""
        self._number += 1
        at = to_us(self.time) * 1000
        return Envelope(self._number, message, sender, correlation, None, at, self.self_address, None)

    @contextmanager
    def handling(
        self, message: object, *, sender: Address | None = None, correlation: str | None = None
    ) -> Iterator[Envelope]:
        """Within the block, `message` is the one being handled."""
        before = self._envelope
        self._envelope = self.envelope_of(message, sender=sender, correlation=correlation)
        try:
            yield self._envelope
        finally:
            self._envelope = before

    def tell(self, to: Address, message: object, *, correlation: str | None = None) -> None:
        self.check_live()
        self.told.append((to, message))
        self.tell_correlations.append(self.envelope.correlation if correlation is None else correlation)

    def ask(self, to: Address, message: object, *, timeout_s: float) -> object:
        self.check_live()
        check_timeout(timeout_s)
        self.asked.append((to, message, timeout_s))
        answer = answer_from(self.asks, message, f"FakeContext.asks[{type(message).__name__}]")
        self.check_live()
        return answer

    def defer_reply(self) -> FakeReply:
        self.check_live()
        reply = FakeReply(self.envelope.correlation)
        self.deferred.append(reply)
        return reply

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.process_time_s

    def call_at(self, when: datetime, message: object) -> FakeTimer:
        self.check_live()
        to_us(when)
        timer = FakeTimer(when, message)
        self.timers.append(timer)
        return timer

    def call_later(self, delay_s: float, message: object) -> FakeTimer:
        return self.call_at(self.time + timedelta(seconds=delay_s), message)

    def sleep(self, seconds: float) -> None:
        self.check_live()
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
        self.process_time_s += seconds

    def watch(self, target: Address) -> None:
        self.check_live()
        self.watched.append(target)

    def check_live(self) -> None:
        if not self.live:
            raise Fenced(f"{self.path}, epoch {self.epoch}")

    def rng(self) -> random.Random:
        return self._rng

    def uuid(self) -> str:
        return f"{self._rng.getrandbits(128):032x}"

    def log(self) -> LogAdapter:
        return ActorLog(self)

    def stop_self(self) -> None:
        self.check_live()
        self.stopped = True

    def told_to(self, to: Address | str) -> list[object]:
        """The messages told to one address, given as such or by name, in order."""
        return [message for address, message in self.told if to in (address, address.name)]

    def advance(self, seconds: float) -> list[object]:
        """Move both times on and return the messages of the timers that came due, in order of time; the test
        hands them to the actor."""
        self.time += timedelta(seconds=seconds)
        self.process_time_s += seconds
        due = sorted(
            (timer for timer in self.timers if not timer.cancelled and timer.when <= self.time),
            key=lambda timer: timer.when,
        )
        self.timers = [timer for timer in self.timers if timer not in due]
        return [timer.message for timer in due]

    @property
    def pending_timers(self) -> list[FakeTimer]:
        """Timers that were neither cancelled nor came due."""
        return [timer for timer in self.timers if not timer.cancelled]
