"""Small sweeps for tests: days of the model market, and tasks that end as they are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from core.values import SpreadKind
from lab.backtest.sources import Market
from lab.research.axes import axes_of, grid
from lab.research.executor import PointTask
from lab.research.found import FoundRun, FoundTrade
from lab.research.identity import PointKey
from lab.research.points import Point, points_of
from lab.research.sweep import HeldMarket, SweepSpan, held, tasks_of

ROOT = Path(__file__).resolve().parents[2]
STRATEGY = ROOT / "strategy.yaml"
WEEK = SweepSpan(None, datetime(2026, 1, 12, tzinfo=UTC))
"""One entry."""


def points(*sets: str, path: Path = STRATEGY) -> tuple[Point, ...]:
    return points_of(path, grid(axes_of(sets)))[0]


def seeds(*numbers: int) -> tuple[HeldMarket, ...]:
    return held(Market(None, number) for number in numbers)


def tasks(
    listed: Sequence[Point], *numbers: int, span: SweepSpan = WEEK, reports: bool = False
) -> tuple[PointTask, ...]:
    return tasks_of(listed, seeds(*(numbers or (1,))), span, reports=reports)


def made_found(config: str, *r: float, data: str = "data", market: str = "made up") -> FoundRun:
    """A result of trades a week apart, each held for a day, by their r."""
    monday = datetime(2026, 1, 5, 14, tzinfo=UTC)
    entered = [monday + timedelta(weeks=number) for number in range(len(r))]
    return FoundRun(
        key=PointKey(config, data, "code"),
        values=(("a", config),),
        market=market,
        began=monday - timedelta(hours=14),
        ended=monday + timedelta(weeks=max(1, len(r))) - timedelta(hours=14),
        trades=tuple(
            FoundTrade(
                entered_at=at,
                closed_at=at + timedelta(days=1),
                kind=SpreadKind.BULL_PUT,
                exit_rule="profit",
                pnl_eth=Decimal(0),
                pnl_usd=Decimal(repr(100.0 * each)),
                r=each,
            )
            for at, each in zip(entered, r, strict=True)
            if each
        ),
        open_since=None,
        drawdown_usd=0.0,
        entries_asked=len(r),
        entered=len(r),
        stopped=0,
    )
