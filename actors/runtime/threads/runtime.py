"""The production backend: one daemon thread for each running life, reused from a pool, and one for timers."""

from __future__ import annotations

import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from threading import Condition, Event, Lock, Thread, get_ident

from actors.runtime.actor.context import Timer
from actors.runtime.backend.futures import OneShot, ThreadFuture
from actors.runtime.backend.mailbox import Mailbox
from actors.runtime.backend.runtime import Channel, Consumer, HangWatched, Parked, Runtime
from actors.runtime.backend.timers import TimerHeap, run_contained
from actors.runtime.backend.two_lanes import TwoLaneMailbox
from actors.runtime.clocks.clock import Clock, SystemClock
from actors.runtime.clocks.jumping import JumpingClock
from actors.runtime.clocks.steps import StepWatch
from actors.runtime.threads.channel import ThreadChannel
from actors.runtime.threads.counted import CountedChannel, CountedMailbox
from actors.runtime.threads.heap import share_heaps
from actors.runtime.threads.loop import run_loop
from actors.runtime.threads.worker import Worker

# With the default interval of 5 ms, two threads that compute delay each other's answers by that and more.
SWITCH_INTERVAL_S = 0.0005
IDLE_THREADS_MAX = 8
# How often the timer thread looks whether the system's clock was set.
CLOCK_LOOK_S = 0.5
HANG_LOOK_MAX_S = 1.0


