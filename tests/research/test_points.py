"""Every point is a whole strategy, validated before anything runs."""

from __future__ import annotations

import pytest

from core.errors import ConfigError, InputError
from lab.research.axes import axes_of, grid
from lab.research.points import points_of
from tests.research.swept import STRATEGY


def test_a_combination_that_cannot_work_is_listed_with_why_and_keeps_its_number() -> None:
    points, impossible = points_of(STRATEGY, grid(axes_of(["strikes.delta_target=0.2,0.9,0.22"])))
    assert [point.number for point in points] == [1, 3]
    assert points[1].settings.strategy.strikes.delta_target == 0.22
    (cannot,) = impossible
    assert cannot.number == 2
    assert cannot.name == "strikes.delta_target=0.9"
    assert "expected less than 0.5, found 0.9" in cannot.why


def test_two_values_that_only_together_cannot_work_are_seen() -> None:
    sets = ["strikes.delta_min=0.15,0.22", "strikes.delta_target=0.2,0.23"]
    points, impossible = points_of(STRATEGY, grid(axes_of(sets)))
    assert [each.number for each in impossible] == [3]
    assert len(points) == 3


def test_a_sweep_without_a_point_that_works_is_refused() -> None:
    with pytest.raises(InputError, match="found none of 1") as caught:
        points_of(STRATEGY, grid(axes_of(["nothing.like_this=1"])))
    assert "nothing" in str(caught.value)


def test_a_broken_file_is_refused_as_such(tmp_path: object) -> None:
    with pytest.raises(ConfigError):
        points_of(STRATEGY.with_name("none.yaml"), [()])
