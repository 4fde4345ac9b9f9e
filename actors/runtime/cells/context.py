"""The living context: every effect of an incarnation, each behind the check that it was not replaced."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from actors.runtime.actor.context import LogAdapter, ReplyTo, Timer
from actors.runtime.actor.log import ActorLog
from actors.runtime.actor.mail import (
    AnyAddress,
    Envelope,
    OwnEnvelope,
    Question,
    Reply,
    SomeAddress,
    Terminated,
)
from actors.runtime.backend.asking import check_timeout, refusal_error
from actors.runtime.backend.futures import OneShot
from actors.runtime.backend.mailbox import Mailbox
from actors.runtime.backend.runtime import HangWatched, Runtime
from actors.runtime.errors import AskTimeout, Deadlock, EffectWhileClosing, Fenced
from actors.runtime.times import to_us

_new_tuple = tuple.__new__
R = TypeVar("R")


class _TimedTell:
    """A message to self at a market time."""

    __slots__ = ("_cause", "_context", "_correlation", "_message", "_timer")

    def __init__(self, context: LiveContext, due_us: int, message: object) -> None:
        current = context.current
        self._context = context
        self._message = message
        self._correlation = None if current is None else current.correlation
        self._cause = None if current is None else current.number
        self._timer: Timer | None = None
        context.timers[self] = None
        self._timer = context.runtime.add_timer(due_us, self._fire)
        if not context.live:
            # Fenced from another thread meanwhile: `retire` may not have seen this timer.
            self._timer.cancel()

    def _fire(self) -> None:
        context = self._context
        context.timers.pop(self, None)
        if context.live:
            context.tell_own(self._message, self._correlation, self._cause)

    def cancel(self) -> None:
        self._context.timers.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()


class _DeferredReply:
    """A reply taken out of its handler. The incarnation's end fails it if it is still open."""

    __slots__ = ("_context", "_reply")

    def __init__(self, context: LiveContext, reply: Reply) -> None:
        self._context = context
        self._reply = reply
        context.deferred[self] = None

    def set(self, value: object) -> None:
        self._context.check_live()
        self._context.deferred.pop(self, None)
        self._reply.resolve(value)

    def fail(self, error: BaseException) -> None:
        self._context.check_live()
        self.abort(error)

    def abort(self, error: BaseException) -> None:
        """Fail it whether or not the incarnation lives."""
        self._context.deferred.pop(self, None)
        self._reply.reject(error)


class _NoReply:
    """The deferred reply of a tell: nobody waits for it."""

    __slots__ = ()

    def set(self, value: object) -> None:
        """Nobody waits."""

    def fail(self, error: BaseException) -> None:
        """Nobody waits."""


