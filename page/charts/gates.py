"""DVOL, realised volatility and the premium between them over time, with the gates of the entry drawn in."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from page.charts.chart import (
    TABLE_ROWS_MAX,
    Chart,
    Series,
    Table,
    drawn,
    layout,
    level,
    minute,
    spanning,
    time_line,
    two_panes,
)


@dataclass(frozen=True, slots=True)
class VolatilityFacts:
    """Volatilities over time in points, and where the entry's gates stand."""

    dvol: Series
    rv14: Series
    premium: Series
    dvol_min_pts: float
    dvol_max_pts: float
    premium_min_pts: float


def gates_chart(facts: VolatilityFacts) -> Chart:
    """DVOL and RV14 above between the gates of DVOL, the premium below with its own."""
    volatilities = ((facts.dvol, "DVOL", "--series-1"), (facts.rv14, "RV14", "--series-3"))
    # A key without a line would promise what is not there.
    traces: list[JsonValue] = [
        time_line(series, name, colour, hover=".2f") for series, name, colour in volatilities if series
    ]
    marks = [
        level(facts.dvol_min_pts, "--gate", f"DVOL at least {facts.dvol_min_pts:g}"),
        level(facts.dvol_max_pts, "--gate", f"DVOL at most {facts.dvol_max_pts:g}"),
    ]
    upper = [value for _, value in (*facts.dvol, *facts.rv14)] + [facts.dvol_min_pts, facts.dvol_max_pts]
    above: dict[str, JsonValue] = {"title": {"text": "points"}, **spanning(*upper)}
    if facts.premium:
        traces.append(time_line(facts.premium, "premium", "--series-2", hover="+.2f", axis="2"))
        marks.append(
            level(facts.premium_min_pts, "--gate", f"premium at least {facts.premium_min_pts:g}", "2")
        )
        lower = [value for _, value in facts.premium] + [facts.premium_min_pts]
        below: dict[str, JsonValue] = {"title": {"text": "premium"}, **spanning(*lower)}
        made = two_panes({"type": "date", "nticks": 7}, above, below)
    else:
        made = layout({"type": "date", "nticks": 7}, yaxis=above)
    return Chart(
        name="gates",
        title="Volatility and the gates",
        says="DVOL, realised volatility of 14 days and the premium between them, with the entry's gates.",
        figure={
            "data": traces,
            "layout": {
                **made,
                "shapes": [line for line, _ in marks],
                "annotations": [text for _, text in marks],
            },
        },
        table=_table(facts),
    )


def _table(facts: VolatilityFacts) -> Table:
    """At some times of DVOL: what was the last RV14 and premium then."""
    return Table(
        ("UTC", "DVOL", "RV14", "premium"),
        tuple(
            (
                minute(at),
                f"{value:.2f}",
                _last_before(facts.rv14, at, ".2f"),
                _last_before(facts.premium, at, "+.2f"),
            )
            for at, value in drawn(facts.dvol, TABLE_ROWS_MAX)
        ),
    )


def _last_before(series: Series, at: datetime, form: str) -> str:
    """The newest value at that time, or a dash."""
    place = bisect_right(series, at, key=lambda point: point[0])
    return f"{series[place - 1][1]:{form}}" if place else "-"
