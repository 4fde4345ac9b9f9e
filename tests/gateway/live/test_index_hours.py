"""The index by the hour, from record, chart and perpetual: unbroken, or a hole that is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from core.contract import GetHistorical, Historical
from gateway.live.errors import AnomalyError, StaleError
from gateway.live.market.index_hours import HOUR, candles, chart_hours, spliced
from gateway.live.recorders import Recorders
from tests.gateway.live.desk import NOW, Desk, model_market, on_the_desk, raised

START = datetime(2026, 1, 12, tzinfo=UTC)


def hours(first: int, last: int, price: int = 3000) -> dict[datetime, Decimal]:
    return {START + hour * HOUR: Decimal(price + hour) for hour in range(first, last + 1)}


def test_a_point_stands_for_the_hour_that_it_is_near_to() -> None:
    points = [
        (START + timedelta(seconds=40), Decimal(1)),
        (START - timedelta(seconds=5), Decimal(2)),
        (START + timedelta(minutes=30), Decimal(3)),
        (START + HOUR + timedelta(seconds=91), Decimal(4)),
    ]
    assert chart_hours(points) == {START: Decimal(2)}


def test_the_record_goes_before_the_chart_and_the_perpetual_before_both() -> None:
    known = spliced({START + 3 * HOUR: Decimal(3500)}, hours(2, 4), hours(0, 4, 3000))
    assert [known[START + hour * HOUR] for hour in range(5)] == [3000, 3001, 3002, 3500, 3004]


def test_an_hour_that_was_recorded_long_ago_leaves_no_hole_behind_it() -> None:
    known = spliced({START: Decimal(3000)}, hours(4, 6), hours(0, 6))
    assert len(candles(known, START, START + 6 * HOUR)) == 6


def test_a_hole_within_the_chart_is_named_and_not_filled() -> None:
    chart = hours(2, 6)
    del chart[START + 4 * HOUR]
    known = spliced({}, chart, hours(0, 6))
    with pytest.raises(StaleError, match="2026-01-12T04:00Z"):
        candles(known, START, START + 6 * HOUR)


def test_a_perpetual_that_is_no_index_is_refused() -> None:
    with pytest.raises(AnomalyError, match="within 1 %"):
        spliced({}, hours(2, 4, 3000), hours(0, 4, 3100))


def test_721_hours_come_from_the_venue_alone(tmp_path: Path) -> None:
    start = NOW - timedelta(hours=722)
    asked = GetHistorical(instrument="ETH-INDEX", start=start, end=NOW)

    async def play(desk: Desk) -> Historical:
        return await desk.sources.history.historical(asked, desk.by())

    bars = on_the_desk(tmp_path, play, at=NOW + timedelta(minutes=5)).candles
    assert len(bars) == 721
    assert {later.timestamp - earlier.timestamp for earlier, later in pairwise(bars)} == {HOUR}
    assert NOW - (bars[-1].timestamp + HOUR) <= timedelta(hours=2)
    for bar in (bars[0], bars[300], bars[-1]):
        index = model_market().index_usd(bar.timestamp + HOUR)
        assert float(bar.close) == pytest.approx(index, rel=2e-5)


def test_the_hour_that_was_recorded_is_served(tmp_path: Path) -> None:
    hour = NOW.replace(minute=0, second=0)
    asked = GetHistorical(instrument="ETH-INDEX", start=hour - 3 * HOUR, end=NOW)

    async def play(desk: Desk) -> Historical:
        desk.sources.folder.put_index_hour(hour, Decimal("3456.78"))
        return await desk.sources.history.historical(asked, desk.by())

    assert on_the_desk(tmp_path, play).candles[-1].close == Decimal("3456.78")


def test_the_gateway_records_the_index_on_the_hour(tmp_path: Path) -> None:
    at = NOW.replace(minute=59, second=50)

    async def play(desk: Desk) -> dict[datetime, Decimal]:
        await Recorders(desk.sources, desk.loop.time).record_index()
        hour = at.replace(minute=0, second=0) + HOUR
        return desk.sources.folder.index_hours(hour, hour)

    (price,) = on_the_desk(tmp_path, play, at=at).values()
    assert float(price) == pytest.approx(model_market().index_usd(at + timedelta(seconds=10)), rel=1e-3)


def test_days_of_the_index_are_refused(tmp_path: Path) -> None:
    asked = GetHistorical(instrument="ETH-INDEX", start=START, end=NOW, resolution="1d")

    async def play(desk: Desk) -> Exception:
        return await raised(desk.sources.history.historical(asked, desk.by()))

    assert "resolution" in str(on_the_desk(tmp_path, play))
