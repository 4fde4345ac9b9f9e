"""Which settings matter: changes by hand, over common markets, and the neighbours of a point."""

from __future__ import annotations

import pytest

from lab.research.axes import axes_of, grid
from lab.research.figures import figures_of
from lab.research.found import FoundRun
from lab.research.matrix import matrix_of
from lab.research.sensitivity import Places, changes, heat_maps, neighbourhood
from tests.research.swept import made_found

AXES = axes_of(["a=1,2,3", "b=x,y"])
PLACES = Places(AXES, dict(enumerate(grid(AXES), start=1)))
"""Points 1 to 6: 1x, 1y, 2x, 2y, 3x, 3y."""


def runs(*r: float) -> list[FoundRun]:
    """One market a number, in which one trade made it."""
    return [made_found("p", each, data=str(number)) for number, each in enumerate(r)]


BY_POINT = {
    1: runs(0.1, 0.2),
    2: runs(0.0, 0.0),
    3: runs(0.3, 0.2),
    4: runs(-0.1, 0.1),
    5: runs(0.1, 0.1),
}
"""Point 6 could not run."""
FIGURES = figures_of(BY_POINT, matrix_of(BY_POINT))


def test_one_setting_changes_at_a_time_and_pairs_are_of_one_market() -> None:
    found = {tuple(each.values): each for each in changes(PLACES, BY_POINT, 3)}
    assert set(found) == {(("a", "1"),), (("a", "3"),), (("b", "y"),)}
    lower = found[(("a", "1"),)]
    # In the first market 10 - 30 USD, in the second 20 - 20.
    assert lower.pnl_usd.mean == pytest.approx(-10.0)
    assert lower.pnl_usd.error == pytest.approx(10.0)
    assert (lower.markets, lower.trades.mean) == (2, 0.0)
    # Point 4 trades in both as well, and loses 40 and 10.
    assert found[(("b", "y"),)].pnl_usd.mean == pytest.approx(-25.0)


def test_of_one_market_there_is_no_error() -> None:
    one = {number: listed[:1] for number, listed in BY_POINT.items()}
    found = changes(PLACES, one, 3)
    assert [each.pnl_usd.error for each in found] == [None] * len(changes(PLACES, BY_POINT, 3))
    assert found


def test_a_heat_map_has_the_mean_of_each_two_steps_and_a_gap_where_nothing_ran() -> None:
    (heat,) = heat_maps(PLACES, FIGURES)
    assert (heat.x, heat.y, heat.xs, heat.ys) == ("a", "b", ("1", "2", "3"), ("x", "y"))
    assert heat.cells[0] == pytest.approx((0.15, 0.25, 0.1))
    assert heat.cells[1][:2] == pytest.approx((0.0, 0.0))
    assert heat.cells[1][2] is None


def test_a_heat_map_averages_over_the_other_axes() -> None:
    axes = axes_of(["a=1,2", "b=x,y", "c=7,8"])
    places = Places(axes, dict(enumerate(grid(axes), start=1)))
    by_point = {number: runs(number / 10) for number in range(1, 9)}
    maps = heat_maps(places, figures_of(by_point, matrix_of(by_point)))
    assert [(heat.x, heat.y) for heat in maps] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert maps[0].cells[0][0] == pytest.approx(0.15)


def test_neighbours_are_one_step_of_one_axis_away() -> None:
    found = neighbourhood(PLACES, FIGURES, 3)
    assert found is not None
    assert (found.neighbours, found.same_sign) == (3, 2)
    assert found.neighbours_mean_r == pytest.approx((0.15 + 0.1 + 0.0) / 3)
    assert found.worst_r == pytest.approx(0.0)
    assert found.sentence == (
        "point 3 has mean r +0.250 a week, its 3 neighbours +0.083 on average and +0.000 at worst; "
        "2 of them have its sign"
    )


def test_a_point_alone_has_no_neighbourhood() -> None:
    alone = {1: BY_POINT[1]}
    found = neighbourhood(PLACES, figures_of(alone, matrix_of(alone)), 1)
    assert found is not None
    assert "nothing is known of its surroundings" in found.sentence


def test_a_point_of_the_very_same_trades_is_no_neighbour() -> None:
    """A value written in two ways, or a setting that nothing reads, would praise the point by itself."""
    places = Places(
        axes_of(["a=0.5,0.50", "b=1,2"]), dict(enumerate(grid(axes_of(["a=0.5,0.50", "b=1,2"])), 1))
    )
    by_point = {1: runs(0.2), 2: runs(-0.1), 3: runs(0.2), 4: runs(-0.1)}
    found = neighbourhood(places, figures_of(by_point, matrix_of(by_point)), 1)
    assert found is not None
    assert (found.neighbours, found.same_sign) == (1, 0)
    by_point = {1: runs(0.2), 3: runs(0.2)}
    found = neighbourhood(places, figures_of(by_point, matrix_of(by_point)), 1)
    assert found is not None
    assert "no neighbour that was run and traded otherwise" in found.sentence
