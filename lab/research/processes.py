"""Runs tasks in processes of this machine. One that dies is replaced by another one, which gets its task.

Each worker gets tasks that follow each other, since these share what is read of a market, and once it has
none left the later half of what another one still has.
"""

from __future__ import annotations

import gc
import os
import signal
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Final, Literal

from core.errors import CerberoError, InputError
from lab.research.executor import LOST_MAX, Done, PointTask, Raised
from lab.research.found import Ran
from lab.research.running import Runner

LOOK_EVERY_S: Final = 0.2
END_WAIT_S: Final = 1.0
_CONTEXT = get_context("spawn")
_Answer = tuple[Literal["ran"], Ran] | tuple[Literal["raised"], str]


@dataclass
class _Worker:
    """`share` is what it runs next; `task` is what it runs."""

    process: SpawnProcess
    pipe: Connection
    share: deque[PointTask] = field(default_factory=deque)
    task: PointTask | None = None


class Processes:
    """So many workers, each with one task at a time."""

    def __init__(self, jobs: int) -> None:
        """Starts nothing yet: there are never more workers than tasks."""
        if jobs < 1:
            raise InputError(f"--jobs: expected at least 1, found {jobs}")
        self._jobs = jobs
        self._submitted: list[PointTask] = []
        self._workers: list[_Worker] = []
        self._lost: Counter[int] = Counter()

    def submit(self, task: PointTask) -> None:
        self._submitted.append(task)

    def as_completed(self) -> Iterator[Done | Raised | None]:
        while self._hand_out():
            ready = wait([worker.pipe for worker in self._workers], LOOK_EVERY_S)
            if not ready:
                yield None
            for worker in [each for each in self._workers if each.pipe in ready]:
                ended = self._answer_of(worker)
                if ended is not None:
                    yield ended

    def close(self) -> None:
        for worker in self._workers:
            worker.process.kill()
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(END_WAIT_S)
        self._workers.clear()
        self._submitted.clear()

    def _hand_out(self) -> bool:
        """Give everybody who is idle its next task; whether anything is still to come."""
        if self._submitted:
            self._share_out()
        for worker in self._workers:
            if worker.task is None:
                self._give(worker)
        return any(worker.task is not None for worker in self._workers)

    def _share_out(self) -> None:
        """In equal parts, of which each is one run of tasks."""
        tasks, self._submitted = self._submitted, []
        while len(self._workers) < min(self._jobs, len(tasks)):
            self._workers.append(_started())
        each, more = divmod(len(tasks), len(self._workers))
        left = iter(tasks)
        for place, worker in enumerate(self._workers):
            worker.share.extend(islice(left, each + (place < more)))

    def _give(self, worker: _Worker) -> None:
        """A worker that has died meanwhile is found when its answer is waited for."""
        if not worker.share:
            richest = max(self._workers, key=lambda each: len(each.share))
            for _ in range((len(richest.share) + 1) // 2):
                worker.share.appendleft(richest.share.pop())
        if not worker.share:
            return
        worker.task = worker.share.popleft()
        try:
            worker.pipe.send(worker.task)
        except OSError:
            return

    def _answer_of(self, worker: _Worker) -> Done | Raised | None:
        task = worker.task
        try:
            answer: _Answer = worker.pipe.recv()
        except (EOFError, OSError):
            return self._replaced(worker)
        assert task is not None
        worker.task = None
        return Done(task, answer[1]) if answer[0] == "ran" else Raised(task, answer[1])

    def _replaced(self, worker: _Worker) -> Raised | None:
        """A worker has died: another one gets its share, and its task first, unless two have died of it."""
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join(END_WAIT_S)
        task, given_up = worker.task, None
        if task is not None:
            self._lost[task.number] += 1
            if self._lost[task.number] < LOST_MAX:
                worker.share.appendleft(task)
            else:
                code = worker.process.exitcode
                given_up = f"{LOST_MAX} workers died while they ran it, the last with exit code {code}"
        if worker.share:
            self._workers.append(_started(worker.share))
        return None if task is None or given_up is None else Raised(task, given_up)


def _started(share: Iterable[PointTask] = ()) -> _Worker:
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_serve, args=(theirs, os.getpid()), daemon=True)
    process.start()
    # Only the worker's own end is left open, so that its death is the end of the pipe.
    theirs.close()
    return _Worker(process, ours, deque(share))


def _serve(pipe: Connection, parent: int) -> None:
    """A worker's life: task after task, until the parent ends it, or is no more."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # Sent to the whole group: what then happens is the parent's to say.
        signal.signal(number, signal.SIG_IGN)
    # A run makes hundreds of thousands of small values and hardly a cycle, until it is over: then it is one.
    gc.disable()
    gc.freeze()
    runner = Runner(lambda: os.getppid() == parent)
    while True:
        try:
            task: PointTask = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer: _Answer = ("ran", runner.run(task))
        except CerberoError as error:
            answer = ("raised", str(error))
        except Exception as error:  # Whatever it is, the other points go on, and this one is named.
            answer = ("raised", f"{type(error).__name__}: {error}")
        try:
            pipe.send(answer)
        except OSError:
            return
        gc.collect()
        # What the next run finds of the market is not looked through again.
        gc.freeze()
