"""Runs the plans of a backtest, shows how far they are, and ends with what was done."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from types import FrameType
from typing import Final

from cli.backtest.options import BacktestOptions
from cli.backtest.report import write_files
from cli.backtest.summary import show_many, show_one
from cli.paper.progress import duration_text
from lab.backtest.result import BacktestResult, Plan, run_backtest

TELL_EVERY_S: Final = 1.0
LOOK_EVERY_S: Final = 0.2
INTERRUPTED: Final = 130
"""The exit code of a run that a person ended: 128 and the number of SIGINT."""


def run(options: BacktestOptions) -> None:
    """Run all of them, show and write what they found. A run that is interrupted tells what it did."""
    with _interruptions() as interrupted:
        results = (
            _together(options.plans, options.jobs, interrupted)
            if min(options.jobs, len(options.plans)) > 1
            else _one_by_one(options.plans, interrupted)
        )
    _clear_line()
    settings = options.plans[0].settings
    if len(options.plans) == 1:
        for result in results:
            show_one(result, settings)
    else:
        show_many(results, settings, asked=len(options.plans))
    write_files(results, settings, out=options.out, json_file=options.json_file)
    if interrupted():
        raise SystemExit(INTERRUPTED)


def _one_by_one(plans: tuple[Plan, ...], interrupted: Callable[[], bool]) -> list[BacktestResult]:
    found: list[BacktestResult] = []
    progress = _Progress(len(plans))
    for plan in plans:
        if interrupted():
            break

        def goes_on(now: datetime, began: datetime, ended: datetime) -> bool:
            progress.tell(len(found), (now - began) / (ended - began))
            return not interrupted()

        found.append(run_backtest(plan, goes_on))
    return found


def _together(plans: tuple[Plan, ...], jobs: int, interrupted: Callable[[], bool]) -> list[BacktestResult]:
    """The same in processes; an interruption leaves out the seeds that have not ended."""
    found: list[BacktestResult] = []
    progress = _Progress(len(plans))
    with ProcessPoolExecutor(jobs, initializer=_leave_interruptions_to_the_parent) as pool:
        pending = [pool.submit(_whole, plan) for plan in plans]
        for future in pending:
            while not future.done() and not interrupted():
                wait([future], timeout=LOOK_EVERY_S)
            if interrupted():
                pool.shutdown(wait=False, cancel_futures=True)
                break
            found.append(future.result())
            progress.tell(len(found), 0.0)
    return found


def _whole(plan: Plan) -> BacktestResult:
    return run_backtest(plan, lambda _now, _began, _ended: True)


def _leave_interruptions_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _interruptions() -> Iterator[Callable[[], bool]]:
    """Within the block Ctrl-C ends the run in order, with its summary."""
    came = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal came
        came = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Progress:
    """How far the runs are, and how long the rest takes; a line on a terminal's standard error only."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._began = self._told = monotonic()
        self._asked = 0

    def tell(self, done: int, part: float) -> None:
        self._asked += 1
        if self._asked % 64 and part:
            return
        now = monotonic()
        if now - self._told < TELL_EVERY_S or not sys.stderr.isatty():
            return
        self._told = now
        share = (done + part) / self._runs
        left = f", about {duration_text((now - self._began) * (1 - share) / share)} left" if share else ""
        sys.stderr.write(f"\r\x1b[K{share:.0%} of {self._runs} run{'s' if self._runs > 1 else ''}{left}")
        sys.stderr.flush()


def _clear_line() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
