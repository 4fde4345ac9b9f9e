"""A simulated Deribit behind the live gateway, in the engine's own process and in virtual time.

Whatever the gateway waits for (its own limits, a combo that is not active yet) passes on its loop's clock,
and is told to the engine as the time that the answer took.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from starlette.types import Receive, Scope, Send

from actors.mcp.paper_transport import TOOK_HEADER
from gateway.live.in_process import InProcessGateway
from gateway.live.orders.placing import PlacingStep
from gateway.live.settings import LiveSettings
from gateway.live.venue.limits import GRANTS, Grant
from gateway.paper.source import MarketSource
from gateway.shell.bodies import HttpAnswer
from gateway.sim.kept import SimFolder
from gateway.sim.keys import SimKey
from gateway.sim.server import make_app
from gateway.sim.venue import EURO_USD, SimVenue
from gateway.sim.ways import Ways
from lab.virtual_loop import VirtualLoop

PLENTY: Final = {bucket: Grant(10**9, 1e9) for bucket in GRANTS}


class GatewayVenue:
    """What the engine takes for its venue. It is its own store: it is closed at an engine's end."""

    def __init__(
        self,
        source: MarketSource,
        settings: LiveSettings,
        begin: datetime,
        seed: int,
        *,
        ways: Ways | None = None,
        unlimited: bool = False,
        records: bool = True,
        euro_usd: float = EURO_USD,
        folder: SimFolder | None = None,
    ) -> None:
        """`settings` name a key, which the venue then knows. `unlimited`: nobody is told to wait; `records`:
        the gateway records what passes, as its process does; in `folder` the venue keeps its account.

        Raises `InputError` if the gateway can't start.
        """
        self.loop = VirtualLoop()
        self.began_s, self._began_at = self.loop.time(), begin
        self._source, self._settings, self._seed = source, settings, seed
        self._ways, self._unlimited, self._euro_usd = ways, unlimited, euro_usd
        self.sim = self.new_sim(folder)
        self.gateway = self.new_gateway()
        self.loop.run_until_complete(self.gateway.start(records=records))
        self.calls = 0

    def new_sim(self, folder: SimFolder | None = None) -> SimVenue:
        """A simulated Deribit that knows the key; with a folder it goes on with what is kept there."""
        key = self._settings.key
        sim = SimVenue(
            self._source,
            self.wall_s,
            seed=self._seed,
            keys=[] if key is None else [SimKey(*(part.get_secret_value() for part in key))],
            ways=self._ways,
            unlimited=self._unlimited,
            euro_usd=self._euro_usd,
            folder=folder,
        )
        self._hosts = make_app(sim, self._seed)
        return sim

    def new_gateway(self) -> InProcessGateway:
        """A gateway on the state folder, not started yet."""
        return InProcessGateway(
            self._settings,
            self.hosts,
            wall_s=self.wall_s,
            clock=self.loop.time,
            grants=PLENTY if self._unlimited else GRANTS,
            reach=self.reach,
        )

    def reach(self, step: PlacingStep) -> None:
        """A placement has come to this failpoint, where nothing happens."""

    async def hosts(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What the gateway takes for Deribit and the others: the simulated one, as it is now."""
        await self._hosts(scope, receive, send)

    @property
    def store(self) -> GatewayVenue:
        return self

    def dispatch(
        self, now: datetime, router: str, tool: str, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        """Answer one call at `now`."""
        self.calls += 1
        asked_s = self.began_s + (now - self._began_at).total_seconds()
        self.loop.run_to(asked_s)
        answer = self.loop.run_until_complete(
            self.gateway.call(router, tool, headers.get("x-bot-tag", ""), body)
        )
        took_s = self.loop.time() - asked_s
        return answer._replace(headers={**answer.headers, TOOK_HEADER: f"{took_s:.6f}"})

    def close(self) -> None:
        """Close both sides; a second time does nothing."""
        if not self.loop.is_closed():
            self.loop.run_until_complete(self.gateway.close())
            self.loop.close()

    def wall_s(self) -> float:
        """The time at both, seconds since 1970."""
        return self._began_at.timestamp() + self.loop.time() - self.began_s
