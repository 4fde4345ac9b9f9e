"""The gateway without a socket: its hosts are an application of this process, and its clocks are given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import httpx
from starlette.types import ASGIApp

from gateway.live.app import make_app
from gateway.live.deadline import Deadline
from gateway.live.orders.placing import PlacingStep
from gateway.live.other_hosts.outside import Host
from gateway.live.recorders import Recorders
from gateway.live.settings import LiveSettings
from gateway.live.sources import LiveSources
from gateway.live.venue.limits import GRANTS, Grant
from gateway.live.venue.methods import Bucket
from gateway.live.venue.wire import http_client
from gateway.shell.bodies import HttpAnswer
from gateway.shell.door import HEALTH

BASE_URL: Final = "http://127.0.0.1"
"""Never connected to."""


class InProcessGateway:
    """One gateway. All of it runs on the event loop whose time `clock` is."""

    def __init__(
        self,
        settings: LiveSettings,
        hosts: ASGIApp,
        *,
        wall_s: Callable[[], float],
        clock: Callable[[], float],
        grants: Mapping[Bucket, Grant] = GRANTS,
        reach: Callable[[PlacingStep], None] = lambda _: None,
    ) -> None:
        """`hosts` answers for Deribit and, each below its name, for the others; `reach` is told each
        failpoint of a placement."""
        self.sources = LiveSources(
            settings,
            http_client(httpx.ASGITransport(hosts)),
            bases={host: f"{settings.base_url}/{host.name.lower()}" for host in Host},
            wall_s=wall_s,
            clock=clock,
            grants=grants,
            reach=reach,
        )
        self._clock = clock
        self._recording: asyncio.Task[None] | None = None
        self._authorization = f"Bearer {settings.token.get_secret_value()}"
        self._client = http_client(httpx.ASGITransport(make_app(self.sources)))

    async def start(self, *, records: bool) -> None:
        """Start, and record what passes if that is wanted. Raises `InputError` if it can't."""
        await self.sources.start(Deadline.within(clock=self._clock))
        if records:
            self._recording = asyncio.create_task(Recorders(self.sources, self._clock).record())

    async def call(self, router: str, tool: str, bot_tag: str, body: bytes) -> HttpAnswer:
        """One tool of a router, or its health page."""
        url = f"{BASE_URL}/mcp-{router}"
        headers = {"Authorization": self._authorization, "X-Bot-Tag": bot_tag}
        if tool == HEALTH:
            answer = await self._client.get(f"{url}/{HEALTH}", headers=headers)
        else:
            answer = await self._client.post(f"{url}/tools/{tool}", content=body, headers=headers)
        return HttpAnswer(answer.status_code, dict(answer.headers), answer.content)

    async def close(self) -> None:
        """End what it does by itself, and close both sides."""
        if self._recording is not None:
            self._recording.cancel()
            await asyncio.gather(self._recording, return_exceptions=True)
        await self._client.aclose()
        await self.sources.close()
