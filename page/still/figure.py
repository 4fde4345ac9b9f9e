"""What a still picture reads of a figure for plotly: as much of plotly's form as `page/charts/` writes."""

from __future__ import annotations

from typing import TypedDict, cast

from page.charts.chart import Figure

Place = float | str
"""A value of an axis: a number, a time as `page.charts.chart.instant` writes it, or a name."""


class Stroke(TypedDict, total=False):
    color: str
    width: float
    dash: str
    shape: str


class Marker(TypedDict, total=False):
    color: str | list[str]
    symbol: str


class Title(TypedDict):
    text: str


class Trace(TypedDict, total=False):
    type: str
    mode: str
    name: str
    x: list[Place]
    y: list[float]
    yaxis: str
    line: Stroke
    marker: Marker
    fillcolor: str


class Shape(TypedDict, total=False):
    """A line or a band; `paper` as a reference means fractions of the whole plot, from its lower left."""

    type: str
    xref: str
    yref: str
    x0: float
    x1: float
    y0: float
    y1: float
    line: Stroke
    fillcolor: str


class Font(TypedDict):
    color: str


class Words(TypedDict, total=False):
    text: str
    x: float
    y: float
    xref: str
    yref: str
    xanchor: str
    yanchor: str
    font: Font


class AxisLook(TypedDict, total=False):
    type: str
    title: Title
    range: list[Place]
    domain: list[float]
    tickvals: list[float]
    ticktext: list[str]


class Layout(TypedDict, total=False):
    height: int
    showlegend: bool
    xaxis: AxisLook
    yaxis: AxisLook
    yaxis2: AxisLook
    shapes: list[Shape]
    annotations: list[Words]


def traces_of(figure: Figure) -> list[Trace]:
    return cast("list[Trace]", figure["data"])


def layout_of(figure: Figure) -> Layout:
    return cast("Layout", figure["layout"])
