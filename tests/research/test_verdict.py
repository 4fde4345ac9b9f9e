"""From what was found to the first sentence, and what is told beside it."""

from __future__ import annotations

from datetime import timedelta

import numpy
import pytest

from lab.research.found import FoundRun
from lab.research.matrix import matrix_of
from lab.research.null_rate import NullRate
from lab.research.verdict import verdict_of
from tests.research.null_rate import without_edge
from tests.research.swept import made_found

RATE = NullRate(sweeps=200, points=9, found=17, too_few=20, code="x")


def drawn(mean: float, weeks: int = 40, seed: int = 1) -> list[float]:
    found: list[float] = numpy.random.default_rng(seed).normal(mean, 0.1, weeks).tolist()
    return found


def test_markets_follow_each_other_week_by_week() -> None:
    first = [made_found("a", 0.1, 0.0, -0.2), made_found("a", 0.3, 0.1, data="other")]
    matrix = matrix_of({1: first})
    assert matrix.columns == ((0.1, 0.0, -0.2, 0.3, 0.1),)
    assert (matrix.trades, matrix.block_weeks) == ((4,), 1)


def test_weeks_from_the_oldest_open_position_on_are_left_out_of_every_column() -> None:
    one = made_found("a", 0.1, 0.2, 0.3)
    held = made_found("b", 0.1, 0.0, 0.3).model_copy(update={"open_since": one.began + timedelta(days=8)})
    matrix = matrix_of({1: [one], 2: [held]})
    assert matrix.columns == ((0.1,), (0.1,))
    assert matrix.trades == (1, 1)


def test_a_trade_of_a_fortnight_makes_blocks_of_two_weeks() -> None:
    found = made_found("a", 0.1, 0.2)
    long = found.trades[0].model_copy(update={"closed_at": found.trades[0].entered_at + timedelta(days=14)})
    assert matrix_of({1: [found.model_copy(update={"trades": (long,)})]}).block_weeks == 2


def test_equal_columns_are_merged_and_counted() -> None:
    twice = {
        1: [made_found("a", *drawn(0.0))],
        2: [made_found("b", *drawn(0.0))],
        3: [made_found("c", *drawn(0.0, seed=2))],
    }
    verdict = verdict_of(twice, tried=3)
    assert (verdict.points, verdict.different, verdict.judged) == (3, 2, 2)


def test_the_sentence_of_a_sweep_that_proves_nothing() -> None:
    points = {number: [made_found(str(number), *drawn(0.0, seed=number))] for number in range(1, 10)}
    verdict = verdict_of(points, tried=9)
    assert not verdict.is_found
    assert verdict.sentence == (
        f"9 points, best mean r {verdict.mean:.3f}, p {verdict.p:.2f}; "
        f"this sample would show only ≥ {verdict.would_show:.3f}"
    )
    told = verdict.told(RATE)
    assert told[0] == "9 of 9 different points have at least 10 trades and are judged over 40 weeks"
    assert told[1].startswith("not found at 5 %")
    assert "a sweep of 9 points finds one in 8.5 %" in told[2]
    assert "deflated Sharpe ratio" in told[3]


def test_an_edge_is_found_and_its_overfitting_told_from_100_trades_on() -> None:
    points = {number: [made_found(str(number), *drawn(0.0, 104, number))] for number in range(1, 4)}
    points[4] = [made_found("4", *drawn(0.1, 104, 4))]
    verdict = verdict_of(points, tried=1)
    assert (verdict.best, verdict.is_found) == (4, True)
    assert verdict.pbo == 0.0
    assert verdict.tried == 1
    few = verdict_of({number: [made_found(str(number), *drawn(0.1, 99, number))] for number in (1, 2)}, 2)
    assert few.pbo is None


def test_a_point_alone_is_said_as_one() -> None:
    verdict = verdict_of({1: [made_found("a", *drawn(0.0))]}, tried=1)
    assert verdict.sentence.startswith("1 point, best mean r ")
    told = verdict.told(NullRate(sweeps=1, points=1, found=0, too_few=0, code="x"))
    assert told[0] == "1 of 1 different point has at least 10 trades and is judged over 40 weeks"
    assert "over 1 market year in which no point has an edge, a sweep of 1 point finds one in 0.0 %" in told


@pytest.mark.parametrize("trades", [0, 9])
def test_too_few_trades_are_not_judged(trades: int) -> None:
    verdict = verdict_of({1: [made_found("a", *([0.1, -0.1] * 20)[:trades])]}, tried=1)
    assert (verdict.p, verdict.best, verdict.deflated) == (None, None, None)
    assert verdict.sentence.startswith("1 point, too few to judge: expected a point with at least 10")


def test_only_points_with_enough_trades_are_judged() -> None:
    lucky = made_found("lucky", *([0.5, 0.6, 0.7] + [0.0] * 37))
    verdict = verdict_of({1: [lucky], 2: [made_found("b", *drawn(0.0))]}, tried=2)
    assert (verdict.points, verdict.judged, verdict.best) == (2, 1, 2)


def test_what_is_less_its_mean_over_all_markets_has_no_edge() -> None:
    runs = [made_found("a", 0.2, 0.4), made_found("a", 0.0, 0.6, data="other")]
    (made,) = without_edge({1: runs}).values()
    trades = [trade.r for found in made for trade in found.trades]
    assert trades == pytest.approx([-0.2, 0.0, 0.2])
    assert all(isinstance(found, FoundRun) for found in made)


@pytest.mark.parametrize(
    ("tried", "told"),
    [
        (4, "found at 5 %: more than the best of so many tries without any edge would show"),
        (100, "found at 5 %, and among all 100 points that were ever tried on this market"),
        (
            1_000,
            "found at 5 % among these 4 points alone, but 1000 were ever tried on this market: among so many "
            "it takes p 0.0002",
        ),
    ],
)
def test_what_is_found_is_told_with_what_was_tried_before(tried: int, told: str) -> None:
    points = {number: [made_found(str(number), *drawn(0.0, 104, number))] for number in range(1, 4)}
    points[4] = [made_found("4", *drawn(0.1, 104, 4))]
    verdict = verdict_of(points, tried)
    assert verdict.is_found
    assert told in verdict.told(RATE)
