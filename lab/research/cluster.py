"""Runs tasks on a cluster of `distributed`: the second executor behind the port.

There are as many tasks under way as the cluster has threads, so that a task's time counts from its beginning.
A worker takes a task only with the same code and the same data. Imported by those alone who name a cluster.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from statistics import median
from time import monotonic
from typing import Any, Final

import distributed
from distributed.scheduler import KilledWorker

from core.errors import CerberoError, InputError
from lab.backtest.sources import Market
from lab.research.executor import LOST_MAX, Done, PointTask, Raised
from lab.research.found import Ran
from lab.research.identity import bench_version, data_hash
from lab.research.running import Runner

LOOK_EVERY_S: Final = 0.2
CONNECT_S: Final = 5.0
RECONNECT_S: Final = 60.0
"""So long a scheduler that is gone is waited for."""
STRAGGLER_OF_MEDIAN: Final = 5.0
DONE_BEFORE_STRAGGLERS: Final = 5
"""Of fewer tasks nobody knows how long one takes."""


@dataclass
class _UnderWay:
    """A task with its futures: one, and a second one if the first is late."""

    task: PointTask
    since_s: float
    futures: list[Any] = field(default_factory=list)


class Cluster:
    """The workers of one scheduler."""

    def __init__(self, address: str, *, reconnect_s: float = RECONNECT_S) -> None:
        """Connect, and hold the workers that are there to this code. Raises `InputError`."""
        self._address = address
        self._reconnect_s = reconnect_s
        self._waiting: deque[PointTask] = deque()
        self._under_way: dict[int, _UnderWay] = {}
        self._ended: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        self._took_s: list[float] = []
        try:
            self._client = self._connected()
        except OSError as error:
            raise InputError(
                f"--cluster {address}: expected a scheduler that answers within {CONNECT_S:g} s: {error}"
            ) from None
        self._require_same_code()

    def submit(self, task: PointTask) -> None:
        self._waiting.append(task)

    def as_completed(self) -> Iterator[Done | Raised | None]:
        while self._waiting or self._under_way:
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
                self._reconnect()
                continue
            if ended is not None:
                yield ended

    def close(self) -> None:
        """What a worker runs at this moment it runs to its end, and nobody hears of it."""
        for under_way in self._under_way.values():
            for future in under_way.futures:
                future.release()
        self._under_way.clear()
        self._waiting.clear()
        self._client.close(timeout=1)

    def _connected(self) -> Any:
        connect: Any = distributed.Client
        client = connect(self._address, timeout=CONNECT_S, set_as_default=False)
        client.run_on_scheduler(_give_up_after, LOST_MAX)
        return client

    def _require_same_code(self) -> None:
        expected = bench_version()
        for worker, found in self._client.run(bench_version).items():
            if found != expected:
                self._client.close(timeout=1)
                raise InputError(
                    f"--cluster {self._address}: expected workers of code {expected}, found {found} "
                    f"at {worker}"
                )

    def _hand_out(self) -> None:
        threads = max(1, sum(self._client.nthreads().values())) if self._is_connected() else 0
        while self._waiting and len(self._under_way) < threads:
            task = self._waiting.popleft()
            under_way = self._under_way[task.number] = _UnderWay(task, monotonic())
            self._start(under_way)

    def _start(self, under_way: _UnderWay, **where: Any) -> None:
        number = under_way.task.number
        future = self._client.submit(run_here, under_way.task, pure=False, **where)
        under_way.futures.append(future)
        future.add_done_callback(lambda done: self._ended.put((number, done)))

    def _answer_of(self, number: int, future: Any) -> Done | Raised | None:
        """The first answer to a task; None if it is a second one, or if the cluster has lost it."""
        under_way = self._under_way.get(number)
        if under_way is None or future not in under_way.futures:
            return None
        if future.status in ("cancelled", "lost"):
            under_way.futures.remove(future)
            if not under_way.futures:
                del self._under_way[number]
                self._waiting.appendleft(under_way.task)
            return None
        del self._under_way[number]
        self._took_s.append(monotonic() - under_way.since_s)
        found = self._found(under_way.task, future)
        for each in under_way.futures:
            each.cancel()
        return found

    def _found(self, task: PointTask, future: Any) -> Done | Raised:
        if future.status == "finished":
            answer: Ran = future.result()
            return Done(task, answer)
        error = future.exception()
        if isinstance(error, KilledWorker):
            return Raised(
                task, f"{LOST_MAX} workers died while they ran it, the last {error.last_worker.address}"
            )
        if isinstance(error, CerberoError):
            return Raised(task, str(error))
        return Raised(task, f"{type(error).__name__}: {error}")

    def _look(self) -> None:
        """While nothing ends: is the scheduler there, and is a task late?"""
        if not self._is_connected():
            self._reconnect()
        elif len(self._took_s) >= DONE_BEFORE_STRAGGLERS:
            limit_s = STRAGGLER_OF_MEDIAN * median(self._took_s)
            for under_way in self._under_way.values():
                if len(under_way.futures) == 1 and monotonic() - under_way.since_s > limit_s:
                    with suppress(OSError):  # The next look finds a connection that is gone.
                        self._start_elsewhere(under_way)

    def _start_elsewhere(self, under_way: _UnderWay) -> None:
        """Once more, on another worker, if there is one."""
        key = under_way.futures[0].key
        busy = {worker for worker, keys in self._client.processing().items() if key in keys}
        others = [worker for worker in self._client.nthreads() if worker not in busy]
        if others:
            self._start(under_way, workers=others)

    def _is_connected(self) -> bool:
        return bool(self._client.status == "running")

    def _reconnect(self) -> None:
        """Wait for the scheduler, and give it again what it had. Raises `InputError` if it stays away."""
        self._client.close(timeout=1)
        for under_way in self._under_way.values():
            self._waiting.appendleft(under_way.task)
        self._under_way.clear()
        until_s = monotonic() + self._reconnect_s
        while True:
            try:
                self._client = self._connected()
            except OSError:
                if monotonic() < until_s:
                    continue
                raise InputError(
                    f"--cluster {self._address}: the scheduler is gone, and did not come back within "
                    f"{self._reconnect_s:g} s; the journal is whole, and the same command goes on from there"
                ) from None
            self._require_same_code()
            return


def _give_up_after(deaths: int, dask_scheduler: Any = None) -> None:
    """Run by the scheduler: a task that so many workers died of is not given to another one."""
    dask_scheduler.allowed_failures = deaths - 1


class _Here(threading.local):
    """What one thread of a worker keeps."""

    def __init__(self) -> None:
        self.runner = Runner()
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
