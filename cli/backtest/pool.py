"""Runs the plans of a backtest in processes, so many at a time."""

from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from multiprocessing import Event
from multiprocessing.synchronize import Event as EventType
from typing import Final

from cli.large_pages import use_large_pages
from lab.backtest.result import BacktestResult, Plan
from lab.backtest.running import run_backtest

LOOK_EVERY_S: Final = 0.2


def run_together(
    plans: tuple[Plan, ...], jobs: int, interrupted: Callable[[], bool], tell: Callable[[int], None]
) -> list[BacktestResult | None]:
    """The result of each plan; `tell` is called with how many there are.

    An interruption ends each where it is; what had not begun has none.
    """
    found: list[BacktestResult | None] = []
    ends = Event()
    with ProcessPoolExecutor(jobs, initializer=_begin, initargs=(ends,)) as pool:
        pending = [pool.submit(_until_ended, plan) for plan in plans]
        for future in pending:
            while not future.done() and not interrupted():
                wait([future], timeout=LOOK_EVERY_S)
            if interrupted():
                ends.set()
                pool.shutdown(cancel_futures=True)
            result = None if future.cancelled() else future.result()
            found.append(result if result is not None and result.cycles else None)
            tell(len(found))
    return found


_ends: list[EventType] = []
"""In a process of the pool: what its parent sets when the runs are to end."""


def _until_ended(plan: Plan) -> BacktestResult:
    (ends,) = _ends
    return run_backtest(plan, lambda _now, _began, _ended: not ends.is_set())


def _begin(ends: EventType) -> None:
    """In a new process of the pool. A signal to all of the group is the parent's to judge."""
    use_large_pages()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _ends.append(ends)
