"""What a task of a simulation waits for: the outcome of a future, or a message to a supervisor."""

from __future__ import annotations

from collections import deque

from actors.runtime.backend.futures import OneShot
from actors.runtime.green.ports import Loop, Task


class GreenFuture(OneShot):
    """The future of the simulated backends."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.waiters: list[Task] = []
        self._done = False
        self._value: object = None
        self._error: BaseException | None = None

    def resolve(self, value: object) -> bool:
        """Set the value; False if the outcome was decided already."""
        if self._done:
            return False
        self._value = value
        self._decide()
        return True

    def reject(self, error: BaseException) -> bool:
        """Set the error; False if the outcome was decided already."""
        if self._done:
            return False
        self._error = error
        self._decide()
        return True

    def wait(self, timeout_s: float | None) -> bool:
        """Park the caller until the outcome is decided; False if `timeout_s` of virtual time ran out."""
        return self._loop.wait(self, timeout_s, None)

    def _decide(self) -> None:
        self._done = True
        for task in self.waiters:
            self._loop.wake(task, self)


class GreenChannel:
    """A supervisor's queue in virtual time."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._queue: deque[object] = deque()
        self._reader: Task | None = None

    def put(self, message: object) -> None:
        """Queue a message and wake the reader."""
        self._queue.append(message)
        if self._reader is not None:
            self._loop.wake(self._reader, self)

    def get(self, timeout_s: float | None) -> object:
        """The next message; None if `timeout_s` of virtual time ran out."""
        if not self._queue and (timeout_s is None or timeout_s > 0):
            loop = self._loop
            task = self._reader = loop.running
            task.waits_for = self
            timer = None
            if timeout_s is not None and timeout_s != float("inf"):
                due_us = loop.now_us() + round(timeout_s * 1_000_000)
                timer = loop.add_timer(due_us, lambda: loop.wake(task, self))
            loop.park(task)
            self._reader = None
            if timer is not None:
                timer.cancel()
        return self._queue.popleft() if self._queue else None

    def close(self) -> list[object]:
        """Return what was left; messages that come later are not read."""
        left = list(self._queue)
        self._queue.clear()
        return left
