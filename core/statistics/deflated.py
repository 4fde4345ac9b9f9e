"""The deflated Sharpe ratio: how sure a Sharpe ratio above zero is, given how many were tried.

D. Bailey and M. López de Prado, "The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest
Overfitting, and Non-Normality", Journal of Portfolio Management 40 (2014).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from core.errors import InputError

EULER_GAMMA = 0.5772156649015329
_NORMAL = NormalDist()


def sharpe(values: Sequence[float]) -> float | None:
    """Mean over standard deviation (n - 1), not annualised; None if the values do not differ."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return mean / math.sqrt(variance) if variance > 0.0 else None


def expected_best(variance: float, tried: int) -> float:
    """The Sharpe ratio that the best of so many tries without skill is expected to have.

    `variance` is that of the ratios that were tried. 0 for one try: nothing was chosen.
    """
    if tried < 1 or variance < 0.0:
        raise InputError(f"tried: expected at least 1 and a variance from 0 on, found {tried}, {variance}")
    if tried == 1:
        return 0.0
    return math.sqrt(variance) * (
        (1.0 - EULER_GAMMA) * _NORMAL.inv_cdf(1.0 - 1.0 / tried)
        + EULER_GAMMA * _NORMAL.inv_cdf(1.0 - 1.0 / (tried * math.e))
    )


def probability(ratio: float, best: float, observations: int, skew: float, kurtosis: float) -> float | None:
    """The probability that a ratio is above `best`. `kurtosis` is the raw one: 3 of a normal distribution.

    None if the ratio's variance is not above zero, as of extreme moments.
    """
    variance = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    if variance <= 0.0 or observations < 2:
        return None
    return _NORMAL.cdf((ratio - best) * math.sqrt(observations - 1) / math.sqrt(variance))


def deflated_sharpe(columns: Sequence[Sequence[float]], chosen: int, tried: int) -> float | None:
    """That of one of the columns, of which each is a point's weeks; `tried` counts every point ever run.

    None if the chosen one has no ratio.
    """
    ratios = [ratio for column in columns if (ratio := sharpe(column)) is not None]
    mine = sharpe(columns[chosen])
    if mine is None:
        return None
    mean = math.fsum(ratios) / len(ratios)
    spread = math.fsum((ratio - mean) ** 2 for ratio in ratios) / max(1, len(ratios) - 1)
    skew, kurtosis = moments(columns[chosen])
    return probability(
        mine, expected_best(spread, max(tried, len(columns))), len(columns[chosen]), skew, kurtosis
    )


def moments(values: Sequence[float]) -> tuple[float, float]:
    """Skewness and raw kurtosis, each of the population. Raises `InputError` if the values do not differ."""
    count = len(values)
    mean = math.fsum(values) / count
    second, third, fourth = (
        math.fsum((value - mean) ** power for value in values) / count for power in (2, 3, 4)
    )
    if second == 0.0:
        raise InputError("values: expected values that differ")
    return third / second**1.5, fourth / second**2
