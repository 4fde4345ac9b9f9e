"""What a curve of P&L over time shows: its deepest fall, its steadiness, and how long money was at risk."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from core.statistics.trades import ClosedTrade, monday_of, weeks_between

WEEKS_A_YEAR = 365.25 / 7.0


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall of a curve from its highest point so far.

    `depth` is positive. `recovered_at` is when the curve first stood at the peak again; None if it never did.
    """

    depth: float
    peak_at: datetime
    trough_at: datetime
    recovered_at: datetime | None
    ends_at: datetime

    @property
    def length_days(self) -> float:
        """From the peak to the recovery, or to the end of the curve."""
        return ((self.recovered_at or self.ends_at) - self.peak_at) / timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Steadiness:
    """Sharpe's and Sortino's ratio of the weekly P&L, annualised, against a return of 0.

    None if the weeks don't differ, or none loses, so that there is nothing to divide by. Both are rough with
    few weeks: `standard_error` is Sharpe's (A. Lo, "The Statistics of Sharpe Ratios", 2002, for independent
    weeks). And who wins often and loses seldom looks steadier in both than he is.
    """

    weeks: int
    sharpe: float | None
    sortino: float | None
    standard_error: float | None


def cumulated(
    trades: Iterable[ClosedTrade], began: datetime, ended: datetime
) -> list[tuple[datetime, float]]:
    """The realised P&L in USD as it stood after each close, from 0 at `began`, and at `ended`.

    Trades that closed at the same moment, as in one settlement, are one step: none of them was the first.
    """
    curve, total = [(began, 0.0)], 0.0
    listed = sorted(trades, key=lambda trade: trade.closed_at)
    for closed_at, together in groupby(listed, key=lambda trade: trade.closed_at):
        total += math.fsum(float(trade.pnl_usd) for trade in together)
        curve.append((closed_at, total))
    return [*curve, (ended, total)]


def deepest_drawdown(curve: Sequence[tuple[datetime, float]]) -> Drawdown | None:
    """The deepest fall of a curve in time order; the first of equally deep ones; None if it never falls."""
    if not curve:
        return None
    (peak_at, peak), deepest, span = curve[0], 0.0, None
    for at, value in curve:
        if value >= peak:
            peak_at, peak = at, value
        elif peak - value > deepest:
            deepest, span = peak - value, (peak_at, at, peak)
    if span is None:
        return None
    began, trough, height = span
    recovered = next((at for at, value in curve if at > trough and value >= height), None)
    return Drawdown(deepest, began, trough, recovered, curve[-1][0])


def weekly_pnl_usd(trades: Iterable[ClosedTrade], began: datetime, ended: datetime) -> list[float]:
    """The P&L realised in each week from the first to the last, weeks without a close included."""
    first = monday_of(began)
    weeks = [0.0] * weeks_between(first, monday_of(ended))
    for trade in trades:
        weeks[weeks_between(first, monday_of(trade.closed_at)) - 1] += float(trade.pnl_usd)
    return weeks


def steadiness(weekly: Sequence[float]) -> Steadiness:
    """Sharpe's and Sortino's ratio of weekly amounts. The amounts' unit does not matter."""
    weeks = len(weekly)
    if weeks < 2:
        return Steadiness(weeks, None, None, None)
    mean = math.fsum(weekly) / weeks
    deviation = math.sqrt(math.fsum((week - mean) ** 2 for week in weekly) / (weeks - 1))
    # Sortino's deviation counts every week, with 0 for those that did not lose.
    downside = math.sqrt(math.fsum(min(week, 0.0) ** 2 for week in weekly) / weeks)
    a_year = math.sqrt(WEEKS_A_YEAR)
    sharpe = mean / deviation if deviation > 0.0 else None
    return Steadiness(
        weeks=weeks,
        sharpe=None if sharpe is None else sharpe * a_year,
        sortino=mean / downside * a_year if downside > 0.0 else None,
        standard_error=None if sharpe is None else math.sqrt((1.0 + 0.5 * sharpe**2) / weeks) * a_year,
    )


def exposure(held: Iterable[tuple[datetime, datetime]], began: datetime, ended: datetime) -> float | None:
    """The share of the time from `began` to `ended` in which at least one position was open.

    `held` are the times of entry and close, in any order; they may overlap. None if no time has passed.
    """
    span = ended - began
    if span <= timedelta(0):
        return None
    covered, reached = timedelta(0), began
    for start, end in sorted(held):
        start, end = max(start, reached), min(end, ended)
        if end > start:
            covered += end - start
            reached = end
    return covered / span
