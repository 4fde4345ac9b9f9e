"""A pykka future for threads, with one decision and no condition variable.

Whoever takes the claim decides the outcome; everyone who waits sleeps on a lock of their own.
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
    """Something that is woken once the outcome stands."""

    def release(self) -> None: ...


class OneShot(pykka.Future[Any]):
    """What the futures of all backends share: the outcome, and pykka's vocabulary on top of it.

    `resolve` and `reject` decide quietly and say whether they were first; pykka's `set` and `set_exception`
    raise queue.Full when they were not.
    """

    # The base initialiser is skipped because futures are made for every ask: these are its values.
    _get_hook: Callable[[float | None], Any] | None = None
    _get_hook_result: Any = pykka.Future()._get_hook_result

    def __init__(self) -> None:
        self._done = False
        self._value: object = None
        self._error: BaseException | None = None

    @property
    def done(self) -> bool:
        """Whether the outcome stands."""
        return self._done

    def resolve(self, value: object) -> bool:
        """Decide for a value; False if the outcome stood already."""
        raise NotImplementedError

    def reject(self, error: BaseException) -> bool:
        """Decide for an error; False if the outcome stood already."""
        raise NotImplementedError

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for the outcome; False when the time ran out."""
        raise NotImplementedError

    def outcome(self) -> object:
        """The value, or the error raised. Only after `done`."""
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
        self._done = True
        for waiter in self._waiters:
            waiter.release()
        return True

    def reject(self, error: BaseException) -> bool:
        """Decide for an error; False if the outcome stood already."""
        if not self._claim.acquire(False):
            return False
        self._error = error
        self._done = True
        for waiter in self._waiters:
            waiter.release()
        return True

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for the outcome; False when `timeout_s` of real time ran out."""
        if self._done:
            return True
        lock = Lock()
        lock.acquire()
        self._waiters.append(lock)
        # Decided between the first look and the append: then nobody may ever release our lock.
        if self.done:
            return True
        # A lock refuses a timeout of more than some 290 years, an endless one too.
        limit_s = -1 if timeout_s is None else min(max(0.0, timeout_s), TIMEOUT_MAX)
        return lock.acquire(timeout=limit_s) or self.done

    def add_waiter(self, waiter: Waiter) -> bool:
        """Have `waiter` released at the decision; False if that was before, and it may never be."""
        self._waiters.append(waiter)
        return not self._done
