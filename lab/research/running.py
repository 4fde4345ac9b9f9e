"""Runs one task where a worker is: the market is read once, and kept for the next point over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.paper.source import MarketSource
from lab.backtest.running import run_backtest
from lab.backtest.sources import Market, shared_source_of
from lab.research.executor import PointTask
from lab.research.found import Ran, found_of, report_of_point

MARKETS_KEPT: Final = 1
"""Points go market by market. What was made of a market is large."""
LOOK_EVERY: Final = 64
"""How many steps of a run pass between two looks at whether it is still wanted."""


class NotWantedError(Exception):
    """Nobody waits for the run any more."""


class Runner:
    """What one worker runs with."""

    def __init__(self, wanted: Callable[[], bool] = lambda: True) -> None:
        self._wanted = wanted
        self._sources: dict[Market, MarketSource] = {}

    def run(self, task: PointTask) -> Ran:
        """Raises what the run raises, and `NotWantedError`."""
        steps = 0

        def goes_on(_now: object, _began: object, _ended: object) -> bool:
            nonlocal steps
            steps += 1
            return steps % LOOK_EVERY != 0 or self._wanted()

        result = run_backtest(task.plan, goes_on, self._opened)
        if not result.is_whole:
            raise NotWantedError
        report = report_of_point(result) if task.reports else None
        return Ran(found_of(task.key, task.values, result), report)

    def _opened(self, market: Market) -> MarketSource:
        known = self._sources.pop(market, None)
        if known is None:
            known = shared_source_of(market)
            while len(self._sources) >= MARKETS_KEPT:
                del self._sources[next(iter(self._sources))]
        self._sources[market] = known
        return known
