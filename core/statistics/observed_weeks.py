"""Weeks as observations: what the trades entered in a week made of what they staked.

Trades of one week share its market, so a week is one observation and not each trade; a week without an entry
is an observation too, of 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from core.errors import InputError
from core.statistics.trades import monday_of, weeks_between


class Staked(NamedTuple):
    """A closed trade: when it was entered and closed, and its P&L in USD over its worst loss."""

    entered_at: datetime
    closed_at: datetime
    r: float


def observed_weeks(trades: Iterable[Staked], first: date, weeks: int) -> list[float]:
    """For each of so many weeks from the Monday `first` on the sum of r of the trades entered in it.

    Trades of other weeks are left out. Raises `InputError` if `first` is no Monday or there is no week.
    """
    if first.weekday() != 0:
        raise InputError(f"first: expected a Monday, found {first:%A} {first.isoformat()}")
    if weeks < 1:
        raise InputError(f"weeks: expected at least 1, found {weeks}")
    listed: list[list[float]] = [[] for _ in range(weeks)]
    for trade in trades:
        week = weeks_between(first, monday_of(trade.entered_at)) - 1
        if 0 <= week < weeks:
            listed[week].append(trade.r)
    return [math.fsum(week) for week in listed]


def block_weeks(trades: Iterable[Staked]) -> int:
    """How many weeks the longest trade reaches over: 1 if none is held for more than a week."""
    longest_s = max(((trade.closed_at - trade.entered_at).total_seconds() for trade in trades), default=0.0)
    return max(1, math.ceil(longest_s / (7 * 86_400)))
