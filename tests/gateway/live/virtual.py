"""Coroutines on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from lab.virtual_loop import VirtualLoop

ResultT = TypeVar("ResultT")


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
