"""The gateway's sources over the simulated venue, in one process and on one virtual clock."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.live.deadline import Deadline
from gateway.live.orders.placing import PlacingStep
from gateway.live.other_hosts.outside import Host
from gateway.live.settings import LiveSettings, settings_from
from gateway.live.sources import LiveSources
from gateway.live.venue.signing import ApiKey
from gateway.live.venue.wire import http_client
from gateway.paper.model_market import ModelMarket
from gateway.paper.source import MarketSource
from gateway.sim.keys import SimKey
from gateway.sim.server import make_app
from gateway.sim.venue import SimVenue
from gateway.sim.ways import Ways
from lab.virtual_loop import VirtualLoop
from tests.gateway.live.virtual import in_no_time, pass_s

NOW = datetime(2026, 1, 12, 14, 0, 20, tzinfo=UTC)
TOKEN = "t" * 32
BASE = "http://127.0.0.1:1"
SIM_KEY = SimKey("key-id", "key-secret-of-the-simulated-venue")
OTHERS = {host: f"{BASE}/{host.name.lower()}" for host in Host}
ResultT = TypeVar("ResultT")


class Far:
    """An application that takes a while to answer, as one at the other end of the world does."""

    def __init__(self, app: ASGIApp, latency_s: float) -> None:
        self._app = app
        self._latency_s = latency_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await pass_s(self._latency_s)
        await self._app(scope, receive, send)


class Instead:
    """An application that answers some methods of the venue, by their paths' ends, in its own way."""

    def __init__(self, app: ASGIApp, answers: Mapping[str, tuple[int, object]]) -> None:
        """`answers` is status and body; an object is put into an envelope with the id that was asked for."""
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        for end, (status, said) in self._answers.items():
            if request.url.path.endswith(end):
                body = said
                if isinstance(said, dict):
                    asked = json.loads(await request.body() or b"{}")
                    body = json.dumps({"jsonrpc": "2.0", "id": asked.get("id"), "testnet": True} | said)
                await Response(body, status)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def refusing(code: int, message: str, **data: object) -> tuple[int, object]:
    """How the venue refuses."""
    return 400, {"error": {"code": code, "message": message, "data": data or None}}


NO_SUMMARY: Mapping[str, tuple[int, object]] = {"get_book_summary_by_currency": (200, {"result": []})}
"""The summary of all options takes the simulated venue as long as a hundred tickers."""


@dataclass
class Desk:
    """Both ends, and the clock between them."""

    sources: LiveSources
    venue: SimVenue
    loop: VirtualLoop

    def by(self, seconds: float = 7.0) -> Deadline:
        return Deadline.within(seconds, self.loop.time)


@cache
def model_market() -> ModelMarket:
    """One for all tests: it is a function of time, and takes a while to walk its path."""
    return ModelMarket(7)


def settings(folder: Path, **changed: object) -> LiveSettings:
    """Settings that name the simulated venue."""
    plain = settings_from(
        {
            "CERBERO_GATEWAY_TOKEN": TOKEN,
            "CERBERO_GATEWAY_DERIBIT_URL": BASE,
            "CERBERO_GATEWAY_STATE_DIR": str(folder),
        },
        lambda env, name: env.get(name, ""),
    )
    return plain.model_copy(update=changed)


def on_the_desk(
    folder: Path,
    play: Callable[[Desk], Coroutine[Any, Any, ResultT]],
    *,
    source: MarketSource | None = None,
    at: datetime = NOW,
    latency_s: float = 0.08,
    key: ApiKey | None = None,
    keys: Iterable[SimKey] = (SIM_KEY,),
    instead: Mapping[str, tuple[int, object]] | None = None,
    testnet: bool = True,
    venue_ahead_s: float = 0.0,
    ways: Ways | None = None,
    reach: Callable[[PlacingStep], None] = lambda _: None,
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    venue: SimVenue | None = None,
    **changed: object,
) -> ResultT:
    """Play against gateway and simulated venue, both at `at`; `venue` is one from a play before."""

    async def played(loop: VirtualLoop) -> ResultT:
        began = loop.time()

        def wall_s() -> float:
            return at.timestamp() + loop.time() - began

        market = model_market() if source is None else source
        far = venue or SimVenue(market, wall_s, keys=keys, testnet=testnet, ways=ways)
        far.wall_s = lambda: wall_s() + venue_ahead_s
        app = Far(around(Instead(make_app(far), instead or {})), latency_s)
        client = http_client(httpx.ASGITransport(app))
        sources = LiveSources(
            settings(folder, key=key, **changed),
            client,
            bases=OTHERS,
            wall_s=wall_s,
            clock=loop.time,
            reach=reach,
        )
        try:
            return await play(Desk(sources, far, loop))
        finally:
            await sources.close()

    return in_no_time(played)


def our_key(secret: str = SIM_KEY.secret) -> ApiKey:
    """The key as the gateway holds it."""
    return ApiKey(SecretStr(SIM_KEY.client_id), SecretStr(secret))


async def raised(asked: Awaitable[object]) -> Exception:
    """The error that it ended with."""
    try:
        found = await asked
    except Exception as error:
        return error
    raise AssertionError(f"expected an error, found {found!r}")
