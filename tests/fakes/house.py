"""A few actors wired together without a runtime: messages are pumped in order, time moves by hand."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from actors.runtime import Actor, AnyAddress, Envelope, Question, to_us
from actors.runtime.testing import DEFAULT_NOW, FakeAddress, FakeContext, FakeReply

MessageT = TypeVar("MessageT")
R = TypeVar("R")


class _AskedReply:
    """Marks an envelope as asked; the value goes through the fake context's deferred reply."""

    def resolve(self, value: object) -> bool:
        return True

    def reject(self, error: BaseException) -> bool:
        return True


class HouseContext(FakeContext):
    """A fake context whose tells and asks reach the other actors of the house."""

    def __init__(self, house: House, name: str, life: int) -> None:
        self._house = house
        # Each life makes other ids, as in the runtime.
        super().__init__(name, now=house.time, seed=hash_of(name) + life)
        self.self_address = house.address(name)

    @property
    def time(self) -> datetime:
        return self._house.time

    @time.setter
    def time(self, value: datetime) -> None:
        self._house.time = value

    def tell(self, to: AnyAddress, message: object, *, correlation: str | None = None) -> None:
        super().tell(to, message, correlation=correlation)
        carried = self.envelope.correlation if correlation is None else correlation
        self._house.queue.append((to.name, message, self.self_address, carried))

    def ask(self, question: Question[R], *, timeout_s: float) -> R:
        self.check_live()
        to, message = question.address, question.message
        self.asked.append((to, message, timeout_s))
        return question.answer(self._house.ask(to.name, message, sender=self.self_address))


def hash_of(name: str) -> int:
    """A seed that is the same in every process."""
    return sum(ord(letter) << (i % 24) for i, letter in enumerate(name))


class House:
    """Actors by name; an address without an actor keeps what it is told."""

    def __init__(self, *, now: datetime = DEFAULT_NOW) -> None:
        self.time = now
        self.queue: deque[tuple[str, object, AnyAddress | None, str | None]] = deque()
        self.log: list[tuple[str, object]] = []
        self.contexts: dict[str, HouseContext] = {}
        self._actors: dict[str, Actor] = {}
        self._lives: Counter[str] = Counter()
        self._addresses: dict[str, FakeAddress] = {}
        self.before_delivery: Callable[[str, object], None] = lambda _name, _message: None

    def address(self, name: str) -> FakeAddress:
        if name not in self._addresses:
            self._addresses[name] = FakeAddress(name)
        return self._addresses[name]

    def start(self, name: str, actor: Actor) -> None:
        """A first incarnation, or a later one in the place of the one before, whose timers are gone."""
        self._actors[name] = actor
        context = HouseContext(self, name, self._lives[name])
        self._lives[name] += 1
        self.contexts[name] = context
        actor.ctx = context
        actor.on_start()

    def stop(self, name: str) -> None:
        """Mail to it stays in the log only."""
        self.contexts[name].end()
        self._actors.pop(name).on_stop()
        self.contexts[name].timers.clear()

    def tell(
        self, name: str, message: object, *, sender: str | None = None, correlation: str | None = None
    ) -> None:
        """From outside; delivered with everything that follows from it."""
        self.queue.append((name, message, None if sender is None else self.address(sender), correlation))
        self.run()

    def ask(self, name: str, message: object, *, sender: AnyAddress | None = None) -> object:
        """Handled after the mail that lies before it; an open deferred reply is returned as a FakeReply."""
        for queued in [queued for queued in self.queue if queued[0] == name]:
            self.queue.remove(queued)
            self._deliver(*queued)
        actor, context = self._actors[name], self.contexts[name]
        deferred_before = len(context.deferred)
        envelope = Envelope(
            0, message, sender, None, None, to_us(self.time), context.self_address, _AskedReply()
        )
        before, context.envelope = context.envelope, envelope
        try:
            self.log.append((name, message))
            returned = actor.on_receive(message)
        finally:
            context.envelope = before
        if len(context.deferred) > deferred_before:
            reply: FakeReply = context.deferred[deferred_before]
            return reply.outcome if reply.answered else reply
        return returned

    def run(self) -> None:
        """Deliver until nothing is left to deliver now."""
        steps = 0
        while self.queue:
            steps += 1
            assert steps < 20_000, "the actors do not come to rest"
            self._deliver(*self.queue.popleft())

    def _deliver(
        self, name: str, message: object, sender: AnyAddress | None, correlation: str | None
    ) -> None:
        self.before_delivery(name, message)
        self.log.append((name, message))
        actor = self._actors.get(name)
        if actor is None:
            return
        with self.contexts[name].handling(message, sender=sender, correlation=correlation):
            actor.on_receive(message)

    def advance(self, seconds: float) -> None:
        """Move time on, timer by timer, with all that each leads to."""
        end = self.time + timedelta(seconds=seconds)
        while True:
            due = [
                (timer.when, name, timer)
                for name, context in self.contexts.items()
                for timer in context.pending_timers
                if timer.when <= end
            ]
            if not due:
                break
            when, name, timer = min(due, key=lambda found: found[0])
            self.contexts[name].timers.remove(timer)
            self.time = max(self.time, when)
            self.queue.append((name, timer.message, self.address(name), None))
            self.run()
        self.time = end

    def set_clock(self, by_s: float) -> None:
        """Set the wall clock. As in the runtime, what is left until a timer is due stays as it is."""
        by = timedelta(seconds=by_s)
        self.time += by
        for context in self.contexts.values():
            for timer in context.pending_timers:
                timer.when += by

    def told(self, name: str, kind: type[MessageT]) -> list[MessageT]:
        """Everything of one type that reached one address, in order."""
        return [message for to, message in self.log if to == name and isinstance(message, kind)]
