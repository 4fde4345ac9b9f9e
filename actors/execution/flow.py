"""Flows: a conversation of many messages written as one generator, resumed by the message it waits for.

A handler still makes one attempt and returns at once: a flow that waits holds no thread. It yields the keys
of what it waits for; the actor delivers each answer under its key. A raise in a flow is a crash of the actor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Wait:
    """What a flow waits for: the first event under any of these keys resumes it."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class Came:
    """What resumed a flow."""

    key: str
    event: object


Flow: TypeAlias = Generator[Wait, Came, T]


@dataclass(eq=False)
class _Running:
    name: str
    generator: Flow[object]
    waits_for: tuple[str, ...] = ()


def done_key(name: str) -> str:
    """The key under which the end of the flow of that name is delivered, with what it returned."""
    return f"done:{name}"


class Flows:
    """The flows of one incarnation, each under a name of its own."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._waiting: dict[str, list[_Running]] = {}
        self._ready: deque[tuple[_Running, Came | None]] = deque()
        self._draining = False

    def __contains__(self, name: str) -> bool:
        return name in self._running

    def names(self, prefix: str) -> tuple[str, ...]:
        """The names of the running flows that start so."""
        return tuple(name for name in self._running if name.startswith(prefix))

    def start(self, name: str, flow: Flow[object]) -> None:
        """Run the flow until it waits. Raises ValueError where one of that name is still running."""
        if name in self._running:
            raise ValueError(f"expected a new flow, found {name!r} running")
        running = _Running(name, flow)
        self._running[name] = running
        self._ready.append((running, None))
        self._drain()

    def drop(self, name: str) -> None:
        """Forget a flow: nothing resumes it any more, and its end is not delivered."""
        running = self._running.pop(name, None)
        if running is None:
            return
        for key in running.waits_for:
            self._waiting[key].remove(running)
            if not self._waiting[key]:
                del self._waiting[key]
        # The event that wakes the dropper may have woken this one, too.
        self._ready = deque(item for item in self._ready if item[0] is not running)
        running.generator.close()

    def deliver(self, key: str, event: object) -> bool:
        """Resume whoever waits for the key; False where nobody does."""
        waiting = self._waiting.get(key)
        if not waiting:
            return False
        for running in tuple(waiting):
            for waited in running.waits_for:
                self._waiting[waited].remove(running)
                if not self._waiting[waited]:
                    del self._waiting[waited]
            running.waits_for = ()
            self._ready.append((running, Came(key, event)))
        self._drain()
        return True

    def _drain(self) -> None:
        """Resume one after the other: what a flow delivers while it runs waits its turn."""
        if self._draining:
            return
        self._draining = True
        try:
            while self._ready:
                self._resume(*self._ready.popleft())
        finally:
            self._draining = False

    def _resume(self, running: _Running, came: Came | None) -> None:
        try:
            wait = next(running.generator) if came is None else running.generator.send(came)
        except StopIteration as stop:
            del self._running[running.name]
            self.deliver(done_key(running.name), stop.value)
            return
        running.waits_for = wait.keys
        for key in wait.keys:
            self._waiting.setdefault(key, []).append(running)
