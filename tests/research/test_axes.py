"""What a sweep varies: lists of values, settings that move together, samples that are always the same."""

from __future__ import annotations

import pytest

from core.errors import InputError
from lab.research.axes import axes_of, grid, named_axis, sample, short_name


def test_a_grid_has_every_combination_the_last_axis_fastest() -> None:
    axes = axes_of(["a.b=1,2", "c.d=x,y,z"])
    found = grid(axes)
    assert len(found) == 6
    assert found[0] == (("a.b", "1"), ("c.d", "x"))
    assert found[1] == (("a.b", "1"), ("c.d", "y"))
    assert found[-1] == (("a.b", "2"), ("c.d", "z"))


def test_without_an_axis_there_is_one_point_the_file_itself() -> None:
    assert grid(axes_of([])) == [()]


def test_settings_of_one_axis_move_together() -> None:
    (axis,) = axes_of(["a.b=1,2;c.d=3,4"])
    assert grid([axis]) == [(("a.b", "1"), ("c.d", "3")), (("a.b", "2"), ("c.d", "4"))]
    assert named_axis(axis) == "a.b and 1 more"


def test_a_point_is_told_by_the_first_setting_of_each_axis() -> None:
    axes = axes_of(["a.b=1,2;c.d=3,4;e.f=5,6", "g=7,8"])
    last = grid(axes)[-1]
    assert short_name(axes, last) == "a.b=2 (and 2 more) g=8"
    assert short_name(axes, (("g", "8"),)) == "g=8"
    assert short_name([], ()) == "as the file has it"


def test_a_value_may_be_a_list_of_its_own() -> None:
    (axis,) = axes_of(['scheduler.monitor_times=["00:00","12:00"],[\'06:00,\']'])
    assert axis.steps == (('["00:00","12:00"]',), ("['06:00,']",))


def test_a_sample_is_the_same_each_time_and_of_different_points_of_the_grid() -> None:
    axes = axes_of(["a=1,2,3,4,5", "b=1,2,3,4"])
    whole = grid(axes)
    found = sample(axes, 7, seed=1)
    assert found == sample(axes, 7, seed=1)
    assert len(set(found)) == 7
    assert [whole.index(each) for each in found] == sorted(whole.index(each) for each in found)
    assert sample(axes, 100, seed=1) == whole


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["a.b"], "expected KEY=VALUE"),
        (["=1"], "expected KEY=VALUE"),
        (["a=1,,2"], "expected a value between two commas"),
        (["a=1,1"], "expected different values"),
        (["a=1,2;b=1"], "as many values of each key.*found 2 of a, 1 of b"),
        (["a=1", "a=2"], "--set a: expected each setting once, found it 2 times"),
    ],
)
def test_what_is_no_axis_is_refused_by_its_option(texts: list[str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        axes_of(texts)


def test_too_many_combinations_are_refused_before_they_are_made() -> None:
    axes = axes_of([f"a{axis}=" + ",".join(map(str, range(100))) for axis in range(5)])
    with pytest.raises(InputError, match=r"at most 10,000 combinations, found 10,000,000,000; use --sample"):
        grid(axes)
    assert len(sample(axes, 5, seed=1)) == 5
