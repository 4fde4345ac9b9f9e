"""Repeats the best points through the actors, and behind the holdout, before a strategy is traded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lab.backtest.compared import differences
from lab.backtest.result import BacktestResult, Plan, Road
from lab.backtest.running import run_backtest
from lab.research.figures import PointFigures
from lab.research.found import FoundRun, found_of
from lab.research.identity import key_of
from lab.research.journal import SweepJournal
from lab.research.points import Point
from lab.research.sweep import HeldMarket, SweepSpan

DIFFERENCES_MAX = 20
"""So many are told of a run; the first one is where to look."""


@dataclass(frozen=True)
class Confirmed:
    """One point over one market through the engine. `differences` are those to the road of the rules."""

    number: int
    market: str
    began: datetime
    ended: datetime
    behind_holdout: bool
    trades: int
    mean_trade_r: float | None
    pnl_usd: str
    differences: tuple[str, ...]
    more: int


def best_numbers(figures: Sequence[PointFigures], most: int) -> list[int]:
    """The points with the best mean r a week, so many of them."""
    ordered = sorted(figures, key=lambda each: (each.mean_r is None, -(each.mean_r or 0.0), each.number))
    return [each.number for each in ordered[:most]]


def confirm(
    points: Sequence[Point],
    markets: Sequence[HeldMarket],
    span: SweepSpan,
    *,
    behind_holdout: bool,
    goes_on: Callable[[], bool],
) -> list[Confirmed]:
    """Run each point over each market on both roads, and compare them to the last digit.

    What has not begun when `goes_on` says no is left out. Raises `InputError` if a market can't be read.
    """
    made: list[Confirmed] = []
    for point in points:
        for market, data, _ in markets:
            if not goes_on():
                return made
            plan = Plan(market, point.settings, span.began, span.ended, span.resume_after)
            core, actors = (
                run_backtest(replace(plan, road=road), lambda *_: goes_on())
                for road in (Road.CORE, Road.ACTORS)
            )
            if core.is_whole and actors.is_whole:
                found = found_of(key_of(plan, data), point.values, actors)
                made.append(_confirmed(point.number, core, actors, found, behind_holdout=behind_holdout))
    return made


def look_behind(
    journal: SweepJournal,
    points: Sequence[Point],
    markets: Sequence[HeldMarket],
    span: SweepSpan,
    at: datetime,
) -> None:
    """Put the look on record in the folder, before anything behind the holdout is read."""
    assert span.began is not None
    keys = (
        key_of(Plan(market, point.settings, span.began, span.ended, span.resume_after), data)
        for point in points
        for market, data, _ in markets
    )
    journal.looked(at, span.began, keys)


def _confirmed(
    number: int, core: BacktestResult, actors: BacktestResult, found: FoundRun, *, behind_holdout: bool
) -> Confirmed:
    told = [each.text("rules", "engine") for each in differences(core, actors)]
    r = [trade.r for trade in found.trades]
    return Confirmed(
        number=number,
        market=found.market,
        began=found.began,
        ended=found.ended,
        behind_holdout=behind_holdout,
        trades=len(found.trades),
        mean_trade_r=sum(r) / len(r) if r else None,
        pnl_usd=f"{found.pnl_usd:.2f}",
        differences=tuple(told[:DIFFERENCES_MAX]),
        more=max(0, len(told) - DIFFERENCES_MAX),
    )
