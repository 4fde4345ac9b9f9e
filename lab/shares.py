"""Which task each of several workers runs next.

Each gets tasks that follow each other, since these may share what they read, and once it has none left the
later half of what another one still has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from itertools import islice
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)
T = TypeVar("T")


class Shares(Generic[P, T]):
    """The tasks that wait, by the worker that is to run them. A worker is known by whatever it is named."""

    def __init__(self) -> None:
        self._of: dict[P, deque[T]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def share_out(self, tasks: Sequence[T], workers: Sequence[P]) -> None:
        """In equal parts, of which each is one run of tasks."""
        each, more = divmod(len(tasks), len(workers))
        left = iter(tasks)
        for place, worker in enumerate(workers):
            self._of.setdefault(worker, deque()).extend(islice(left, each + (place < more)))

    def next_of(self, worker: P) -> T | None:
        """None if nothing waits."""
        share = self._of.setdefault(worker, deque())
        if not share:
            richest = max(self._of.values(), key=len)
            for _ in range((len(richest) + 1) // 2):
                share.appendleft(richest.pop())
        return share.popleft() if share else None

    def put_back(self, worker: P, task: T) -> None:
        """It is the worker's next one."""
        self._of.setdefault(worker, deque()).appendleft(task)

    def clear(self) -> None:
        self._of.clear()
