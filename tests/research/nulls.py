"""Sweeps in which no point has an edge, drawn by a seed: what a verdict finds there it finds by luck."""

from __future__ import annotations

from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, Literal

import numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

Returns = Literal["normal", "early exits", "held"]
COLUMNS, WEEKS, TRADED, CORRELATION = 27, 52, 0.35, 0.7
EARLY: Final = ((0.70, 0.1), (0.25, -0.2), (0.05, -0.4))
HELD: Final = ((0.90, 0.11), (0.10, -0.99))
"""Probabilities and returns of spreads that are left early, and of those held to expiry: mean 0."""


def null_sweep(returns: Returns, rng: numpy.random.Generator) -> list[list[float]]:
    """One sweep: the columns trade in the same weeks, and their returns are correlated."""
    traded = rng.random(WEEKS) < TRADED
    common = rng.standard_normal((WEEKS, 1))
    own = rng.standard_normal((WEEKS, COLUMNS))
    drawn = CORRELATION**0.5 * common + (1.0 - CORRELATION) ** 0.5 * own
    if returns == "early exits":
        drawn = _in_steps(drawn, EARLY)
    elif returns == "held":
        drawn = _in_steps(drawn, HELD)
    found: list[list[float]] = (drawn * traded[:, None]).T.tolist()
    return found


def _in_steps(
    drawn: NDArray[numpy.float64], steps: tuple[tuple[float, float], ...]
) -> NDArray[numpy.float64]:
    """Normal draws as returns of these probabilities: the lowest draws are the worst returns."""
    made = numpy.full(drawn.shape, steps[0][1])
    left = 1.0
    for before, (_, value) in pairwise(steps):
        left -= before[0]
        made[drawn <= NormalDist().inv_cdf(left)] = value
    return made
