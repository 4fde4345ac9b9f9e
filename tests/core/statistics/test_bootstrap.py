"""BCa intervals of a ratio of sums: against an independent implementation, and what holds for any."""

from __future__ import annotations

import hashlib
import math
import random
import struct
from statistics import NormalDist, fmean
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.statistics.bootstrap import Interval, Resamples, Week, ratio, resamples

weeks_of = st.lists(
    st.builds(Week, total=st.floats(-3.0, 3.0), trades=st.integers(1, 3)), min_size=2, max_size=30
)


def oracle(weeks: list[Week], draws: int, seed: int) -> Interval:
    """BCa as in Efron and Tibshirani, (14.10), (14.14) and (14.15), from draws of Python's own generator."""
    generator, normal = random.Random(seed), NormalDist()
    theta = sum(week.total for week in weeks) / sum(week.trades for week in weeks)
    replications = []
    for _ in range(draws):
        drawn = [weeks[generator.randrange(len(weeks))] for _ in weeks]
        replications.append(sum(week.total for week in drawn) / sum(week.trades for week in drawn))
    z0 = normal.inv_cdf(sum(found < theta for found in replications) / draws)
    left_out = []
    for index in range(len(weeks)):
        others = weeks[:index] + weeks[index + 1 :]
        left_out.append(sum(week.total for week in others) / sum(week.trades for week in others))
    middle = fmean(left_out)
    a = sum((middle - each) ** 3 for each in left_out) / (
        6 * sum((middle - each) ** 2 for each in left_out) ** 1.5
    )
    ordered, ends = sorted(replications), []
    for z in (normal.inv_cdf(0.025), normal.inv_cdf(0.975)):
        share = normal.cdf(z0 + (z0 + z) / (1 - a * (z0 + z)))
        ends.append(ordered[round(share * (draws - 1))])
    return Interval(*ends)


@pytest.mark.parametrize("seed", range(4))
def test_an_independent_implementation_finds_the_same_interval(seed: int) -> None:
    generator = random.Random(100 + seed)
    weeks = []
    for _ in range(24):
        trades = generator.choice((1, 1, 2, 3))
        weeks.append(Week(sum(generator.choice((0.2, 0.25, 0.1, -0.9)) for _ in range(trades)), trades))
    found, expected = resamples(24).interval(weeks), oracle(weeks, 20_000, seed)
    assert found is not None
    width = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=0.06 * width)
    assert found.high == pytest.approx(expected.high, abs=0.06 * width)


def test_the_interval_is_the_same_on_every_machine() -> None:
    weeks = [Week(total, 1) for total in (0.2, 0.1, -0.6, 0.3, 0.25, -0.1, 0.2, 0.15, 0.3, -0.4)]
    interval = Resamples(10).interval(weeks)
    assert interval is not None
    assert (round(interval.low, 6), round(interval.high, 6)) == (-0.215, 0.18)


def test_a_skewed_sample_has_a_skewed_interval() -> None:
    """One large loss among small gains: the lower end lies farther from the mean than the upper one."""
    weeks = [Week(0.1, 1)] * 15 + [Week(-1.0, 1)]
    interval = resamples(16).interval(weeks)
    assert interval is not None
    assert ratio(weeks) - interval.low > 1.5 * (interval.high - ratio(weeks))


@given(weeks_of, st.floats(0.1, 10.0), st.floats(-2.0, 2.0))
def test_scaled_and_shifted_amounts_scale_and_shift_the_interval(
    weeks: list[Week], scale: float, shift: float
) -> None:
    moved = [Week(scale * week.total + shift * week.trades, week.trades) for week in weeks]
    plain, found = resamples(len(weeks)).interval(weeks), resamples(len(weeks)).interval(moved)
    assert plain is not None
    assert found is not None
    spread = max(abs(ratio([week])) for week in weeks)
    assert found.low == pytest.approx(scale * plain.low + shift, abs=1e-6 + 0.02 * scale * spread)
    assert found.high == pytest.approx(scale * plain.high + shift, abs=1e-6 + 0.02 * scale * spread)


