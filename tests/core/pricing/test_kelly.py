"""Kelly's fraction: it maximises growth, and is shrunk more if there are fewer trades."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.errors import InputError
from core.pricing.kelly import KellyRecommendation, Outcome, kelly_fraction, recommend, shrunk_results

probabilities = st.floats(0.01, 0.99)


@pytest.mark.parametrize(
    ("outcomes", "fraction"),
    [
        ([(0.6, 1.0), (0.4, -1.0)], 0.2),
        ([(0.7, 0.5), (0.3, -1.0)], 0.1),
        ([(0.5, 3.0), (0.5, -2.0)], 1 / 12),
        ([(0.5, 1.0), (0.5, -1.0)], 0.0),
        ([(0.4, 1.0), (0.6, -1.0)], 0.0),
        ([(1.0, 0.1)], 1.0),
        ([(0.5, 0.3), (0.5, 0.0)], 1.0),
        ([(0.5, 3.0), (0.5, -0.1)], 1.0),
        ([(1.0, -1.0)], 0.0),
        ([(1.0, 0.0)], 0.0),
        ([(0.25, 1.0), (0.25, 1.0), (0.5, -0.8)], 0.125),
        ([(0.6, 1.0), (0.4, -1.0), (0.0, -50.0)], 0.2),
    ],
)
def test_fraction_by_hand(outcomes: list[tuple[float, float]], fraction: float) -> None:
    """Three outcomes: 0.5/(1 + f) = 0.4/(1 - 0.8 f) gives f = 0.125. What can't happen doesn't count."""
    assert kelly_fraction([Outcome(*each) for each in outcomes]) == pytest.approx(fraction, rel=1e-12)


@given(probabilities, st.floats(0.05, 5.0))
def test_two_outcomes_give_the_closed_form_within_nothing_and_everything(p: float, b: float) -> None:
    fraction = kelly_fraction([Outcome(p, b), Outcome(1.0 - p, -1.0)])
    assert fraction == pytest.approx(min(max(p - (1.0 - p) / b, 0.0), 1.0), abs=1e-12)


@given(
    st.lists(st.tuples(st.integers(1, 100), st.floats(-3.0, 3.0)), min_size=1, max_size=8),
    st.floats(0.0, 1.0),
)
def test_no_other_fraction_grows_faster(weighted: list[tuple[int, float]], other: float) -> None:
    total = sum(weight for weight, _ in weighted)
    outcomes = [Outcome(weight / total, result) for weight, result in weighted]

    def growth(fraction: float) -> float:
        if any(1.0 + fraction * result <= 0.0 for _, result in outcomes):
            return -math.inf
        return math.fsum(p * math.log1p(fraction * result) for p, result in outcomes)

    assert growth(other) <= growth(kelly_fraction(outcomes)) + 1e-12


@given(st.floats(-1e6, -1.0))
def test_a_ruin_that_hardly_ever_comes_is_approached_but_not_passed(worst: float) -> None:
    """The fraction ends just before ruin, within [0, 1], and no slope on the way divides by 0."""
    fraction = kelly_fraction([Outcome(1.0, 1.0), Outcome(1e-300, worst)])
    assert fraction == pytest.approx(min(1.0, -1.0 / worst), rel=1e-15)


def test_a_fair_bet_stakes_exactly_nothing() -> None:
    assert kelly_fraction([Outcome(0.5, 1.0), Outcome(0.5, -1.0)]) == 0.0


def test_one_trade_can_be_enough_where_one_is_asked_for() -> None:
    assert recommend([0.5], trades_min=1, prior_weight=75.0).fraction == 1.0


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.05, 5.0))
def test_moved_results_have_the_mean_of_a_win_probability_drawn_towards_break_even(
    wins: int, losses: int, b: float
) -> None:
    """p = (wins + 75/(1 + b))/(n + 75): as if 75 more trades had broken even."""
    n = wins + losses
    assume(n > 0)
    p = (wins + 75.0 / (1.0 + b)) / (n + 75.0)
    shrunk = shrunk_results([b] * wins + [-1.0] * losses, 75.0)
    assert math.fsum(shrunk) / n == pytest.approx(p * b - (1.0 - p), abs=1e-12)


def test_results_are_moved_so_that_their_mean_is_a_part_of_itself() -> None:
    """Mean 0.1 of 3 trades, with a prior of 6: a third of it stays, every result loses 1/15."""
    assert shrunk_results([0.4, 0.4, -0.5], 6.0) == pytest.approx(
        (0.4 - 1 / 15, 0.4 - 1 / 15, -0.5 - 1 / 15), rel=1e-14
    )


def test_too_few_trades_recommend_nothing() -> None:
    assert recommend([0.4] * 29, trades_min=30, prior_weight=75.0) == KellyRecommendation(
        29, 30, None, None, None
    )
    assert recommend([], trades_min=0, prior_weight=75.0) == KellyRecommendation(0, 0, None, None, None)


def test_a_recommendation_by_hand() -> None:
    """21 wins of 0.5, 9 losses of 0.9: of the mean of 0.08 30/105 stays, and f* = 0.7/loss - 0.3/win."""
    found = recommend([0.5] * 21 + [-0.9] * 9, trades_min=30, prior_weight=75.0)
    shift = 0.08 * 75 / 105
    win, loss = 0.5 - shift, 0.9 + shift
    assert (found.trades, found.trades_min) == (30, 30)
    assert found.mean_result == pytest.approx(0.08, rel=1e-13)
    assert found.shrunk_mean_result == pytest.approx(0.08 * 30 / 105, rel=1e-12)
    assert found.fraction == pytest.approx(0.7 / loss - 0.3 / win, rel=1e-9)


def test_trades_that_lose_recommend_nothing_to_stake() -> None:
    found = recommend([0.3] * 20 + [-1.0] * 20, trades_min=30, prior_weight=75.0)
    assert found.fraction == 0.0
    assert found.mean_result == pytest.approx(-0.35, rel=1e-14)


@given(st.lists(st.floats(-1.0, 1.0), min_size=30, max_size=60))
def test_shrinking_never_recommends_more(results: list[float]) -> None:
    shrunk = recommend(results, trades_min=30, prior_weight=75.0).fraction
    plain = recommend(results, trades_min=30, prior_weight=0.0).fraction
    assert shrunk is not None
    assert plain is not None
    assert shrunk <= plain + 1e-12


@pytest.mark.parametrize(
    ("outcomes", "message"),
    [
        ([(-0.1, 1.0), (1.1, 1.0)], "p: expected a probability between 0 and 1, found -0.1"),
        ([(1.1, 1.0)], "p: expected a probability between 0 and 1, found 1.1"),
        ([(math.nan, 1.0)], "p: expected a probability between 0 and 1, found nan"),
        ([(0.5, 1.0), (0.4, -1.0)], "p: expected probabilities that sum to 1, found a sum of 0.9"),
        ([(0.5, 1.0), (0.500000002, -1.0)], "p: expected probabilities that sum to 1, found a sum of 1.0"),
        ([], "p: expected probabilities that sum to 1, found a sum of 0.0"),
        ([(1.0, math.inf)], "r: expected a finite multiple of the stake, found inf"),
    ],
)
def test_broken_outcomes_are_refused_by_name(outcomes: list[tuple[float, float]], message: str) -> None:
    with pytest.raises(InputError) as error:
        kelly_fraction([Outcome(*each) for each in outcomes])
    assert str(error.value).startswith(message)


def test_probabilities_may_miss_one_by_rounding() -> None:
    assert kelly_fraction([Outcome(1 / 3, 1.0)] * 2 + [Outcome(0.3333333333, -1.0)]) > 0.0


def test_other_broken_inputs_are_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"^trades: expected at least 1, found 0$"):
        shrunk_results([], 75.0)
    for weight in (-1.0, math.inf, math.nan):
        with pytest.raises(
            InputError, match=r"^prior_weight: expected a finite number of at least 0, found "
        ):
            shrunk_results([0.1], weight)
    with pytest.raises(InputError, match=r"^r: expected a finite multiple of the stake, found nan$"):
        recommend([math.nan], trades_min=30, prior_weight=75.0)
