"""Kelly's fraction for a bet with several outcomes, shrunk because it is estimated from few trades.

An outcome r is a P&L over the worst loss staked, so r = -1 loses the stake. The growth-optimal fraction is
`f* = argmax Σ p·ln(1 + f·r)` (Kelly 1956); for a win of b or a loss of 1 it is `p - q/b`. Staking more
than the capital or betting against oneself is ruled out, so fractions lie in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.errors import InputError

PROBABILITY_TOLERANCE = 1e-9
"""How far the probabilities may be from summing to 1."""


class Outcome(NamedTuple):
    """One way a bet can end: its probability and its P&L as a multiple of the stake."""

    probability: float
    result: float


@dataclass(frozen=True, slots=True)
class KellyRecommendation:
    """What the trades so far recommend to stake; `fraction` is None if they are too few."""

    trades: int
    trades_min: int
    mean_result: float | None
    shrunk_mean_result: float | None
    fraction: float | None


def kelly_fraction(outcomes: Sequence[Outcome]) -> float:
    """Return f* in [0, 1].

    The slope of the growth, `Σ p·r/(1 + f·r)`, falls in f, so its sign at a midpoint tells on which side f*
    lies, and bisection finds it to the last digit. Raises `InputError` on a probability outside [0, 1],
    a sum other than 1, or a result that is not finite.
    """
    _check_outcomes(outcomes)
    possible = [outcome for outcome in outcomes if outcome.probability > 0.0]
    if _growth_slope(possible, 0.0) <= 0.0:
        return 0.0
    worst_result = min(outcome.result for outcome in possible)
    low, high = 0.0, min(1.0, -1.0 / worst_result) if worst_result < 0.0 else 1.0
    middle = 0.5 * (low + high)
    while low < middle < high:
        if _growth_slope(possible, middle) > 0.0:
            low = middle
        else:
            high = middle
        middle = 0.5 * (low + high)
    return high


def shrunk_results(results: Sequence[float], prior_weight: float) -> tuple[float, ...]:
    """Return the results, all shifted by one amount that makes their mean n/(n + prior_weight) of itself."""
    shift = (1.0 - _data_weight(len(results), prior_weight)) * _mean(results)
    return tuple(result - shift for result in results)


def recommend(results: Sequence[float], *, trades_min: int, prior_weight: float) -> KellyRecommendation:
    """Return the recommendation of closed trades: f* of their shrunk results, None below `trades_min`.

    A recommendation changes no running configuration; sizing reads only a cap that a person has set.
    """
    trades = len(results)
    for result in results:
        _check_result(result)
    if trades < max(trades_min, 1):
        return KellyRecommendation(trades, trades_min, None, None, None)
    shrunk = shrunk_results(results, prior_weight)
    fraction = kelly_fraction([Outcome(1.0 / trades, result) for result in shrunk])
    return KellyRecommendation(trades, trades_min, _mean(results), _mean(shrunk), fraction)


def _growth_slope(outcomes: Sequence[Outcome], fraction: float) -> float:
    # f stays below -1/r, so f·r is at least half an ulp above -1 and the divisor is not 0.
    return math.fsum(p * r / (1.0 + fraction * r) for p, r in outcomes)


def _mean(results: Sequence[float]) -> float:
    return math.fsum(results) / len(results)


def _data_weight(trades: int, prior_weight: float) -> float:
    """Return n/(n + w), the weight of the trades against the prior."""
    if trades < 1:
        raise InputError(f"trades: expected at least 1, found {trades}")
    if not 0.0 <= prior_weight < math.inf:
        raise InputError(f"prior_weight: expected a finite number of at least 0, found {prior_weight!r}")
    return trades / (trades + prior_weight)


def _check_outcomes(outcomes: Sequence[Outcome]) -> None:
    for probability, result in outcomes:
        if not 0.0 <= probability <= 1.0:
            raise InputError(f"p: expected a probability between 0 and 1, found {probability!r}")
        _check_result(result)
    total = math.fsum(probability for probability, _ in outcomes)
    if abs(total - 1.0) > PROBABILITY_TOLERANCE:
        raise InputError(f"p: expected probabilities that sum to 1, found a sum of {total!r}")


def _check_result(result: float) -> None:
    if not math.isfinite(result):
        raise InputError(f"r: expected a finite multiple of the stake, found {result!r}")
