"""Runs the plans of a backtest, shows how far they are, and ends with what was done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Final

from cli.backtest.options import BacktestOptions
from cli.backtest.report import write_files
from cli.backtest.summary import show_many, show_one
from cli.collector import look_again
from cli.interruptions import interruptions
from cli.large_pages import large_pages
from cli.paper.progress import duration_text
from cli.start import INTERRUPTED
from cli.views.say import put, say
from core.how_many import how_many
from lab.backtest.result import BacktestResult, Plan, Road
from lab.backtest.running import run_backtest, runner_of

TELL_EVERY_S: Final = 1.0


def run(options: BacktestOptions) -> None:
    """Run all of them, show and write what they found. A run that is interrupted tells what it did.

    With `checks` each plan is run on both roads. Raises `FoundWrongError` if they differ.
    """
    plans = options.plans
    if options.checks:
        plans = tuple(replace(plan, road=road) for plan in plans for road in Road)
    elif plans[0].latency_s:
        plans = tuple(replace(plan, latency_s=took) for plan in plans for took in (0.0, plan.latency_s))
    alone = min(options.jobs, len(plans)) <= 1
    # All of this before signals are heeded: one that comes then finds a run that has something to tell.
    if alone:
        for plan in plans:
            runner_of(plan.road)  # What it imports, the collector is not to look at.
    look_again()
    with large_pages() if alone else nullcontext(), interruptions() as interrupted:
        made = _one_by_one(plans, interrupted) if alone else _in_processes(plans, options.jobs, interrupted)
    _clear_line()
    ended = interrupted()
    results = [each for each in made if each is not None]
    if len(plans) > len(options.plans):
        try:
            write_files(results, options.plans[0].settings, out=None, json_file=options.json_file)
        finally:
            # What was compared is told even if the file can't be written.
            _compare(options, made, ended=ended)
        return
    settings = plans[0].settings
    if len(plans) == 1:
        for result in results:
            show_one(result, settings)
    else:
        show_many(results, settings, plans[0].road, asked=len(plans))
    write_files(results, settings, out=options.out, json_file=options.json_file)
    if ended:
        raise SystemExit(INTERRUPTED)


def _compare(options: BacktestOptions, made: Sequence[BacktestResult | None], *, ended: bool) -> None:
    """Tell of each market what its two runs differ in; of one that was interrupted, how far either came."""
    # What few runs need is imported by those that do.
    from cli.backtest.compare import show_alone, show_check, show_latency

    compared = []
    for plan, first, second in zip(options.plans, made[::2], made[1::2], strict=True):
        if first is not None and second is not None and first.is_whole and second.is_whole:
            compared.append((first, second))
            if not options.checks:
                show_one(second, plan.settings)
                show_latency(first, second, plan.latency_s)
        else:
            show_alone([each for each in (first, second) if each is not None])
    if ended:
        say(f"interrupted: {len(compared)} of {how_many(len(options.plans), 'market')} compared")
    if options.checks:
        show_check(compared)
    if ended:
        raise SystemExit(INTERRUPTED)


def _one_by_one(plans: tuple[Plan, ...], interrupted: Callable[[], bool]) -> list[BacktestResult | None]:
    found: list[BacktestResult] = []
    progress = _Progress(len(plans))
    for plan in plans:
        if interrupted():
            break

        def goes_on(now: datetime, began: datetime, ended: datetime) -> bool:
            progress.tell(len(found), (now - began) / (ended - began))
            return not interrupted()

        found.append(run_backtest(plan, goes_on))
    return [*found, *([None] * (len(plans) - len(found)))]


def _in_processes(
    plans: tuple[Plan, ...], jobs: int, interrupted: Callable[[], bool]
) -> list[BacktestResult | None]:
    from cli.backtest.pool import run_together

    progress = _Progress(len(plans))
    return run_together(plans, jobs, interrupted, lambda done: progress.tell(done, 0.0))


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
        put(f"\r\x1b[K{share:.0%} of {self._runs} run{'s' if self._runs > 1 else ''}{left}", err=True)


def _clear_line() -> None:
    if sys.stderr.isatty():
        put("\r\x1b[K", err=True)
