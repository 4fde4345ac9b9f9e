"""What a worker of a cluster runs: a point, if it has the same code and the same data as who asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import distributed

from core.errors import InputError
from lab.backtest.sources import Market
from lab.research.executor import PointTask
from lab.research.found import Ran
from lab.research.identity import bench_version, data_hash
from lab.research.running import Runner


class UnfitWorkerError(InputError):
    """The worker has other code, or other data."""


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
    """Run by a worker, once it has looked whether it has the same code and data: else `UnfitWorkerError`."""
    if bench_version() != task.key.code:
        raise UnfitWorkerError(f"the worker's code: expected {task.key.code}, found {bench_version()}")
    market = task.plan.market
    if market not in _here.data:
        try:
            _here.data[market] = digest(market)
        except InputError as error:
            raise UnfitWorkerError(f"the worker's {market.name}: {error}") from None
    if _here.data[market] != task.key.data:
        raise UnfitWorkerError(
            f"the worker's {market.name}: expected data {task.key.data}, found {_here.data[market]}"
        )
    return _here.runner.run(task)
