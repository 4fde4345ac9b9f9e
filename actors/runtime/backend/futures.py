"""Pykka futures: the base for all backends, and the future for threads, which uses no condition variable.

The first caller that takes the claim lock decides the outcome; each waiter sleeps on a lock of its own.
"""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable
from threading import TIMEOUT_MAX, Lock
from typing import TYPE_CHECKING, Any, Protocol

import pykka

if TYPE_CHECKING:
    from types import TracebackType

    OptExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class Waiter(Protocol):
    """Something that is woken when the outcome is decided."""

    def release(self) -> None: ...


class OneShot(pykka.Future[Any]):
    """Base of the futures of all backends: the outcome, and pykka's methods on top of it.

    `resolve` and `reject` return whether they were the first to decide; pykka's `set` and `set_exception`
    raise queue.Full if they were not.
    """

    # A future is made for every ask, so the base initialiser is skipped; these are the values that it sets.
    _get_hook: Callable[[float | None], Any] | None = None
    _get_hook_result: Any = pykka.Future()._get_hook_result

    def __init__(self) -> None:
        self._done = False
        self._value: object = None
        self._error: BaseException | None = None

    @property
    def done(self) -> bool:
        """Whether the outcome is decided."""
        return self._done

    def resolve(self, value: object) -> bool:
        """Decide for a value; False if the outcome stood already."""
        raise NotImplementedError

    def reject(self, error: BaseException) -> bool:
        """Decide for an error; False if the outcome stood already."""
        raise NotImplementedError

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for the outcome; False if the time ran out."""
        raise NotImplementedError

    def outcome(self) -> object:
        """Return the value or raise the error. Valid only after `done`."""
        if self._error is not None:
            raise self._error
        return self._value

    def get(self, *, timeout: float | None = None) -> Any:
        """As in pykka: the value, the error raised, or pykka.Timeout."""
        if self._get_hook is not None:
            return super().get(timeout=timeout)
        if not self._done and not self.wait(timeout):
            raise pykka.Timeout(f"{timeout} seconds")
        return self.outcome()

    def set(self, value: object = None) -> None:
        """As in pykka: a second decision raises queue.Full."""
        if self._get_hook is not None or not self.resolve(value):
            raise queue.Full

    def set_exception(self, exc_info: OptExcInfo | None = None) -> None:
        """As in pykka: an exception triple, or the one being handled."""
        kind, error, trace = sys.exc_info() if exc_info is None else exc_info
        if error is None:
            if kind is None:
                raise ValueError(
                    "set_exception: expected an exception triple or a handled exception, found none"
                )
            error = kind()
        if self._get_hook is not None or not self.reject(error.with_traceback(trace)):
            raise queue.Full

    def set_get_hook(self, func: Callable[[float | None], Any]) -> None:
        """As in pykka: the value is computed by the first `get`."""
        if self._done:
            raise queue.Full
        self._get_hook = func


class ThreadFuture(OneShot):
    """The future of the thread backend."""

    def __init__(self) -> None:
        self._claim = Lock()
        self._waiters: list[Waiter] = []
        self._done = False
        self._value: object = None
        self._error: BaseException | None = None

    def resolve(self, value: object) -> bool:
        """Decide for a value; False if the outcome stood already."""
        if not self._claim.acquire(False):
            return False
        self._value = value
        self._decided()
        return True

    def reject(self, error: BaseException) -> bool:
        """Decide for an error; False if the outcome stood already."""
        if not self._claim.acquire(False):
            return False
        self._error = error
        self._decided()
        return True

    def _decided(self) -> None:
        self._done = True
        # Of a copy, because a waiter whose time has run out takes itself out meanwhile.
        for waiter in tuple(self._waiters):
            waiter.release()

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for the outcome; False if `timeout_s` of real time ran out."""
        if self._done:
            return True
        lock = Lock()
        lock.acquire()
        # If it was decided between the first check and this, nobody may ever release our lock.
        if not self.add_waiter(lock):
            return True
        # A lock refuses a timeout above TIMEOUT_MAX (some 290 years), and so an infinite one.
        limit_s = -1 if timeout_s is None else min(max(0.0, timeout_s), TIMEOUT_MAX)
        try:
            return lock.acquire(timeout=limit_s) or self.done
        finally:
            self.remove_waiter(lock)

    def add_waiter(self, waiter: Waiter) -> bool:
        """Release `waiter` at the decision. False if that was before: `waiter` may then never be released."""
        self._waiters.append(waiter)
        return not self._done

    def remove_waiter(self, waiter: Waiter) -> None:
        """Forget one that was added and no longer waits. A future that is asked again and again whether it is
        decided, as that of the engine's end, would else keep one for each time."""
        self._waiters.remove(waiter)
