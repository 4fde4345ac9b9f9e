"""What is to be done at which true time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush
from itertools import count


class ActAgenda:
    """Things to do, by their time and, at one time, in the order in which they were added."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()

    def add(self, when: datetime, do: Callable[[], None]) -> None:
        """Have it done then."""
        heappush(self._heap, (when, next(self._order), do))

    def next_at(self, end: datetime) -> datetime:
        """When the next is due, at most `end`."""
        return min(end, self._heap[0][0]) if self._heap else end

    def do_until(self, now: datetime) -> None:
        """Do what is due by now, and what that adds."""
        while self._heap and self._heap[0][0] <= now:
            heappop(self._heap)[2]()