@given(weeks_of)
def test_the_interval_lies_among_the_weeks_means(weeks: list[Week]) -> None:
    interval = resamples(len(weeks)).interval(weeks)
    assert interval is not None
    means = [ratio([week]) for week in weeks]
    assert min(means) - 1e-9 <= interval.low <= interval.high <= max(means) + 1e-9


def test_weeks_that_are_all_the_same_leave_nothing_open() -> None:
    interval = resamples(12).interval([Week(0.1, 1)] * 12)
    assert interval is not None
    assert interval.low == pytest.approx(0.1)
    assert interval.high == pytest.approx(0.1)


def test_weeks_without_a_trade_widen_the_interval_of_those_that_have_one() -> None:
    """A draw that holds no trade has no mean; it is left out, not counted as zero."""
    traded = [Week(total, 1) for total in (0.2, -0.1, 0.3, 0.1)]
    interval = resamples(12).interval([*traded, *([Week(0.0, 0)] * 8)])
    assert interval is not None
    assert -0.1 <= interval.low < ratio(traded) < interval.high <= 0.3


def test_trades_of_one_week_have_no_interval() -> None:
    assert resamples(3).interval([Week(0.5, 5), Week(0.0, 0), Week(0.0, 0)]) is None


def test_two_weeks_of_many_have_one() -> None:
    interval = resamples(102).interval([Week(0.1, 1), Week(0.2, 1), *([Week(0.0, 0)] * 100)])
    assert interval == Interval(0.1, 0.2)


def test_the_true_mean_lies_within_as_often_as_promised() -> None:
    """Of 200 samples of 30 weeks of a normal amount: 95 %, give or take four standard errors (1.5 % each)."""
    generator = random.Random(5)
    hits = 0
    for _ in range(200):
        interval = resamples(30).interval([Week(generator.gauss(0.3, 1.0), 1) for _ in range(30)])
        assert interval is not None
        hits += interval.low <= 0.3 <= interval.high
    assert 178 <= hits <= 200


@pytest.mark.parametrize("weeks", [0, -1])
def test_no_week_is_refused(weeks: int) -> None:
    with pytest.raises(InputError, match=f"weeks: expected at least 1, found {weeks}"):
        Resamples(weeks)


def test_another_number_of_weeks_than_was_drawn_for_is_refused() -> None:
    with pytest.raises(InputError, match="weeks: expected 3, found 2"):
        Resamples(3).interval([Week(1.0, 1)] * 2)


def test_a_mean_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="weeks: expected at least one trade, found none"):
        ratio([Week(0.0, 0)])


def test_every_week_is_drawn_about_as_often() -> None:
    """2,000 draws of 7 weeks: each week 2,000 times, give or take five standard deviations."""
    draws = Resamples(7)._draws
    for week in range(7):
        drawn = sum(draw(range(7)).count(week) for draw in draws)
        assert abs(drawn - 2000) < 5 * math.sqrt(2000 * 6 / 7)


@pytest.mark.parametrize("weeks", [2, 7, 52, 300])
def test_each_week_is_drawn_by_the_high_half_of_a_product(weeks: int) -> None:
    """The draws are part of what a report says: the same on every machine, and in every version."""
    drawn = hashlib.shake_256(f"1:{weeks}".encode()).digest(4 * 2000 * weeks)
    expected = [number * weeks >> 32 for (number,) in struct.iter_unpack("<I", drawn)]
    found = [week for draw in Resamples(weeks)._draws for week in draw(range(weeks))]
    assert found == expected


def test_draws_are_shared_while_a_sample_is_alive_and_kept_by_nobody_after() -> None:
    first = resamples(31)
    assert resamples(31) is first
    watched = ref(first)
    del first
    assert watched() is None
