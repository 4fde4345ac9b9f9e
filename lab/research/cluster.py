"""Runs tasks on a cluster of `distributed`: the second executor behind the port.

There are as many tasks under way as the cluster has threads, so that a task's time counts from its beginning.
Each worker is given tasks that follow each other, so that it makes what they share once, and it alone may run
them: if it is gone, they wait again. A worker takes a task only with the same code and the same data.

Imported by those alone who name a cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from statistics import median
from time import monotonic
from typing import Any, Final

import distributed
from distributed.scheduler import KilledWorker

from core.errors import CerberoError, InputError
from lab.processes import LOST_MAX, Done, NotWantedError, Raised
from lab.research.cluster_worker import UnfitWorkerError, run_here
from lab.research.executor import PointEnd, PointTask
from lab.research.found import Ran
from lab.research.identity import bench_version
from lab.shares import Shares

LOOK_EVERY_S: Final = 0.2
CONNECT_S: Final = 10.0
ANSWER_S: Final = 1.0
"""So long one question to the scheduler may take: in between it is looked whether the sweep goes on."""
SILENT_S: Final = 30.0
"""A scheduler that answers nothing for so long is gone. One that is busy keeps others waiting for a while."""
RECONNECT_S: Final = 60.0
"""So long a scheduler that is gone is waited for, and a worker where there is none."""
STRAGGLER_OF_MEDIAN: Final = 5.0
DONE_BEFORE_STRAGGLERS: Final = 5
"""Of fewer tasks nobody knows well how long one takes: they decide only where nothing else waits."""
CANNOT: Final = (UnfitWorkerError, ImportError)
"""What a worker raises that is not like this one: it says nothing about the task."""


@dataclass
class _UnderWay:
    """A task, the worker whose share it is of, and its futures by the worker that alone may run each: one,
    and a second one if the first is late."""

    task: PointTask
    worker: str
    since_s: float
    futures: dict[str, Any] = field(default_factory=dict)

    def worker_of(self, future: Any) -> str | None:
        return next((worker for worker, each in self.futures.items() if each is future), None)


class Cluster:
    """The workers of one scheduler."""

    def __init__(self, address: str, *, reconnect_s: float = RECONNECT_S) -> None:
        """Connect, and hold the workers that are there to this code. Raises `InputError`."""
        self._address = address
        self._reconnect_s = reconnect_s
        self._submitted: list[PointTask] = []
        self._shares: Shares[str, PointTask] = Shares()
        self._under_way: dict[int, _UnderWay] = {}
        self._ended: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        self._lost: Counter[int] = Counter()
        self._threads: Mapping[str, int] = {}
        self._unfit: set[str] = set()
        self._took_s: list[float] = []
        self._heard_s = self._had_workers_s = monotonic()
        self._gone_since_s: float | None = None
        try:
            self._client = self._connected(CONNECT_S)
        except OSError as error:
            raise InputError(
                f"--cluster {address}: expected a scheduler that answers within {CONNECT_S:g} s: {error}"
            ) from None
        self._require_same_code()

    def submit(self, task: PointTask) -> None:
        self._submitted.append(task)

    def as_completed(self) -> Iterator[PointEnd | None]:
        while self._submitted or self._shares or self._under_way:
            if self._gone_since_s is not None and not self._is_back(self._gone_since_s):
                yield None
                continue
            try:
                yield from self._hand_out()
                number, future = self._ended.get(timeout=LOOK_EVERY_S)
                ended = self._answer_of(number, future)
            except Empty:
                if self._client.status != "running":
                    self._lose()
                yield None
                continue
            except OSError:
                # The connection breaks at whatever is asked first.
                self._lose()
                continue
            if ended is not None:
                yield ended

    def close(self) -> None:
        """Let go of all futures: a worker sees it while it runs their task, and ends it (`_is_wanted`)."""
        for under_way in self._under_way.values():
            for future in under_way.futures.values():
                future.release()
        self._under_way.clear()
        self._submitted.clear()
        self._shares.clear()
        self._disconnect()

    def _connected(self, timeout_s: float) -> Any:
        connect: Any = distributed.Client
        client = connect(self._address, timeout=timeout_s, set_as_default=False)
        client.sync(client._run_on_scheduler, _give_up_after, LOST_MAX, callback_timeout=timeout_s)
        return client

    def _disconnect(self) -> None:
        with suppress(OSError):  # One that does not answer is left as it is.
            self._client.close(timeout=ANSWER_S)

    def _asked(self, question: Callable[..., Any], timeout_s: float = ANSWER_S, **arguments: Any) -> Any:
        """What the scheduler answers. Raises `TimeoutError`, and `OSError` if the connection is broken."""
        return self._client.sync(question, callback_timeout=timeout_s, **arguments)

    def _require_same_code(self) -> None:
        """Of the workers that are there. One that comes later looks for itself (`run_here`)."""
        expected = bench_version()
        asked = partial(self._client._run, bench_version, on_error="return")
        try:
            versions = self._asked(asked, CONNECT_S)
        except OSError as error:
            self._disconnect()
            raise InputError(
                f"--cluster {self._address}: expected workers that tell their code within {CONNECT_S:g} s: "
                f"{type(error).__name__}"
            ) from None
        for worker, found in versions.items():
            if found != expected:
                self._disconnect()
                raise InputError(
                    f"--cluster {self._address}: expected workers of code {expected}, found {found} "
                    f"at {worker}"
                )

    def _hand_out(self) -> Iterator[PointEnd]:
        """Give each idle thread its next task, and tell what is given up. Raises `OSError` if the scheduler
        is gone, and `InputError` if it has no worker for too long."""
        if monotonic() - self._heard_s < LOOK_EVERY_S and self._threads:
            # Each question takes time from the workers where these run on the same cores.
            self._give_fit()
            return
        try:
            self._threads = self._asked(self._client.scheduler.ncores_running, workers=None)
            missing = {
                worker for each in self._under_way.values() for worker in each.futures.keys() - self._threads
            }
            # One that is paused is there.
            there = self._asked(self._client.scheduler.ncores, workers=None) if missing else self._threads
            for under_way in list(self._under_way.values()):
                for worker in [each for each in under_way.futures if each not in there]:
                    given_up = self._lost_with(under_way, worker)
                    if given_up is not None:
                        yield given_up
        except TimeoutError:
            if monotonic() - self._heard_s > SILENT_S:
                raise
            return
        self._heard_s = monotonic()
        self._require_workers()
        self._give_fit()

    def _give_fit(self) -> None:
        fit = {worker: n for worker, n in self._threads.items() if worker not in self._unfit}
        # If none can run a task, each says why.
        self._give(fit or self._threads)

    def _require_workers(self) -> None:
        if self._threads or self._under_way:
            self._had_workers_s = monotonic()
        elif monotonic() - self._had_workers_s > self._reconnect_s:
            raise InputError(
                f"--cluster {self._address}: expected a worker that takes points, found none for "
                f"{self._reconnect_s:g} s; with --out the same command goes on from here"
            )

    def _give(self, threads: Mapping[str, int]) -> None:
        """First what is late to another worker, then each worker what is its share."""
        if self._submitted and threads:
            self._shares.share_out(self._submitted, list(threads))
            self._submitted.clear()
        free = dict(threads)
        for under_way in self._under_way.values():
            for worker in under_way.futures:
                free[worker] = self._free_beside(under_way.task, free.get(worker, 0))
        for under_way in self._late():
            others = [worker for worker in threads if worker not in under_way.futures and free[worker] > 0]
            if others:
                self._start(under_way, others[0])
                free[others[0]] = self._free_beside(under_way.task, free[others[0]])
        for worker in threads:
            while free[worker] > 0 and (task := self._shares.next_of(worker)) is not None:
                if self._lost[task.number] and free[worker] < threads[worker]:
                    self._shares.put_back(worker, task)
                    break
                under_way = self._under_way[task.number] = _UnderWay(task, worker, monotonic())
                self._start(under_way, worker)
                free[worker] = self._free_beside(task, free[worker])

    def _free_beside(self, task: PointTask, free: int) -> int:
        """One that lost a worker runs alone, so that no other is taken for what kills the next one."""
        return 0 if self._lost[task.number] else free - 1

    def _late(self) -> Iterator[_UnderWay]:
        """What runs once, and for far longer than others took."""
        if len(self._took_s) < (DONE_BEFORE_STRAGGLERS if self._shares else 1):
            return
        limit_s = STRAGGLER_OF_MEDIAN * median(self._took_s)
        for under_way in self._under_way.values():
            if len(under_way.futures) == 1 and monotonic() - under_way.since_s > limit_s:
                yield under_way

    def _start(self, under_way: _UnderWay, worker: str) -> None:
        number = under_way.task.number
        future = self._client.submit(run_here, under_way.task, pure=False, workers=[worker])
        under_way.futures[worker] = future
        future.add_done_callback(lambda done: self._ended.put((number, done)))

    def _lost_with(self, under_way: _UnderWay, worker: str) -> PointEnd | None:
        """The worker is gone: what it ran is run again, unless so many have died of it."""
        task, future = under_way.task, under_way.futures[worker]
        told = [each for _, each in self._asked(self._client.scheduler.events, topic=worker)]
        left: dict[str, Any] = next(
            (each for each in reversed(told) if each.get("action") == "remove-worker"), {}
        )
        if not left.get("expected") and future.key in left.get("processing-tasks", [future.key]):
            self._lost[task.number] += 1
        future.release()
        if self._lost[task.number] >= LOST_MAX and len(under_way.futures) == 1:
            del self._under_way[task.number]
            return Raised(task, f"{LOST_MAX} workers died while they ran it, the last {worker}")
        self._let_go(under_way, worker)
        return None

    def _let_go(self, under_way: _UnderWay, worker: str) -> None:
        """Of one of its futures; without any it waits again."""
        del under_way.futures[worker]
        if not under_way.futures:
            del self._under_way[under_way.task.number]
            self._shares.put_back(under_way.worker, under_way.task)

    def _answer_of(self, number: int, future: Any) -> PointEnd | None:
        """The first answer to a task; None if it is a second one, or if the task is to run again."""
        under_way = self._under_way.get(number)
        worker = None if under_way is None else under_way.worker_of(future)
        if under_way is None or worker is None:
            return None
        try:
            if self._is_none(worker, future):
                self._let_go(under_way, worker)
                return None
            found = self._found(under_way.task, future)
        except TimeoutError:
            # Whoever held the answer is gone, which is known soon.
            self._ended.put((number, future))
            return None
        del self._under_way[number]
        self._took_s.append(monotonic() - under_way.since_s)
        for each in under_way.futures.values():
            each.release()
        return found

    def _is_none(self, worker: str, future: Any) -> bool:
        """Whether it says nothing about its task: the cluster has lost it, the worker ended it since nobody
        seemed to wait for it any more, or can't run it where another one may."""
        if future.status in ("cancelled", "lost"):
            return True
        error = future.exception(timeout=ANSWER_S) if future.status == "error" else None
        if isinstance(error, CANNOT):
            self._unfit.add(worker)
            return not self._unfit.issuperset(self._threads)
        return isinstance(error, NotWantedError)

    def _found(self, task: PointTask, future: Any) -> PointEnd:
        if future.status == "finished":
            answer: Ran = future.result(timeout=ANSWER_S)
            return Done(task, answer)
        error = future.exception(timeout=ANSWER_S)
        if isinstance(error, KilledWorker):
            return Raised(
                task, f"{LOST_MAX} workers died while they ran it, the last {error.last_worker.address}"
            )
        if isinstance(error, CerberoError):
            return Raised(task, str(error))
        return Raised(task, f"{type(error).__name__}: {error}")

    def _lose(self) -> None:
        """The scheduler is gone: what it had waits again."""
        self._disconnect()
        for under_way in self._under_way.values():
            self._shares.put_back(under_way.worker, under_way.task)
        self._under_way.clear()
        self._threads = {}
        self._gone_since_s = monotonic()

    def _is_back(self, gone_since_s: float) -> bool:
        """Raises `InputError` if it stays away for too long."""
        try:
            self._client = self._connected(ANSWER_S)
        except OSError:
            if monotonic() - gone_since_s < self._reconnect_s:
                return False
            raise InputError(
                f"--cluster {self._address}: the scheduler is gone, and did not come back within "
                f"{self._reconnect_s:g} s; with --out the same command goes on from here"
            ) from None
        self._gone_since_s = None
        self._heard_s = self._had_workers_s = monotonic()
        return True


def _give_up_after(deaths: int, dask_scheduler: Any = None) -> None:
    """Run by the scheduler: a task that so many workers died of is not given to another one."""
    dask_scheduler.allowed_failures = deaths - 1
