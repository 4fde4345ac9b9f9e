"""Measures how often the verdict finds an edge where there is none, on years of the model market.

    python -m tests.research.null_rate null-sweeps

sweeps the points over 200 years, and goes on where it was cut off. Of each trade the mean of its point over
all years is taken away, so that luck alone is left, and each year is then judged as a sweep of its own. It
writes the rate that every verdict tells beside it, and the weeks by which a later run is held to this one.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import lab.research
from core.statistics.trades import monday_of
from lab.backtest.sources import Market
from lab.processes import Processes
from lab.research.axes import axes_of, grid
from lab.research.executor import PointTask
from lab.research.found import FoundRun
from lab.research.journal import SweepJournal
from lab.research.matrix import matrix_of
from lab.research.null_rate import FILE, NullRate
from lab.research.points import Point, points_of
from lab.research.running import point_runner
from lab.research.sweep import NoReports, SweepSpan, conduct, held, tasks_of
from lab.research.verdict import verdict_of
from tests.research.swept import STRATEGY

SETS: Final = ("strikes.delta_target=0.17,0.2,0.23", "exits.profit_of_credit=0.4,0.5,0.6")
SPAN: Final = SweepSpan(None, None, timedelta(days=30))
YEARS: Final = 200
TOLD_EVERY: Final = 100
KEPT: Final = Path(__file__).with_name("null_weeks.json.gz")
"""Of each year, by its seed, the weeks of each point that are not 0."""
DIGITS: Final = 9


def by_point_of(journal: SweepJournal) -> dict[int, tuple[FoundRun, ...]]:
    """The points of a journal, each with a run of every year that all of them have been run over."""
    runs: dict[tuple[tuple[str, str], ...], dict[str, FoundRun]] = {}
    for found in journal.all_found().values():
        runs.setdefault(found.values, {})[found.market] = found
    common = set.intersection(*(set(markets) for markets in runs.values()))
    ordered = sorted(common, key=lambda market: int(market.rpartition(" ")[2]))
    return {
        number: tuple(markets[market] for market in ordered)
        for number, (_, markets) in enumerate(sorted(runs.items()), start=1)
    }


def without_edge(by_point: Mapping[int, Sequence[FoundRun]]) -> dict[int, list[FoundRun]]:
    """Each trade less the mean of its point over all markets: what is left is luck alone."""
    made: dict[int, list[FoundRun]] = {}
    for number, runs in by_point.items():
        trades = [trade.r for found in runs for trade in found.trades]
        mean = sum(trades) / len(trades) if trades else 0.0
        made[number] = [
            found.model_copy(
                update={
                    "trades": tuple(trade.model_copy(update={"r": trade.r - mean}) for trade in found.trades)
                }
            )
            for found in runs
        ]
    return made


def measured(by_point: Mapping[int, Sequence[FoundRun]]) -> NullRate:
    """The rate over all years of these points."""
    lucky = without_edge(by_point)
    sweeps = len(next(iter(lucky.values())))
    found = too_few = 0
    for year in range(sweeps):
        verdict = verdict_of({number: [runs[year]] for number, runs in lucky.items()}, tried=len(lucky))
        found += verdict.is_found
        too_few += verdict.p is None
    code = next(iter(by_point.values()))[0].key.code
    return NullRate(sweeps=sweeps, points=len(lucky), found=found, too_few=too_few, code=code)


def weeks_of(by_point: Mapping[int, Sequence[FoundRun]]) -> dict[str, list[dict[str, float]]]:
    """Of each market the weeks of each point in which it traded."""
    made: dict[str, list[dict[str, float]]] = {}
    for together in zip(*by_point.values(), strict=True):
        matrix = matrix_of(dict(enumerate([found] for found in together)))
        made[together[0].market] = [
            {str(week): round(value, DIGITS) for week, value in enumerate(column) if value}
            for column in matrix.columns
        ]
        assert all(monday_of(found.began) == monday_of(together[0].began) for found in together)
    return made


def null_points() -> tuple[Point, ...]:
    """The nine points."""
    return points_of(STRATEGY, grid(axes_of(SETS)))[0]


def null_tasks(*seeds: int) -> tuple[PointTask, ...]:
    """Each point over the year of each of these seeds."""
    return tasks_of(null_points(), held(Market(None, seed) for seed in seeds), SPAN, reports=False)


def sweep(journal: SweepJournal) -> bool:
    """Run what is missing of all years; whether all of it is there."""

    def told(done: int, total: int, newest: FoundRun | None) -> bool:
        if newest is not None and done % TOLD_EVERY == 0:
            sys.stdout.write(f"{done} of {total} runs\n")
            sys.stdout.flush()
        return True

    jobs = len(os.sched_getaffinity(0))
    tasks = null_tasks(*range(1, YEARS + 1))
    swept = conduct(null_points(), tasks, journal, NoReports(), lambda: Processes(jobs, point_runner), told)
    for raised in swept.failed:
        sys.stdout.write(f"{raised.task.plan.market.name}: {raised.why}\n")
    return swept.is_whole


def main(folder: str) -> int:
    """Sweep, measure, write, and say what was found."""
    journal = SweepJournal(Path(folder))
    is_whole = sweep(journal)
    by_point = by_point_of(journal)
    journal.close()
    rate = measured(by_point)
    (Path(lab.research.__path__[0]) / FILE).write_text(rate.model_dump_json(indent=1) + "\n", "utf-8")
    content = json.dumps(weeks_of(by_point), separators=(",", ":")).encode()
    KEPT.write_bytes(gzip.compress(content, mtime=0))
    sys.stdout.write(
        f"{rate.sweeps} years without an edge, {rate.points} points: found in {rate.found} "
        f"({100.0 * rate.found / rate.sweeps:.1f} %), too few trades to judge in {rate.too_few}\n"
    )
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
