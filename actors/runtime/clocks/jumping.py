"""The jumping clock: market time stands still while anything is under way, and jumps to the next timer when
all is idle.

Under way are: a handler that runs and is not parked in sleep or ask, mail in a cell that is up (unless it
waits behind a parked handler), a supervisor that decides, an actor that starts, and an operator's request.
Each counts one. The count never touches zero while work passes from one to the other: the waker counts in
the one that it wakes before it counts itself out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from math import inf
from threading import TIMEOUT_MAX, Condition, Lock, Thread
from time import monotonic

from actors.runtime.actor.context import Timer
from actors.runtime.backend.futures import ThreadFuture
from actors.runtime.backend.runtime import Parked
from actors.runtime.backend.timers import TimerHeap, run_contained
from actors.runtime.times import to_us


class JumpingClock:
    """Market time from `start` on. With `speed`, waits of market time are played that many times faster than
    real time; without, they take none. Speed only paces, it changes no outcome."""

    def __init__(self, start: datetime, speed: float | None = None) -> None:
        if speed is not None and not 0 < speed < inf:
            raise ValueError(f"JumpingClock.speed: expected above 0 and below inf, or None, found {speed}")
        self._now_us = to_us(start)
        self._speed = speed
        self._count = 0
        self._timers = TimerHeap()
        self._changed = Condition(Lock())
        self._driver: Thread | None = None
        self._ended = False

    def now_us(self) -> int:
        """Market time in whole microseconds since the epoch."""
        return self._now_us

    @property
    def under_way(self) -> int:
        """How many things are under way; market time moves at zero only."""
        return self._count

    def add(self, count: int) -> None:
        """Add to the count of what is under way; a negative number counts out."""
        with self._changed:
            self._add(count)

    def _add(self, count: int) -> None:
        self._count += count
        if self._count <= 0:
            assert self._count == 0, f"the count of what is under way fell to {self._count}"
            self._changed.notify_all()

    def begin(self, worker: Parked) -> None:
        """Count the worker as running, unless it was fenced."""
        with self._changed:
            if worker.live and not worker.counted:
                worker.counted = True
                self._count += 1

    def finish(self, worker: Parked) -> None:
        """Count out a worker that is idle, parked or fenced, unless that was done already."""
        with self._changed:
            if worker.counted:
                worker.counted = False
                self._add(-1)

    @contextmanager
    def operation(self) -> Iterator[None]:
        """Count an operator's request as under way within the block."""
        self.add(1)
        try:
            yield
        finally:
            self.add(-1)

    def add_timer(self, due_us: int, action: Callable[[], object]) -> Timer:
        """Call `action` when market time reaches `due_us`."""
        with self._changed:
            timer = self._timers.add(due_us, action)
            if self._driver is None and not self._ended:
                driver = Thread(target=self._drive, name="actor-clock", daemon=True)
                driver.start()  # If there can be none now, the next timer tries again.
                self._driver = driver
            self._changed.notify_all()
        return timer

    def wait(self, future: ThreadFuture, timeout_s: float | None, worker: Parked | None) -> bool:
        """Park until the future is decided; False if `timeout_s` passed, in either time. A waiting caller
        outside the actors (`worker` None) does not hold up the clock, unless within `operation`."""
        waiter = _CountedWaiter(worker)
        timer = None
        # For a caller outside the actors the timeout is process time alone.
        if worker is not None and timeout_s is not None and timeout_s != float("inf"):
            timer = self.add_timer(self._now_us + round(timeout_s * 1_000_000), waiter.release)
        if future.add_waiter(waiter):
            if worker is not None:
                waiter.park()
            waiter.sleep(timeout_s)
        future.remove_waiter(waiter)
        if timer is not None:
            timer.cancel()
        waiter.resume()
        return future.done

    def shut_down(self) -> None:
        """End the driver thread."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _drive(self) -> None:
        while True:
            with self._changed:
                if self._ended:
                    return
                due_us = self._timers.next_due_us()
                if self._count > 0 or due_us is None:
                    self._changed.wait()
                    continue
                if self._speed is not None and due_us > self._now_us:
                    before = monotonic()
                    self._changed.wait((due_us - self._now_us) / 1e6 / self._speed)
                    passed_us = round((monotonic() - before) * 1e6 * self._speed)
                    # Work that came during the wait must find the time as far on as it has been played.
                    self._now_us = min(due_us, self._now_us + passed_us)
                    if self._now_us < due_us:
                        continue
                self._now_us = max(self._now_us, due_us)
                action = self._timers.pop()
                self._count += 1
            run_contained(action)
            self.add(-1)


class _CountedWaiter:
    """Wakes a parked worker and counts it in before it runs, on behalf of whoever wakes it."""

    def __init__(self, worker: Parked | None) -> None:
        self._worker = worker
        self._lock = Lock()
        self._lock.acquire()
        self._guard = Lock()
        self._released = False

    def park(self) -> None:
        """Count out the worker, which is about to sleep, unless it was woken already."""
        with self._guard:
            if not self._released and self._worker is not None:
                self._worker.mailbox.pause(self._worker)

    def sleep(self, timeout_s: float | None) -> None:
        """Sleep until released, or until `timeout_s` of process time has passed."""
        self._lock.acquire(timeout=-1 if timeout_s is None else min(max(0.0, timeout_s), TIMEOUT_MAX))

    def resume(self) -> None:
        """Count the worker in again, whoever woke it."""
        if self._worker is not None:
            self._worker.mailbox.resume(self._worker)

    def release(self) -> None:
        """Wake the worker; later calls do nothing."""
        with self._guard:
            if self._released:
                return
            self._released = True
            if self._worker is not None:
                self._worker.mailbox.resume(self._worker)
        self._lock.release()
