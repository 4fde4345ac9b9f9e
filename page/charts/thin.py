"""Series with at most 1,000 points that look like the whole: no spike is lost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TypeVar

from core.errors import InputError

X = TypeVar("X")

POINTS_MAX = 1_000
"""No screen shows more columns of two points than this."""


def thinned(
    points: Sequence[tuple[X, float]], xs: Sequence[float], limit: int = POINTS_MAX
) -> list[tuple[X, float]]:
    """At most `limit` of the points, in their order: first, last, and of each column minimum and maximum.

    `xs` is where each point stands, ascending; columns are of equal width in it. Equal values count once.
    Raises InputError for a limit under 4, lengths that differ, and a place that is not finite or ascending.
    """
    if limit < 4:
        raise InputError(f"limit: expected at least 4 points, found {limit}")
    if len(xs) != len(points):
        raise InputError(f"xs: expected {len(points)} places, one for each point, found {len(xs)}")
    _require_ascending(xs)
    if len(points) <= limit:
        return list(points)
    kept = {0, len(points) - 1}
    for column in _columns(xs, (limit - 2) // 2):
        kept.add(min(column, key=lambda index: points[index][1]))
        kept.add(max(column, key=lambda index: points[index][1]))
    return [points[index] for index in sorted(kept)]


def _columns(xs: Sequence[float], columns: int) -> Iterable[list[int]]:
    """The indices of the points in each column that has one."""
    span = xs[-1] - xs[0]

    def column(index: int) -> int:
        return 0 if span == 0 else min(int((xs[index] - xs[0]) / span * columns), columns - 1)

    for _, together in groupby(range(len(xs)), key=column):
        yield list(together)


def _require_ascending(xs: Sequence[float]) -> None:
    before = -math.inf
    for index, x in enumerate(xs):
        if not (math.isfinite(x) and x >= before):
            raise InputError(f"xs[{index}]: expected a finite place of at least {before!r}, found {x!r}")
        before = x
