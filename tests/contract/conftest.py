"""The venues on the bench: the fake one in this process, and the paper venue over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from actors.http import HttpTransport
from actors.mcp import McpCredentials, PaperTransport
from gateway.paper.launch import PaperVenueConfig, VenueProcess, start_process
from tests.contract.bench import Bench, BenchClock
from tests.fakes.venue import FakeVenue

TOKEN = "contract-token"
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


@pytest.fixture(params=["fake", "paper"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param == "fake":
        yield fake_bench()
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
