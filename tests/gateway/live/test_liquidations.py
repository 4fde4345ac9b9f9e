"""Forced closes at OKX: recorded page by page, and what a day of them means."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.contract import CoinRequest, LiquidationPressure
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError, StaleError
from gateway.live.fields import ms_of
from gateway.live.other_hosts.liquidations import OkxLiquidations, Thresholds
from gateway.live.other_hosts.outside import Host, Outside
from gateway.live.recorders import Recorders
from gateway.live.store import StateFolder
from tests.gateway.live.desk import NOW, Desk, on_the_desk, raised
from tests.gateway.live.virtual import in_no_time, pass_s

ETH = CoinRequest(coin="ETH")
THRESHOLDS = Thresholds(Decimal(15_000_000), Decimal(50_000_000))


class Okx:
    """A host whose closes the test writes: `(minutes ago, side, contracts)` of ETH-USDT, newest first."""

    def __init__(self, closes: list[tuple[float, str, str]], page: int = 100) -> None:
        self.closes = closes
        self.page = page
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        if request.url.path.endswith("instruments"):
            size = "0.1" if "USDT" in query["instId"] else "10"
            data: list[Any] = [{"instId": query["instId"], "ctVal": size}]
        else:
            self.asked.append(query["instFamily"])
            rows = [
                {"side": side, "posSide": "net", "sz": size, "bkPx": "3000", "ts": str(ms_of(ago(minutes)))}
                for minutes, side, size in (self.closes if "USDT" in query["instFamily"] else [])
            ]
            before = int(query.get("after", 10**15))
            details = [row for row in rows if int(row["ts"]) < before][: self.page]
            data = [{"details": details}] if details else []
        body = json.dumps({"code": "0", "msg": "", "data": data}).encode()
        return httpx.Response(200, stream=httpx.ByteStream(body))


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def recorded(
    folder: Path, okx: Okx, play: Callable[[OkxLiquidations, list[datetime]], Coroutine[Any, Any, Any]]
) -> Any:
    """Play with a recorder whose time is the only entry of a list."""
    now = [NOW]

    async def played(_: object) -> Any:
        client = httpx.AsyncClient(transport=httpx.MockTransport(okx))
        state = StateFolder(folder)
        try:
            outside = Outside(client, dict.fromkeys(Host, "http://host"))
            return await play(OkxLiquidations(outside, state, THRESHOLDS, lambda: now[0]), now)
        finally:
            state.close()
            await client.aclose()

    return in_no_time(played)


def by() -> Deadline:
    return Deadline.within(60.0)


async def once(okx: OkxLiquidations, _: object) -> LiquidationPressure:
    await okx.record(by())
    return await okx.pressure(ETH)


def test_a_sold_contract_closed_a_long_and_counts_in_usd(tmp_path: Path) -> None:
    found = recorded(tmp_path, Okx([(1, "sell", "20"), (2, "buy", "10")]), once)
    assert (found.long_usd_24h, found.short_usd_24h) == (Decimal(6000), Decimal(3000))


@pytest.mark.parametrize(
    ("contracts", "level"), [("49999", "low"), ("50000", "medium"), ("166666", "medium"), ("166667", "high")]
)
def test_two_thresholds_make_three_levels(tmp_path: Path, contracts: str, level: str) -> None:
    assert recorded(tmp_path, Okx([(1, "buy", contracts)]), once).level == level


def test_pages_are_read_to_the_end_and_closes_of_one_moment_are_not_lost(tmp_path: Path) -> None:
    closes = [(number // 3 * 1.0, "buy", str(number + 1)) for number in range(40)]
    found = recorded(tmp_path, Okx(closes, page=4), once)
    assert found.short_usd_24h == sum(range(1, 41)) * 300


def test_before_anything_was_recorded_there_is_no_answer(tmp_path: Path) -> None:
    async def play(okx: OkxLiquidations, _: object) -> Exception:
        return await raised(okx.pressure(ETH))

    assert isinstance(recorded(tmp_path, Okx([]), play), StaleError)


def test_a_close_that_is_published_late_is_recorded(tmp_path: Path) -> None:
    okx = Okx([(5, "buy", "10")])

    async def play(recorder: OkxLiquidations, now: list[datetime]) -> LiquidationPressure:
        await recorder.record(by())
        okx.closes.append((6, "buy", "20"))
        now[0] = NOW + timedelta(minutes=2)
        await recorder.record(by())
        return await recorder.pressure(ETH)

    assert recorded(tmp_path, okx, play).short_usd_24h == 9000


def test_a_record_that_stopped_is_refused_after_a_quarter_of_an_hour(tmp_path: Path) -> None:
    async def play(okx: OkxLiquidations, now: list[datetime]) -> Exception:
        await okx.record(by())
        now[0] = NOW + timedelta(minutes=14)
        await okx.pressure(ETH)
        now[0] = NOW + timedelta(minutes=16)
        return await raised(okx.pressure(ETH))

    assert "nothing was recorded since" in str(recorded(tmp_path, Okx([]), play))


def test_what_was_recorded_by_a_clock_that_was_ahead_is_read_once_more(tmp_path: Path) -> None:
    """It said that all was recorded up to a time that had yet to come: closes of before it were left out."""
    okx = Okx([], page=2)

    async def play(recorder: OkxLiquidations, now: list[datetime]) -> tuple[Exception, LiquidationPressure]:
        await recorder.record(by())
        now[0] = NOW + timedelta(hours=8)
        await recorder.record(by())
        now[0] = NOW
        refused = await raised(recorder.pressure(ETH))
        okx.closes = [(minutes, "buy", "10") for minutes in range(1, 8)]
        await recorder.record(by())
        return refused, await recorder.pressure(ETH)

    refused, found = recorded(tmp_path, okx, play)
    assert "by a clock that was ahead" in str(refused)
    assert found.short_usd_24h == 7 * 3000


def test_a_close_that_nothing_asks_for_any_more_is_dropped(tmp_path: Path) -> None:
    """What is kept must not grow with the age of the gateway."""
    okx = Okx([(minutes, "buy", "10") for minutes in range(10)])

    async def play(recorder: OkxLiquidations, now: list[datetime]) -> None:
        for day in range(9):
            now[0] = NOW + timedelta(days=day)
            await recorder.record(by())
            okx.closes = [(-60.0 * 24 * (day + 1), "buy", "10")]

    recorded(tmp_path, okx, play)
    state = StateFolder(tmp_path)
    kept = [(each.at_ms - ms_of(NOW)) / 86_400_000 for each in state.liquidations(0)]
    state.close()
    assert kept == [6, 7, 8]


def test_closes_of_an_earlier_day_do_not_count(tmp_path: Path) -> None:
    okx = Okx([(1439.0, "buy", "20"), (1441.0, "buy", "10")])
    assert recorded(tmp_path, okx, once).short_usd_24h == 6000


def test_an_answer_with_an_error_code_is_an_anomaly(tmp_path: Path) -> None:
    async def play(desk: Desk) -> Exception:
        return await raised(desk.sources.okx.record(desk.by()))

    body = json.dumps({"code": "50011", "msg": "slow down", "data": []}).encode()
    error = on_the_desk(tmp_path, play, instead={"liquidation-orders": (200, body)})
    assert isinstance(error, AnomalyError)


def test_the_recorder_goes_on_after_whatever_happens(tmp_path: Path) -> None:
    """Also after what nobody expected: a recorder that ends in silence would be missed a day later."""

    async def play(desk: Desk) -> LiquidationPressure:
        recording = asyncio.create_task(Recorders(desk.sources, desk.loop.time).record())
        await pass_s(10.0)
        desk.sources.folder.db.execute("ALTER TABLE liquidations RENAME TO elsewhere")
        await pass_s(200.0)
        desk.sources.folder.db.execute("ALTER TABLE elsewhere RENAME TO liquidations")
        await pass_s(900.0)
        assert not recording.done()
        recording.cancel()
        return await desk.sources.liquidation_pressure(ETH)

    assert on_the_desk(tmp_path, play, latency_s=0.0).long_usd_24h > 0


def test_an_assumed_level_is_served_and_said(tmp_path: Path) -> None:
    async def play(desk: Desk) -> tuple[LiquidationPressure, list[str]]:
        return await desk.sources.liquidation_pressure(ETH), desk.sources.assumptions()

    found, said = on_the_desk(tmp_path, play, liquidations="medium")
    assert found.level == "medium"
    assert any("assumed to be medium" in line for line in said)
