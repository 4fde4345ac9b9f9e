"""The second door to the paper venue's market: a simulated Deribit behind the live gateway, in this process.

The account's venue is behind the gateway; what is no venue's (funding, events, forced closes) is the paper
venue's own. No time passes within a request, combos are there at once, and nobody is told to wait, so that
both doors lead to the same market at the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx

from core.contract import Router
from gateway.live.app import make_app
from gateway.live.deadline import Deadline
from gateway.live.sources import LiveSources
from gateway.live.venue.limits import GRANTS, Grant
from gateway.live.venue.wire import http_client
from gateway.paper.process import PaperVenue
from gateway.shell.bodies import HttpAnswer
from gateway.shell.door import HEALTH
from gateway.sim.server import make_app as make_sim
from gateway.sim.venue import SimVenue
from gateway.sim.ways import AT_ONCE
from tests.gateway.live.desk import OTHERS, SIM_KEY, our_key, settings
from tests.gateway.live.trading_desk import HEADERS
from tests.gateway.live.virtual import VirtualLoop

HOUR = timedelta(hours=1)
RECORDED_H = 800
THROUGH_THE_GATEWAY = (Router.DERIBIT, Router.PORTFOLIO)
PLENTY = {bucket: Grant(10**9, 1e9) for bucket in GRANTS}
HOLDINGS = 'holdings:\n  - {asset: EUR, amount: "150000", price: fx}\n'


class _Closed:
    """What closes a door's store."""

    def __init__(self, door: GatewayDoor) -> None:
        self._door = door

    def close(self) -> None:
        self._door.close()


class GatewayDoor:
    """What the engine takes for its venue. `beside` answers what is not the venue's."""

    def __init__(self, beside: PaperVenue, folder: Path, begin: datetime, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        holdings = folder / "holdings.yaml"
        holdings.write_text(HOLDINGS, "utf-8")
        self._beside = beside
        self._loop = VirtualLoop()
        self._began_s, self._began_at = self._loop.time(), begin
        self.sim = SimVenue(
            beside.venue.source,
            self._wall_s,
            seed=seed,
            keys=[SIM_KEY],
            ways=AT_ONCE,
            unlimited=True,
            euro_usd=float(beside.venue.assumptions.eur_usd),
        )
        transport = httpx.ASGITransport(make_sim(self.sim, seed))
        self._sources = LiveSources(
            settings(folder, key=our_key(), holdings=holdings),
            http_client(transport),
            bases=OTHERS,
            wall_s=self._wall_s,
            clock=self._loop.time,
            grants=PLENTY,
        )
        self._record_hours(begin)
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(make_app(self._sources)), base_url="http://gateway"
        )
        self._loop.run_until_complete(self._sources.start(Deadline.within(clock=self._loop.time)))
        self.store = _Closed(self)
        self.calls = 0

    def dispatch(
        self, now: datetime, router: str, tool: str, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        """Answer one call at `now`."""
        if router not in THROUGH_THE_GATEWAY or tool == HEALTH:
            return self._beside.dispatch(now, router, tool, headers, body)
        self.calls += 1
        self._loop.advance_to(self._began_s + (now - self._began_at).total_seconds())
        answer = self._loop.run_until_complete(
            self._client.post(f"/mcp-{router}/tools/{tool}", content=body, headers=HEADERS)
        )
        return HttpAnswer(answer.status_code, {}, answer.content)

    def close(self) -> None:
        """Close both sides."""
        if not self._loop.is_closed():
            self._loop.run_until_complete(self._client.aclose())
            self._loop.run_until_complete(self._sources.close())
            self._loop.close()
            self._beside.store.close()

    def _wall_s(self) -> float:
        return self._began_at.timestamp() + self._loop.time() - self._began_s

    def _record_hours(self, begin: datetime) -> None:
        """What the gateway's own recorder would have by now, and will have."""
        hour = begin.replace(minute=0, second=0, microsecond=0) - RECORDED_H * HOUR
        for _ in range(2 * RECORDED_H):
            price = Decimal(self._beside.venue.source.index_usd(hour)).quantize(Decimal("0.01"))
            self._sources.folder.put_index_hour(hour, price)
            hour += HOUR
