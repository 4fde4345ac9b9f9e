"""Folds never test on what they trained on, nor on what a training trade could still be open in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.statistics.folds import Fold, Walk, folds_of


def test_rolling_and_anchored_by_hand() -> None:
    walk = Walk(train=4, test=2, step=2)
    assert folds_of(walk, 11, 1, anchored=False) == (
        Fold((0, 4), (5, 7)),
        Fold((2, 6), (7, 9)),
        Fold((4, 8), (9, 11)),
    )
    assert folds_of(walk, 10, 1, anchored=True) == (Fold((0, 4), (5, 7)), Fold((0, 6), (7, 9)))


@given(
    st.builds(Walk, *(st.integers(1, 20) for _ in range(3))),
    st.integers(0, 5),
    st.integers(1, 120),
    st.booleans(),
)
def test_training_ends_a_purge_before_its_test_and_tests_lie_within(
    walk: Walk, purge: int, weeks: int, anchored: bool
) -> None:
    if weeks < walk.train + purge + walk.test:
        with pytest.raises(InputError, match="expected at least"):
            folds_of(walk, weeks, purge, anchored=anchored)
        return
    folds = folds_of(walk, weeks, purge, anchored=anchored)
    for fold in folds:
        assert fold.train[1] + purge == fold.test[0]
        assert fold.train[1] - fold.train[0] >= walk.train
        assert (fold.train[0] == 0) or not anchored
        assert fold.test[1] - fold.test[0] == walk.test
        assert fold.train[0] >= 0
        assert fold.test[1] <= weeks
    assert folds[-1].test[1] + walk.step > weeks


def test_spans_without_a_week_are_refused() -> None:
    with pytest.raises(InputError, match="expected at least 1 week each, found 4, 0, 2"):
        folds_of(Walk(4, 0, 2), 20, 0, anchored=False)
