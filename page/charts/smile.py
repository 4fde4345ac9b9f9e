"""The smile of a chain: mark volatility by strike, one line an expiry, the chosen strikes marked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

from pydantic import JsonValue

from core.values import OptionType, Side
from page.charts.chart import Chart, Figure, Table, layout, line, note


class SmilePoint(NamedTuple):
    """One quote; `chosen` is the side of a leg that we hold, or decided on, None for the rest."""

    expires: date
    strike_usd: float
    option_type: OptionType
    iv_pct: float
    chosen: Side | None


def smile_chart(points: Sequence[SmilePoint], spot_usd: float | None) -> Chart:
    """Mark volatility by strike, of what is out of the money, and of whatever is chosen."""
    shown = sorted(point for point in points if point.chosen is not None or _is_out(point, spot_usd))
    traces: list[JsonValue] = []
    expiries = sorted({point.expires for point in shown})
    for place, (expires, together) in enumerate(groupby(shown, key=lambda point: point.expires)):
        listed = sorted(together, key=lambda point: point.strike_usd)
        colour = COLOURS[place % len(COLOURS)] if len(expiries) > 1 else "--series-1"
        traces.append(
            line(
                [point.strike_usd for point in listed],
                [point.iv_pct for point in listed],
                f"{expires:%d %b %Y}",
                colour,
                hover=".2f",
            )
        )
    traces += [_chosen(shown, side) for side in Side if any(point.chosen is side for point in shown)]
    made = layout(
        {"title": {"text": "strike, USD"}},
        yaxis={"title": {"text": "mark volatility, %"}},
    )
    return Chart(
        name="smile",
        title="The chain's smile",
        says="Mark volatility by strike at the last snapshot, with the chosen strikes.",
        figure={"data": traces, "layout": {**made, **_spot(spot_usd)}},
        table=Table(
            ("expiry", "strike, USD", "type", "mark volatility, %", "chosen"),
            tuple(
                (
                    point.expires.isoformat(),
                    f"{point.strike_usd:,.0f}",
                    point.option_type.value,
                    f"{point.iv_pct:.2f}",
                    "" if point.chosen is None else _WORDS[point.chosen],
                )
                for point in shown
            ),
        ),
    )


COLOURS = ("--series-1", "--series-3", "--series-4", "--series-5", "--ink-quiet")
_WORDS = {Side.SELL: "sold", Side.BUY: "bought"}
_SYMBOLS = {Side.SELL: "circle", Side.BUY: "circle-open"}


def _is_out(point: SmilePoint, spot_usd: float | None) -> bool:
    """Out of the money, where volatilities are quoted best; without an index nothing is left out."""
    if spot_usd is None:
        return True
    return (point.strike_usd >= spot_usd) is (point.option_type is OptionType.CALL)


def _chosen(shown: Sequence[SmilePoint], side: Side) -> Figure:
    ours = [point for point in shown if point.chosen is side]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": _WORDS[side],
        "x": [point.strike_usd for point in ours],
        "y": [point.iv_pct for point in ours],
        "marker": {
            "symbol": _SYMBOLS[side],
            "size": 11,
            "color": "var(--series-2)",
            "line": {"width": 2, "color": "var(--series-2)"},
        },
        "hovertemplate": "%{y:.2f}",
    }


def _spot(spot_usd: float | None) -> Figure:
    """An upright line at the index."""
    if spot_usd is None:
        return {}
    upright: Figure = {
        "type": "line",
        "x0": spot_usd,
        "x1": spot_usd,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": "var(--ink)", "width": 1},
    }
    return {"shapes": [upright], "annotations": [note(spot_usd, f"spot {spot_usd:,.0f}", y=0.99)]}
