"""The performance of closed trades: the figures of a report, as a whole and by month, kind and exit rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.statistics.costs import Costs, costs_of
from core.statistics.curve import (
    Drawdown,
    Steadiness,
    cumulated,
    deepest_drawdown,
    exposure,
    steadiness,
    weekly_pnl_usd,
)
from core.statistics.means import Mean, Sample
from core.statistics.quantiles import quantile
from core.statistics.trades import ClosedTrade

RESULT_QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Group:
    """Trades that have something in common, such as their kind. Means are None without a trade."""

    name: str
    trades: int
    wins: int
    pnl_eth: Decimal
    pnl_usd: Decimal
    win_rate: Mean | None
    mean_result: Mean | None


@dataclass(frozen=True, slots=True)
class Performance:
    """All figures of the trades closed from `began` to `ended`. A win is a P&L in USD above zero.

    `profit_factor` is all that was won over all that was lost; None if nothing was lost. `results` are the
    `RESULT_QUANTILES` of r; empty without a trade.
    """

    began: datetime
    ended: datetime
    total: Group
    expectancy_usd: Mean | None
    average_win_usd: Mean | None
    average_loss_usd: Mean | None
    profit_factor: float | None
    results: tuple[float, ...]
    drawdown: Drawdown | None
    exposure: float | None
    steadiness: Steadiness
    costs: Costs
    by_month: tuple[Group, ...]
    by_kind: tuple[Group, ...]
    by_exit: tuple[Group, ...]


def performance(
    trades: Sequence[ClosedTrade],
    began: datetime,
    ended: datetime,
    still_open: Sequence[datetime] = (),
) -> Performance:
    """The figures of closed trades; `still_open` are the times of entry of those that are not closed."""
    sample = Sample(trades)
    held = [(trade.entered_at, trade.closed_at) for trade in trades]
    return Performance(
        began=began,
        ended=ended,
        total=_group("all", sample),
        expectancy_usd=sample.mean(_pnl_usd),
        average_win_usd=sample.mean(lambda trade: _pnl_usd(trade) if trade.pnl_usd > 0 else None),
        average_loss_usd=sample.mean(lambda trade: _pnl_usd(trade) if trade.pnl_usd <= 0 else None),
        profit_factor=_profit_factor(trades),
        results=_result_quantiles(trades),
        drawdown=deepest_drawdown(cumulated(trades, began, ended)),
        exposure=exposure([*held, *((entered, ended) for entered in still_open)], began, ended),
        steadiness=steadiness(weekly_pnl_usd(trades, began, ended)),
        costs=costs_of(trades),
        by_month=groups(trades, lambda trade: f"{trade.closed_at:%Y-%m}"),
        by_kind=groups(trades, lambda trade: trade.kind.value),
        by_exit=groups(trades, exit_name),
    )


def groups(trades: Sequence[ClosedTrade], name: Callable[[ClosedTrade], str]) -> tuple[Group, ...]:
    """The trades by a name, sorted by it."""
    named: dict[str, list[ClosedTrade]] = {}
    for trade in trades:
        named.setdefault(name(trade), []).append(trade)
    return tuple(_group(key, Sample(named[key])) for key in sorted(named))


def exit_name(trade: ClosedTrade) -> str:
    """The rule that closed a trade."""
    return "unknown" if trade.exit_rule is None else trade.exit_rule.value


def _group(name: str, sample: Sample) -> Group:
    trades = sample.trades
    return Group(
        name=name,
        trades=len(trades),
        wins=sum(trade.pnl_usd > 0 for trade in trades),
        pnl_eth=sum((trade.pnl_eth for trade in trades), Decimal(0)),
        pnl_usd=sum((trade.pnl_usd for trade in trades), Decimal(0)),
        win_rate=sample.mean(lambda trade: float(trade.pnl_usd > 0)),
        mean_result=sample.mean(lambda trade: trade.result),
    )


def _result_quantiles(trades: Sequence[ClosedTrade]) -> tuple[float, ...]:
    ordered = sorted(trade.result for trade in trades)
    return tuple(quantile(ordered, share) for share in RESULT_QUANTILES) if ordered else ()


def _pnl_usd(trade: ClosedTrade) -> float:
    return float(trade.pnl_usd)


def _profit_factor(trades: Sequence[ClosedTrade]) -> float | None:
    won = math.fsum(max(_pnl_usd(trade), 0.0) for trade in trades)
    lost = -math.fsum(min(_pnl_usd(trade), 0.0) for trade in trades)
    return won / lost if lost > 0.0 else None
