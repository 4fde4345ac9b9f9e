"""The simulated backends: one seeded loop picks who runs next, virtual time moves when none can.

A blocking `ask` or `sleep` parks its fiber, and another fiber continues the loop. Fibers are made
from a shallow hub, because a new greenlet inherits the recursion depth of its maker.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum

from actors.runtime.actor.context import Timer
from actors.runtime.backend.futures import OneShot
from actors.runtime.backend.mailbox import Mailbox
from actors.runtime.backend.runtime import Channel, Consumer, HangWatched, Parked, Runtime
from actors.runtime.backend.timers import TimerHeap
from actors.runtime.errors import Deadlock
from actors.runtime.green.mailbox import GreenMailbox
from actors.runtime.green.ports import Task
from actors.runtime.green.switching import Batons, Fiber, Greenlets, Switching
from actors.runtime.green.tasks import GreenJob, MailTask
from actors.runtime.green.waiting import GreenChannel, GreenFuture
from actors.runtime.times import EPOCH, from_us, to_us

_FOREVER = float("inf")


class RunOrder(Enum):
    """Who runs next among those that can."""

    RANDOM = "random"  # by the seed: for simulation
    FIFO = "fifo"  # in the order in which they became able: for backtests


class GreenRuntime(Runtime):
    """Actors in one thread and in virtual time. The same seed gives the same run, byte for byte.

    `start` is the first market time (process time is virtual too and starts at 0 s). `yield_at_tell` is the
    probability that a tell lets others go first, which shows races that an atomic handler would hide.
    """

    finds_deadlocks = True
    has_one_time = True
    market_time: datetime = EPOCH
    """Made when the time is set: in a backtest it is asked for more often than any message is told."""

    def __init__(
        self, start: datetime, seed: int, order: RunOrder = RunOrder.RANDOM, yield_at_tell: float = 0.0
    ) -> None:
        super().__init__(seed)
        if not 0.0 <= yield_at_tell < 1.0:
            raise ValueError(f"yield_at_tell: expected a probability below 1, found {yield_at_tell}")
        self.yields_at_tell = yield_at_tell > 0
        self._yield_at_tell = yield_at_tell
        self._start_us = to_us(start)
        self._set_time(self._start_us)
        self._draw = random.Random(f"{seed}/order").random
        self._random_order = order is RunOrder.RANDOM
        self.ready: deque[Task] | list[Task] = [] if self._random_order else deque()
        self._timers = TimerHeap()
        self._horizon_us: int | None = None
        self._switching = self._make_switching()
        self._main = GreenJob("outside", lambda: None)
        self._main_waits_for_idle = False
        self._report_step: Callable[[float], None] | None = None
        self.running: Task = self._main
        self._parked: dict[Task, None] = {}
        self._pool: list[Fiber] = []
        self._fibers: list[Fiber] = []
        self._hub = self._switching.new(self._hatch)
        self._ended = False

    def _make_switching(self) -> Switching:
        return Greenlets()

    def now_us(self) -> int:
        """Virtual market time in whole microseconds since the epoch."""
        return self._time_us

    def now(self) -> datetime:
        """Virtual market time, aware UTC."""
        return self.market_time

    def stamp_ns(self) -> int:
        """Virtual market time in nanoseconds since the epoch."""
        return self._time_ns

    def monotonic(self) -> float:
        """Virtual process time: seconds since the start."""
        return self.process_time_s

    def new_mailbox(self, bound: int) -> Mailbox:
        """A mailbox for a cell."""
        return GreenMailbox(self, bound)

    def new_future(self) -> OneShot:
        """A future for one ask or one sleep."""
        return GreenFuture(self)

    def new_channel(self) -> Channel:
        """A queue for one life of a supervisor."""
        return GreenChannel(self)

    def spawn(self, name: str, work: Callable[[], None]) -> object:
        """Have `work` run when it is picked."""
        job = GreenJob(name, work)
        self.ready.append(job)
        return job

    def start_consumer(self, consumer: Consumer) -> None:
        """Have the consumer set up, and then handle its mail envelope by envelope."""
        mailbox = consumer.mailbox
        assert isinstance(mailbox, GreenMailbox)
        task = mailbox.task = MailTask(self, consumer, mailbox)
        self.ready.append(task)

    def add_timer(self, due_us: int, action: Callable[[], object]) -> Timer:
        """Call `action` when virtual time comes to `due_us`."""
        return self._timers.add(due_us, action)

    def wait(self, future: OneShot, timeout_s: float | None, worker: Parked | None) -> bool:
        """Park until the future is decided; False if `timeout_s` of virtual time passed.

        Raises Deadlock outside the actors if nothing can ever happen any more.
        """
        assert isinstance(future, GreenFuture)
        if future.done or (timeout_s is not None and timeout_s <= 0):
            return future.done
        timers: list[Timer] = []
        task = self.running
        task.waits_for = future
        over_us: int | None = None
        if timeout_s is not None and timeout_s != _FOREVER:
            over_us = self._time_us + round(timeout_s * 1_000_000)
            timers.append(self._timers.add(over_us, lambda: self.wake(task, future)))
        if worker is not None:
            watched = worker.hang_watched
            busy_since_s, limit_s = watched.busy_since_s, watched.hang_limit_s
            if busy_since_s is not None and limit_s != _FOREVER:
                hung_us = self._start_us + round((busy_since_s + limit_s) * 1_000_000)
                # Not if it goes on by then: time stands still while a task is ready.
                if over_us is None or hung_us < over_us:
                    timers.append(self._timers.add(max(hung_us, self._time_us), watched.report_if_hung))
        future.waiters.append(task)
        self.park(task)
        future.waiters.remove(task)
        for timer in timers:
            timer.cancel()
        return future.done

    def wake(self, task: Task, waits_for: object) -> None:
        """Make a parked task ready, if it still waits for `waits_for`."""
        if task.waits_for is waits_for:
            task.waits_for = None
            self.ready.append(task)

    def yield_now(self) -> None:
        """With the seeded probability, let others go first."""
        task = self.running
        if task is not self._main and self._draw() < self._yield_at_tell:
            self.ready.append(task)
            self.park(task)

    def run(self, until: datetime | None = None) -> None:
        """Run until nothing is left to do, or up to virtual time `until`, and set the time to it.

        Raises Deadlock if somebody waits for an answer that can't come any more.
        """
        if self.running is not self._main:
            raise RuntimeError("run: expected to be called from outside the actors")
        self._horizon_us = None if until is None else to_us(until)
        self._main_waits_for_idle = True
        try:
            self.park(self._main)
        finally:
            self._main_waits_for_idle = False
            horizon_us, self._horizon_us = self._horizon_us, None
        if horizon_us is not None:
            self._set_time(max(self._time_us, horizon_us))

    def return_by(self, when: datetime) -> None:
        """Have the `run` that is under way return at `when`, if that is before its own end."""
        if self._horizon_us is not None:
            self._horizon_us = min(self._horizon_us, max(self._time_us, to_us(when)))

    def next_due(self) -> datetime | None:
        """When the next timer is due; now if something can run. None if nothing will ever happen."""
        due_us = self._time_us if self.ready else self._timers.next_due_us()
        return None if due_us is None else from_us(max(due_us, self._time_us))

    def halt(self, error: BaseException) -> None:
        """Leave `run` at once with this error, from within an actor or a timer: what runs does not go on.

        After that the system can only be abandoned.
        """
        main = self._main
        if self.running is main:
            raise error
        main.error, main.waits_for = error, None
        self._go_on(main)

    def step_clock(self, step_s: float) -> None:
        """Set the wall clock by so many seconds, positive if ahead, from outside the actors.

        As on threads, timers keep their delays, and the step is reported to who watches the clock.
        """
        if self.running is not self._main:
            raise RuntimeError("step_clock: expected to be called from outside the actors")
        step_us = round(step_s * 1e6)
        self._timers.shift(step_us)
        self._start_us += step_us
        self._set_time(self._time_us + step_us)
        if self._report_step is not None:
            self._report_step(step_s)

    def watch_clock(self, report_step: Callable[[float], None]) -> None:
        """Report every `step_clock`."""
        self._report_step = report_step

    def watch_hangs(self, cells: Iterable[HangWatched]) -> None:
        """Nothing to do: in virtual time a handler is busy only while parked, and `wait` sets a timer."""

    def abandon(self, job: object) -> None:
        """Nothing to do: a parked fiber costs no thread, and `shut_down` unwinds them all."""

    @property
    def abandoned(self) -> int:
        """Always 0."""
        return 0

    def shut_down(self) -> None:
        """Unwind every parked fiber."""
        self._ended = self.unwinding = True
        self.ready.clear()
        self._timers = TimerHeap()
        fibers, self._fibers = self._fibers, []
        self._pool.clear()
        for fiber in (*fibers, self._hub):
            fiber.close()
        self._parked.clear()
        self.running = self._main

    def stack_of(self, consumer: Consumer) -> str:
        """The Python stack on which the consumer's handler is parked, or ''."""
        for task in self._parked:
            if isinstance(task, MailTask) and task.consumer is consumer and task.fiber is not None:
                return task.fiber.stack()
        return ""

    def waiting_graph(self) -> str:
        """Who waits for whom, as far as known: `a -> b, c -> ?`."""
        return ", ".join(
            f"{task.name} -> {task.waits_for_name()}"
            for task in self._parked
            if isinstance(task.waits_for, GreenFuture)
        )

    def park(self, task: Task) -> None:
        """Park the task; another fiber continues the loop. Returns when the task is picked again."""
        if self._ended:
            raise RuntimeError("the simulated runtime was shut down: nothing can be waited for any more")
        task.fiber = self._switching.current()
        self._parked[task] = None
        (self._pool.pop() if self._pool else self._hub).switch()
        del self._parked[task]
        self.running = task
        error, task.error = task.error, None
        if error is not None:
            raise error

    def _hatch(self) -> None:
        while True:
            fiber = self._switching.new(self._work)
            self._fibers.append(fiber)
            fiber.switch()

    def _work(self) -> None:
        ready = self.ready
        fifo = not self._random_order
        while True:
            # Picking in order is inlined, because every message of a backtest passes here.
            task = ready.popleft() if fifo and ready else self._next()  # type: ignore[union-attr]
            if task is None:
                if self._ended:
                    return  # What was unwound here has turned GreenletExit into an error of its own.
                self._idle()
            elif task.fiber is not None:
                self._go_on(task)
            else:
                self.running = task
                try:
                    task.context.run(task.step)
                except BaseException as error:
                    self.let_unwind(error)
                    # Exceptions of handlers are contained: this is a fault of the runtime, for its caller.
                    self._main.error = error
                    self._go_on(self._main)

    def _go_on(self, task: Task) -> None:
        fiber, task.fiber = task.fiber, None
        assert fiber is not None
        self._pool.append(self._switching.current())
        fiber.switch()

    def _next(self) -> Task | None:
        ready = self.ready
        while not ready:
            due_us = self._timers.next_due_us()
            if due_us is None or (self._horizon_us is not None and due_us > self._horizon_us):
                return None
            if due_us > self._time_us:
                self._set_time(due_us)
            self._timers.pop()()
        if not self._random_order:
            return ready.popleft()  # type: ignore[union-attr]
        count = len(ready)
        picked = int(self._draw() * count) if count > 1 else 0
        last = ready.pop()
        if picked == count - 1:
            return last
        # The last one fills the gap, so that picking takes constant time.
        task, ready[picked] = ready[picked], last
        return task

    def _set_time(self, time_us: int) -> None:
        self._time_us = time_us
        self._time_ns = time_us * 1000
        self.market_time = from_us(time_us)
        self.process_time_s = (time_us - self._start_us) / 1e6

    def _idle(self) -> None:
        main = self._main
        stuck = self._timers.next_due_us() is None and self.waiting_graph()
        if stuck or not self._main_waits_for_idle:
            main.error = Deadlock(f"nothing can run and no timer is set: {stuck or 'outside -> ?'}")
        main.waits_for = None
        self._go_on(main)


class BatonRuntime(GreenRuntime):
    """The same loop on real threads that pass a baton, to cross-check the greenlets."""

    def _make_switching(self) -> Switching:
        return Batons()
