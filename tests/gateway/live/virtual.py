"""An event loop whose clock jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


class _Jumping(selectors.DefaultSelector):
    """Looks at its files, and adds to the clock what it was told to wait."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise AssertionError("nothing is scheduled: the test would wait for ever")
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

    def advance_to(self, now_s: float) -> None:
        """Let the clock be at least so late, while nothing runs."""
        self._jumping.now_s = max(self._jumping.now_s, now_s)


async def pass_s(seconds: float) -> None:
    """Let so much virtual time pass: a timer of the loop, which jumps to it."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    timer = loop.call_later(seconds, over.set)
    try:
        await over.wait()
    finally:
        timer.cancel()


def in_no_time(make: Callable[[VirtualLoop], Coroutine[Any, Any, ResultT]]) -> ResultT:
    """Run a coroutine on a virtual clock."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(make(loop))
