"""What each chart shows, in its figure as in its table."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.pricing.inverse import pnl_eth
from page.charts import (
    POINTS_MAX,
    Chart,
    LineFacts,
    account_chart,
    gates_chart,
    heat_chart,
    months_chart,
    parallel_chart,
    path_chart,
    payoff_chart,
    realised_chart,
    smile_chart,
)
from tests.page.charts.examples import (
    ACCOUNT,
    CONDOR,
    GATES,
    HEAT,
    LINES,
    PATH,
    SMILE,
    START,
    days,
    every_chart,
)

PALETTE = (Path(__file__).resolve().parents[3] / "page" / "static" / "palette.css").read_text("utf-8")


def figure(chart: Chart) -> Any:
    """The figure as the browser reads it."""
    return json.loads(json.dumps(chart.figure, allow_nan=False))


def named(chart: Chart, name: str) -> Any:
    return next(trace for trace in figure(chart)["data"] if trace["name"] == name)


@pytest.mark.parametrize("chart", every_chart(), ids=lambda chart: chart.name)
def test_every_colour_of_a_chart_is_in_the_palette_light_and_dark(chart: Chart) -> None:
    text = json.dumps(chart.figure)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", text)
    for name in set(re.findall(r"var\((--[^)]*)\)", text)) - {"--typeface"}:
        assert PALETTE.count(f" {name}:") == 3, name


@pytest.mark.parametrize("chart", every_chart(), ids=lambda chart: chart.name)
def test_every_chart_has_a_table_with_a_cell_for_each_head(chart: Chart) -> None:
    assert chart.table.rows
    assert {len(row) for row in chart.table.rows} == {len(chart.table.head)}
    assert chart.says.endswith(".")


@pytest.mark.parametrize("chart", every_chart(), ids=lambda chart: chart.name)
def test_no_axis_has_a_form_that_plotly_spoils(chart: Chart) -> None:
    """It puts a `~` before one with a sign, and warns of what it made."""
    forms = re.findall(r'"tickformat": "([^"]*)"', json.dumps(chart.figure))
    assert not any(form.startswith("+") for form in forms)


def test_a_column_of_numbers_is_told_from_one_of_words() -> None:
    chart = path_chart(PATH, (2600.0, 2800.0), (2800.0,))
    assert chart.table.columns == ("words", "number", "number", "number")
    assert months_chart([]).table.columns == ("words",) * 5


@pytest.mark.parametrize("chart", every_chart(), ids=lambda chart: chart.name)
def test_every_axis_of_values_has_its_type_also_without_a_value(chart: Chart) -> None:
    layout = figure(chart)["layout"]
    assert {layout[name]["type"] for name in layout if name.startswith("yaxis")} == {"linear"}


def test_without_a_premium_there_is_no_empty_pane() -> None:
    layout = figure(gates_chart(replace(GATES, premium=[])))["layout"]
    assert "yaxis2" not in layout
    assert [shape["yref"] for shape in layout["shapes"]] == ["y", "y"]


def test_both_dark_palettes_are_the_same() -> None:
    chosen, preferred = re.findall(r"color-scheme: dark;(.*?)}", PALETTE, re.DOTALL)
    assert chosen.split() == preferred.split()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_can_be_read_on_the_palette_of_either_theme(theme: str) -> None:
    block = re.search(rf"color-scheme: {theme};(.*?)}}", PALETTE, re.DOTALL)
    assert block is not None
    colours = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", block[1]))
    words = ("--ink", "--ink-quiet", "--ink-faint", "--gate", "--good", "--look", "--act")
    series = tuple(f"--series-{number}" for number in range(1, 6))
    for ground in ("--ground", "--surface"):
        for name in words + series:
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("unit", ["usd", "eth"])
def test_the_payoff_at_expiry_is_zero_at_its_breakevens(unit: Any) -> None:
    assert len(CONDOR.breakevens_usd) == 2
    for price in CONDOR.breakevens_usd:
        assert CONDOR.at_expiry(price, unit) == pytest.approx(0.0, abs=1e-9)


def test_the_payoff_between_the_short_strikes_is_what_was_booked() -> None:
    assert CONDOR.at_expiry(3000.0, "eth") == pytest.approx(pnl_eth(CONDOR.signed, 0.0368, 3000.0))
    assert CONDOR.at_expiry(3000.0, "usd") == pytest.approx(3000.0 * 0.0368)


def test_the_payoff_stands_at_each_strike_and_breakeven_exactly() -> None:
    xs = named(payoff_chart(CONDOR, "usd"), "at expiry")["x"]
    assert {2600.0, 2800.0, 3400.0, 3600.0, 3048.52, *CONDOR.breakevens_usd} <= set(xs)
    assert xs == sorted(xs)


def test_today_without_a_mark_is_no_line_and_said_in_the_table() -> None:
    bare = replace(CONDOR, legs=(replace(CONDOR.legs[0], iv_pct=None), *CONDOR.legs[1:]))
    chart = payoff_chart(bare, "eth")
    assert [trace["name"] for trace in figure(chart)["data"]] == ["at expiry"]
    assert {row[3] for row in chart.table.rows} == {"no mark"}


def test_without_a_market_the_payoff_is_drawn_all_the_same() -> None:
    chart = payoff_chart(replace(CONDOR, spot_usd=None, dvol_pts=None), "usd")
    assert [row[0] for row in chart.table.rows] == [
        "long strike",
        "breakeven",
        "short strike",
        "short strike",
        "breakeven",
        "long strike",
    ]


def test_once_expired_there_is_no_range_of_a_sigma() -> None:
    assert replace(CONDOR, t_years=0.0).sigma_range_usd is None


def test_a_path_without_a_mark_says_so() -> None:
    chart = path_chart(PATH, (2600.0, 2800.0), (2800.0,))
    assert chart.table.rows[2] == ("2026-01-05 16:00", "3,020.00", "no mark", "-3.50")


def test_the_short_strike_is_inside_the_path_s_axis() -> None:
    low, high = figure(path_chart(PATH, (2600.0, 2800.0), (2800.0,)))["layout"]["yaxis"]["range"]
    assert low < 2800.0 < high
    assert low > 2600.0


def test_holding_keeps_the_first_equity_in_eth() -> None:
    assert named(account_chart(ACCOUNT, "eth"), "holding ETH")["y"] == [10.0] * 4
    assert account_chart(ACCOUNT, "usd").table.rows[-1] == ("2026-01-26 14:00", "28,585.50", "28,500.00")


def test_a_drawdown_is_counted_from_the_peak() -> None:
    chart = realised_chart(days(0.0, 120.0, -40.0, 80.0, 130.0))
    assert named(chart, "below the peak")["y"] == [0.0, 0.0, -160.0, -40.0, 0.0]


def test_gates_are_inside_their_axes() -> None:
    layout = figure(gates_chart(GATES))["layout"]
    assert layout["yaxis"]["range"][0] < 40.0 < 85.0 < layout["yaxis"]["range"][1]
    assert layout["yaxis2"]["range"][0] < -5.5
    assert [note["text"] for note in layout["annotations"]] == [
        "DVOL at least 40",
        "DVOL at most 85",
        "premium at least 0",
    ]


def test_a_gate_table_takes_the_last_value_before() -> None:
    early = replace(GATES, dvol=[(START - timedelta(hours=1), 60.0), (START + timedelta(hours=1), 61.0)])
    assert [row[1:] for row in gates_chart(early).table.rows] == [
        ("60.00", "-", "-"),
        ("61.00", "51.00", "+7.00"),
    ]


def test_a_smile_shows_what_is_out_of_the_money_and_what_is_chosen() -> None:
    rows = smile_chart(SMILE, 3048.52).table.rows
    assert ("2026-01-16", "3,400", "put", "58.50", "") not in rows
    assert ("2026-01-16", "2,800", "put", "62.00", "sold") in rows
    assert ("2026-01-16", "2,600", "put", "68.00", "bought") in rows


@pytest.mark.parametrize(
    "chart",
    [
        account_chart([], "usd"),
        realised_chart([]),
        path_chart([], (), ()),
        smile_chart([], None),
        gates_chart(replace(GATES, dvol=[], rv14=[], premium=[])),
    ],
    ids=lambda chart: chart.name,
)
def test_a_chart_of_nothing_is_empty_and_no_accident(chart: Chart) -> None:
    assert chart.table.rows == ()
    assert all(trace["x"] == [] for trace in figure(chart)["data"])


def test_years_of_snapshots_are_drawn_with_a_thousand_points() -> None:
    long = [(START + timedelta(minutes=15 * step), float(step % 97)) for step in range(20_000)]
    chart = gates_chart(replace(GATES, dvol=long))
    assert len(named(chart, "DVOL")["x"]) <= POINTS_MAX
    assert len(chart.table.rows) <= 24


def test_a_series_without_a_value_has_no_key() -> None:
    without = gates_chart(replace(GATES, rv14=(), premium=()))
    assert [trace["name"] for trace in figure(without)["data"]] == ["DVOL"]


def test_a_heat_map_says_each_number_and_where_nothing_ran() -> None:
    chart = heat_chart(HEAT)
    layout = figure(chart)["layout"]
    assert [(note["x"], note["y"], note["text"]) for note in layout["annotations"]] == [
        (0.0, 0.0, "+0.0120"),
        (1.0, 0.0, "-0.0030"),
        (1.0, 1.0, "+0.0210"),
    ]
    assert [shape["fillcolor"] for shape in layout["shapes"]] == ["var(--band)", "var(--fall)", "var(--band)"]
    assert layout["yaxis"]["ticktext"] == ["0.18", "0.2"]
    assert chart.table.rows == (("0.18", "+0.0120", "-0.0030"), ("0.2", "-", "+0.0210"))


def test_the_best_points_stand_out_among_all_lines() -> None:
    chart = parallel_chart(("a", "b"), LINES)
    traces = figure(chart)["data"]
    assert [trace["name"] for trace in traces if trace["line"]["width"] == 2] == ["point 4"]
    assert named(chart, "point 2")["y"] == [1.0, 0.0, 0.0]
    assert named(chart, "point 4")["y"] == [1.0, 1.0, 1.0]
    assert chart.table.rows[0] == ("point 4", "0.5", "0.2", "+0.0210")
    assert figure(chart)["layout"]["xaxis"]["ticktext"] == ["1", "2", "r"]
    assert "(1 a, 2 b)" in chart.says


def test_of_very_many_points_the_best_and_the_worst_are_drawn() -> None:
    many = [LineFacts(f"point {number}", (0.5,), ("x",), number / 1000) for number in range(1000)]
    traces = figure(parallel_chart(("a",), many))["data"]
    assert len(traces) == 300
    assert {traces[0]["name"], traces[-1]["name"]} == {"point 0", "point 999"}
