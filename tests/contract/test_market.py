"""What every venue answers to the market tools, as the engine's own client reads them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import cast

import pytest

from actors.http import HttpTransport
from actors.mcp import McpCredentials, PaperTransport
from actors.mcp.client import McpClient
from core.contract import (
    CoinRequest,
    CrossExchangeFunding,
    CurrencyRequest,
    Dvol,
    DvolHistory,
    FundingHistory,
    FundingRate,
    FxRate,
    GetDvolHistory,
    GetFundingHistory,
    GetFundingRate,
    GetFxRate,
    GetHistorical,
    GetInstruments,
    GetOptionsChain,
    GetOrderBook,
    Historical,
    IndexPrice,
    Instruments,
    OrderBook,
    Router,
)
from core.market.option_chain import OptionChain
from core.strategy import Strategy
from gateway.live.app import make_app
from gateway.live.other_hosts.outside import Host
from gateway.live.settings import settings_from
from gateway.live.sources import LiveSources
from gateway.paper.launch import VenueProcess
from gateway.paper.model_market import ModelMarket
from gateway.shell.serving import Server, bound
from gateway.sim.server import make_app as make_sim
from gateway.sim.venue import SimVenue
from tests.contract.bench import Bench, BenchClock
from tests.contract.conftest import CREDENTIALS

BEGIN = datetime(2026, 1, 12, 14, 5, tzinfo=UTC)
TOKEN = "gateway-token-of-the-contracts-tests"
HOUR = timedelta(hours=1)
OTHER = McpCredentials(token=TOKEN, bot_tag="BOT__CONTRACT")


class LiveProcess:
    """Simulated venue and gateway on two ports, in a thread of their own."""

    def __init__(self, folder: str) -> None:
        self._servers: list[Server] = []
        self._started = threading.Event()
        self._folder = folder
        self._began = time.monotonic()
        self.url = ""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._started.wait(20.0)

    def wall_s(self) -> float:
        return BEGIN.timestamp() + time.monotonic() - self._began

    def stop(self) -> None:
        for server in self._servers:
            server.end()
        self._thread.join(10.0)

    async def _serve(self) -> None:
        with bound("127.0.0.1", 0) as of_venue, bound("127.0.0.1", 0) as of_gateway:
            ports = (each.getsockname()[1] for each in (of_venue, of_gateway))
            venue_url, self.url = (f"http://127.0.0.1:{port}" for port in ports)
            env = {
                "CERBERO_GATEWAY_TOKEN": TOKEN,
                "CERBERO_GATEWAY_DERIBIT_URL": venue_url,
                "CERBERO_GATEWAY_STATE_DIR": self._folder,
            }
            settings = settings_from(env, lambda found, name: found.get(name, ""))
            bases = {host: f"{venue_url}/{host.name.lower()}" for host in Host}
            sources = LiveSources(settings, bases=bases, wall_s=self.wall_s)
            venue = SimVenue(ModelMarket(7), self.wall_s)
            self._servers = [Server(make_sim(venue)), Server(make_app(sources))]
            serving = [
                asyncio.create_task(server.serve(sockets=[listener]))
                for server, listener in zip(self._servers, (of_venue, of_gateway), strict=True)
            ]
            while not all(server.started for server in self._servers):
                await asyncio.wait(serving, timeout=0.005)
            self._started.set()
            await asyncio.gather(*serving)
            await sources.close()


@pytest.fixture(scope="module")
def live_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveProcess]:
    process = LiveProcess(str(tmp_path_factory.mktemp("state")))
    yield process
    process.stop()


class Asked:
    """One venue's routers, as the engine asks them."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __call__(self, router: Router, tool: str, request: object) -> object:
        client = McpClient(
            router=router,
            transport=self._bench.transport,
            credentials=self._bench.credentials,
            strategy=Strategy(),
        )
        return client.read(tool, request, correlation="market", now=self.now)  # type: ignore[arg-type]

    @property
    def now(self) -> datetime:
        return self._bench.clock.now()


