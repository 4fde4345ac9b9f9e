"""A supervisor's queue on threads."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from threading import TIMEOUT_MAX


class ThreadChannel:
    """Unbounded; messages that come after `close` are not read."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[object] = SimpleQueue()

    def put(self, message: object) -> None:
        """Queue a message."""
        self._queue.put(message)

    def get(self, timeout_s: float | None) -> object:
        """The next message; None if the time ran out."""
        try:
            if timeout_s is not None and timeout_s <= 0:
                return self._queue.get_nowait()
            # SimpleQueue refuses an infinite timeout; TIMEOUT_MAX is as good as that.
            return self._queue.get(timeout=None if timeout_s is None else min(timeout_s, TIMEOUT_MAX))
        except Empty:
            return None

    def close(self) -> list[object]:
        """Return what was left; messages that come later are not read."""
        left: list[object] = []
        while (message := self.get(0.0)) is not None:
            left.append(message)
        return left
