"""The figures of one point over all its markets, as tables and charts show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.values import SpreadKind
from lab.research.found import FoundRun, FoundTrade
from lab.research.matrix import WeekMatrix


@dataclass(frozen=True)
class PointFigures:
    """`mean_r` is a week's, None without a week; `drawdown_usd` the deepest of its markets."""

    number: int
    trades: int
    won: int
    mean_r: float | None
    pnl_usd: Decimal
    drawdown_usd: float
    stopped: int


@dataclass(frozen=True)
class KindFigures:
    """The trades of one kind in one point. So few of a kind get a table, and no verdict."""

    number: int
    kind: SpreadKind
    trades: int
    won: int
    mean_trade_r: float
    pnl_usd: Decimal


def figures_of(by_point: Mapping[int, Sequence[FoundRun]], matrix: WeekMatrix) -> tuple[PointFigures, ...]:
    """Of every point, in the order of their numbers."""
    means = {
        number: sum(column) / len(column) if column else None
        for number, column in zip(matrix.numbers, matrix.columns, strict=True)
    }
    return tuple(
        PointFigures(
            number=number,
            trades=sum(len(found.trades) for found in runs),
            won=_won(trade for found in runs for trade in found.trades),
            mean_r=means[number],
            pnl_usd=sum((found.pnl_usd for found in runs), Decimal(0)),
            drawdown_usd=max(found.drawdown_usd for found in runs),
            stopped=sum(found.stopped for found in runs),
        )
        for number, runs in sorted(by_point.items())
    )


def kinds_of(by_point: Mapping[int, Sequence[FoundRun]]) -> tuple[KindFigures, ...]:
    """Of every kind that a point has traded."""
    made = []
    for number, runs in sorted(by_point.items()):
        for kind in SpreadKind:
            trades = [trade for found in runs for trade in found.trades if trade.kind is kind]
            if trades:
                made.append(
                    KindFigures(
                        number=number,
                        kind=kind,
                        trades=len(trades),
                        won=_won(trades),
                        mean_trade_r=sum(trade.r for trade in trades) / len(trades),
                        pnl_usd=sum((trade.pnl_usd for trade in trades), Decimal(0)),
                    )
                )
    return tuple(made)


def best_of(figures: Sequence[PointFigures]) -> PointFigures:
    """The point with the highest mean r a week; of equal ones the first. At least one is expected."""
    return max(
        figures, key=lambda each: (-float("inf") if each.mean_r is None else each.mean_r, -each.number)
    )


def _won(trades: Iterable[FoundTrade]) -> int:
    return sum(trade.pnl_usd > 0 for trade in trades)
