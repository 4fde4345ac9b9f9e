"""The venues on the bench: the fake one and the live gateway in this process, the paper venue over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from actors.http import HttpTransport
from actors.mcp import McpCredentials, PaperTransport
from core.values import Environment
from gateway.live.market.chain import QUOTE_KEPT_S
from gateway.paper.launch import PaperVenueConfig, VenueProcess, start_process
from lab.gateway_venue import GatewayVenue
from lab.in_process import InProcessTransport
from tests.contract.bench import Bench, BenchClock
from tests.fakes.venue import FakeVenue
from tests.gateway.live.desk import NOW, model_market, our_key, settings

TOKEN = "contract-token"
SEED = 7
CREDENTIALS = McpCredentials(token=TOKEN, bot_tag="BOT__CONTRACT")


@pytest.fixture(scope="session")
def paper_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """One venue for all cases; each case uses labels of its own and a later time."""
    folder: Path = tmp_path_factory.mktemp("venue")
    process = start_process(PaperVenueConfig(seed=7, token=TOKEN, data_dir=folder))
    yield process
    process.stop()


@pytest.fixture(scope="session")
def paper_clock(paper_process: VenueProcess) -> BenchClock:
    return BenchClock(paper_process.ready.start)


@pytest.fixture(scope="session")
def live_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One gateway and one simulated Deribit for all cases."""
    clock = BenchClock(NOW)
    venue = GatewayVenue(
        model_market(),
        settings(tmp_path_factory.mktemp("gateway"), key=our_key()),
        NOW,
        SEED,
        unlimited=True,
        records=False,
    )
    transport = PaperTransport(InProcessTransport(venue.dispatch, latency_s=lambda: 0.0), clock=clock)
    # A quote that the gateway has kept may be older than the price of a fill.
    yield Bench(
        "gateway",
        transport,
        clock,
        CREDENTIALS,
        fills_next=lambda _: clock.sleep(QUOTE_KEPT_S + 1.0),
        environment=Environment.TESTNET,
    )
    venue.close()


@pytest.fixture(params=["fake", "paper", "gateway"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param == "fake":
        yield fake_bench()
        return
    if request.param == "gateway":
        live: Bench = request.getfixturevalue("live_bench")
        live.clock.sleep(1.0)
        yield live
        return
    process: VenueProcess = request.getfixturevalue("paper_process")
    clock: BenchClock = request.getfixturevalue("paper_clock")
    clock.sleep(60.0)
    inner = HttpTransport(process.url, monotonic=time.monotonic)
    transport = PaperTransport(inner, clock=clock)
    yield Bench("paper", transport, clock, CREDENTIALS, fills_next=lambda _: None)
    transport.close()


def fake_bench() -> Bench:
    clock = BenchClock(datetime.fromisoformat("2026-01-05T14:00:00+00:00"))
    venue = FakeVenue(clock.now)
    venue.quotes = {
        "ETH-16JAN26-2800-P": ("0.0060", "0.0070", "0.0065"),
        "ETH-16JAN26-2600-P": ("0.0020", "0.0025", "0.0022"),
    }
    return Bench("fake", venue, clock, CREDENTIALS, fills_next=venue.fill_next.append)
