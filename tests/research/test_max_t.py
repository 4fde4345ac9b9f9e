"""The verdict by hand, what makes it careful, and how often it finds what is not there."""

from __future__ import annotations

import sys
from itertools import product
from math import sqrt
from statistics import mean, stdev
from typing import get_args

import numpy
import pytest

from core.errors import InputError
from lab.research.max_t import LEVEL, STANDARD_ERRORS, TRADES_MIN, max_t
from tests.research.nulls import COLUMNS, Returns, null_sweep

FEW = 120
"""Sweeps of the default tests; `make null-sweeps` draws 2,000."""


def found_share(returns: Returns, sweeps: int, resamples: int) -> float:
    """How often an edge is found where there is none."""
    rng, found = numpy.random.default_rng(7), 0
    for _ in range(sweeps):
        judged = [column for column in null_sweep(returns, rng) if sum(map(bool, column)) >= TRADES_MIN]
        found += bool(judged) and max_t(judged, resamples=resamples).p <= LEVEL
    return found / sweeps


def test_one_column_by_hand() -> None:
    """Each of the 27 resamples of three weeks is as likely; p is the share whose t reaches the sample's."""
    weeks = [0.1, 0.3, -0.2]
    t = sqrt(3) * mean(weeks) / stdev(weeks)

    def reaches(drawn: tuple[float, ...]) -> bool:
        # A resample without deviation counts against us.
        return len(set(drawn)) == 1 or sqrt(3) * (mean(drawn) - mean(weeks)) / stdev(drawn) >= t

    exact = sum(map(reaches, product(weeks, repeat=3))) / 27
    found = max_t([weeks], resamples=20_000)
    assert found.p == pytest.approx(exact, abs=0.01)
    assert found.mean == pytest.approx(0.2 / 3)
    assert found.would_show == pytest.approx(STANDARD_ERRORS * stdev(weeks) / sqrt(3))


def test_two_equal_columns_are_judged_as_one_and_a_bad_one_beside_it_costs() -> None:
    rng = numpy.random.default_rng(1)
    good = rng.normal(0.05, 0.1, 52).tolist()
    others = [rng.normal(0.0, 0.1, 52).tolist() for _ in range(20)]
    alone = max_t([good])
    assert max_t([good, good]).p == alone.p
    among = max_t([*others, good])
    assert among.best == 20
    assert among.p > alone.p


def test_a_strong_edge_is_found_and_a_loss_is_none() -> None:
    rng = numpy.random.default_rng(1)
    edge = (rng.normal(0.3, 0.1, 52)).tolist()
    assert max_t([edge]).p == 1 / 2000
    lost = max_t([[-value for value in edge]])
    assert lost.p == 1.0


def test_a_column_that_never_varies_proves_nothing() -> None:
    assert max_t([[0.1] * 10]).p == 1.0


def test_blocks_keep_weeks_together() -> None:
    """Weeks that repeat each other prove less than as many that do not, which only blocks can see."""
    rng = numpy.random.default_rng(0)
    repeated = numpy.repeat(rng.normal(0.03, 0.1, 25), 4).tolist()
    assert max_t([repeated], block_weeks=1).p < 0.01
    assert max_t([repeated], block_weeks=4).p > 0.05


def test_the_verdict_is_the_same_each_time() -> None:
    sweep = null_sweep("normal", numpy.random.default_rng(1))
    assert max_t(sweep) == max_t(sweep)


def test_nothing_to_judge_is_refused() -> None:
    for columns in ([], [[0.1]]):
        with pytest.raises(InputError, match="expected at least one, of at least 2 weeks"):
            max_t(columns)


def test_returns_without_an_edge_have_none() -> None:
    rng = numpy.random.default_rng(5)
    for returns in get_args(Returns):
        sweeps = numpy.array([null_sweep(returns, rng) for _ in range(400)])
        assert abs(sweeps.mean()) < 0.01
        assert (sweeps != 0.0).mean() == pytest.approx(0.35, abs=0.02)
        assert sweeps.shape[1] == COLUMNS


@pytest.mark.parametrize("returns", get_args(Returns))
def test_of_sweeps_without_an_edge_few_are_found(returns: Returns) -> None:
    assert found_share(returns, FEW, 199) <= 0.10


@pytest.mark.soak
@pytest.mark.parametrize(
    ("returns", "low", "high"),
    [("normal", 0.03, 0.09), ("early exits", 0.03, 0.09), ("held", 0.0, 0.05)],
)
def test_of_2000_sweeps_without_an_edge_as_many_are_found_as_are_told(
    returns: Returns, low: float, high: float
) -> None:
    share = found_share(returns, 2_000, 1_999)
    sys.stdout.write(f"{returns}: an edge found in {100.0 * share:.1f} % of 2,000 sweeps without one\n")
    assert low <= share <= high
