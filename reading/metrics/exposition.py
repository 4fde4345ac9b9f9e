"""Tells the figures in Prometheus's text form. Only this module knows its client.

Not in that of OpenMetrics, which has no word for a counter that is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reading.metrics.series import Figures, Series

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


class FiguresCollector(Collector):
    """The families of some figures, in the order of their table."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        for series, values in self._figures.values.items():
            family = _family(series)
            for key, value in values.items():
                family.add_metric([] if series.label is None else [key], value)
            yield family


def exposed(figures: Figures) -> bytes:
    """The answer to a scrape."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(FiguresCollector(figures))
    return generate_latest(registry)


def _family(series: Series) -> GaugeMetricFamily | CounterMetricFamily:
    labels = [] if series.label is None else [series.label.name]
    if series.kind == "counter":
        return CounterMetricFamily(series.name, series.says, labels=labels)
    return GaugeMetricFamily(series.name, series.says, labels=labels)
