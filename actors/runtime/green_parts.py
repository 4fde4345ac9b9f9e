"""The parts of the simulated backends: tasks, the mailbox, the future and the supervisor's queue."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import Context
from typing import TYPE_CHECKING, Any, Protocol

from actors.runtime.futures import OneShot
from actors.runtime.mailbox import FULL, UNBOUNDED, Deliver, Record, Refused, ThreadMailbox

if TYPE_CHECKING:
    from actors.runtime.green import GreenRuntime
    from actors.runtime.runtime import Consumer
    from actors.runtime.switching import Fiber


class Task(Protocol):
    """What the loop picks: a step to run, or a fiber to go on with. Each has context variables of its own."""

    name: str
    context: Context
    fiber: Fiber | None
    waits_for: object
    error: BaseException | None

    step: Callable[[], None]

    def waits_for_name(self) -> str: ...


class Job:
    """One piece of work: a supervisor's life, a hook, or the outside."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self.name = name
        self.context = Context()
        self.fiber: Fiber | None = None
        self.waits_for: object = None
        self.error: BaseException | None = None
        self.step = work

    def waits_for_name(self) -> str:
        """Unknown: nobody's handler runs here."""
        return "?"


class MailTask:
    """One life of an actor: set up at the first step, then an envelope at each."""

    def __init__(self, runtime: GreenRuntime, consumer: Consumer, mailbox: GreenMailbox) -> None:
        self.name = consumer.worker_name
        self.context = Context()
        self.fiber: Fiber | None = None
        self.waits_for: object = None
        self.error: BaseException | None = None
        self.consumer = consumer
        self.idle = False
        self._mailbox = mailbox
        self._runtime = runtime
        self._user = mailbox.user_lane
        self._system = mailbox.system_lane
        self._process_one = consumer.process_one
        self._ready_again = runtime.ready.append
        self.step: Callable[[], None] = self._set_up

    def _set_up(self) -> None:
        """The first step."""
        self.step = self._handle_one
        if not self.consumer.setup():
            self._leave()
        elif self._mailbox.empty():
            self.idle = True
        else:
            self._ready_again(self)

    def _handle_one(self) -> None:
        """Every later step: one envelope."""
        # Taking is written out, because every message of a simulation passes here.
        mailbox, user, system = self._mailbox, self._user, self._system
        if mailbox.owner is not self.consumer:
            self._leave()
            return
        mailbox.current = envelope = system.popleft() if system else user.popleft()
        mailbox.busy_since = self._runtime.process_time_s
        if not self._process_one(envelope):
            self._leave()
        elif user or system:
            self._ready_again(self)
        else:
            mailbox.current = None
            self.idle = True

    def _leave(self) -> None:
        if self._mailbox.task is self:
            self._mailbox.task = None
        self.consumer.teardown()

    def waits_for_name(self) -> str:
        """The path of the actor that is asked, if it is one."""
        waiting_on = getattr(self.consumer, "waiting_on", None)
        return "?" if waiting_on is None else str(waiting_on.path)


class GreenMailbox(ThreadMailbox):
    """The two-lane mailbox without locks: a put wakes the task that serves it."""

    def __init__(self, runtime: GreenRuntime, bound: int = UNBOUNDED) -> None:
        super().__init__(bound)
        self._lock = nullcontext()  # type: ignore[assignment]
        self._ready = runtime.ready
        self.task: MailTask | None = None

    def put(self, envelope: Any) -> str | None:
        """Queue in the user lane; None, or why it was refused."""
        if self._refusal is not None:
            return self._refusal
        user = self.user_lane
        if len(user) >= self.bound:
            self.overflowed += 1
            return FULL
        user.append(envelope)
        task = self.task
        if task is not None and task.idle:
            task.idle = False
            self._ready.append(task)
        return None

    def deliverer(self, record: Record, refused: Refused) -> Deliver:
        """Record, put, and wake the task, in one piece: every message of a simulation passes here."""
        user = self.user_lane
        append, ready, bound = user.append, self._ready.append, self.bound

        def deliver(envelope: Any) -> str | None:
            record(envelope)
            if self._refusal is not None or len(user) >= bound:
                refusal = self.put(envelope)
                assert refusal is not None
                refused(envelope, refusal)
                return refusal
            append(envelope)
            task = self.task
            if task is not None and task.idle:
                task.idle = False
                ready(task)
            return None

        return deliver

    def get(self, owner: object = None) -> Any:
        """Take the next, which the caller knows to be there; None if `owner` is not the owner (any more)."""
        if self.owner is not owner:
            return None
        self.current = envelope = self.system_lane.popleft() if self.system_lane else self.user_lane.popleft()
        return envelope

    def put_system(self, envelope: Any) -> None:
        """Queue ahead of all user mail, past the bound."""
        self.system_lane.append(envelope)
        self._rouse()

    def put_last(self, envelope: Any) -> None:
        """Queue behind all user mail, past the bound and past a refusal."""
        self.user_lane.append(envelope)
        self._rouse()

    def _rouse(self) -> None:
        task = self.task
        if task is not None and task.idle:
            task.idle = False
            self._ready.append(task)


class GreenFuture(OneShot):
    """The future of the simulated backends."""

    def __init__(self, runtime: GreenRuntime) -> None:
        self._runtime = runtime
        self.waiters: list[Task] = []
        self._done = False
        self._value: object = None
        self._error: BaseException | None = None

    def resolve(self, value: object) -> bool:
        """Decide for a value; False if the outcome stood already."""
        if self._done:
            return False
        self._value = value
        self._decide()
        return True

    def reject(self, error: BaseException) -> bool:
        """Decide for an error; False if the outcome stood already."""
        if self._done:
            return False
        self._error = error
        self._decide()
        return True

    def wait(self, timeout_s: float | None) -> bool:
        """Park the caller until the outcome stands; False when virtual time ran out."""
        return self._runtime.wait(self, timeout_s, None)

    def _decide(self) -> None:
        self._done = True
        for task in self.waiters:
            self._runtime.wake(task, self)


class GreenChannel:
    """A supervisor's queue in virtual time."""

    def __init__(self, runtime: GreenRuntime) -> None:
        self._runtime = runtime
        self._queue: deque[object] = deque()
        self._reader: Task | None = None

    def put(self, message: object) -> None:
        """Queue a message and wake the reader."""
        self._queue.append(message)
        if self._reader is not None:
            self._runtime.wake(self._reader, self)

    def get(self, timeout_s: float | None) -> object:
        """The next message; None when virtual time ran out."""
        if not self._queue and (timeout_s is None or timeout_s > 0):
            runtime = self._runtime
            task = self._reader = runtime.running
            task.waits_for = self
            timer = None
            if timeout_s is not None and timeout_s != float("inf"):
                due_us = runtime.now_us() + round(timeout_s * 1_000_000)
                timer = runtime.add_timer(due_us, lambda: runtime.wake(task, self))
            runtime.park(task)
            self._reader = None
            if timer is not None:
                timer.cancel()
        return self._queue.popleft() if self._queue else None

    def close(self) -> list[object]:
        """Hand back what was left; what comes later is not read."""
        left = list(self._queue)
        self._queue.clear()
        return left