class LiveContext:
    """The effects of one incarnation. See `Context` for what each means to an actor.

    With the incarnation's own it has fewer than 30 attributes: from there on Python keeps them in a
    dictionary of their own, and every message takes 5 % longer.
    """

    def __init__(
        self,
        runtime: Runtime,
        address: AnyAddress,
        epoch: int,
        next_number: Callable[[], int],
        record: Callable[[Envelope], None],
        rng: random.Random,
        mailbox: Mailbox,
        hang_watched: HangWatched,
    ) -> None:
        self.runtime = runtime
        self.self_address = address
        self.path = address.path
        self.epoch = epoch
        self.hang_watched = hang_watched
        self.mailbox = mailbox
        self.live = True
        # False while it may have no effect: for good after its end, and within `without_effects`.
        self.may_act = True
        self.counted = False
        self.waiting_for: OneShot | None = None
        self.waiting_on: SomeAddress | None = None
        self.current: Envelope | None = None
        self.reply: Reply | None = None
        self.leaving = False
        self.timers: dict[_TimedTell, None] = {}
        self.kept: list[Callable[[], None]] = []
        self.deferred: dict[_DeferredReply, None] = {}
        self._rng = rng
        self._next_number = next_number
        self._record = record
        self._now_us = runtime.now_us
        self._stamp_ns = runtime.stamp_ns
        self._yields = runtime.yields_at_tell

    @property
    def name(self) -> str:
        return self.self_address.name

    @property
    def envelope(self) -> Envelope:
        if self.current is None:
            raise LookupError(f"{self.path} is not handling a message")
        return self.current

    @property
    def sender(self) -> SomeAddress | None:
        return self.envelope.sender

    def check_live(self) -> None:
        if not self.live:
            raise Fenced(f"{self.path}: incarnation {self.epoch} was replaced or stopped")
        if not self.may_act:
            raise EffectWhileClosing(
                f"{self.path}: a conversation that is being closed may tell, ask, deliver or start nothing"
            )

    @contextmanager
    def without_effects(self) -> Iterator[None]:
        before, self.may_act = self.may_act, False
        try:
            yield
        finally:
            self.may_act = before
            if not self.live:
                # Fenced from another thread meanwhile: `retire` clears `live` first and then `may_act`.
                self.may_act = False

    def at_end(self, release: Callable[[], None]) -> None:
        self.check_live()
        self.kept.append(release)
        if not self.live:
            # Fenced from another thread meanwhile, which may not have seen this one.
            for late in self.releases():
                late()

    def releases(self) -> Iterator[Callable[[], None]]:
        """What `at_end` was given, the last first. Each goes to one of two workers that release this life."""
        while True:
            try:
                yield self.kept.pop()
            except IndexError:
                return

    def tell(self, to: AnyAddress, message: object, *, correlation: str | None = None) -> None:
        # Inlined, because every message between actors passes here.
        if not self.may_act:
            self.check_live()
        current = self.current
        if current is None:
            cause = None
        else:
            cause = current.number
            if correlation is None:
                correlation = current.correlation
        fields = (
            self._next_number(),
            message,
            self.self_address,
            correlation,
            cause,
            self._stamp_ns(),
            to,
            None,
        )
        to.recipient.deliver(_new_tuple(Envelope, fields))
        if self._yields:
            self.runtime.yield_now()
            self.check_live()

    def ask(self, question: Question[R], *, timeout_s: float) -> R:
        to, message = question.address, question.message
        self.check_live()
        check_timeout(timeout_s)
        runtime = self.runtime
        if runtime.finds_deadlocks:
            self._refuse_circle(to)
        future = runtime.new_future()
        refusal = to.recipient.deliver(self._asking_envelope(to, message, future))
        if refusal is not None:
            raise refusal_error(to.path, message, refusal)
        self.waiting_on = to
        self._park(future, timeout_s)
        self.waiting_on = None
        if not future.done:
            text = f"{to.path} did not answer {type(message).__name__} within {timeout_s} s"
            # Rejecting makes a later answer harmless. If it fails, an answer came just now and is returned.
            if future.reject(AskTimeout(text)):
                raise AskTimeout(text)
        return question.answer(future.outcome())

    def sleep(self, seconds: float) -> None:
        self.check_live()
        runtime = self.runtime
        future = runtime.new_future()
        due_us = self._now_us() + round(seconds * 1_000_000)
        if runtime.has_one_time and seconds > 0:
            self._park(future, seconds)  # Nobody decides the future: it is waited for until the timeout.
            return
        timer = runtime.add_timer(due_us, lambda: future.resolve(None))
        try:
            self._park(future, None)
        finally:
            timer.cancel()

    def defer_reply(self) -> ReplyTo:
        self.check_live()
        reply, self.reply = self.reply, None
        return _NoReply() if reply is None else _DeferredReply(self, reply)

    def now(self) -> datetime:
        return self.runtime.market_time

    def monotonic(self) -> float:
        return self.runtime.monotonic()

    def call_at(self, when: datetime, message: object) -> Timer:
        if not self.may_act:
            self.check_live()
        return _TimedTell(self, to_us(when), message)

    def call_later(self, delay_s: float, message: object) -> Timer:
        if not self.may_act:
            self.check_live()
        return _TimedTell(self, self._now_us() + round(delay_s * 1_000_000), message)

    def watch(self, target: AnyAddress) -> None:
        self.check_live()
        target.recipient.watched_by(self)

    def terminated(self, message: Terminated) -> None:
        """Called by the runtime when a watched incarnation has ended."""
        if self.live:
            self.tell_own(message, None, None)

    def rng(self) -> random.Random:
        return self._rng

    def uuid(self) -> str:
        return self.runtime.uuid()

    def log(self) -> LogAdapter:
        return ActorLog(self)

    def stop_self(self) -> None:
        self.check_live()
        self.leaving = True

    def tell_own(self, message: object, correlation: str | None, cause: int | None) -> None:
        """Queue a message of a timer or watch of this life, unless the life has ended.

        The bound does not apply: it is meant for other senders, and these messages are never sent again.
        """
        to = self.self_address
        at_ns = self._stamp_ns()
        own = OwnEnvelope(self._next_number(), message, to, correlation, cause, at_ns, to, None)
        if self.mailbox.put_own(own, self):
            self._record(own)

    def _asking_envelope(self, to: SomeAddress, message: object, reply: Reply) -> Envelope:
        current = self.current
        correlation = None if current is None else current.correlation
        cause = None if current is None else current.number
        number, at_ns = self._next_number(), self._stamp_ns()
        return Envelope(number, message, self.self_address, correlation, cause, at_ns, to, reply)

    def _refuse_circle(self, to: SomeAddress) -> None:
        """Raise Deadlock if this ask would close a circle of asks, which could only time out."""
        graph = [self.path]
        asked: SomeAddress | None = to
        while asked is not None:
            graph.append(asked.path)
            if asked == self.self_address:
                raise Deadlock(f"asks wait in a circle: {' -> '.join(graph)}")
            asked = asked.recipient.waiting_on

    def _park(self, future: OneShot, timeout_s: float | None) -> None:
        self.waiting_for = future
        # Checked after `waiting_for` is set: `retire` clears `live` first and then rejects `waiting_for`.
        self.check_live()
        self.runtime.wait(future, timeout_s, self)
        self.waiting_for = None
        self.check_live()
