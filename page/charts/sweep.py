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
    """Colours are told apart from the middle, zero; each cell says its number, too."""
    known = [abs(cell) for row in facts.cells for cell in row if cell is not None]
    bound = max(known, default=0.0) or 1.0
    places: list[JsonValue] = list(range(len(facts.ys)))
    return Chart(
        name=facts.name,
        title=f"{facts.y} against {facts.x}",
        says=f"Mean r a week for each step of {facts.x} and {facts.y}, over all points that have them.",
        figure={
            "data": [
                {
                    "type": "heatmap",
                    "x": list(facts.xs),
                    "y": places,
                    "customdata": [[label] * len(facts.xs) for label in facts.ys],
                    "z": [list(row) for row in facts.cells],
                    "zmin": -bound,
                    "zmax": bound,
                    "colorscale": [
                        [0.0, "var(--series-2)"],
                        [0.5, "var(--surface)"],
                        [1.0, "var(--series-1)"],
                    ],
                    "texttemplate": "%{z:.4f}",
                    "hovertemplate": "%{customdata}<br>%{x}<br>%{z:.4f}<extra></extra>",
                    "xgap": 2,
                    "ygap": 2,
                    "showscale": False,
                }
            ],
            "layout": {
                **layout(
                    {"type": "category", "title": {"text": facts.x}},
                    yaxis={"title": {"text": facts.y}, "tickvals": places, "ticktext": list(facts.ys)},
                ),
                "hovermode": "closest",
                "showlegend": False,
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


def parallel_chart(axes: Sequence[str], points: Sequence[LineFacts]) -> Chart:
    """Each point is a line through its settings to its mean r, on the right; the best tenth stands out."""
    ordered = sorted(points, key=lambda point: point.mean_r)
    drawn = ordered
    if len(ordered) > LINES_MAX:
        drawn = [*ordered[: LINES_MAX // 2], *ordered[-LINES_MAX // 2 :]]
    best = {id(point) for point in ordered[-max(1, round(BEST_SHARE * len(ordered))) :]}
    low, high = (ordered[0].mean_r, ordered[-1].mean_r) if ordered else (0.0, 0.0)
    names: list[JsonValue] = [*axes, "mean r a week"]
    traces: list[JsonValue] = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": point.label,
            "x": names,
            "y": [*point.places, (point.mean_r - low) / (high - low) if high > low else 0.5],
            "text": [*point.words, f"{point.mean_r:+.4f}"],
            "hovertemplate": "%{x} %{text}",
            "line": {
                "color": "var(--series-1)" if id(point) in best else "var(--series-4)",
                "width": 2 if id(point) in best else 1,
            },
            "opacity": 1.0 if id(point) in best else 0.35,
        }
        for point in drawn
    ]
    return Chart(
        name="parallel",
        title="Every point through its settings",
        says="Each point is a line through its settings to its mean r a week; the best tenth stands out.",
        figure={
            "data": traces,
            "layout": {
                **layout(
                    {"type": "category"},
                    yaxis={"showticklabels": False, "range": [-0.05, 1.05], "zeroline": False},
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
