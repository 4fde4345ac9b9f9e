"""Measures how often the verdict finds an edge where there is none, from the journal of a sweep over many seeds.

Of each trade the mean of its point over all markets is taken away; each market is then a sweep of its own.
`make null-sweeps` runs the sweep and this, and writes what every verdict tells beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.research.found import Found
from lab.research.identity import bench_version
from lab.research.journal import Journal
from lab.research.null_rate import NullRate, without_edge
from lab.research.verdict import verdict_of


def by_point_of(journal: Journal) -> dict[int, tuple[Found, ...]]:
    """The points of a journal, each with a run of every market that all of them have been run over."""
    runs: dict[str, dict[str, Found]] = {}
    for found in journal.all_found().values():
        runs.setdefault(found.key.config, {})[found.key.data] = found
    common = set.intersection(*(set(markets) for markets in runs.values())) if runs else set()
    ordered = sorted(common)
    return {
        number: tuple(markets[data] for data in ordered)
        for number, markets in enumerate(runs.values(), start=1)
    }


def measured(by_point: Mapping[int, Sequence[Found]]) -> NullRate:
    """The rate over all markets of these points."""
    lucky = without_edge(by_point)
    sweeps = len(next(iter(lucky.values())))
    found = too_few = 0
    for market in range(sweeps):
        verdict = verdict_of({number: [runs[market]] for number, runs in lucky.items()}, tried=len(lucky))
        found += verdict.is_found
        too_few += verdict.p is None
    return NullRate(sweeps=sweeps, points=len(lucky), found=found, too_few=too_few, code=bench_version())
