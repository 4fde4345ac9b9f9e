"""Drawdown, steadiness and exposure of a curve of P&L."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.statistics.curve import (
    Drawdown,
    Steadiness,
    cumulated,
    deepest_drawdown,
    exposure,
    steadiness,
    weekly_pnl_usd,
)
from tests.core.statistics.example_trades import FIRST, trade

DAY = timedelta(days=1)


def curve(*values: float) -> list[tuple[datetime, float]]:
    return [(FIRST + day * DAY, value) for day, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "depth", "peak", "trough", "recovered", "length_days"),
    [
        ((0.0, 10.0, 4.0, 12.0, 11.0), 6.0, 1, 2, 3, 2.0),
        ((0.0, 10.0, 4.0, 8.0, 1.0, 9.0), 9.0, 1, 4, None, 4.0),
        ((0.0, -5.0, 0.0, 7.0), 5.0, 0, 1, 2, 2.0),
        ((5.0, 5.0, 1.0, 5.0, 1.0, 5.0), 4.0, 1, 2, 3, 2.0),
    ],
)
def test_the_deepest_fall(
    values: tuple[float, ...], depth: float, peak: int, trough: int, recovered: int | None, length_days: float
) -> None:
    """From the last moment at the height to the first return to it; the first of equally deep ones."""
    found = deepest_drawdown(curve(*values))
    assert found == Drawdown(
        depth=depth,
        peak_at=FIRST + peak * DAY,
        trough_at=FIRST + trough * DAY,
        recovered_at=None if recovered is None else FIRST + recovered * DAY,
        ends_at=FIRST + (len(values) - 1) * DAY,
    )
    assert found.length_days == length_days


@pytest.mark.parametrize("values", [(), (3.0,), (0.0, 1.0, 1.0, 2.0)])
def test_a_curve_that_never_falls_has_no_drawdown(values: tuple[float, ...]) -> None:
    assert deepest_drawdown(curve(*values)) is None


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=40))
def test_no_pair_of_moments_falls_deeper(steps: list[int]) -> None:
    values = [float(sum(steps[:end])) for end in range(len(steps) + 1)]
    deepest = max(values[i] - values[j] for i in range(len(values)) for j in range(i, len(values)))
    found = deepest_drawdown(curve(*values))
    assert (0.0 if found is None else found.depth) == deepest


def test_the_curve_counts_what_is_closed_in_the_order_of_the_closes() -> None:
    late = trade(0, "-7.5", closed_at=FIRST + 20 * DAY)
    assert cumulated([late, trade(1, "20")], FIRST, FIRST + 30 * DAY) == [
        (FIRST, 0.0),
        (FIRST + 15 * DAY, 20.0),
        (FIRST + 20 * DAY, 12.5),
        (FIRST + 30 * DAY, 12.5),
    ]


def test_trades_that_close_at_one_moment_are_one_step_of_the_curve() -> None:
    """A settlement closes several at once; a loss that a win makes good in the same moment is no drawdown."""
    together = [trade(0, "-100"), trade(0, "150"), trade(1, "-20"), trade(1, "20")]
    found = cumulated(together, FIRST, FIRST + 30 * DAY)
    assert [value for _, value in found] == [0.0, 50.0, 50.0, 50.0]
    assert deepest_drawdown(found) is None


def test_weeks_without_a_close_count_as_zero() -> None:
    trades = [trade(0, "10"), trade(0, "5"), trade(3, "-40")]
    assert weekly_pnl_usd(trades, FIRST, FIRST + 35 * DAY) == [0.0, 15.0, 0.0, 0.0, -40.0, 0.0]


def test_the_ratios_by_their_definitions() -> None:
    weekly = [12.0, 0.0, -30.0, 15.0, 9.0, 0.0, 11.0]
    found, a_year = steadiness(weekly), math.sqrt(365.25 / 7)
    sharpe = fmean(weekly) / stdev(weekly)
    assert found.weeks == 7
    assert found.sharpe == pytest.approx(sharpe * a_year)
    assert found.sortino == pytest.approx(fmean(weekly) / math.sqrt(30.0**2 / 7) * a_year)
    assert found.standard_error == pytest.approx(math.sqrt((1 + sharpe**2 / 2) / 7) * a_year)


def test_weeks_that_say_nothing_have_no_ratio() -> None:
    assert steadiness([5.0]) == Steadiness(1, None, None, None)
    assert steadiness([5.0, 5.0]) == Steadiness(2, None, None, None)
    gains = steadiness([5.0, 6.0])
    assert gains.sortino is None
    assert gains.sharpe is not None


@pytest.mark.parametrize(
    ("held", "share"),
    [
        ([], 0.0),
        ([(0, 10)], 1.0),
        ([(2, 4)], 0.2),
        ([(2, 6), (4, 7), (3, 5)], 0.5),
        ([(5, 6), (1, 2)], 0.2),
        ([(-3, 1), (8, 30)], 0.3),
        ([(12, 15), (-4, -2)], 0.0),
    ],
)
def test_exposure_counts_each_moment_once(held: list[tuple[int, int]], share: float) -> None:
    spans = [(FIRST + start * DAY, FIRST + end * DAY) for start, end in held]
    assert exposure(spans, FIRST, FIRST + 10 * DAY) == pytest.approx(share)


def test_no_time_has_no_exposure() -> None:
    assert exposure([], FIRST, FIRST) is None
