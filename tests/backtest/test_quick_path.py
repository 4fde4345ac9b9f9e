"""The path by numpy has the bits of the loop."""

from __future__ import annotations

import pytest

from gateway.paper.model_path import (
    NO_JUMP,
    X_MAX,
    X_MIN,
    day_plan,
    first_state,
    hourly_bounds,
    walk_day,
)
from lab.backtest.quick_path import (
    WALK_IN_COLUMNS,
    hourly_bounds_in_columns,
    quickest_walk,
    walk_day_in_columns,
)

pytest.importorskip("numpy", reason="no numpy: the extra research is not installed")


@pytest.mark.parametrize("steps", [1, 48, 1440])
def test_each_day_has_the_same_bits(steps: int) -> None:
    jumped = 0
    for seed in (1, 2, 7):
        state = first_state(seed)
        for day in range(60):
            jumped += day_plan(seed, day, state, steps).jump_moment < NO_JUMP
            plain, quick = (walk(seed, day, state, steps) for walk in (walk_day, walk_day_in_columns))
            assert quick == plain
            state = plain[0].end_state(plain[1])
    assert jumped > 0


@pytest.mark.parametrize("bound", [X_MIN, X_MAX])
def test_it_is_held_within_the_bounds_of_dvol_alike(bound: float) -> None:
    state, held = first_state(1)._replace(x=bound), 0
    for day in range(20):
        plain, quick = (walk(1, day, state, 1440)[0] for walk in (walk_day, walk_day_in_columns))
        assert quick == plain
        held += plain.x.count(bound) - 1
    assert held > 0


def test_the_quick_one_is_taken_where_numpy_is() -> None:
    assert quickest_walk() is WALK_IN_COLUMNS


@pytest.mark.parametrize("steps", [48, 1440])
def test_the_bounds_of_each_hour_are_the_same(steps: int) -> None:
    state = first_state(3)
    for day in range(20):
        path, y = walk_day(3, day, state, steps)
        for values in path:
            assert hourly_bounds_in_columns(values) == hourly_bounds(values)
        state = path.end_state(y)
