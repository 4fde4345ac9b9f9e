"""A thinned series has few points and loses no spike."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from page.charts.thin import thinned

places = st.lists(st.floats(0.0, 1e9), max_size=300).map(sorted)
limits = st.integers(4, 60)


@given(st.data(), places, limits)
def test_it_has_few_points_of_the_series_in_their_order(
    data: st.DataObject, xs: list[float], limit: int
) -> None:
    values = data.draw(st.lists(st.floats(-1e6, 1e6), min_size=len(xs), max_size=len(xs)))
    points = list(enumerate(values))
    kept = thinned(points, xs, limit)
    assert len(kept) <= limit
    assert kept == sorted(set(points) & set(kept))


@given(st.data(), st.lists(st.floats(0.0, 1e9), min_size=2, max_size=300).map(sorted), limits)
def test_it_keeps_both_ends_and_of_each_column_minimum_and_maximum(
    data: st.DataObject, xs: list[float], limit: int
) -> None:
    values = data.draw(st.lists(st.floats(-1e6, 1e6), min_size=len(xs), max_size=len(xs)))
    points = list(enumerate(values))
    kept = thinned(points, xs, limit)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    columns = (limit - 2) // 2
    width = (xs[-1] - xs[0]) / columns
    # The last bound is the last place itself, which the sum may miss by a rounding.
    bounds = [*(xs[0] + width * column for column in range(columns)), xs[-1]]
    for low, high in pairwise(bounds):
        inside = [index for index, x in enumerate(xs) if low < x < high and not _at_a_bound(x, xs, columns)]
        if inside:
            shown = [values[index] for index, _ in kept if low <= xs[index] <= high]
            assert min(shown) <= min(values[index] for index in inside)
            assert max(shown) >= max(values[index] for index in inside)


def _at_a_bound(x: float, xs: list[float], columns: int) -> bool:
    """Whether rounding decides in which column a place is."""
    place = (x - xs[0]) / (xs[-1] - xs[0]) * columns
    return math.isclose(place, round(place), abs_tol=1e-6)


def test_a_short_series_stays_as_it_is() -> None:
    points = [("a", 1.0), ("b", 1.0)]
    assert thinned(points, [5.0, 5.0]) == points


def test_a_spike_of_one_point_in_a_million_stays() -> None:
    points = [(index, 1.0) for index in range(100_000)]
    points[54_321] = (54_321, 9.0)
    kept = thinned(points, [float(index) for index, _ in points])
    assert (54_321, 9.0) in kept
    assert len(kept) <= 1_000


@pytest.mark.parametrize(
    ("xs", "limit", "says"),
    [
        ([0.0, 1.0], 3, "limit: expected at least 4 points, found 3"),
        ([0.0], 10, "xs: expected 2 places, one for each point, found 1"),
        ([1.0, 0.0], 10, r"xs\[1\]: expected a finite place of at least 1.0, found 0.0"),
        ([0.0, math.nan], 10, r"xs\[1\]: expected a finite place of at least 0.0, found nan"),
    ],
)
def test_what_can_not_be_thinned_is_named(xs: list[float], limit: int, says: str) -> None:
    with pytest.raises(InputError, match=says):
        thinned([(0, 1.0), (1, 2.0)], xs, limit)
