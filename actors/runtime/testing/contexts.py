"""A fake context, with its timers and deferred replies: it records every effect."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from actors.runtime.actor.context import LogAdapter
from actors.runtime.actor.log import ActorLog
from actors.runtime.actor.mail import AnyAddress, Envelope, Question, SomeAddress
from actors.runtime.backend.asking import check_timeout
from actors.runtime.errors import EffectWhileClosing, Fenced
from actors.runtime.testing.addresses import FakeAddress, answer_from
from actors.runtime.times import to_us

R = TypeVar("R")
DEFAULT_NOW = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)


@dataclass
class FakeTimer:
    """A timer that was set; `FakeContext.advance` returns its message when it is due."""

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
        """The value or the error. Raises LookupError while unanswered."""
        if not self.answered:
            raise LookupError("the deferred reply is still unanswered")
        return (self.values or self.errors)[0]


class FakeContext:
    """A context that records everything. Time moves only by `advance` and `sleep`."""

    def __init__(self, name: str = "actor", *, now: datetime = DEFAULT_NOW, seed: int = 0) -> None:
        self.name = name
        self.path = f"root/{name}"
        self.epoch = 1
        self.live = True
        self.may_act = True
        self.stopped = False
        self.time = now
        self.process_time_s = 0.0
        self.self_address: AnyAddress = FakeAddress(name)
        self.told: list[tuple[AnyAddress, object]] = []
        self.tell_correlations: list[str | None] = []
        self.asked: list[tuple[SomeAddress, object, float]] = []
        self.asks: dict[type, object] = {}
        self.timers: list[FakeTimer] = []
        self.deferred: list[FakeReply] = []
        self.slept: list[float] = []
        self.watched: list[AnyAddress] = []
        self.releases: list[Callable[[], None]] = []
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
    def sender(self) -> SomeAddress | None:
        return self.envelope.sender

    def envelope_of(
        self, message: object, *, sender: AnyAddress | None = None, correlation: str | None = None
    ) -> Envelope:
        """An envelope to set as the current one before calling a handler."""
        self._number += 1
        at = to_us(self.time) * 1000
        return Envelope(self._number, message, sender, correlation, None, at, self.self_address, None)

    @contextmanager
    def handling(
        self, message: object, *, sender: AnyAddress | None = None, correlation: str | None = None
    ) -> Iterator[Envelope]:
        """Within the block, `message` is the one being handled."""
        before = self._envelope
        self._envelope = self.envelope_of(message, sender=sender, correlation=correlation)
        try:
            yield self._envelope
        finally:
            self._envelope = before

    def tell(self, to: AnyAddress, message: object, *, correlation: str | None = None) -> None:
        self.check_live()
        self.told.append((to, message))
        self.tell_correlations.append(self.envelope.correlation if correlation is None else correlation)

    def ask(self, question: Question[R], *, timeout_s: float) -> R:
        self.check_live()
        check_timeout(timeout_s)
        message = question.message
        self.asked.append((question.address, message, timeout_s))
        answer = answer_from(self.asks, message, f"FakeContext.asks[{type(message).__name__}]")
        self.check_live()
        return question.answer(answer)

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

    def watch(self, target: AnyAddress) -> None:
        self.check_live()
        self.watched.append(target)

    def check_live(self) -> None:
        if not self.live:
            raise Fenced(f"{self.path}, epoch {self.epoch}")
        if not self.may_act:
            raise EffectWhileClosing(self.path)

    @contextmanager
    def without_effects(self) -> Iterator[None]:
        before, self.may_act = self.may_act, False
        try:
            yield
        finally:
            self.may_act = before

    def at_end(self, release: Callable[[], None]) -> None:
        self.check_live()
        self.releases.append(release)

    def end(self) -> None:
        """Release what `at_end` was given, as the runtime does before it calls `on_stop`."""
        while self.releases:
            self.releases.pop()()

    def rng(self) -> random.Random:
        return self._rng

    def uuid(self) -> str:
        return f"{self._rng.getrandbits(128):032x}"

    def log(self) -> LogAdapter:
        return ActorLog(self)

    def stop_self(self) -> None:
        self.check_live()
        self.stopped = True

    def told_to(self, to: AnyAddress | str) -> list[object]:
        """The messages told to one address, given as such or by name, in order."""
        if isinstance(to, str):
            return [message for address, message in self.told if address.name == to]
        return [message for address, message in self.told if address == to]

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
        """Timers that are neither cancelled nor due."""
        return [timer for timer in self.timers if not timer.cancelled]
