"""The statistics once more, written anew from their papers and worked out in full on small inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise, product
from math import e, erf, inf, log, sqrt
from random import Random

import pytest

from core.statistics.deflated import deflated_sharpe
from core.statistics.overfitting import overfitting
from lab.research.max_t import max_t

COLUMNS = ((0.3, -0.1, 0.2, 0.05), (-0.2, 0.4, 0.1, 0.0), (0.1, 0.1, -0.3, 0.2))
WEEKS = len(COLUMNS[0])


def t_about(values: Sequence[float], centre: float) -> float:
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return (mean - centre) / sqrt(variance / len(values)) if variance > 1e-20 else inf


def drawings(block_weeks: int) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Every way in which the stationary bootstrap draws the weeks, with its probability.

    A week follows the one before it, but with probability 1/b any week begins a new block.
    """
    new = 1.0 / block_weeks
    for places in product(range(WEEKS), repeat=WEEKS):
        probability = 1.0 / WEEKS
        for before, place in pairwise(places):
            follows = place == (before + 1) % WEEKS
            probability *= new / WEEKS + (1.0 - new if follows else 0.0)
        yield probability, places


def exact_p(columns: Sequence[Sequence[float]], block_weeks: int) -> float:
    means = [sum(column) / WEEKS for column in columns]
    best = max(t_about(column, 0.0) for column in columns)
    reached = 0.0
    for probability, places in drawings(block_weeks):
        largest = max(
            t_about([column[place] for place in places], mean)
            for column, mean in zip(columns, means, strict=True)
        )
        reached += probability * (largest >= best)
    return reached


@pytest.mark.parametrize("block_weeks", [1, 2, 3])
@pytest.mark.parametrize("columns", [COLUMNS[:1], COLUMNS[:2], COLUMNS])
def test_p_is_the_share_of_all_drawings(columns: Sequence[Sequence[float]], block_weeks: int) -> None:
    assert sum(probability for probability, _ in drawings(block_weeks)) == pytest.approx(1.0)
    found = max_t(columns, block_weeks, resamples=40_000)
    assert found.p == pytest.approx(exact_p(columns, block_weeks), abs=0.01)


def test_the_probability_of_overfitting_is_that_of_all_splits() -> None:
    random = Random(3)
    columns = [[random.gauss(0.0, 1.0) for _ in range(24)] for _ in range(7)]
    logits = []
    for chosen in combinations(range(8), 4):
        inside = [week for week in range(24) if week // 3 in chosen]
        outside = [week for week in range(24) if week // 3 not in chosen]
        best = max(range(7), key=lambda place: sum(columns[place][week] for week in inside))
        ranked = sorted(range(7), key=lambda place: sum(columns[place][week] for week in outside))
        omega = (ranked.index(best) + 1) / 8
        logits.append(log(omega / (1.0 - omega)))
    assert len(logits) == 70
    assert overfitting(columns) == pytest.approx(sum(logit <= 0.0 for logit in logits) / 70)


def normal(x: float) -> float:
    return (1.0 + erf(x / sqrt(2.0))) / 2.0


def normal_inverse(p: float) -> float:
    low, high = -10.0, 10.0
    for _ in range(200):
        middle = (low + high) / 2.0
        low, high = (middle, high) if normal(middle) < p else (low, middle)
    return low


@pytest.mark.parametrize("tried", [3, 40, 1_000])
def test_the_deflated_sharpe_ratio_by_its_formula(tried: int) -> None:
    random = Random(5)
    columns = [[random.gauss(0.05, 0.2) for _ in range(60)] for _ in range(3)]

    def ratio(column: list[float]) -> float:
        return t_about(column, 0.0) / sqrt(60)

    ratios = [ratio(column) for column in columns]
    middle = sum(ratios) / 3
    deviation = sqrt(sum((each - middle) ** 2 for each in ratios) / 2)
    gamma = 0.577215664901532
    none = deviation * (
        (1.0 - gamma) * normal_inverse(1.0 - 1.0 / tried) + gamma * normal_inverse(1.0 - 1.0 / (tried * e))
    )
    column, found = columns[1], ratios[1]
    mean = sum(column) / 60
    second, third, fourth = (sum((value - mean) ** power for value in column) / 60 for power in (2, 3, 4))
    skew, kurtosis = third / second**1.5, fourth / second**2
    expected = normal(
        (found - none) * sqrt(59) / sqrt(1.0 - skew * found + (kurtosis - 1.0) / 4.0 * found**2)
    )
    assert deflated_sharpe(columns, 1, tried) == pytest.approx(expected, abs=1e-9)
