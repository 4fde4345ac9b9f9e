"""Which settings matter: one changed at a time, over common markets, and how the neighbours of a point do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from lab.research.axes import SettingAxis, Values, named_axis
from lab.research.figures import PointFigures
from lab.research.found import FoundRun

Place = tuple[int, ...]
"""A step of each axis."""


@dataclass(frozen=True)
class Paired:
    """A mean difference over markets. `error` is its standard error; None for one market."""

    mean: float
    error: float | None


@dataclass(frozen=True)
class Change:
    """What one step of one axis changes against the chosen point, market by market."""

    axis: str
    values: Values
    markets: int
    pnl_usd: Paired
    trades: Paired
    drawdown_usd: Paired


@dataclass(frozen=True)
class HeatMap:
    """Mean r a week over all points at two steps: `cells[y][x]`; None where no point could run."""

    x: str
    y: str
    xs: tuple[str, ...]
    ys: tuple[str, ...]
    cells: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class Neighbourhood:
    """The chosen point beside those that are one step of one axis away."""

    number: int
    mean_r: float
    neighbours: int
    neighbours_mean_r: float | None
    worst_r: float | None
    same_sign: int

    @property
    def sentence(self) -> str:
        """How stable it is, in words."""
        if self.neighbours_mean_r is None or self.worst_r is None:
            return (
                f"point {self.number} has no neighbour that was run and traded otherwise: nothing is known "
                "of its surroundings"
            )
        return (
            f"point {self.number} has mean r {self.mean_r:+.3f} a week, its {self.neighbours} neighbours "
            f"{self.neighbours_mean_r:+.3f} on average and {self.worst_r:+.3f} at worst; {self.same_sign} of "
            "them have its sign"
        )


class Places:
    """Where each point stands among the axes."""

    def __init__(self, axes: Sequence[SettingAxis], values: Mapping[int, Values]) -> None:
        """`values` are those of each point by its number."""
        self.axes = tuple(axes)
        steps = [{axis.at(step): step for step in range(len(axis.steps))} for axis in axes]
        self.of: dict[int, Place] = {}
        for number, listed in values.items():
            place, start = [], 0
            for axis, known in zip(axes, steps, strict=True):
                place.append(known[listed[start : start + len(axis.keys)]])
                start += len(axis.keys)
            self.of[number] = tuple(place)
        self.at = {place: number for number, place in self.of.items()}


def changes(places: Places, by_point: Mapping[int, Sequence[FoundRun]], chosen: int) -> tuple[Change, ...]:
    """Every other step of every axis, with all else as in the chosen point."""
    here = places.of[chosen]
    made = []
    for number, axis in enumerate(places.axes):
        for step in range(len(axis.steps)):
            other = places.at.get((*here[:number], step, *here[number + 1 :]))
            if step == here[number] or other is None or other not in by_point:
                continue
            pairs = list(zip(by_point[other], by_point[chosen], strict=True))
            made.append(
                Change(
                    axis=named_axis(axis),
                    values=axis.at(step),
                    markets=len(pairs),
                    pnl_usd=_paired([float(a.pnl_usd - b.pnl_usd) for a, b in pairs]),
                    trades=_paired([float(len(a.trades) - len(b.trades)) for a, b in pairs]),
                    drawdown_usd=_paired([a.drawdown_usd - b.drawdown_usd for a, b in pairs]),
                )
            )
    return tuple(made)


def heat_maps(places: Places, figures: Sequence[PointFigures]) -> tuple[HeatMap, ...]:
    """One for each two axes that have more than one step."""
    wide = [place for place, axis in enumerate(places.axes) if len(axis.steps) > 1]
    means = {places.of[each.number]: each.mean_r for each in figures}
    return tuple(
        HeatMap(
            x=named_axis(places.axes[x]),
            y=named_axis(places.axes[y]),
            xs=_labels(places.axes[x]),
            ys=_labels(places.axes[y]),
            cells=tuple(
                tuple(
                    _mean(
                        [mean for place, mean in means.items() if place[x] == step_x and place[y] == step_y]
                    )
                    for step_x in range(len(places.axes[x].steps))
                )
                for step_y in range(len(places.axes[y].steps))
            ),
        )
        for x, y in combinations(wide, 2)
    )


def neighbourhood(places: Places, figures: Sequence[PointFigures], chosen: int) -> Neighbourhood | None:
    """None if the chosen point has no mean.

    A neighbour of the very same figures is the point once more, by a setting that changes nothing: it would
    praise the point by itself, and is left out.
    """
    at = {places.of[each.number]: each for each in figures}
    here = places.of[chosen]
    mean = at[here].mean_r
    if mean is None:
        return None
    beside = [
        at.get((*here[:axis], step, *here[axis + 1 :]))
        for axis in range(len(here))
        for step in (here[axis] - 1, here[axis] + 1)
    ]
    around = [
        found.mean_r
        for found in beside
        if found is not None and found.mean_r is not None and replace(found, number=chosen) != at[here]
    ]
    return Neighbourhood(
        number=chosen,
        mean_r=mean,
        neighbours=len(around),
        neighbours_mean_r=_mean(around),
        worst_r=min(around, default=None),
        same_sign=sum((other > 0) == (mean > 0) for other in around),
    )


def _labels(axis: SettingAxis) -> tuple[str, ...]:
    return tuple(", ".join(step) for step in axis.steps)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def _paired(differences: Sequence[float]) -> Paired:
    count = len(differences)
    mean = math.fsum(differences) / count
    if count < 2:
        return Paired(mean, None)
    variance = math.fsum((each - mean) ** 2 for each in differences) / (count - 1)
    return Paired(mean, math.sqrt(variance / count))
