"""Runs tasks on a cluster of `distributed`: the second executor behind the port.

There are as many tasks under way as the cluster has threads, so that a task's time counts from its beginning.
Each worker is asked for tasks that follow each other, so that it makes what they share once; if it is gone,
another one runs them. A worker takes a task only with the same code and the same data.

Imported by those alone who name a cluster.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
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
from lab.backtest.sources import Market
from lab.processes import LOST_MAX, Done, Raised
from lab.research.executor import PointEnd, PointTask
from lab.research.found import Ran
from lab.research.identity import bench_version, data_hash
from lab.research.running import NotWantedError, Runner
from lab.shares import Shares

LOOK_EVERY_S: Final = 0.2
CONNECT_S: Final = 10.0
ANSWER_S: Final = 1.0
"""So long one question to the scheduler may take: in between it is looked whether the sweep goes on."""
SILENT_S: Final = 30.0
"""A scheduler that answers nothing for so long is gone. One that is busy keeps others waiting for a while."""
RECONNECT_S: Final = 60.0
"""So long a scheduler that is gone is waited for."""
STRAGGLER_OF_MEDIAN: Final = 5.0
DONE_BEFORE_STRAGGLERS: Final = 5
"""Of fewer tasks nobody knows how long one takes."""


@dataclass
class _UnderWay:
    """A task with the worker that was asked for it, and its futures: one, and a second one if the first is
    late."""

    task: PointTask
    worker: str
    since_s: float
    futures: list[Any] = field(default_factory=list)


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
        self._took_s: list[float] = []
        self._heard_s = monotonic()
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
                self._hand_out()
                number, future = self._ended.get(timeout=LOOK_EVERY_S)
                ended = self._answer_of(number, future)
            except Empty:
                self._look()
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
            for future in under_way.futures:
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
        expected = bench_version()
        try:
            versions = self._asked(partial(self._client._run, bench_version), CONNECT_S)
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

    def _hand_out(self) -> None:
        """Give each idle thread its next task. Raises `OSError` if the scheduler is gone."""
        try:
            threads = self._asked(self._client.scheduler.ncores, workers=None)
        except TimeoutError:
            if monotonic() - self._heard_s > SILENT_S:
                raise
            return
        self._heard_s = monotonic()
        if self._submitted and threads:
            self._shares.share_out(self._submitted, list(threads))
            self._submitted.clear()
        busy = Counter(each.worker for each in self._under_way.values())
        for worker in threads:
            # One that is gone leaves what it ran to another one, which then has no thread free.
            while busy[worker] < threads[worker] and len(self._under_way) < sum(threads.values()):
                task = self._shares.next_of(worker)
                if task is None:
                    return
                busy[worker] += 1
                under_way = self._under_way[task.number] = _UnderWay(task, worker, monotonic())
                self._start(under_way, workers=[worker], allow_other_workers=True)

    def _start(self, under_way: _UnderWay, **where: Any) -> None:
        number = under_way.task.number
        future = self._client.submit(run_here, under_way.task, pure=False, **where)
        under_way.futures.append(future)
        future.add_done_callback(lambda done: self._ended.put((number, done)))

    def _answer_of(self, number: int, future: Any) -> PointEnd | None:
        """The first answer to a task; None if it is a second one, or if the cluster has lost it."""
        under_way = self._under_way.get(number)
        if under_way is None or future not in under_way.futures:
            return None
        if future.status in ("cancelled", "lost") or _is_unwanted(future):
            under_way.futures.remove(future)
            if not under_way.futures:
                del self._under_way[number]
                self._shares.put_back(under_way.worker, under_way.task)
            return None
        try:
            found = self._found(under_way.task, future)
        except TimeoutError:
            # Whoever held the answer is gone, and the cluster makes it anew.
            self._ended.put((number, future))
            return None
        del self._under_way[number]
        self._took_s.append(monotonic() - under_way.since_s)
        for each in under_way.futures:
            each.release()
        return found

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

    def _look(self) -> None:
        """While nothing ends: is the scheduler there, and is a task late?"""
        if self._client.status != "running":
            self._lose()
        elif len(self._took_s) >= DONE_BEFORE_STRAGGLERS:
            limit_s = STRAGGLER_OF_MEDIAN * median(self._took_s)
            for under_way in self._under_way.values():
                if len(under_way.futures) == 1 and monotonic() - under_way.since_s > limit_s:
                    with suppress(OSError):  # The next look finds a connection that is gone.
                        self._start_elsewhere(under_way)

    def _start_elsewhere(self, under_way: _UnderWay) -> None:
        """Once more, on another worker, if there is one."""
        key, scheduler = under_way.futures[0].key, self._client.scheduler
        processing = self._asked(scheduler.processing, workers=None)
        busy = {worker for worker, keys in processing.items() if key in keys}
        others = [worker for worker in self._asked(scheduler.ncores, workers=None) if worker not in busy]
        if others:
            self._start(under_way, workers=others)

    def _lose(self) -> None:
        """The scheduler is gone: what it had waits again."""
        self._disconnect()
        for under_way in self._under_way.values():
            self._shares.put_back(under_way.worker, under_way.task)
        self._under_way.clear()
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
                f"{self._reconnect_s:g} s; the journal is whole, and the same command goes on from there"
            ) from None
        self._require_same_code()
        self._gone_since_s, self._heard_s = None, monotonic()
        return True


def _give_up_after(deaths: int, dask_scheduler: Any = None) -> None:
    """Run by the scheduler: a task that so many workers died of is not given to another one."""
    dask_scheduler.allowed_failures = deaths - 1


def _is_unwanted(future: Any) -> bool:
    """Whether a worker has ended it since nobody seemed to wait for it any more."""
    return future.status == "error" and isinstance(future.exception(timeout=ANSWER_S), NotWantedError)


def _is_wanted() -> bool:
    """Whether somebody still waits for what this thread of a worker runs: not if the sweep was interrupted or
    killed, nor if another worker was quicker."""
    worker = distributed.get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    return task is not None and task.state != "cancelled"


class _Here(threading.local):
    """What one thread of a worker keeps."""

    def __init__(self) -> None:
        self.runner = Runner(_is_wanted)
        self.data: dict[Market, str] = {}


_here = _Here()


def run_here(task: PointTask, digest: Callable[[Market], str] = data_hash) -> Ran:
    """Run by a worker, once it has looked whether it has the same code and data. Raises `InputError`."""
    if bench_version() != task.key.code:
        raise InputError(f"the worker's code: expected {task.key.code}, found {bench_version()}")
    market = task.plan.market
    if market not in _here.data:
        _here.data[market] = digest(market)
    if _here.data[market] != task.key.data:
        raise InputError(
            f"the worker's {market.name}: expected data {task.key.data}, found {_here.data[market]}"
        )
    return _here.runner.run(task)
