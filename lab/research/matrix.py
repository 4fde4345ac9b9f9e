"""The weeks of all points side by side, over all markets, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from core.statistics.observed_weeks import Staked, block_weeks, observed_weeks
from core.statistics.trades import monday_of, weeks_between
from lab.research.found import FoundRun


@dataclass(frozen=True)
class WeekMatrix:
    """`columns` are the weeks of each point, `trades` how many it closed in them; both in one order."""

    numbers: tuple[int, ...]
    columns: tuple[tuple[float, ...], ...]
    trades: tuple[int, ...]
    block_weeks: int

    @property
    def weeks(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def merged(self) -> WeekMatrix:
        """Of equal columns only the first."""
        first: dict[tuple[float, ...], int] = {}
        for place, column in enumerate(self.columns):
            first.setdefault(column, place)
        return self.only(first.values())

    def only(self, places: Iterable[int]) -> WeekMatrix:
        """These columns alone."""
        chosen = tuple(places)
        return WeekMatrix(
            tuple(self.numbers[place] for place in chosen),
            tuple(self.columns[place] for place in chosen),
            tuple(self.trades[place] for place in chosen),
            self.block_weeks,
        )


def matrix_of(by_point: Mapping[int, Sequence[FoundRun]]) -> WeekMatrix:
    """Week by week of each market, from its first to the last in which no point left a position open.

    What is still open has no result yet: its week would count as one without a trade.
    """
    runs = list(by_point.values())
    columns: list[list[float]] = [[] for _ in runs]
    counts = [0] * len(runs)
    longest = 1
    for together in zip(*runs, strict=True):
        first, weeks = _span(together)
        if weeks < 1:
            continue
        for place, found in enumerate(together):
            trades = [Staked(trade.entered_at, trade.closed_at, trade.r) for trade in found.trades]
            columns[place] += observed_weeks(trades, first, weeks)
            counts[place] += sum(
                weeks_between(first, monday_of(trade.entered_at)) <= weeks for trade in trades
            )
            longest = max(longest, block_weeks(trades))
    return WeekMatrix(tuple(by_point), tuple(tuple(column) for column in columns), tuple(counts), longest)


def _span(together: Sequence[FoundRun]) -> tuple[date, int]:
    first = monday_of(together[0].began)
    # What ends before an entry of its last week is due has not seen that week.
    last = monday_of(together[0].ended - timedelta(microseconds=1))
    weeks = weeks_between(first, last)
    still_open = [found.open_since for found in together if found.open_since is not None]
    if still_open:
        weeks = min(weeks, weeks_between(first, monday_of(min(still_open))) - 1)
    return first, weeks
