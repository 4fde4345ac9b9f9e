"""Where the index and the P&L of a position went since its entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import JsonValue

from page.charts.chart import (
    TABLE_ROWS_MAX,
    Chart,
    Table,
    eth,
    instant,
    layout,
    level,
    minute,
    spanning,
    time_line,
    two_panes,
    usd,
)
from page.charts.thin import thinned


class PathPoint(NamedTuple):
    """The index and the position's P&L at the marks of one snapshot; None where a leg had no mark."""

    at: datetime
    spot_usd: float
    pnl_eth: float | None
    pnl_usd: float | None


def path_chart(
    points: Sequence[PathPoint], strikes_usd: Sequence[float], short_usd: Sequence[float]
) -> Chart:
    """Index above with the strikes, P&L in USD below; `short_usd` are those of the strikes that were sold."""
    pnl = [(point.at, point.pnl_usd) for point in points if point.pnl_usd is not None]
    traces: list[JsonValue] = [
        time_line([(point.at, point.spot_usd) for point in points], "index", "--series-1", hover=",.2f"),
    ]
    marks = [
        level(
            strike,
            "--ink-quiet" if strike in short_usd else "--ink-faint",
            f"{'short' if strike in short_usd else 'long'} {strike:,.0f}",
        )
        for strike in strikes_usd
    ]
    spots = [point.spot_usd for point in points]
    across: dict[str, JsonValue] = {"type": "date", "nticks": 7, **_from_to(points)}
    above: dict[str, JsonValue] = {"title": {"text": "index, USD"}, **spanning(*spots, *short_usd)}
    if pnl:
        traces.append(time_line(pnl, "P&L", "--series-2", hover="+,.2f", axis="2"))
        made = two_panes(across, above, {"title": {"text": "P&L, USD"}})
    else:
        made = layout(across, yaxis=above)
    return Chart(
        name="path",
        title="Since the entry",
        says="The index and the profit or loss of the position since its entry.",
        figure={
            "data": traces,
            "layout": {
                **made,
                "shapes": [line for line, _ in marks],
                "annotations": [text for _, text in marks],
            },
        },
        table=_table(points),
    )


def _from_to(points: Sequence[PathPoint]) -> dict[str, JsonValue]:
    """The axis ends with the data; plotly would leave it a year wide without any."""
    return {"range": [instant(points[0].at), instant(points[-1].at)]} if len(points) > 1 else {}


def _table(points: Sequence[PathPoint]) -> Table:
    """Some of the points, those with the highest and lowest index among them."""
    by_spot = [(point, point.spot_usd) for point in points]
    some = thinned(by_spot, [point.at.timestamp() for point in points], TABLE_ROWS_MAX)
    return Table(
        ("UTC", "index, USD", "P&L, ETH", "P&L, USD"),
        tuple(
            (
                minute(point.at),
                f"{point.spot_usd:,.2f}",
                "no mark" if point.pnl_eth is None else eth(point.pnl_eth),
                "no mark" if point.pnl_usd is None else usd(point.pnl_usd),
            )
            for point, _ in some
        ),
    )