class ThreadRuntime(Runtime):
    """Actors on threads. `clock` gives market time; `seed` makes jitter and ids repeatable, not the order."""

    def __init__(self, clock: Clock | None = None, seed: int | None = None) -> None:
        super().__init__(seed)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        share_heaps()
        self.clock: Clock = SystemClock() if clock is None else clock
        if isinstance(self.clock, SystemClock):
            # Saves two calls for every envelope that is stamped.
            self.stamp_ns = time.time_ns  # type: ignore[method-assign]
        self._jumping = self.clock if isinstance(self.clock, JumpingClock) else None
        self.activity = self._jumping
        self._idle: deque[Worker] = deque()
        self._timers = TimerHeap()
        self._due = Condition(Lock())
        self._timer_thread: Thread | None = None
        self._report_step: Callable[[float], None] | None = None
        self._ended = Event()
        self._abandoned: set[object] = set()
        # For each job the ident of the thread that runs it; 0 until it has begun.
        self._running: dict[object, int] = {}
        self._jobs_lock = Lock()

    def now_us(self) -> int:
        """Market time in whole microseconds since the epoch."""
        return self.clock.now_us()

    def monotonic(self) -> float:
        """The system's monotonic clock in seconds."""
        return time.monotonic()

    def new_mailbox(self, bound: int) -> Mailbox:
        """A mailbox for a cell."""
        return TwoLaneMailbox(bound) if self._jumping is None else CountedMailbox(bound, self._jumping)

    def new_future(self) -> OneShot:
        """A future for one ask or one sleep."""
        return ThreadFuture()

    def new_channel(self) -> Channel:
        """A queue for one life of a supervisor."""
        return ThreadChannel() if self._jumping is None else CountedChannel(ThreadChannel(), self._jumping)

    def spawn(self, name: str, work: Callable[[], None]) -> object:
        """Run `work` on a thread of its own, a pooled one if there is one."""
        job = object()
        self._put_on_thread(name, job, work)
        return job

    def _put_on_thread(self, name: str, job: object, work: Callable[[], None]) -> None:
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = Worker(self.take_back)
        self._running[job] = 0

        def run() -> None:
            self._running[job] = get_ident()
            try:
                work()
            finally:
                with self._jobs_lock:
                    del self._running[job]
                    self._abandoned.discard(job)

        worker.do(name, run)

    def take_back(self, worker: Worker) -> bool:
        """Put a free thread back into the pool; False if it should end instead."""
        if self._ended.is_set() or len(self._idle) >= IDLE_THREADS_MAX:
            return False
        self._idle.append(worker)
        # If the runtime was shut down meanwhile, nobody may ever dismiss it from the pool.
        return not self._ended.is_set()

    def start_consumer(self, consumer: Consumer) -> None:
        """Run the loop of the consumer's mailbox on a thread."""

        def consume() -> None:
            try:
                if consumer.setup():
                    run_loop(consumer.mailbox, consumer, owner=consumer)
            finally:
                consumer.teardown()

        self._put_on_thread(consumer.worker_name, consumer, consume)

    def abandon(self, job: object) -> None:
        """Count the job's thread as abandoned until it returns, unless it has already."""
        with self._jobs_lock:
            if job in self._running:
                self._abandoned.add(job)

    @property
    def abandoned(self) -> int:
        """How many abandoned threads have not returned."""
        return len(self._abandoned)

    def add_timer(self, due_us: int, action: Callable[[], object]) -> Timer:
        """Call `action` on the timer thread when as much time has passed as lies between now and then.

        The time that passes is the monotonic clock's, so that no step of the system's clock freezes a timer
        or fires it early. Whoever waits for a time of day plans anew when a step is reported.
        """
        if self._jumping is not None:
            return self._jumping.add_timer(due_us, action)
        due_us += _monotonic_us() - self.now_us()
        with self._due:
            timer = self._timers.add(due_us, action)
            if self._timer_thread is None and not self._ended.is_set():
                thread = Thread(target=self._run_timers, name="actor-timers", daemon=True)
                thread.start()  # If there can be none now, the next timer tries again.
                self._timer_thread = thread
            elif self._timers.next_due_us() == due_us:
                self._due.notify()
        return timer

    def _run_timers(self) -> None:
        watch = StepWatch(self.now_us(), _monotonic_us())
        while not self._ended.is_set():
            step_s = watch.step_s(self.now_us(), _monotonic_us())
            if step_s is not None and self._report_step is not None:
                run_contained(partial(self._report_step, step_s))
            with self._due:
                due_us = self._timers.next_due_us()
                wait_s = CLOCK_LOOK_S if due_us is None else (due_us - _monotonic_us()) / 1e6
                if due_us is None or wait_s > 0:
                    self._due.wait(min(wait_s, CLOCK_LOOK_S))
                    continue
                action = self._timers.pop()
            run_contained(action)

    def watch_clock(self, report_step: Callable[[float], None]) -> None:
        """Report each step of the system's clock within half a second, on the timer thread."""
        if self._jumping is None:
            self._report_step = report_step
            self.add_timer(self.now_us(), _nothing)  # The thread that looks begins with the first timer.

    def wait(self, future: OneShot, timeout_s: float | None, worker: Parked | None) -> bool:
        """Park the caller until the future is decided; False if `timeout_s` passed, in either time."""
        if self._jumping is None:
            return future.wait(timeout_s)
        assert isinstance(future, ThreadFuture)
        return self._jumping.wait(future, timeout_s, worker)

    def operation(self) -> AbstractContextManager[None]:
        """Count an operator's request as under way: a jumping clock stands still within the block."""
        return nullcontext() if self._jumping is None else self._jumping.operation()

    def watch_hangs(self, cells: Iterable[HangWatched]) -> None:
        """Have each cell check for a hang at least every quarter of the shortest limit, in process time."""
        watched = tuple(cells)
        if not watched:
            return
        look_s = min(HANG_LOOK_MAX_S, min(cell.hang_limit_s for cell in watched) / 4)

        def look() -> None:
            while not self._ended.wait(look_s):
                for cell in watched:
                    run_contained(cell.report_if_hung)

        Thread(target=look, name="actor-hang-watch", daemon=True).start()

    def shut_down(self) -> None:
        """End the timers, the hang watch and the idle threads."""
        self._ended.set()
        with self._due:
            self._due.notify()
        if self._jumping is not None:
            self._jumping.shut_down()
        while self._idle:
            self._idle.pop().dismiss()

    def stack_of(self, consumer: Consumer) -> str:
        """The Python stack of the thread that runs the consumer, or ''."""
        ident = self._running.get(consumer)
        frame = None if ident is None else sys._current_frames().get(ident)
        return "" if frame is None else "".join(traceback.format_stack(frame))


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1000


def _nothing() -> None:
    """The action of a timer that only starts the timer thread."""
