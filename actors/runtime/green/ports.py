"""The tasks that the loop of a simulation picks, and what its parts need of the loop."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import Protocol

from actors.runtime.actor.context import Timer
from actors.runtime.backend.futures import OneShot
from actors.runtime.backend.runtime import Parked
from actors.runtime.green.switching import Fiber


class Task(Protocol):
    """What the loop picks: a step to run, or a fiber to resume. Each has context variables of its own."""

    name: str
    context: Context
    fiber: Fiber | None
    waits_for: object
    error: BaseException | None

    step: Callable[[], None]

    def waits_for_name(self) -> str: ...


class ServingTask(Task, Protocol):
    """A task that serves a mailbox; `idle` while it is out of the loop until mail comes."""

    idle: bool


class Ready(Protocol):
    """The tasks that can run; the loop picks one."""

    def append(self, task: Task, /) -> None: ...


class Loop(Protocol):
    """What mailboxes, futures, channels and tasks need of the loop."""

    running: Task
    process_time_s: float

    @property
    def ready(self) -> Ready: ...

    def now_us(self) -> int: ...

    def add_timer(self, due_us: int, action: Callable[[], object]) -> Timer: ...

    def wait(self, future: OneShot, timeout_s: float | None, worker: Parked | None) -> bool: ...

    def wake(self, task: Task, waits_for: object) -> None: ...

    def park(self, task: Task) -> None: ...
