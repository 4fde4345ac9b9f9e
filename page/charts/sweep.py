"""The points of a sweep: heat maps of two settings, and every point as a line through all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from page.charts.chart import Chart, Table, layout

LINES_MAX: Final = 300
"""More lines are one dark area: of more points the best and the worst are drawn."""
BEST_SHARE: Final = 0.1
HALF: Final = 0.48
"""Of a cell's width; between two cells the ground is seen."""
FAINT: Final = 0.1


@dataclass(frozen=True, slots=True)
class HeatFacts:
    """Mean r a week at two settings, `cells[y][x]`; None where no point could run."""

    name: str
    x: str
    y: str
    xs: tuple[str, ...]
    ys: tuple[str, ...]
    cells: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class LineFacts:
    """A point as a line: its steps of each setting, from 0 to 1 and in words, and its mean r a week."""

    label: str
    places: tuple[float, ...]
    words: tuple[str, ...]
    mean_r: float


def heat_chart(facts: HeatFacts) -> Chart:
    """Each cell says its number, and is the stronger coloured the further it is from zero."""
    cells = [
        (float(x), float(y), cell)
        for y, row in enumerate(facts.cells)
        for x, cell in enumerate(row)
        if cell is not None
    ]
    bound = max((abs(cell) for *_, cell in cells), default=0.0) or 1.0
    return Chart(
        name=facts.name,
        title=f"{facts.y} against {facts.x}",
        says=f"Mean r a week for each step of {facts.x} and {facts.y}, over all points that have them.",
        figure={
            "data": [{"type": "scatter", "mode": "lines", "name": "cells", "x": [], "y": [], "line": {}}],
            "layout": {
                **layout(_steps(facts.x, facts.xs), yaxis=_steps(facts.y, facts.ys)),
                "hovermode": False,
                "showlegend": False,
                "shapes": [
                    {
                        "type": "rect",
                        "x0": x - HALF,
                        "x1": x + HALF,
                        "y0": y - HALF,
                        "y1": y + HALF,
                        "fillcolor": _colour(cell / bound),
                        "line": {"width": 0},
                        "layer": "below",
                    }
                    for x, y, cell in cells
                ],
                "annotations": [
                    {
                        "x": x,
                        "y": y,
                        "text": f"{cell:+.4f}",
                        "showarrow": False,
                        "xanchor": "center",
                        "yanchor": "middle",
                        "font": {"size": 12, "color": "var(--ink)"},
                    }
                    for x, y, cell in cells
                ],
            },
        },
        table=Table(
            (facts.y, *facts.xs),
            tuple(
                (label, *("-" if cell is None else f"{cell:+.4f}" for cell in row))
                for label, row in zip(facts.ys, facts.cells, strict=True)
            ),
        ),
    )


def _steps(title: str, words: Sequence[str]) -> dict[str, JsonValue]:
    """An axis of steps, each with its words."""
    return {
        "type": "linear",
        "title": {"text": title},
        "range": [-0.5, len(words) - 0.5],
        "tickvals": list(range(len(words))),
        "ticktext": list(words),
        "zeroline": False,
    }


def _colour(share: float) -> str:
    """By how far a cell is from zero, as a share of the furthest; gains and losses have a colour each."""
    if abs(share) < FAINT:
        return "var(--surface)"
    return "var(--band)" if share > 0.0 else "var(--fall)"


def parallel_chart(axes: Sequence[str], points: Sequence[LineFacts]) -> Chart:
    """Each point is a line through its settings to its mean r, on the right; the best tenth stands out."""
    ordered = sorted(points, key=lambda point: point.mean_r)
    drawn = ordered
    if len(ordered) > LINES_MAX:
        drawn = [*ordered[: LINES_MAX // 2], *ordered[-LINES_MAX // 2 :]]
    best = {id(point) for point in ordered[-max(1, round(BEST_SHARE * len(ordered))) :]}
    low, high = (ordered[0].mean_r, ordered[-1].mean_r) if ordered else (0.0, 0.0)
    # Names of settings are long: below a narrow chart they would lie over each other.
    signs = [*(str(number) for number, _ in enumerate(axes, start=1)), "r"]
    named = ", ".join(f"{sign} {axis}" for sign, axis in zip(signs, axes, strict=False))
    traces: list[JsonValue] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": point.label,
            "x": list(range(len(signs))),
            "y": [*point.places, (point.mean_r - low) / (high - low) if high > low else 0.5],
            "text": [*point.words, f"{point.mean_r:+.4f}"],
            "hovertemplate": "%{text}",
            "line": {
                "color": "var(--series-1)" if id(point) in best else "var(--rule)",
                "width": 2 if id(point) in best else 1,
            },
        }
        for point in drawn
    ]
    return Chart(
        name="parallel",
        title="Every point through its settings",
        says=f"Each point is a line through its settings ({named}) to its mean r a week (r); the best tenth "
        "stands out.",
        figure={
            "data": traces,
            "layout": {
                **layout(
                    {
                        "type": "linear",
                        "range": [-0.2, len(signs) - 0.8],
                        "tickvals": list(range(len(signs))),
                        "ticktext": list(signs),
                    },
                    yaxis={"range": [-0.05, 1.05], "tickvals": [], "ticktext": [], "zeroline": False},
                ),
                "hovermode": "closest",
                "showlegend": False,
            },
        },
        table=Table(
            ("point", *axes, "mean r a week"),
            tuple((point.label, *point.words, f"{point.mean_r:+.4f}") for point in reversed(drawn)),
        ),
    )
