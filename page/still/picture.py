"""Draws a figure: lines and areas stretch with the page, words and marks keep their size.

Two SVGs lie over each other. In the lower one, whose units stretch, are grid, lines and areas; in the upper
one stand words and round marks at shares of its size. Colours are the page's own variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from markupsafe import Markup, escape

from page.charts.chart import Figure
from page.charts.thin import thinned
from page.still.axis import Axis, named_axis, number_axis, number_of, time_axis
from page.still.figure import AxisLook, FigureTrace, Layout, Shape, Stroke, Words, layout_of, traces_of

UNITS: Final = 1000
"""Across and down the stretched drawing, whatever its size."""
POINTS_MAX: Final = 300
BAR_FRAC: Final = 0.65
NARROW_TICKS_MAX: Final = 3
"""So many words below a picture have room on a phone; of more, every other is left out there."""
DASHES: Final = {"dash": "8 5", "dot": "2 4"}


def still(figure: Figure) -> Markup:
    """The figure as HTML; what it says to who does not see it stands around it."""
    return _Picture(traces_of(figure), layout_of(figure)).html()


class _Picture:
    def __init__(self, traces: Sequence[FigureTrace], layout: Layout) -> None:
        self._traces = traces
        self._layout = layout
        self._across = _across(traces, layout["xaxis"])
        self._down = {
            name: _Pane(
                _ticked(number_axis(_values(traces, name), _ends(look)), look), _domain(look), _title(look)
            )
            for name, look in (("y", layout.get("yaxis")), ("y2", layout.get("yaxis2")))
            if look is not None
        }

    def html(self) -> Markup:
        title = _title(self._layout["xaxis"])
        return Markup('<div class="still{}" style="height:{}px" aria-hidden="true">{}{}{}</div>').format(
            " titled" if title else "",
            self._layout["height"],
            self._keys(),
            Markup('<svg class="lines" viewBox="0 0 {0} {0}" preserveAspectRatio="none">{1}</svg>').format(
                UNITS, Markup("").join(self._lines())
            ),
            Markup('<svg class="words">{}</svg>').format(Markup("").join(self._words(title))),
        )

    def _keys(self) -> Markup:
        """Which line is which, by its colour, its dashes or its mark."""
        if not self._layout["showlegend"]:
            return Markup("")
        return Markup('<ul class="keys">{}</ul>').format(
            Markup("").join(
                Markup("<li>{}{}</li>").format(_key(trace), trace["name"]) for trace in self._traces
            )
        )

    def _lines(self) -> Iterator[Markup]:
        for pane in self._down.values():
            for value, _ in pane.axis.ticks:
                yield _path("grid", f"M0 {pane.down(value)}H{UNITS}")
        for shape in self._layout.get("shapes", ()):
            if self._shows(shape.get("yref", "y"), shape["y0"]):
                yield self._shape(shape)
        for trace in self._traces:
            pane = self._down[trace.get("yaxis", "y")]
            if trace["type"] == "bar":
                yield from self._bars(trace, pane)
            elif trace["mode"] == "lines":
                yield from self._line(trace, pane)

    def _line(self, trace: FigureTrace, pane: _Pane) -> Iterator[Markup]:
        xs = [number_of(x) for x in trace["x"]]
        points = thinned(list(zip(xs, trace["y"], strict=True)), xs, POINTS_MAX)
        if not points:
            return
        placed = [(round(UNITS * self._across.place(x)), pane.down(y)) for x, y in points]
        stepped = trace["line"].get("shape") == "hv"
        drawn = f"M{placed[0][0]} {placed[0][1]}" + "".join(
            f"H{after[0]}V{after[1]}" if stepped else f"L{after[0]} {after[1]}"
            for before, after in pairwise(placed)
            if after != before
        )
        if "fillcolor" in trace:
            zero = pane.down(0.0)
            area = f"{drawn}V{zero}H{placed[0][0]}Z"
            yield Markup('<path class="area" d="{}" style="fill:{}"/>').format(area, trace["fillcolor"])
        yield _path("", drawn, trace["line"])

    def _bars(self, trace: FigureTrace, pane: _Pane) -> Iterator[Markup]:
        colours = trace["marker"]["color"]
        width = UNITS * BAR_FRAC / (self._across.high - self._across.low)
        for place, value in enumerate(trace["y"]):
            middle = UNITS * self._across.place(place)
            ends = sorted((pane.down(value), pane.down(0.0)))
            yield Markup('<rect x="{:.0f}" y="{}" width="{:.0f}" height="{}" style="fill:{}"/>').format(
                middle - width / 2, ends[0], width, max(ends[1] - ends[0], 1), colours[place]
            )

    def _shape(self, shape: Shape) -> Markup:
        left, right = (self._x(shape["x0"], shape), self._x(shape["x1"], shape))
        top, bottom = (self._y(shape["y1"], shape), self._y(shape["y0"], shape))
        if shape["type"] == "rect":
            return Markup('<rect x="{}" y="{}" width="{}" height="{}" style="fill:{}"/>').format(
                left, top, right - left, bottom - top, shape["fillcolor"]
            )
        return _path("level", f"M{left} {bottom}L{right} {top}", shape["line"])

    def _x(self, value: float, at: Shape | Words) -> int:
        return round(UNITS * (value if at.get("xref") == "paper" else self._across.place(value)))

    def _y(self, value: float, at: Shape | Words) -> int:
        reference = at.get("yref", "y")
        return round(UNITS * (1 - value)) if reference == "paper" else self._down[reference].down(value)

    def _shows(self, reference: str, value: float) -> bool:
        """Whether a level lies within its axis: beyond it, it would be drawn over something else."""
        return reference == "paper" or 0.0 <= self._down[reference].axis.place(value) <= 1.0

    def _words(self, title: str) -> Iterator[Markup]:
        ticks = self._across.ticks
        for place, (value, text) in enumerate(ticks):
            across = UNITS * self._across.place(value)
            left_out = place % 2 and len(ticks) > NARROW_TICKS_MAX
            yield _text(across, UNITS, text, "across other" if left_out else "across")
        for pane in self._down.values():
            for value, text in pane.axis.ticks:
                yield _text(0, pane.down(value), text, "down")
            if pane.title:
                yield _text(0, pane.middle, pane.title, "title")
        if title:
            yield _text(UNITS / 2, UNITS, title, "title below")
        for words in self._layout.get("annotations", ()):
            if self._shows(words.get("yref", "y"), words["y"]):
                yield self._note(words)
        for trace in self._traces:
            if trace["type"] != "bar" and trace["mode"] == "markers":
                yield from self._marks(trace, self._down[trace.get("yaxis", "y")])

    def _note(self, words: Words) -> Markup:
        anchor = {"right": "end", "center": "middle"}.get(words["xanchor"], "")
        side = "above" if words["yanchor"] == "bottom" else "under"
        return _text(
            self._x(words["x"], words),
            self._y(words["y"], words),
            words["text"],
            f"note {side} {anchor}".strip(),
            words["font"]["color"],
        )

    def _marks(self, trace: FigureTrace, pane: _Pane) -> Iterator[Markup]:
        for x, y in zip(trace["x"], trace["y"], strict=True):
            yield Markup('<circle cx="{}" cy="{}" r="5" style="{}"/>').format(
                _share(UNITS * self._across.place(number_of(x))), _share(pane.down(y)), _mark_look(trace)
            )


class _Pane:
    """One axis of values, and the part of the height that is its own, counted from below."""

    def __init__(self, axis: Axis, domain: tuple[float, float], title: str) -> None:
        self.axis = axis
        self.title = title
        self._domain = domain

    def down(self, value: float) -> int:
        """How far below the top a value stands, in units."""
        low, high = self._domain
        return round(UNITS * (1 - low - self.axis.place(value) * (high - low)))

    @property
    def middle(self) -> float:
        return UNITS * (1 - sum(self._domain) / 2)


def _across(traces: Sequence[FigureTrace], look: AxisLook) -> Axis:
    places = [x for trace in traces for x in trace["x"]]
    if look.get("type") == "category":
        return named_axis([str(name) for name in places])
    numbers = [number_of(x) for x in places]
    if look.get("type") == "date":
        return time_axis(numbers, _ends(look))
    return _ticked(number_axis(numbers, _ends(look)), look)


def _ticked(axis: Axis, look: AxisLook) -> Axis:
    """The axis with the ticks that the figure asks for, if it does."""
    if "tickvals" not in look:
        return axis
    return replace(axis, ticks=tuple(zip(look["tickvals"], look["ticktext"], strict=True)))


def _values(traces: Sequence[FigureTrace], name: str) -> list[float]:
    """What an axis of values has to show; bars and areas begin at zero."""
    ours = [trace for trace in traces if trace.get("yaxis", "y") == name]
    at_zero = any(trace["type"] == "bar" or "fillcolor" in trace for trace in ours)
    return [y for trace in ours for y in trace["y"]] + [0.0] * at_zero


def _ends(look: AxisLook) -> tuple[float, float] | None:
    if "range" not in look:
        return None
    low, high = look["range"]
    return number_of(low), number_of(high)


def _domain(look: AxisLook) -> tuple[float, float]:
    low, high = look.get("domain", (0.0, 1.0))
    return low, high


def _title(look: AxisLook) -> str:
    return look["title"]["text"] if "title" in look else ""


def _path(kind: str, drawn: str, stroke: Stroke | None = None) -> Markup:
    look = "" if stroke is None else f"stroke:{stroke['color']}"
    if stroke is not None and stroke.get("dash") in DASHES:
        look += f";stroke-dasharray:{DASHES[stroke['dash']]}"
    named = Markup(' class="{}"').format(kind) if kind else ""
    styled = Markup(' style="{}"').format(look) if look else ""
    return Markup('<path{}{} d="{}"/>').format(named, styled, drawn)


def _text(x: float, y: float, text: str, kind: str, colour: str = "") -> Markup:
    styled = Markup(' style="fill:{}"').format(colour) if colour else ""
    return Markup('<text x="{}" y="{}" class="{}"{}>{}</text>').format(
        _share(x), _share(y), kind, styled, escape(text)
    )


def _share(units: float) -> str:
    return f"{100 * units / UNITS:.4g}%"


def _key(trace: FigureTrace) -> Markup:
    if trace["mode"] == "markers":
        drawn = Markup('<circle cx="11" cy="6" r="4.5" style="{}"/>').format(_mark_look(trace))
    else:
        drawn = _path("", "M0 6H22", trace["line"])
    return Markup('<svg width="22" height="12">{}</svg>').format(drawn)


def _mark_look(trace: FigureTrace) -> str:
    colour = trace["marker"]["color"]
    if trace["marker"].get("symbol") == "circle-open":
        return f"stroke:{colour};fill:none"
    return f"stroke:{colour};fill:{colour}"
