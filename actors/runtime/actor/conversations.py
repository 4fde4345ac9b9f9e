"""Conversations: exchanges of many messages, each written as one `async def` and resumed by events.

A handler still makes one attempt and returns at once: a conversation that waits holds no thread. There is no
asyncio here: the actor delivers each answer under its key, which resumes the conversations that wait for it.
An exception in a conversation is a crash of its actor. While a conversation is closed, its `finally` may put
its own values in order, but an effect raises EffectWhileClosing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from datetime import datetime
from inspect import CORO_RUNNING, getcoroutinestate
from itertools import count
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from actors.runtime.actor.context import OwnContext
from actors.runtime.actor.unrun import UNRUN, refuse_unrun
from actors.runtime.errors import Fenced, describe

T = TypeVar("T")

Conversation: TypeAlias = Coroutine[Any, Any, T]
"""The coroutine of an `async def` that returns `T`."""


class Name(NamedTuple):
    """The name of a conversation: what it does (`kind`), and for what (`of`)."""

    kind: str
    of: str = ""


class Key(NamedTuple, Generic[T]):
    """What a conversation may wait for. `T` is the type of the event that is delivered under it."""

    name: str


class Came(NamedTuple):
    """The event that resumed a conversation, and its key."""

    key: Key[Any]
    event: object


@dataclass(frozen=True)
class Wake:
    """Timer message to self: hand it to `Conversations.wake`."""

    key: str


class Countdown:
    """Market time that runs out once, wherever the wall clock is set meanwhile. Made by
    `Conversations.countdown`."""

    def __init__(self, over: Key[None]) -> None:
        self.over = over
        """Delivered at its end, to who waits for it then."""
        self.is_over = False


class _Wait:
    """The one awaitable that the scheduler knows: the first event under any of these keys resumes it."""

    __slots__ = ("keys", "owner")

    def __init__(self, owner: Conversations, keys: tuple[Key[Any], ...]) -> None:
        if not keys:
            raise ValueError("expected at least one key to wait for, found none: the wait would never end")
        self.owner = owner
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

    The end of the incarnation closes them, perhaps on another thread than the actor's. An event is not kept:
    it resumes those that wait when it is delivered, not one that waits for it only later.
    """

    def __init__(self, ctx: OwnContext[Wake]) -> None:
        self._ctx = ctx
        self._running: dict[Name, _Running] = {}
        self._waiting: dict[Key[Any], list[_Running]] = {}
        self._ready: deque[tuple[_Running, Came | None]] = deque()
        self._draining = False
        self._closing = False
        self._closed = False
        self._numbers = count(1)
        self._countdowns: dict[str, Countdown] = {}
        ctx.at_end(self.close)

    def __contains__(self, name: Name) -> bool:
        return not self._closed and name in self._running

    def names(self, *kinds: str) -> tuple[Name, ...]:
        """The running conversations of these kinds, or all, oldest first."""
        if self._closed:
            return ()
        return tuple(name for name in self._running if not kinds or name.kind in kinds)

    def start(self, name: Name, conversation: Conversation[object]) -> None:
        """Run it until it waits. Raises ValueError if one of that name is still running. After `close` it is
        not run, and a replaced incarnation gets Fenced; while another is being closed this raises
        EffectWhileClosing. Each time the new one is closed."""
        if self._closed or self._closing:
            conversation.close()
            self._ctx.check_live()
            return
        if name in self._running:
            conversation.close()
            raise ValueError(f"expected a new conversation, found {name} running")
        running = _Running(name, conversation)
        self._running[name] = running
        if self._is_over():
            # Closed on another thread meanwhile, which may not have seen this one.
            self._close(running)
            self._ctx.check_live()
            return
        self._ready.append((running, None))
        self._drain()

    def drop(self, name: Name) -> None:
        """Close a conversation: nothing resumes it any more, and its end is not delivered. Raises ValueError
        if it is executing: a conversation ends itself by returning."""
        if self._closing:
            self._ctx.check_live()
        running = self._running.get(name)
        if running is None:
            return
        if getcoroutinestate(running.coroutine) == CORO_RUNNING:
            raise ValueError(f"expected another conversation to drop, found {name} executing")
        del self._running[name]
        self._forget_waits(running)
        # The event that resumed the caller may have resumed this one, too.
        self._ready = deque(item for item in self._ready if item[0] is not running)
        self._close(running)

    def deliver(self, key: Key[T], event: T) -> bool:
        """Resume the conversations that wait for the key; False if none does, or if all are closed. Raises
        TypeError for an event that is a coroutine, and EffectWhileClosing while one is being closed."""
        if self._closed or self._closing:
            self._ctx.check_live()
            return False
        if event is not None and type(event) in UNRUN:
            refuse_unrun(event, f"event {key.name}")
        waiting = self._waiting.get(key)
        if not waiting:
            return False
        for running in tuple(waiting):
            self._forget_waits(running)
            self._ready.append((running, Came(key, event)))
        self._drain()
        return True

    def wake(self, message: Wake) -> None:
        """Handle `Wake`: a pause, a limit or a countdown is over."""
        countdown = self._countdowns.pop(message.key, None)
        if countdown is not None:
            countdown.is_over = True
        over: Key[None] = Key(message.key)
        self.deliver(over, None)

    def close(self) -> None:
        """The incarnation ends: close every conversation, without delivering any end.

        Each is closed, whatever the `finally` of another raises; the first such exception is raised when all
        are closed, with a note of each other one. One that is executing on another thread can't be closed
        yet: it ends by `Fenced` at its next effect, or is closed when it next waits.
        """
        self._closed = True
        self._close(*self._running.values())

    async def first_of(self, *keys: Key[Any]) -> Came:
        """Wait for the first event under any of the keys. Raises ValueError if there is none."""
        return await _Wait(self, keys)

    async def event(self, key: Key[T]) -> T:
        """Wait for the event under the key, however long it takes."""
        came = await _Wait(self, (key,))
        event: T = came.event  # type: ignore[assignment]  # `deliver` took it with this key's type.
        return event

    async def event_within(self, key: Key[T], limit_s: float) -> T | None:
        """The event under the key, or None after `limit_s` of market time."""
        # Of this wait alone: a `Wake` that is in the mailbox when the event comes must not end a later wait.
        overdue: Key[None] = Key(f"overdue:{key.name}:{next(self._numbers)}")
        timer = self._ctx.call_later(limit_s, Wake(overdue.name))
        came = await _Wait(self, (key, overdue))
        timer.cancel()
        if came.key == overdue:
            return None
        event: T = came.event  # type: ignore[assignment]  # `deliver` took it with this key's type.
        return event

    async def pause(self, seconds: float, *keys: Key[Any]) -> Key[Any] | None:
        """Wait that long in market time, or until one of the keys is delivered. Returns that key, or None."""
        over: Key[None] = Key(f"wake:{self._ctx.uuid()}")
        timer = self._ctx.call_later(seconds, Wake(over.name))
        came = await _Wait(self, (over, *keys))
        timer.cancel()
        return None if came.key == over else came.key

    def countdown(self, seconds: float) -> Countdown:
        """Begin to count that much market time: for what takes many waits, and has to end in time."""
        countdown = Countdown(Key(f"countdown:{next(self._numbers)}"))
        self._countdowns[countdown.over.name] = countdown
        self._ctx.call_later(seconds, Wake(countdown.over.name))
        return countdown

    async def first_until(self, when: datetime, name: str, *keys: Key[Any]) -> Came | None:
        """The first event under any of the keys, or None at market time `when`. `name` is the timer's name in
        the trace."""
        over: Key[None] = Key(f"until:{name}:{next(self._numbers)}")
        timer = self._ctx.call_at(when, Wake(over.name))
        came = await _Wait(self, (over, *keys))
        timer.cancel()
        return None if came.key == over else came

    def _is_over(self) -> bool:
        return self._closed

    def _drain(self) -> None:
        """Resume ready conversations one after the other; one that becomes ready meanwhile waits its turn."""
        if self._draining:
            return
        self._draining = True
        try:
            while self._ready and not self._closed:
                self._resume(*self._ready.popleft())
        except BaseException as crash:
            # The actor crashes: close all, or Python warns of the coroutines that were never begun.
            try:
                self.close()
            except BaseException as error:
                crash.add_note(f"closing the conversations raised {describe(error)}")
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
        elif wait.owner is not self:
            kind = running.name.kind
            raise TypeError(f"{kind}: expected it to await its own Conversations, found another life's")
        else:
            self._wait_for(running, wait.keys)

    def _wait_for(self, running: _Running, keys: tuple[Key[Any], ...]) -> None:
        running.waits_for = keys
        for key in keys:
            waiting = self._waiting.setdefault(key, [])
            if waiting and waiting[-1] is running:
                # Named twice: its event would resume the conversation twice, then at another `await`.
                running.waits_for = tuple(dict.fromkeys(keys))
            else:
                waiting.append(running)

    def _forget_waits(self, running: _Running) -> None:
        for key in running.waits_for:
            waiting = self._waiting[key]
            waiting.remove(running)
            if not waiting:
                del self._waiting[key]
        running.waits_for = ()

    def _close(self, *conversations: _Running) -> None:
        """Close each, then raise the first exception that a `finally` raised, with a note of the others."""
        errors: list[BaseException] = []
        was_closing, self._closing = self._closing, True
        with self._ctx.without_effects():
            for running in conversations:
                try:
                    running.coroutine.close()
                except BaseException as error:
                    if not _is_executing(error):
                        errors.append(error)
        self._closing = was_closing
        if errors:
            # `Fenced` last: it says only that the fence held, and nobody reports it.
            first, *others = sorted(errors, key=lambda error: isinstance(error, Fenced))
            for other in others:
                first.add_note(f"closing another conversation raised {describe(other)}")
            raise first


def _is_executing(error: BaseException) -> bool:
    """Whether `close` itself refused, because the coroutine is executing, here or on another thread: it is
    closed when it next waits. An exception from a `finally` of the coroutine has a frame of the coroutine."""
    trace = error.__traceback__
    return isinstance(error, ValueError) and trace is not None and trace.tb_next is None
