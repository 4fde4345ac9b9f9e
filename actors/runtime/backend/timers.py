"""A heap of timers, and how their actions are run.

The heap has no lock and no clock: its backend guards it and decides when a timer is due.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable
from itertools import count

logger = logging.getLogger("actors.runtime")

SHELLS_MIN = 64
"""With fewer timers than this, cancelled ones included, nothing is swept."""


def run_contained(action: Callable[[], object]) -> None:
    """Run an action of a timer or of the hang watch. An exception is logged: it must not end the thread that
    all timers and hang limits depend on."""
    try:
        action()
    except Exception:
        logger.exception("a timer's action raised")


class HeapTimer:
    """An action at a market time. Cancelled, it stays in the heap as an empty shell until due or swept."""

    __slots__ = ("action", "due_us")

    def __init__(self, due_us: int, action: Callable[[], object]) -> None:
        self.due_us = due_us
        self.action: Callable[[], object] | None = action

    def cancel(self) -> None:
        """Drop the action; harmless if it has run."""
        self.action = None


class TimerHeap:
    """Ordered by time, then by the order of adding. Shells are swept each time the heap has doubled."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, HeapTimer]] = []
        self._order = count()
        self._sweep_at = SHELLS_MIN

    def add(self, due_us: int, action: Callable[[], object]) -> HeapTimer:
        """Schedule; a time in the past is due at once."""
        timer = HeapTimer(due_us, action)
        if len(self._heap) >= self._sweep_at:
            # A far timer that is set and cancelled for each message must not fill the memory with shells.
            self._heap = [entry for entry in self._heap if entry[2].action is not None]
            heapq.heapify(self._heap)
            self._sweep_at = max(SHELLS_MIN, 2 * len(self._heap))
        heapq.heappush(self._heap, (due_us, next(self._order), timer))
        return timer

    def next_due_us(self) -> int | None:
        """When the earliest living timer is due; None if there is none."""
        heap = self._heap
        while heap and heap[0][2].action is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def shift(self, by_us: int) -> None:
        """Let every timer be due so much later, as market time was set: what is left of its delay stays."""
        # All keys move by the same, so the heap stays one.
        self._heap = [(due_us + by_us, order, timer) for due_us, order, timer in self._heap]

    def pop(self) -> Callable[[], object]:
        """Take the earliest living timer's action. Raises LookupError without one."""
        while self._heap:
            timer = heapq.heappop(self._heap)[2]
            action, timer.action = timer.action, None
            if action is not None:
                return action
        raise LookupError("no timer is pending")
