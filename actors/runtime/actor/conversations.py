"""Conversations: exchanges of many messages, each written as one `async def` and resumed by events.

A handler still makes one attempt and returns at once: a conversation that waits holds no thread. There is no
asyncio here: the actor delivers each answer under its key, which resumes the conversations that wait for it.
An exception in a conversation is a crash of its actor. No `finally` of a conversation awaits or has an
effect, because it may run while the conversation is closed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from actors.runtime.actor.context import Context

T = TypeVar("T")

Conversation: TypeAlias = Coroutine[Any, Any, T]
"""The coroutine of an `async def` that returns `T`."""


class Name(NamedTuple):
    """The name of a conversation: what it does (`kind`), and for what (`of`)."""

    kind: str
    of: str = ""


@dataclass(frozen=True)
class Key(Generic[T]):
    """What a conversation may wait for. `T` is the type of the event that is delivered under it."""

    name: str


@dataclass(frozen=True)
class Came:
    """The event that resumed a conversation, and its key."""

    key: Key[Any]
    event: object


@dataclass(frozen=True)
class Wake:
    """Timer message to self: hand it to `Conversations.wake`."""

    key: str


class _Wait:
    """The one awaitable that the scheduler knows: the first event under any of these keys resumes it."""

    __slots__ = ("keys",)

    def __init__(self, keys: tuple[Key[Any], ...]) -> None:
        self.keys = keys

    def __await__(self) -> Generator[_Wait, Came, Came]:
        came = yield self
        return came


@dataclass(eq=False)
class _Running:
    name: Name
    coroutine: Conversation[object]
    waits_for: tuple[Key[Any], ...] = ()


def done_key(name: Name) -> Key[object]:
    """The key under which the end of that conversation is delivered; the event is what it returned."""
    return Key(f"done:{name.kind}:{name.of}")


class Conversations:
    """The conversations of one incarnation, each under a name of its own. Made in `on_start`.

    The actor's `on_stop` must call `close`; both may run on another thread than the actor's.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._running: dict[Name, _Running] = {}
        self._waiting: dict[Key[Any], list[_Running]] = {}
        self._ready: deque[tuple[_Running, Came | None]] = deque()
        self._draining = False
        self._closed = False

    def __contains__(self, name: Name) -> bool:
        return name in self._running

    def names(self, *kinds: str) -> tuple[Name, ...]:
        """The running conversations of these kinds, or all, oldest first."""
        return tuple(name for name in self._running if not kinds or name.kind in kinds)

    def start(self, name: Name, conversation: Conversation[object]) -> None:
        """Run it until it waits. Raises ValueError if one of that name is still running. After `close` it is
        not run, and a replaced incarnation gets Fenced. Either way the new one is closed."""
        if self._closed:
            conversation.close()
            self._ctx.check_live()
            return
        if name in self._running:
            conversation.close()
            raise ValueError(f"expected a new conversation, found {name} running")
        running = _Running(name, conversation)
        self._running[name] = running
        self._ready.append((running, None))
        self._drain()

    def drop(self, name: Name) -> None:
        """Close a conversation: nothing resumes it any more, and its end is not delivered."""
        running = self._running.pop(name, None)
        if running is None:
            return
        self._forget_waits(running)
        # The event that resumed the caller may have resumed this one, too.
        self._ready = deque(item for item in self._ready if item[0] is not running)
        running.coroutine.close()

    def deliver(self, key: Key[T], event: T) -> bool:
        """Resume the conversations that wait for the key; False if none does."""
        waiting = self._waiting.get(key)
        if not waiting:
            return False
        for running in tuple(waiting):
            self._forget_waits(running)
            self._ready.append((running, Came(key, event)))
        self._drain()
        return True

    def wake(self, message: Wake) -> None:
        """Handle `Wake`: a pause or a limit is over."""
        self.deliver(Key[None](message.key), None)

    def close(self) -> None:
        """The incarnation ends: close every conversation, without delivering any end.

        One that is executing on another thread can't be closed yet: it ends by `Fenced` at its next effect,
        or is closed when it next waits.
        """
        self._closed = True
        for running in tuple(self._running.values()):
            self._close(running)

    async def first_of(self, *keys: Key[Any]) -> Came:
        """Wait for the first event under any of the keys."""
        return await _Wait(keys)

    async def event(self, key: Key[T]) -> T:
        """Wait for the event under the key, however long it takes."""
        came = await _Wait((key,))
        event: T = came.event  # type: ignore[assignment]  # `deliver` took it with this key's type.
        return event

    async def event_within(self, key: Key[T], limit_s: float) -> T | None:
        """The event under the key, or None after `limit_s` of market time."""
        overdue: Key[None] = Key(f"overdue:{key.name}")
        timer = self._ctx.call_later(limit_s, Wake(overdue.name))
        came = await _Wait((key, overdue))
        timer.cancel()
        if came.key == overdue:
            return None
        event: T = came.event  # type: ignore[assignment]  # `deliver` took it with this key's type.
        return event

    async def pause(self, seconds: float, *keys: Key[Any]) -> Key[Any] | None:
        """Wait that long in market time, or until one of the keys is delivered. Returns that key, or None."""
        over: Key[None] = Key(f"wake:{self._ctx.uuid()}")
        timer = self._ctx.call_later(seconds, Wake(over.name))
        came = await _Wait((over, *keys))
        timer.cancel()
        return None if came.key == over else came.key

    async def first_until(self, when: datetime, name: str, *keys: Key[Any]) -> Came | None:
        """The first event under any of the keys, or None at market time `when`. `name` names the timer:
        no other conversation may wait under it meanwhile."""
        over: Key[None] = Key(f"until:{name}")
        timer = self._ctx.call_at(when, Wake(over.name))
        came = await _Wait((over, *keys))
        timer.cancel()
        return None if came.key == over else came

    def _drain(self) -> None:
        """Resume ready conversations one after the other; one that becomes ready meanwhile waits its turn."""
        if self._draining:
            return
        self._draining = True
        try:
            while self._ready and not self._closed:
                self._resume(*self._ready.popleft())
        except BaseException:
            # The actor crashes: close all, or Python warns of the coroutines that were never begun.
            self.close()
            raise
        finally:
            self._draining = False

    def _resume(self, running: _Running, came: Came | None) -> None:
        try:
            wait = running.coroutine.send(came)
        except StopIteration as stop:
            self._running.pop(running.name, None)
            self.deliver(done_key(running.name), stop.value)
            return
        if self._closed:
            self._close(running)
        elif not isinstance(wait, _Wait):
            kind, found = running.name.kind, type(wait).__name__
            raise TypeError(f"{kind}: expected it to await what Conversations offers, found {found}")
        else:
            running.waits_for = wait.keys
            for key in wait.keys:
                self._waiting.setdefault(key, []).append(running)

    def _forget_waits(self, running: _Running) -> None:
        for key in running.waits_for:
            self._waiting[key].remove(running)
            if not self._waiting[key]:
                del self._waiting[key]
        running.waits_for = ()

    def _close(self, running: _Running) -> None:
        try:
            running.coroutine.close()
        except ValueError:
            # It is executing, here or on another thread: it is closed when it next waits.
            return
