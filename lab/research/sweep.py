"""A sweep: every point over every market, as far as the journal does not hold it already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from pydantic import JsonValue

from lab.backtest.result import Plan
from lab.backtest.sources import Market
from lab.processes import Done, Raised
from lab.research.executor import Executor, PointTask
from lab.research.found import FoundRun, Ran
from lab.research.identity import PointKey, data_hash, key_of, origin_hash
from lab.research.journal import SweepJournal
from lab.research.points import Point


@dataclass(frozen=True)
class SweepSpan:
    """Of each market from `began` to `ended`; None: its start, its end."""

    began: datetime | None = None
    ended: datetime | None = None
    resume_after: timedelta | None = None


class HeldMarket(NamedTuple):
    """A market with the digest of what it is read from, and of what of it stays while it grows."""

    market: Market
    data: str
    origin: str


class Reports(Protocol):
    """Where the reports of points go."""

    def has(self, key: PointKey) -> bool: ...

    def keep(self, key: PointKey, report: Mapping[str, JsonValue]) -> None: ...


class NoReports:
    """For a sweep without a folder."""

    def has(self, key: PointKey) -> bool:  # noqa: ARG002  (the port's signature)
        return True

    def keep(self, key: PointKey, report: Mapping[str, JsonValue]) -> None:
        """They are not asked for."""


@dataclass(frozen=True)
class Swept:
    """What is known in the end. `by_point` has a run a market for each point, in the order of the markets;
    points of which one is missing are left out. `known` were on record before."""

    by_point: Mapping[int, tuple[FoundRun, ...]]
    failed: tuple[Raised[PointTask], ...]
    asked: int
    known: int
    ran: int
    is_whole: bool


def held(markets: Iterable[Market]) -> tuple[HeldMarket, ...]:
    """The markets with their digests. Raises `InputError` if one can't be read."""
    return tuple(HeldMarket(market, data_hash(market), origin_hash(market)) for market in markets)


def tasks_of(
    points: Sequence[Point], markets: Sequence[HeldMarket], span: SweepSpan, *, reports: bool
) -> tuple[PointTask, ...]:
    """Market by market, so that a worker reads each once."""
    found: list[PointTask] = []
    for market, data, _ in markets:
        for point in points:
            plan = Plan(market, point.settings, span.began, span.ended, span.resume_after)
            found.append(PointTask(len(found), key_of(plan, data), point.values, plan, reports))
    return tuple(found)


def conduct(
    points: Sequence[Point],
    tasks: Sequence[PointTask],
    journal: SweepJournal,
    reports: Reports,
    executor: Callable[[], Executor],
    told: Callable[[int, int, FoundRun | None], bool],
) -> Swept:
    """Run what is missing. `told` hears of each end, and several times a second: done, of how many, what was
    found; it says whether to go on. Points of equal settings are run once.

    Raises `InputError` if the disk is full: what was found until then is on record.
    """
    wanted: dict[PointKey, PointTask] = {}
    for task in tasks:
        wanted.setdefault(task.key, task)
    found = {key: known for key in wanted if (known := journal.found(key)) is not None and reports.has(key)}
    missing = [task for key, task in wanted.items() if key not in found]
    known_before = len(found)
    failed: list[Raised[PointTask]] = []
    goes_on = told(len(found), len(wanted), None)
    if missing and goes_on:
        runs = executor()
        try:
            for task in missing:
                runs.submit(task)
            for ended in runs.as_completed():
                if isinstance(ended, Done):
                    _keep(ended, journal, reports)
                    found[ended.task.key] = ended.ran.found
                elif isinstance(ended, Raised):
                    failed.append(ended)
                newest = ended.ran.found if isinstance(ended, Done) else None
                if not told(len(found) + len(failed), len(wanted), newest):
                    goes_on = False
                    break
        finally:
            runs.close()
    return Swept(
        by_point=_by_point(points, tasks, found),
        failed=tuple(failed),
        asked=len(wanted),
        known=known_before,
        ran=len(found) - known_before,
        is_whole=goes_on and not failed,
    )


def _keep(ended: Done[PointTask, Ran], journal: SweepJournal, reports: Reports) -> None:
    """First the report: what is on record has one."""
    if ended.ran.report is not None:
        reports.keep(ended.task.key, ended.ran.report)
    journal.add(ended.ran.found)


def _by_point(
    points: Sequence[Point], tasks: Sequence[PointTask], found: Mapping[PointKey, FoundRun]
) -> dict[int, tuple[FoundRun, ...]]:
    """Points of equal settings share what was found under the values of the first."""
    by_values = {point.values: point.number for point in points}
    keys: dict[int, list[PointKey]] = {}
    for task in tasks:
        keys.setdefault(by_values[task.values], []).append(task.key)
    return {
        number: tuple(found[key] for key in listed)
        for number, listed in keys.items()
        if all(key in found for key in listed)
    }
