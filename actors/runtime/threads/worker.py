"""A thread of the pool."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from queue import SimpleQueue
from threading import Thread


class Worker:
    """A daemon thread that runs one job after the other. `take_back` says whether it may wait for more."""

    def __init__(self, take_back: Callable[[Worker], bool]) -> None:
        self._take_back = take_back
        self._jobs: SimpleQueue[tuple[str, Callable[[], None]] | None] = SimpleQueue()
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()

    def do(self, name: str, work: Callable[[], None]) -> None:
        """Run `work` next, with the thread called `name` meanwhile."""
        self._jobs.put((name, work))

    def dismiss(self) -> None:
        """End the thread after what it has to do."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self.thread.name, work = job
            # Context variables that one job sets must not be visible to the next on this thread.
            Context().run(work)
            # The waiting thread must not keep the job alive: an actor's files close when it is collected.
            del job, work
            self.thread.name = "actor-idle"
            if not self._take_back(self):
                return
