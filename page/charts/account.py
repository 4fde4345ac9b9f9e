"""The account beside plainly held ETH, what trades realised and gave back, and the P&L by month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate
from typing import Literal

from pydantic import JsonValue

from core.statistics.account import AccountPoint
from core.statistics.performance import Group
from page.charts.chart import (
    TABLE_ROWS_MAX,
    Chart,
    Table,
    eth,
    layout,
    minute,
    time_line,
    two_panes,
    usd,
)
from page.charts.thin import thinned


def account_chart(points: Sequence[AccountPoint], unit: Literal["usd", "eth"]) -> Chart:
    """Equity at the venue, beside that of whoever had kept the first equity in ETH and done nothing."""
    held_eth = points[0].equity_eth if points else 0.0
    if unit == "usd":
        equity = [(point.at, point.equity_usd) for point in points]
        holding = [(point.at, held_eth * point.spot_usd) for point in points]
    else:
        equity = [(point.at, point.equity_eth) for point in points]
        holding = [(point.at, held_eth) for point in points]
    hover = ",.2f" if unit == "usd" else ".6f"
    traces: list[JsonValue] = [
        time_line(equity, "account", "--series-1", hover=hover),
        time_line(holding, "holding ETH", "--series-4", hover=hover, dash="dash"),
    ]
    name = unit.upper()
    digits = ",.2f" if unit == "usd" else ".8f"
    by_equity = [((at, value, held), value) for (at, value), (_, held) in zip(equity, holding, strict=True)]
    some = thinned(by_equity, [at.timestamp() for at, _ in equity], TABLE_ROWS_MAX)
    return Chart(
        name=f"equity-{unit}",
        title=f"Equity in {name}",
        says=f"The account's equity in {name} over time, against holding the first equity in ETH.",
        figure={
            "data": traces,
            "layout": layout(
                {"type": "date", "nticks": 7},
                yaxis={"title": {"text": name}},
            ),
        },
        table=Table(
            ("UTC", f"account, {name}", f"holding ETH, {name}"),
            tuple((minute(at), f"{value:{digits}}", f"{held:{digits}}") for (at, value, held), _ in some),
        ),
    )


def realised_chart(curve: Sequence[tuple[datetime, float]]) -> Chart:
    """The P&L in USD that closed trades made, as steps, and how far it stood below its highest point.

    `curve` is that of `core.statistics.curve.cumulated`.
    """
    peaks = accumulate((value for _, value in curve), max)
    falls = [(at, value - peak) for (at, value), peak in zip(curve, peaks, strict=True)]
    fall = time_line(falls, "below the peak", "--series-2", hover="+,.2f", axis="2", shape="hv")
    traces: list[JsonValue] = [
        time_line(curve, "closed trades", "--series-1", hover="+,.2f", shape="hv"),
        {**fall, "fill": "tozeroy", "fillcolor": "var(--fall)"},
    ]
    below: dict[str, JsonValue] = {"title": {"text": "drawdown"}}
    if not any(fallen for _, fallen in falls):
        # Of a line at zero an axis would reach as far above it, where no drawdown is.
        below["range"] = [-1.0, 0.05]
    made = two_panes({"type": "date", "nticks": 7}, {"title": {"text": "P&L, USD"}}, below)
    by_value = [((at, value, fallen), value) for (at, value), (_, fallen) in zip(curve, falls, strict=True)]
    some = thinned(by_value, [at.timestamp() for at, _ in curve], TABLE_ROWS_MAX)
    return Chart(
        name="drawdown",
        title="Closed trades and drawdown",
        says="Profit and loss of closed trades in USD added up, and how far it stood below its peak.",
        figure={"data": traces, "layout": made},
        table=Table(
            ("UTC", "closed trades, USD", "below the peak, USD"),
            tuple((minute(at), usd(value), usd(fallen)) for (at, value, fallen), _ in some),
        ),
    )


def months_chart(months: Sequence[Group]) -> Chart:
    """The P&L in USD of the trades that closed in each month: a bar each, up or down."""
    bars: dict[str, JsonValue] = {
        "type": "bar",
        "name": "P&L",
        "x": [month.name for month in months],
        "y": [float(month.pnl_usd) for month in months],
        "customdata": [[eth(float(month.pnl_eth)), str(month.trades)] for month in months],
        "hovertemplate": "%{y:+,.2f} USD<br>%{customdata[0]} ETH<br>%{customdata[1]} trades<extra></extra>",
        "marker": {"color": [_sign_colour(month.pnl_usd) for month in months]},
    }
    made = layout(
        {"type": "category"},
        height=260,
        yaxis={"title": {"text": "P&L, USD"}},
    )
    return Chart(
        name="months",
        title="By month",
        says="Profit and loss in USD of the trades closed in each month.",
        figure={"data": [bars], "layout": {**made, "showlegend": False, "bargap": 0.35}},
        table=Table(
            ("month", "trades", "won", "P&L, ETH", "P&L, USD"),
            tuple(
                (
                    month.name,
                    str(month.trades),
                    str(month.wins),
                    f"{month.pnl_eth:+.8f}",
                    f"{month.pnl_usd:+,.2f}",
                )
                for month in months
            ),
        ),
    )


def _sign_colour(amount: Decimal) -> str:
    return "var(--series-1)" if amount >= 0 else "var(--series-2)"
