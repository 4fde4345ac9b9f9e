"""A week is one observation: what its trades made of their stakes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import InputError
from core.statistics.observed_weeks import Staked, block_weeks, observed_weeks

MONDAY = date(2026, 1, 5)
ENTRY = datetime(2026, 1, 5, 14, tzinfo=UTC)


def staked(day: float, r: float, held_days: float = 1.0) -> Staked:
    entered = ENTRY + timedelta(days=day)
    return Staked(entered, entered + timedelta(days=held_days), r)


def test_trades_count_in_the_week_of_their_entry_and_other_weeks_are_zero() -> None:
    trades = [staked(0, 0.1), staked(2, -0.3, held_days=20), staked(14, 0.25)]
    assert observed_weeks(trades, MONDAY, 4) == [pytest.approx(-0.2), 0.0, 0.25, 0.0]


def test_trades_before_and_after_the_weeks_are_left_out() -> None:
    assert observed_weeks([staked(-7, 1.0), staked(7, 1.0), staked(1, 0.5)], MONDAY, 1) == [0.5]


@pytest.mark.parametrize(
    ("first", "weeks", "told"),
    [(date(2026, 1, 6), 1, "expected a Monday, found Tuesday"), (MONDAY, 0, "weeks: expected at least 1")],
)
def test_weeks_that_there_are_not_are_refused(first: date, weeks: int, told: str) -> None:
    with pytest.raises(InputError, match=told):
        observed_weeks([], first, weeks)


@pytest.mark.parametrize(("held", "weeks"), [([], 1), ([7.0], 1), ([7.1, 2.0], 2), ([14.0], 2), ([15.0], 3)])
def test_blocks_are_as_long_as_the_longest_trade(held: list[float], weeks: int) -> None:
    assert block_weeks([staked(0, 0.1, held_days=days) for days in held]) == weeks
