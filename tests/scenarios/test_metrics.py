"""The figures of a whole engine: the same series at its first scrape as after months."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from math import isnan
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors.names import CONTROL, Rooms
from actors.runtime import ask
from core.messages.control import GetStatus
from core.messages.engine_status import EngineStatus
from reading.metrics import table
from reading.metrics.exposition import exposed
from reading.metrics.labels import ActorLabel, SuspendedBy
from reading.metrics.reader import AGAIN_AFTER_S, MetricsReader
from reading.metrics.series import Figures
from tests.scenarios.playing import BEGIN, Play

Scrape = Callable[[], Figures]
TO_MARKS = timedelta(minutes=30)
"""Behind the first snapshot of the market that holds the legs of the first position."""
FAULTS = ("all:http_503:0.01", "venue:reject:0.05", "deribit:crash:0.001")


@contextmanager
def engine(folder: Path, *, faults: tuple[str, ...] = ()) -> Iterator[tuple[Play, Scrape]]:
    """An engine in virtual time, and what scrapes it over its own control and from its own folder."""
    under_way = Play(folder, faults=faults)

    def status(_: Path) -> EngineStatus:
        control = Rooms(under_way.engine.system.addresses)[CONTROL]
        with under_way.engine.runtime.operation():
            return ask(GetStatus().to(control), timeout_s=20.0)

    scrapes: list[int] = []
    reader = MetricsReader(
        folder, armed_by=lambda _: None, status=status, clock=lambda: AGAIN_AFTER_S * len(scrapes)
    )

    def scrape() -> Figures:
        scrapes.append(1)
        return reader.figures()

    yield under_way, scrape
    under_way.abandon()


def told(figures: Figures) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    """The series of a scrape as Prometheus's own parser reads them."""
    families = text_string_to_metric_families(exposed(figures).decode())
    samples = [sample for family in families for sample in family.samples]
    series = {(sample.name, tuple(sorted(sample.labels.items()))) for sample in samples}
    assert len(series) == len(samples), "a series is told twice"
    return series


def test_an_engine_that_has_entered_tells_its_position_and_no_more_series(folder: Path) -> None:
    with engine(folder / "entered") as (under_way, scrape):
        under_way.run_until(BEGIN)
        before = told(scrape())
        under_way.run_until(BEGIN + TO_MARKS)
        figures = scrape()
        assert told(figures) == before
        # As many as docs/metrics.md lists.
        assert len(before) == sum(len(series.keys) for series in table.TABLE) <= table.SERIES_MAX
        held = figures.values
        assert held[table.UP][""] == 1.0
        assert held[table.POSITIONS]["open"] == 1.0
        assert held[table.CONTRACTS][""] > 0.0
        assert held[table.WORST_LOSS][""] > 0.0
        assert held[table.ENTRY_CYCLES]["entered"] == 1.0
        assert held[table.ORDERS]["filled"] == 1.0
        assert held[table.AUDIT_RECORDS][""] > 10.0
        assert held[table.EQUITY][""] == pytest.approx(10.0, abs=0.1)
        assert not isnan(held[table.MARKED_ETH][""])
        assert 0.0 < held[table.STRIKE_DISTANCE][""] < 1.0
        unset = {key for key, up in held[table.ACTOR_UP].items() if isnan(up)}
        assert unset == {
            ActorLabel.ANCHOR,
            ActorLabel.HEARTBEAT,
            ActorLabel.PHONE,
            ActorLabel.RECORDER,
            ActorLabel.OTHER,
        }, "every actor has a label of its own"


@pytest.mark.soak
def test_the_series_are_the_same_after_ninety_days_with_faults(folder: Path) -> None:
    with engine(folder / "months", faults=FAULTS) as (under_way, scrape):
        under_way.run_until(BEGIN)
        before = told(scrape())
        for day in range(1, 91):
            under_way.run_until(BEGIN + timedelta(days=day))
            figures = scrape()
            assert told(figures) == before, f"day {day}"
            assert figures.values[table.UP][""] == 1.0
            assert figures.values[table.SUSPENDED][SuspendedBy.OTHER] == 0.0
            assert figures.values[table.READ_FAILURES]["books"] == 0.0
        assert sum(figures.values[table.ENTRY_CYCLES].values()) >= 12.0
