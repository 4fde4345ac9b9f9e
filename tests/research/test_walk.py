"""What is chosen in training is judged after it: by hand, with its purge, and refused with too few trades."""

from __future__ import annotations

from datetime import date

import pytest

from core.errors import InputError
from core.statistics.folds import Walk
from lab.research.walk import purge_weeks, walk_of, walked
from tests.research.swept import made_found, points

EARLY_GOOD = [0.2] * 40 + [-0.2] * 20
LATE_GOOD = [0.1] * 40 + [0.1] * 20
BY_POINT = {1: [made_found("a", *EARLY_GOOD)], 2: [made_found("b", *LATE_GOOD)]}


def test_the_best_of_the_training_is_told_by_its_test_alone() -> None:
    found = walked(Walk(train=36, test=10, step=10), BY_POINT, 2, anchored=False)
    first, second = found.legs
    assert first.chosen == 1
    assert first.train_mean_r == pytest.approx(0.2)
    # Weeks 38 to 47: two of them are still good.
    assert first.test_mean_r == pytest.approx((2 * 0.2 - 8 * 0.2) / 10)
    assert (first.train_from, first.train_to) == (date(2026, 1, 5), date(2026, 9, 14))
    assert first.test_from == date(2026, 9, 28)
    # Trained on weeks 10 to 45, six of them bad: 30 of 0.2 and 6 of -0.2.
    assert second.chosen == 1
    assert second.train_mean_r == pytest.approx((30 * 0.2 - 6 * 0.2) / 36)
    assert second.test_mean_r == pytest.approx(-0.2)
    assert (found.test_weeks, found.test_trades) == (20, 20)
    assert found.test_mean_r == pytest.approx((2 * 0.2 - 18 * 0.2) / 20)
    assert (
        "2 folds, mean r +0.167 a week in training and -0.160 in the 20 weeks of the tests" in found.sentence
    )
    assert "p 1.00" in found.sentence


def test_anchored_training_keeps_its_first_week() -> None:
    found = walked(Walk(train=36, test=10, step=10), BY_POINT, 2, anchored=True)
    assert [leg.train_from for leg in found.legs] == [date(2026, 1, 5)] * 2
    assert found.legs[1].train_trades == 46


def test_a_trade_of_the_purge_is_in_neither_part() -> None:
    r = [0.1] * 30 + [9.0, 9.0] + [0.2] * 10
    found = walked(Walk(train=30, test=10, step=10), {1: [made_found("a", *r)]}, 2, anchored=False)
    (leg,) = found.legs
    assert leg.train_mean_r == pytest.approx(0.1)
    assert leg.test_mean_r == pytest.approx(0.2)
    assert (leg.train_trades, leg.test_trades) == (30, 10)


def test_training_with_fewer_than_30_trades_is_refused_by_how_many_there_are() -> None:
    r = [0.1, 0.0] * 20 + [0.1] * 20
    with pytest.raises(InputError, match=r"at least 30 trades of a point in training, found at most 18 from"):
        walked(Walk(train=36, test=10, step=10), {1: [made_found("a", *r)]}, 2, anchored=False)


def test_a_point_with_too_few_trades_in_training_is_not_chosen() -> None:
    lucky = [5.0] + [0.0] * 59
    by_point = {1: [made_found("lucky", *lucky)], 2: BY_POINT[2]}
    found = walked(Walk(train=36, test=10, step=10), by_point, 2, anchored=False)
    assert {leg.chosen for leg in found.legs} == {2}


def test_few_trades_in_the_tests_are_not_judged() -> None:
    r = [0.1] * 40 + [0.1] + [0.0] * 9
    found = walked(Walk(train=38, test=10, step=10), {1: [made_found("a", *r)]}, 2, anchored=False)
    assert found.judged is None
    assert found.sentence.endswith("too few to judge")


def test_the_purge_is_as_long_as_a_position_may_be_held() -> None:
    assert purge_weeks(points()) == 3
    assert purge_weeks(points("strikes.dte_max=14.0,29.0")) == 5


def test_a_walk_over_several_markets_is_refused() -> None:
    with pytest.raises(InputError, match="expected one market"):
        walked(Walk(1, 1, 1), {1: [*BY_POINT[1], made_found("a", 0.1, data="x")]}, 1, anchored=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "train=26w",
        "train=26w,test=4w,step=0w",
        "train=26,test=4w,step=4w",
        "train=1w,train=1w,test=1w,step=1w",
    ],
)
def test_what_is_no_walk_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--walk: expected train=Nw,test=Nw,step=Nw"):
        walk_of(text)


def test_a_walk_is_read() -> None:
    assert walk_of("train=26w, test=4w,step=8w") == Walk(26, 4, 8)
