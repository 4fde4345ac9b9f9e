"""Runs one task where a worker is: the market is read once, and kept for the next point over it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Final

from core.errors import InputError
from gateway.paper.source import MarketSource
from lab.backtest.running import run_backtest
from lab.backtest.sources import Market, shared_source_of
from lab.processes import NotWantedError
from lab.research.executor import PointTask
from lab.research.found import Ran, found_of, report_of_point
from lab.research.identity import data_hash

LOOK_EVERY: Final = 64
"""How many steps of a run pass between two looks at whether it is still wanted."""


def point_runner(wanted: Callable[[], bool]) -> Callable[[PointTask], Ran]:
    """What a worker runs its points with.

    A run makes hundreds of thousands of small values and hardly a cycle, until it is over: then it is one. So
    garbage is looked for between two runs, and not in what the next one finds of the market.
    """
    gc.disable()
    gc.freeze()
    runner = Runner(wanted)

    def run(task: PointTask) -> Ran:
        gc.collect()
        gc.freeze()
        return runner.run(task)

    return run


class Runner:
    """What one worker runs with."""

    def __init__(self, wanted: Callable[[], bool] = lambda: True) -> None:
        self._wanted = wanted
        self._market: Market | None = None
        self._source: MarketSource | None = None
        self._data: str | None = None

    def run(self, task: PointTask) -> Ran:
        """Raises what the run raises, `NotWantedError`, and `InputError` if the market's files are no more
        those of the task's key: the run would be on record as one over the others."""
        steps = 0

        def goes_on(_now: object, _began: object, _ended: object) -> bool:
            nonlocal steps
            steps += 1
            return steps % LOOK_EVERY != 0 or self._wanted()

        result = run_backtest(task.plan, goes_on, self._opened)
        if not result.is_whole:
            raise NotWantedError
        if self._data != task.key.data:
            raise InputError(
                f"{task.plan.market.name}: expected files that stay as they were when the sweep began, found "
                "them changed; start the sweep anew"
            )
        report = report_of_point(result) if task.reports else None
        return Ran(found_of(task.key, task.values, result), report)

    def _opened(self, market: Market) -> MarketSource:
        """Points go market by market, so that the last one alone is kept: what is made of it is large."""
        if self._source is None or self._market != market:
            if self._source is not None:
                self._let_go()
            self._source = shared_source_of(market)
            self._data = data_hash(market)
            self._market = market
        return self._source

    def _let_go(self) -> None:
        """Of the last market. The runs over it, and what was made of it, are cycles that hold it, and between
        two runs they may have been frozen."""
        self._market = self._source = None
        gc.unfreeze()
        gc.collect()
