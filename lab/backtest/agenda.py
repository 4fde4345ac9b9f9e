"""What is due next: one queue of processes in market time.

A process is a generator. It yields how long it waits: until a moment, or until a signal is given before that.
What is due at one moment goes by rank, then in the order in which it was planned, so that a run is the same
again and again.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

NEVER: Final = datetime.max.replace(tzinfo=UTC)
MOMENT: Final = timedelta(microseconds=1)
"""The least that can pass: what is due so long after something comes after all that is due with it."""


class Signal:
    """Something that processes wait for; each `give` wakes those that wait then."""

    def __init__(self) -> None:
        self.waiting: list[_Turn] = []


class Wait(NamedTuple):
    """Until a moment, or until the signal is given before it."""

    until: datetime
    signal: Signal | None = None


Process = Generator[Wait, None, None]


class _Turn:
    """One wait of one process; `over` once it has been woken."""

    __slots__ = ("over", "process", "rank")

    def __init__(self, process: Process, rank: int) -> None:
        self.process = process
        self.rank = rank
        self.over = False


class Agenda:
    """The queue. `now` is the moment of what was woken last."""

    def __init__(self, begin: datetime) -> None:
        self.now = begin
        self._queue: list[tuple[datetime, int, int, _Turn]] = []
        self._planned = 0

    def start(self, process: Process, rank: int, at: datetime | None = None) -> None:
        """Run a process up to its first wait, now or later; `rank` is that of all its turns."""
        waiting = _Turn(process, rank)
        if at is None:
            self._turn(waiting)
        else:
            self._plan(at, waiting)

    def give(self, signal: Signal) -> None:
        """Wake whoever waits for the signal, in the turn of now."""
        given, signal.waiting = signal.waiting, []
        for waiting in given:
            if not waiting.over:
                waiting.over = True
                self._plan(self.now, _Turn(waiting.process, waiting.rank))

    def due(self, before: datetime) -> datetime | None:
        """The moment of what is due next before an end; None if nothing is."""
        while self._queue and self._queue[0][3].over:
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue and self._queue[0][0] < before else None

    def run_next(self) -> None:
        """Run what is due next up to its next wait."""
        self.now, _, _, waiting = heapq.heappop(self._queue)
        waiting.over = True
        self._turn(_Turn(waiting.process, waiting.rank))

    def _turn(self, waiting: _Turn) -> None:
        wait = next(waiting.process, None)
        if wait is None:
            return
        if wait.signal is not None:
            wait.signal.waiting.append(waiting)
        if wait.until is not NEVER:
            self._plan(wait.until, waiting)

    def _plan(self, at: datetime, waiting: _Turn) -> None:
        self._planned += 1
        heapq.heappush(self._queue, (at, waiting.rank, self._planned, waiting))
