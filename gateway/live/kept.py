"""Answers that are kept for a while; whoever asks for what is on its way waits for the same call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

from gateway.live.deadline import Deadline
from gateway.live.errors import StaleError

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Kept(Generic[KeyT, ValueT]):
    """What `fetch` has found, by key, for `for_s` seconds."""

    def __init__(
        self,
        fetch: Callable[[KeyT, Deadline], Awaitable[ValueT]],
        for_s: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._fetch = fetch
        self._for_s = for_s
        self._clock = clock
        self._found: dict[KeyT, tuple[float, ValueT]] = {}
        self._dropped_s = clock()
        self._under_way: dict[KeyT, asyncio.Task[ValueT]] = {}

    def peek(self, key: KeyT, within_s: float | None = None) -> ValueT | None:
        """What is kept and still good, without asking; with `within_s` only what is younger than that."""
        found = self._found.get(key)
        within_s = self._for_s if within_s is None else within_s
        return None if found is None or self._clock() - found[0] >= within_s else found[1]

    def __len__(self) -> int:
        """How many answers are held, good or not."""
        return len(self._found)

    async def get(self, key: KeyT, deadline: Deadline, within_s: float | None = None) -> ValueT:
        """What `peek` finds, or asked for now.

        Raises what the call raises, and `StaleError` past the deadline.

        A call goes on if the one who asked first gives up: others may wait for it, and what it finds is kept.
        """
        kept = self.peek(key, within_s)
        if kept is not None:
            return kept
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._ask(key, deadline))
            # Whoever asked may be gone when it fails.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            async with asyncio.timeout(deadline.left_s):
                return await asyncio.shield(task)
        except TimeoutError as error:
            raise StaleError(f"{key}: no answer within the time of the request") from error

    def _drop_old(self) -> None:
        """Else what was asked for once, such as a span of history, would stay for ever."""
        now_s = self._clock()
        if now_s - self._dropped_s < self._for_s:
            return
        self._dropped_s = now_s
        self._found = {
            key: (since_s, found)
            for key, (since_s, found) in self._found.items()
            if now_s - since_s < self._for_s
        }

    async def _ask(self, key: KeyT, deadline: Deadline) -> ValueT:
        try:
            began_s = self._clock()
            found = await self._fetch(key, deadline)
            self._drop_old()
            self._found[key] = (began_s, found)
            return found
        finally:
            del self._under_way[key]
