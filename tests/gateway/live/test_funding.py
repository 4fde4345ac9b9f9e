"""Funding at Hyperliquid and at the other exchanges: pages, intervals, countries that are refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from core.contract import (
    CoinRequest,
    CrossExchangeFunding,
    FundingHistory,
    FundingRate,
    GetFundingHistory,
    GetFundingRate,
)
from gateway.live.deadline import Deadline
from gateway.live.errors import StaleError
from gateway.live.other_hosts.exchanges import SOURCES, Paid, yearly
from gateway.live.other_hosts.outside import Host, Outside
from tests.gateway.live.desk import NOW, Desk, model_market, on_the_desk, raised
from tests.gateway.live.virtual import in_no_time

HOUR = timedelta(hours=1)
NONE = dict.fromkeys(
    ("fundingRate", "funding-rate-history", "funding/history"), (451, b"not in your country")
)


def payments(every_h: int, days: int = 3, rate: float = 0.0001) -> list[Paid]:
    last = NOW.replace(minute=0, second=0) - timedelta(hours=NOW.hour % every_h)
    return [Paid(last - timedelta(hours=every_h * back), rate) for back in range(days * 24 // every_h)]


@pytest.mark.parametrize("every_h", [1, 4, 8])
def test_the_interval_is_read_off_the_payments(every_h: int) -> None:
    rate, at = yearly(payments(every_h), NOW)
    assert rate == pytest.approx(0.0001 * 8760 / every_h)
    assert NOW - at < timedelta(hours=every_h)


def test_an_exchange_that_now_pays_more_often_is_read_by_its_new_interval() -> None:
    new = payments(4, days=1)
    old = [Paid(new[-1].at - timedelta(hours=8 * back), 0.0001) for back in range(1, 90)]
    assert yearly([*new, *old], NOW)[0] == pytest.approx(0.0001 * 8760 / 4)


def test_a_day_that_is_hardly_covered_is_refused() -> None:
    old = [row for row in payments(8) if row.at < NOW - timedelta(hours=15)]
    with pytest.raises(StaleError, match="16 h"):
        yearly(old, NOW)


def test_exchanges_say_what_the_market_says(tmp_path: Path) -> None:
    async def play(desk: Desk) -> CrossExchangeFunding:
        return await desk.sources.exchanges.funding(CoinRequest(coin="ETH"), desk.by())

    found = on_the_desk(tmp_path, play).exchanges
    assert [each.name for each in found] == ["binance", "okx", "bybit"]
    last = NOW.replace(hour=8, minute=0, second=0)
    points = model_market().funding_history(last - 23 * HOUR, last)
    wanted = sum(point.hourly_rate for point in points) / len(points) * 8760
    for each in found:
        assert each.annualized_rate == pytest.approx(wanted, abs=1e-4)


def test_an_exchange_that_refuses_the_country_is_left_out(tmp_path: Path) -> None:
    async def play(desk: Desk) -> CrossExchangeFunding:
        return await desk.sources.exchanges.funding(CoinRequest(coin="ETH"), desk.by())

    found = on_the_desk(tmp_path, play, instead={"fundingRate": NONE["fundingRate"]}).exchanges
    assert [each.name for each in found] == ["okx", "bybit"]


def test_no_exchange_at_all_is_an_error(tmp_path: Path) -> None:
    async def play(desk: Desk) -> Exception:
        return await raised(desk.sources.exchanges.funding(CoinRequest(coin="ETH"), desk.by()))

    assert "none of binance, okx, bybit" in str(on_the_desk(tmp_path, play, instead=NONE))


def test_hyperliquids_history_comes_in_pages_and_whole(tmp_path: Path) -> None:
    start = NOW.replace(minute=0, second=0) - timedelta(hours=700)
    asked = GetFundingHistory(coin="ETH", start=start, end=NOW)

    async def play(desk: Desk) -> FundingHistory:
        return await desk.sources.hyperliquid.history(asked, desk.by())

    points = on_the_desk(tmp_path, play).points
    wanted = model_market().funding_history(start, NOW)
    assert len(points) == len(wanted) == 701
    for point, want in zip(points, wanted, strict=True):
        assert timedelta(0) < point.timestamp - want.at < timedelta(seconds=1)
        assert point.hourly_rate == pytest.approx(want.hourly_rate, abs=1e-12)


def test_the_rate_is_the_last_that_was_settled(tmp_path: Path) -> None:
    async def play(desk: Desk) -> FundingRate:
        return await desk.sources.hyperliquid.rate(GetFundingRate(coin="ETH"), desk.by())

    found = on_the_desk(tmp_path, play)
    (last,) = model_market().funding_history(NOW.replace(minute=0, second=0), NOW)
    assert found.hourly_rate == pytest.approx(last.hourly_rate, abs=1e-12)
    assert found.annualized_rate == found.hourly_rate * 8760


@pytest.mark.parametrize(
    ("name", "file"), [("okx", "okx_funding_rate_history"), ("bybit", "bybit_funding_history")]
)
def test_recorded_answers_of_exchanges_are_read(deribit_responses: Path, name: str, file: str) -> None:
    recorded = json.loads((deribit_responses / "other_venues" / f"{file}.json").read_text("utf-8"))

    async def play(_: object) -> list[Paid]:
        return await SOURCES[name](saying(recorded), NOW, Deadline.within(5.0))

    paid = in_no_time(play)
    assert paid
    assert all(row.at > datetime(2023, 1, 1, tzinfo=UTC) and abs(row.rate) < 0.01 for row in paid)


def saying(answer: object) -> Outside:
    """Every host says the same."""
    stream = httpx.ByteStream(json.dumps(answer).encode())
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))
    return Outside(httpx.AsyncClient(transport=transport), dict.fromkeys(Host, "http://host"))
