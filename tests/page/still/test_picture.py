"""What a still picture shows of a chart."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from page.charts import Chart, HeatFacts, gates_chart, heat_chart, months_chart, path_chart, payoff_chart
from page.still import still
from page.still.picture import POINTS_MAX
from tests.page.charts.examples import CONDOR, GATES, PATH, days, every_chart, month


def parsed(chart: Chart) -> ET.Element:
    """The picture as a browser reads it: it is well-formed, and has no script and no address."""
    html = str(still(chart.figure))
    assert not re.search(r"<script|href|url\(", html)
    return ET.fromstring(html)  # noqa: S314  (what was just written)


def read(chart: Chart) -> Any:
    """The figure as the browser reads it."""
    return json.loads(json.dumps(chart.figure, allow_nan=False))


def texts(picture: ET.Element, kind: str) -> list[str]:
    return [each.text or "" for each in picture.iter("text") if kind in each.attrib["class"].split()]


def lines(picture: ET.Element) -> list[ET.Element]:
    """The lines of data, in the order of the traces."""
    return [path for path in picture.findall("svg[@class='lines']/path") if "class" not in path.attrib]


@pytest.mark.parametrize("chart", every_chart(), ids=lambda chart: chart.name)
def test_it_stands_within_its_box_in_the_colours_of_the_palette(chart: Chart) -> None:
    picture = parsed(chart)
    assert picture.attrib["aria-hidden"] == "true"
    for path in picture.iter("path"):
        numbers = [float(found) for found in re.findall(r"-?[\d.]+", path.attrib["d"])]
        assert all(0 <= number <= 1000 for number in numbers), path.attrib
    for text in picture.iter("text"):
        assert all(0 <= float(text.attrib[axis].rstrip("%")) <= 100 for axis in ("x", "y"))
    assert not re.search(r"#[0-9a-f]{3,6}\b", str(still(chart.figure)))


@pytest.mark.parametrize("chart", every_chart(), ids=lambda chart: chart.name)
def test_each_line_and_each_title_of_the_figure_is_named(chart: Chart) -> None:
    picture, figure = parsed(chart), read(chart)
    keys = ["".join(key.itertext()) for key in picture.iter("li")]
    assert keys == ([trace["name"] for trace in figure["data"]] if figure["layout"]["showlegend"] else [])
    axes = [axis for name, axis in figure["layout"].items() if "axis" in name]
    titles = [axis["title"]["text"] for axis in axes if "title" in axis]
    assert sorted(texts(picture, "title")) == sorted(titles)


def test_a_value_stands_where_its_axis_says() -> None:
    """Of a payoff the highest point of the line at expiry is its highest value."""
    chart = payoff_chart(CONDOR, "usd")
    expiry = lines(parsed(chart))[0].attrib["d"]
    points = [(int(x), int(y)) for x, y in re.findall(r"(\d+) (\d+)", expiry)]
    trace = read(chart)["data"][0]
    low, high = trace["x"][0], trace["x"][-1]
    _, best = max(zip(trace["y"], trace["x"], strict=True))
    expected = 1000 * (best - low) / (high - low)
    assert min(points, key=lambda point: point[1])[0] == pytest.approx(expected, abs=1)


def test_what_lies_beyond_an_axis_is_not_drawn_over_another() -> None:
    """The long strikes of a position are far from the index, and the pane below is that of the P&L."""
    picture = parsed(path_chart(PATH, (2000.0, 2600.0, 2800.0), (2800.0,)))
    assert texts(picture, "note") == ["short 2,800"]
    assert len(picture.findall(".//path[@class='level']")) == 1


def test_bars_stand_on_zero_up_and_down() -> None:
    picture = parsed(months_chart([month("2026-01", "100"), month("2026-02", "-50")]))
    up, down = picture.iter("rect")
    assert int(up.attrib["y"]) + int(up.attrib["height"]) == int(down.attrib["y"])
    assert int(up.attrib["height"]) == pytest.approx(2 * int(down.attrib["height"]), abs=2)
    assert (up.attrib["style"], down.attrib["style"]) == ("fill:var(--series-1)", "fill:var(--series-2)")


def test_of_many_points_so_many_are_drawn_and_no_spike_is_lost() -> None:
    values = [50.0 + (30.0 if day == 4321 else day % 7) for day in range(9000)]
    facts = replace(GATES, dvol=days(*values), rv14=(), premium=())
    dvol = lines(parsed(gates_chart(facts)))[0].attrib["d"]
    places = [int(y) for y in re.findall(r"[ML]\d+ (\d+)", dvol)]
    assert len(places) <= POINTS_MAX
    assert sorted(places)[1] - min(places) > 100


def test_words_of_others_stay_words() -> None:
    """A name that looks like markup is shown as it is."""
    chart = months_chart([month("<b onclick=x>&", "1")])
    assert texts(parsed(chart), "across") == ["<b onclick=x>&"]


def test_a_number_stands_in_the_middle_of_its_cell_and_few_steps_are_all_named() -> None:
    picture = parsed(heat_chart(HeatFacts("heat-1", "x", "y", ("0.4", "0.5"), ("0.2",), ((0.1, -0.1),))))
    assert texts(picture, "middle") == ["+0.1000", "-0.1000"]
    assert texts(picture, "across") == ["0.4", "0.5"]
    assert texts(picture, "other") == [], "also on a phone"
