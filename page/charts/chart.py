"""A chart: what plotly draws, and the same as a table of text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import JsonValue

from page.charts.thin import POINTS_MAX, thinned

Figure = dict[str, JsonValue]
"""`data` and `layout` as `Plotly.react` takes them."""
TABLE_ROWS_MAX = 24
_NUMBER = re.compile(r"[+-]?[\d,]+(\.\d+)?")
_NO_WORDS = re.compile(rf"{_NUMBER.pattern}|-|no mark|")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a head, each cell with its digits; the units stand in the head."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def columns(self) -> tuple[Literal["number", "words"], ...]:
        """How each column is aligned: as numbers if a row has one there and none has words."""
        return tuple(
            "number"
            if any(map(_NUMBER.fullmatch, cells)) and all(map(_NO_WORDS.fullmatch, cells))
            else "words"
            for cells in (tuple(row[place] for row in self.rows) for place in range(len(self.head)))
        )


@dataclass(frozen=True, slots=True)
class Chart:
    """`name` is its place in an address, `says` what it shows, in a sentence for who does not see it."""

    name: str
    title: str
    says: str
    figure: Figure
    table: Table


Series = Sequence[tuple[datetime, float]]
"""Values by time, in time order."""


def drawn(series: Series, limit: int = POINTS_MAX) -> list[tuple[datetime, float]]:
    """A series as it is drawn: thinned where it has more points than a screen has columns for."""
    return thinned(series, [at.timestamp() for at, _ in series], limit)


def line(
    xs: Iterable[JsonValue],
    ys: Iterable[float],
    name: str,
    colour: str,
    *,
    hover: str,
    axis: str = "",
    dash: str = "solid",
    shape: str = "linear",
) -> dict[str, JsonValue]:
    """One line. `colour` is a variable's name, `axis` the suffix of its y axis, `hover` the value's form."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(xs),
        "y": list(ys),
        "yaxis": f"y{axis}",
        "line": {"color": f"var({colour})", "width": 2, "dash": dash, "shape": shape},
        "hovertemplate": f"%{{y:{hover}}}",
    }


def time_line(
    series: Series,
    name: str,
    colour: str,
    *,
    hover: str,
    axis: str = "",
    dash: str = "solid",
    shape: str = "linear",
) -> dict[str, JsonValue]:
    """One line over time, thinned. A single point is a mark, as no line goes through one."""
    points = drawn(series)
    made = line(
        (instant(at) for at, _ in points),
        (value for _, value in points),
        name,
        colour,
        hover=hover,
        axis=axis,
        dash=dash,
        shape=shape,
    )
    return made if len(points) > 1 else {**made, "mode": "markers", "marker": {"color": f"var({colour})"}}


def layout(xaxis: dict[str, JsonValue], height: int = 300, **axes: dict[str, JsonValue]) -> Figure:
    """The look that all charts share: quiet grid, legend on top, one label for all lines at the pointer."""
    return {
        "height": height,
        "margin": {"l": 58, "r": 14, "t": 34, "b": 34},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "var(--typeface)", "size": 12, "color": "var(--ink-quiet)"},
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": "var(--surface)",
            "bordercolor": "var(--rule)",
            "font": {"color": "var(--ink)", "family": "var(--typeface)", "size": 12},
        },
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": "var(--ink-faint)",
            "activecolor": "var(--ink)",
        },
        "legend": {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"},
        "showlegend": True,
        "xaxis": {**_AXIS, **xaxis},
        # Without a value plotly knows no type of an axis, and draws levels on it at NaN.
        **{name: {**_AXIS, "type": "linear", **axis} for name, axis in axes.items()},
    }


def two_panes(
    xaxis: dict[str, JsonValue], above: dict[str, JsonValue], below: dict[str, JsonValue]
) -> Figure:
    """The same with a second, smaller pane below. Both need a value: without one plotly draws at NaN."""
    return layout(
        {**xaxis, "anchor": "y2"},
        height=380,
        yaxis={"domain": [0.44, 1], **above},
        yaxis2={"domain": [0, 0.36], **below},
    )


_AXIS: dict[str, JsonValue] = {
    "gridcolor": "var(--grid)",
    "linecolor": "var(--rule)",
    "zerolinecolor": "var(--rule)",
    "zerolinewidth": 1,
    # As many digits as the steps need, with the thousands apart; never 12k.
    "separatethousands": True,
    "exponentformat": "none",
    "automargin": True,
}


def spanning(*values: float) -> dict[str, JsonValue]:
    """The range of an axis that shows all of these: plotly looks at lines of data alone, not at levels."""
    if not values:
        return {}
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 1.0
    return {"range": [low - room, high + room]}


def level(value: float, colour: str, text: str, axis: str = "") -> tuple[Figure, Figure]:
    """A dashed line across the chart at a value of the y axis, and the words at its right end."""
    across: Figure = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "yref": f"y{axis}",
        "y0": value,
        "y1": value,
        "line": {"color": f"var({colour})", "width": 1, "dash": "dash"},
    }
    words: Figure = {
        "xref": "paper",
        "x": 1,
        "xanchor": "right",
        "yref": f"y{axis}",
        "y": value,
        "yanchor": "bottom",
        "text": text,
        "showarrow": False,
        "font": {"size": 11, "color": f"var({colour})"},
    }
    return across, words


def note(x: float, text: str, *, y: float, right: bool = False) -> Figure:
    """Labelled beside an upright line, at a height from 0 to 1; lines that run below them stay apart."""
    return {
        "x": x,
        "xanchor": "right" if right else "left",
        "xshift": -2 if right else 2,
        "yref": "paper",
        "y": y,
        "yanchor": "bottom" if y < 0.5 else "top",
        "text": text,
        "showarrow": False,
        "bgcolor": "var(--surface)",
        "borderpad": 1,
        "font": {"size": 11, "color": "var(--ink-quiet)"},
    }


def instant(at: datetime) -> str:
    """A time as plotly reads it; it knows no zones and shows what it is given: UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def minute(at: datetime) -> str:
    """A time in a table, UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def eth(amount_eth: float) -> str:
    return f"{amount_eth:+.8f}"


def usd(amount_usd: float) -> str:
    return f"{amount_usd:+,.2f}"
