"""Charts as plotly's JSON, and each as a table of text: pure functions of plain values.

Colours are names of CSS variables, such as `var(--series-1)`: the script that draws a chart puts in what the
page's palette says at that moment, dark or light.
"""

from page.charts.account import account_chart, months_chart, realised_chart
from page.charts.chart import Chart, Figure, Table
from page.charts.gates import VolatilityFacts, gates_chart
from page.charts.path import PathPoint, path_chart
from page.charts.payoff import PayoffFacts, PayoffLeg, payoff_chart
from page.charts.smile import SmilePoint, smile_chart
from page.charts.sweep import HeatFacts, LineFacts, heat_chart, parallel_chart
from page.charts.thin import POINTS_MAX, thinned

__all__ = [
    "POINTS_MAX",
    "Chart",
    "Figure",
    "HeatFacts",
    "LineFacts",
    "PathPoint",
    "PayoffFacts",
    "PayoffLeg",
    "SmilePoint",
    "Table",
    "VolatilityFacts",
    "account_chart",
    "gates_chart",
    "heat_chart",
    "months_chart",
    "parallel_chart",
    "path_chart",
    "payoff_chart",
    "realised_chart",
    "smile_chart",
    "thinned",
]
