"""Runs tasks in processes of this machine. One that dies is replaced by another one, which gets its task."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

from core.errors import CerberoError, InputError
from lab.shares import Shares

LOST_MAX: Final = 2
"""A task that so many workers died of is given up, by its name."""
LOOK_EVERY_S: Final = 0.2
END_WAIT_S: Final = 1.0
TO_THE_GROUP: Final = (signal.SIGINT, signal.SIGTERM)
"""Signals that a terminal, or a service manager, sends to every process."""
_CONTEXT = get_context("spawn")


class Numbered(Protocol):
    """A task: what it is told apart by."""

    @property
    def number(self) -> int: ...


T = TypeVar("T", bound=Numbered)
R = TypeVar("R")
RunnerMaker = Callable[[Callable[[], bool]], Callable[[T], R]]
"""Makes, in a worker, what runs its tasks there; it is told whether anybody still waits for them."""


class NotWantedError(Exception):
    """Nobody waits for what a task gives any more, so that its run was ended."""


@dataclass(frozen=True)
class Done(Generic[T, R]):
    """A task with what came of it."""

    task: T
    ran: R


@dataclass(frozen=True)
class Raised(Generic[T]):
    """A task that could not be run, and why."""

    task: T
    why: str


@dataclass
class _Worker(Generic[T]):
    """`task` is what it runs; one that takes its place keeps its number."""

    number: int
    process: SpawnProcess
    pipe: Connection
    task: T | None = None


class Processes(Generic[T, R]):
    """So many workers, each with one task at a time. `make_runner` and the tasks are sent to them."""

    def __init__(self, jobs: int, make_runner: RunnerMaker[T, R]) -> None:
        """Starts nothing yet: there are never more workers than tasks."""
        if jobs < 1:
            raise InputError(f"--jobs: expected at least 1, found {jobs}")
        self._jobs = jobs
        self._make_runner = make_runner
        self._submitted: list[T] = []
        self._shares: Shares[int, T] = Shares()
        self._numbers = count()
        self._workers: list[_Worker[T]] = []
        self._lost: Counter[int] = Counter()

    def submit(self, task: T) -> None:
        """Take a task; it returns at once."""
        self._submitted.append(task)

    def as_completed(self) -> Iterator[Done[T, R] | Raised[T] | None]:
        """Each task that was submitted, as it ends. None, several times a second, while nothing has ended."""
        while self._hand_out():
            ready = wait([worker.pipe for worker in self._workers], LOOK_EVERY_S)
            if not ready:
                yield None
            for worker in [each for each in self._workers if each.pipe in ready]:
                ended = self._answer_of(worker)
                if ended is not None:
                    yield ended

    def close(self) -> None:
        """Kill what still runs."""
        for worker in self._workers:
            worker.process.kill()
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(END_WAIT_S)
        self._workers.clear()
        self._submitted.clear()
        self._shares.clear()

    def _hand_out(self) -> bool:
        """Give everybody who is idle its next task; whether anything is still to come."""
        if self._submitted:
            while len(self._workers) < min(self._jobs, len(self._submitted)):
                self._workers.append(self._started(next(self._numbers)))
            self._shares.share_out(self._submitted, [worker.number for worker in self._workers])
            self._submitted.clear()
        for worker in self._workers:
            if worker.task is None:
                self._give(worker)
        return bool(self._shares) or any(worker.task is not None for worker in self._workers)

    def _give(self, worker: _Worker[T]) -> None:
        """One that has died before leaves the task as it was, and is found when answers are waited for."""
        task = self._shares.next_of(worker.number)
        if task is None:
            return
        try:
            worker.pipe.send(task)
        except OSError:
            self._shares.put_back(worker.number, task)
        else:
            worker.task = task

    def _answer_of(self, worker: _Worker[T]) -> Done[T, R] | Raised[T] | None:
        task = worker.task
        try:
            answer: tuple[Literal["ran"], R] | tuple[Literal["raised"], str] = worker.pipe.recv()
        except (EOFError, OSError):
            return self._replaced(worker)
        assert task is not None
        worker.task = None
        return Done(task, answer[1]) if answer[0] == "ran" else Raised(task, answer[1])

    def _replaced(self, worker: _Worker[T]) -> Raised[T] | None:
        """A worker has died: another one gets its share, and its task first, unless two have died of it."""
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join(END_WAIT_S)
        task, given_up = worker.task, None
        if task is not None:
            self._lost[task.number] += 1
            if self._lost[task.number] < LOST_MAX:
                self._shares.put_back(worker.number, task)
            else:
                code = worker.process.exitcode
                given_up = f"{LOST_MAX} workers died while they ran it, the last with exit code {code}"
        if self._shares:
            self._workers.append(self._started(worker.number))
        return None if task is None or given_up is None else Raised(task, given_up)

    def _started(self, number: int) -> _Worker[T]:
        ours, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=_serve, args=(theirs, os.getpid(), self._make_runner), daemon=True)
        with _held_signals():
            process.start()
        # Only the worker's own end is left open, so that its death is the end of the pipe.
        theirs.close()
        return _Worker(number, process, ours)


@contextmanager
def _held_signals() -> Iterator[None]:
    """Whoever is started in here has them held from its first instruction on: it reads modules for a while
    before it can ignore them, and would end with a traceback. Ours come afterwards."""
    # It comes with the first worker, and lets go of the signals as it is started.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, TO_THE_GROUP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, parent: int, make_runner: RunnerMaker[Any, Any]) -> None:
    """A worker's life: task after task, until the parent ends it, or is no more."""
    for number in TO_THE_GROUP:
        # What then happens is the parent's to say.
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, TO_THE_GROUP)
    run = make_runner(lambda: os.getppid() == parent)
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = ("ran", run(task))
        except CerberoError as error:
            answer = ("raised", str(error))
        except Exception as error:  # Whatever it is, the other tasks go on, and this one is named.
            answer = ("raised", f"{type(error).__name__}: {error}")
        try:
            pipe.send(answer)
        except OSError:
            return
