"""An event loop whose clock jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
import selectors


class _Jumping(selectors.DefaultSelector):
    """Looks at its files, and adds to the clock what it was told to wait."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("nothing is scheduled: the loop would wait for ever")
        if not found and timeout is not None and timeout > 0.0:
            self.now_s += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time begins at 1000 s and passes only while nothing can run."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        self._jumping.now_s = 1000.0
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s

    def run_to(self, when_s: float) -> None:
        """Let the clock be at least so late; what is due before runs in its time."""
        self.call_at(when_s, self.stop)
        self.run_forever()
