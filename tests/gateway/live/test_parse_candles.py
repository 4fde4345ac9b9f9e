"""Bars of the venue: columns, rows, pages, and the bar that is under way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import CurrencyRequest, Dvol, DvolHistory, GetDvolHistory, GetHistorical, Historical
from gateway.live.errors import AnomalyError
from gateway.live.fields import as_time, exact_json, ms_of
from gateway.live.market.history import candles_of, chart_points
from tests.gateway.live.desk import NOW, Desk, model_market, on_the_desk

HOUR = timedelta(hours=1)


@given(st.integers(0, 4_102_444_800_000))
def test_a_time_comes_back_to_the_millisecond(ms: int) -> None:
    if ms >= 946_684_800_000:
        assert ms_of(as_time(ms, "time")) == ms


def test_the_recorded_candles_are_read(deribit_responses: Path) -> None:
    path = deribit_responses / "recorded" / "http_get_tradingview_chart_data.json"
    result = exact_json(path.read_bytes())["result"]
    bars = candles_of(result)
    assert len(bars) == len(result["ticks"])
    assert bars[0].open == result["open"][0]
    assert bars[0].timestamp == datetime(2025, 12, 23, 9, 51, tzinfo=UTC)


def test_the_documented_chart_of_the_index_is_read(deribit_responses: Path) -> None:
    path = deribit_responses / "documented" / "public__get_index_chart_data.json"
    points = chart_points(exact_json(path.read_bytes())["response"]["result"])
    assert points[0] == (datetime(2019, 11, 8, 16, tzinfo=UTC), Decimal("8751.7138636"))
    assert [after - before for (before, _), (after, _) in pairwise(points)] == 4 * [HOUR]


@pytest.mark.parametrize("row", [[1_573_228_800_000], [None, 1], [1_573_228_800_000, "much"], {}])
def test_a_point_of_the_chart_that_is_none_is_an_anomaly(row: object) -> None:
    with pytest.raises(AnomalyError, match=r"get_index_chart_data\[1\]"):
        chart_points([[1_573_228_800_000, Decimal("1.5")], row])


def test_columns_of_different_lengths_are_an_anomaly() -> None:
    one = {name: [1] for name in ("ticks", "open", "high", "low", "close", "volume")}
    with pytest.raises(AnomalyError, match="one length"):
        candles_of({"status": "ok", **one, "close": [1, 2]})


def test_no_data_is_no_bars() -> None:
    assert candles_of({"status": "no_data"}) == []


def test_prices_lose_the_noise_of_floats() -> None:
    one: dict[str, object] = {name: [0.1 + 0.2] for name in ("open", "high", "low", "close", "volume")}
    text = json.dumps({"status": "ok", "ticks": [1_766_483_460_000], **one})
    assert candles_of(exact_json(text.encode()))[0].close == Decimal("0.3")


def test_dvol_is_the_last_minutes_close(tmp_path: Path) -> None:
    async def play(desk: Desk) -> Dvol:
        await desk.sources.venue_time(desk.by())
        return await desk.sources.market.dvol(CurrencyRequest(), desk.by())

    found = on_the_desk(tmp_path, play)
    assert found.dvol == pytest.approx(model_market().dvol_pct(NOW), abs=0.02)
    assert NOW - found.timestamp < timedelta(seconds=1)


def test_dvols_history_is_whole_over_its_pages(tmp_path: Path) -> None:
    start = NOW.replace(minute=0, second=0) - 1500 * HOUR
    asked = GetDvolHistory(start=start, end=NOW + 5 * HOUR)

    async def play(desk: Desk) -> tuple[DvolHistory, int]:
        found = await desk.sources.history.dvol_history(asked, desk.by())
        return found, desk.venue.calls.count("public/get_volatility_index_data")

    found, pages = on_the_desk(tmp_path, play)
    bars = model_market().dvol_bars(start, NOW.replace(minute=0, second=0))
    assert pages == 2
    assert [(point.timestamp, point.close) for point in found.points] == [
        (bar.start, round(bar.close, 2)) for bar in bars
    ]


def test_the_day_under_way_is_not_served(tmp_path: Path) -> None:
    asked = GetHistorical(
        instrument="ETH-PERPETUAL",
        start=NOW - timedelta(days=5),
        end=NOW + timedelta(days=1),
        resolution="1d",
    )

    async def play(desk: Desk) -> Historical:
        return await desk.sources.history.historical(asked, desk.by())

    days = [bar.timestamp for bar in on_the_desk(tmp_path, play).candles]
    assert days == [datetime(2026, 1, day, tzinfo=UTC) for day in (8, 9, 10, 11)]
