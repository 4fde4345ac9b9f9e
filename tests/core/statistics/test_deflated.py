"""The deflated Sharpe ratio against its authors' own example, and against values worked out by hand."""

from __future__ import annotations

import math

import pytest

from core.errors import InputError
from core.statistics.deflated import deflated_sharpe, expected_best, moments, probability, sharpe

DAYS = 250


def test_the_example_of_the_paper() -> None:
    """Bailey and López de Prado 2014, "A numerical example": 100 trials whose annual ratios vary by 1/2, the
    best 2.5 a year over five years of days, skewness -3, kurtosis 10. With 46 trials it would pass 95 %."""
    variance, ratio = 0.5 / DAYS, 2.5 / math.sqrt(DAYS)
    assert expected_best(variance, 100) == pytest.approx(0.1132, abs=5e-5)
    deflated = probability(ratio, expected_best(variance, 100), 1250, -3.0, 10.0)
    assert deflated == pytest.approx(0.9004, abs=5e-5)
    assert probability(ratio, expected_best(variance, 46), 1250, -3.0, 10.0) == pytest.approx(
        0.9505, abs=5e-5
    )


def test_moments_and_ratio_by_hand() -> None:
    values = [1.0, 1.0, 1.0, 5.0]
    # Mean 2, squares 1, 1, 1, 9; cubes -1, -1, -1, 27; fourth powers 1, 1, 1, 81.
    assert sharpe(values) == pytest.approx(2.0 / 2.0)
    skew, kurtosis = moments(values)
    assert skew == pytest.approx(6.0 / 3.0**1.5)
    assert kurtosis == pytest.approx(21.0 / 9.0)


def test_one_try_is_deflated_by_nothing() -> None:
    assert expected_best(0.5, 1) == 0.0
    values = [0.1, -0.1, 0.2, 0.0]
    mine, (skew, kurtosis) = sharpe(values), moments(values)
    assert mine is not None
    assert deflated_sharpe([values], 0, 1) == probability(mine, 0.0, 4, skew, kurtosis)


def test_more_tries_deflate_more_and_never_fewer_count_than_there_are_columns() -> None:
    columns = [[0.1, -0.1, 0.2, 0.0, 0.1], [0.0, -0.2, 0.1, 0.0, 0.05], [0.0, 0.0, 0.0, 0.0, 0.0]]
    few, many = deflated_sharpe(columns, 0, 3), deflated_sharpe(columns, 0, 300)
    assert few is not None
    assert many is not None
    assert few > many
    assert deflated_sharpe(columns, 0, 1) == few


def test_what_cannot_be_said_is_not_said() -> None:
    assert sharpe([1.0]) is None
    assert sharpe([1.0, 1.0]) is None
    assert deflated_sharpe([[0.0, 0.0, 0.0]], 0, 1) is None
    assert probability(5.0, 0.0, 100, 3.0, 1.5) is None
    with pytest.raises(InputError, match="expected values that differ"):
        moments([1.0, 1.0])
    with pytest.raises(InputError, match="expected at least 1"):
        expected_best(0.1, 0)
