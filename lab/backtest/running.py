"""Runs the plan of a backtest on the road that it names."""

from __future__ import annotations

from collections.abc import Callable

from gateway.paper.source import MarketSource
from lab.backtest.pace import GoesOn, Pace
from lab.backtest.result import BacktestResult, Plan, Road, Traded, result_of
from lab.backtest.road import CoreRoad
from lab.backtest.sources import Market, Opened, open_market, source_of


def run_backtest(
    plan: Plan, goes_on: GoesOn, opening: Callable[[Market], MarketSource] = source_of
) -> BacktestResult:
    """Run it. `opening` gives the source of the market: whoever runs many plans over it reads it once.

    Raises `InputError` if the market can't be read or does not cover the span.
    """
    opened = open_market(plan.market, plan.settings, plan.began, plan.ended, opening)
    return runner_of(plan.road)(plan, opened, goes_on)


def runner_of(road: Road) -> Callable[[Plan, Opened, GoesOn], BacktestResult]:
    """What runs a plan on that road. The engine is imported by those who run it."""
    if road is Road.CORE:
        return _run_core
    from lab.backtest.engine.running import run_engine

    return run_engine


def _run_core(plan: Plan, opened: Opened, goes_on: GoesOn) -> BacktestResult:
    road = CoreRoad(
        opened.source,
        plan.settings.strategy,
        assumptions=opened.assumptions,
        begin=opened.began,
        resume_after=plan.resume_after,
        switches=plan.settings.switches,
        chains=opened.chains,
        schedule=plan.schedule,
    )
    asked = Pace(opened, goes_on)
    is_whole = road.run(opened.ended, asked)
    books = road.books
    traded = Traded(
        positions=tuple(books.positions.values()),
        cycles=tuple(books.cycles),
        latches=tuple(books.latches),
        still_latched=books.latch is not None and books.latch.latched,
        vetoes=road.trading.vetoes,
        refused=road.trading.refused,
    )
    return result_of(
        traded,
        road.venue,
        road.reader,
        road.honesty,
        road=plan.road,
        market=opened.name,
        span=(road.begin, opened.ended if is_whole else asked.reached),
        is_whole=is_whole,
    )