@pytest.fixture(params=["paper", "gateway"])
def asked(request: pytest.FixtureRequest) -> Iterator[Asked]:
    if request.param == "paper":
        process: VenueProcess = request.getfixturevalue("paper_process")
        clock: BenchClock = request.getfixturevalue("paper_clock")
        inner = HttpTransport(process.url, monotonic=time.monotonic)
        transport = PaperTransport(inner, clock=clock)
        yield Asked(Bench("paper", transport, clock, CREDENTIALS, fills_next=lambda _: None))
        transport.close()
        return
    live: LiveProcess = request.getfixturevalue("live_process")
    wire = HttpTransport(live.url, monotonic=time.monotonic)
    at = BenchClock(datetime.fromtimestamp(live.wall_s(), UTC))
    yield Asked(Bench("gateway", wire, at, OTHER, fills_next=lambda _: None))
    wire.close()


def test_index_and_dvol_are_fresh(asked: Asked) -> None:
    index = cast("IndexPrice", asked(Router.DERIBIT, "get_index_price", CurrencyRequest()))
    dvol = cast("Dvol", asked(Router.DERIBIT, "get_dvol", CurrencyRequest()))
    assert 500 < index.price < 20_000
    assert 20 < dvol.dvol < 200
    for at in (index.timestamp, dvol.timestamp):
        assert abs(asked.now - at) < timedelta(seconds=60)


def test_a_chain_has_the_options_that_are_listed(asked: Asked) -> None:
    span = {"expiry_from": asked.now + timedelta(days=3), "expiry_to": asked.now + timedelta(days=9)}
    listed = cast("Instruments", asked(Router.DERIBIT, "get_instruments", GetInstruments(**span)))
    chain = cast("OptionChain", asked(Router.DERIBIT, "get_options_chain", GetOptionsChain(**span)))
    names = [each.instrument_name for each in listed.instruments]
    assert names
    assert all(chain.quote(name) is not None for name in names)
    assert chain.quotes_total == len(names)


def test_a_book_is_on_the_tick(asked: Asked) -> None:
    listed = cast("Instruments", asked(Router.DERIBIT, "get_instruments", GetInstruments())).instruments
    name = listed[len(listed) // 2].instrument_name
    book = cast("OrderBook", asked(Router.DERIBIT, "get_order_book", GetOrderBook(instrument_name=name)))
    levels = book.bids + book.asks
    assert levels
    for price, amount in levels:
        assert price % Decimal("0.0001") == 0
        assert amount > 0


def test_hours_of_index_and_dvol_are_unbroken(asked: Asked) -> None:
    start = asked.now - 724 * HOUR
    bars = cast(
        "Historical",
        asked(
            Router.DERIBIT,
            "get_historical",
            GetHistorical(instrument="ETH-INDEX", start=start, end=asked.now),
        ),
    ).candles
    points = cast(
        "DvolHistory", asked(Router.DERIBIT, "get_dvol_history", GetDvolHistory(start=start, end=asked.now))
    ).points
    for times in ([bar.timestamp for bar in bars], [point.timestamp for point in points]):
        assert len(times) >= 721
        assert {later - earlier for earlier, later in pairwise(times)} == {HOUR}
        assert times[-1] + HOUR <= asked.now


def test_funding_is_by_the_hour_and_by_exchange(asked: Asked) -> None:
    rate = cast("FundingRate", asked(Router.HYPERLIQUID, "get_funding_rate", GetFundingRate(coin="ETH")))
    history = cast(
        "FundingHistory",
        asked(
            Router.HYPERLIQUID,
            "get_funding_history",
            GetFundingHistory(coin="ETH", start=asked.now - 48 * HOUR, end=asked.now),
        ),
    )
    exchanges = cast(
        "CrossExchangeFunding",
        asked(Router.SENTIMENT, "get_cross_exchange_funding", CoinRequest(coin="ETH")),
    )
    assert rate.annualized_rate == pytest.approx(rate.hourly_rate * 8760)
    assert len(history.points) in (48, 49)
    assert exchanges.exchanges


def test_a_euro_costs_about_a_dollar(asked: Asked) -> None:
    rate = cast("FxRate", asked(Router.PORTFOLIO, "get_fx_rate", GetFxRate(base="EUR", quote="USD")))
    assert 0.8 < rate.rate < 1.6
