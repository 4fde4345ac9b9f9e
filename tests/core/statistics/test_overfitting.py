"""The probability of overfitting by hand, at its ends, and at chance."""

from __future__ import annotations

from random import Random

import pytest

from core.errors import InputError
from core.statistics.overfitting import overfitting


def test_two_blocks_by_hand() -> None:
    """Of the halves, column 0 is best in the first and last in the second, column 1 the other way round."""
    assert overfitting([[1.0, -1.0], [-1.0, 1.0]], blocks=2) == 1.0
    assert overfitting([[1.0, 1.0], [-1.0, -1.0]], blocks=2) == 0.0


def test_four_blocks_by_hand() -> None:
    """Every split is worked out; a split is named by the blocks that are chosen, and a rank by its place from
    below over the number of columns plus one."""
    columns = [[4.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
    # Chosen 12, 13 or 14: best is column 0 (4 against 2 and 0); outside it has 0, which it shares with column
    # 2 below column 1: rank (0 + 1.5) / 4 = 0.375, overfitted. Chosen 23, 24 or 34: best is column 1 (2);
    # outside column 0 has 4, column 1 has 2, column 2 has 0: rank 2 / 4, exactly in the middle, overfitted.
    assert overfitting(columns, blocks=4) == 1.0
    columns[2] = [-1.0, 0.0, 0.0, 0.0]
    columns.append([-2.0, 0.0, 0.0, 0.0])
    # Now for 23, 24 or 34 column 1 has rank 3 of 4 outside: not overfitted. For the others column 0 shares
    # the last place outside with columns 2 and 3: rank 2 / 5, overfitted.
    assert overfitting(columns, blocks=4) == 0.5


def test_a_point_with_an_edge_is_not_overfitted_and_luck_alone_is_half_the_time() -> None:
    random = Random(1)
    luck = [[random.gauss(0.0, 1.0) for _ in range(104)] for _ in range(20)]
    assert 0.2 < overfitting(luck) < 0.8
    luck[3] = [value + 1.0 for value in luck[3]]
    assert overfitting(luck) == 0.0


def test_weeks_that_are_left_over_belong_to_the_first_blocks() -> None:
    whole = [[1.0] * 8, [2.0] * 8, [0.0] * 8]
    assert overfitting([[*column, column[0]] for column in whole]) == overfitting(whole) == 0.0


def test_of_several_best_ones_the_mean_counts() -> None:
    assert overfitting([[1.0, 1.0], [1.0, -1.0], [-1.0, 0.0]], blocks=2) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("columns", "blocks", "told"),
    [
        ([[1.0] * 8], 8, "columns: expected at least 2, found 1"),
        ([[1.0] * 7] * 2, 8, "blocks: expected an even number up to 7 weeks, found 8"),
        ([[1.0] * 9] * 2, 3, "blocks: expected an even number"),
    ],
)
def test_too_little_is_refused(columns: list[list[float]], blocks: int, told: str) -> None:
    with pytest.raises(InputError, match=told):
        overfitting(columns, blocks)
