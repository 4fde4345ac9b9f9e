"""A simulated Deribit behind the live gateway, in the engine's own process and in virtual time.

Whatever the gateway waits for (its own limits, a combo that is not active yet) passes on its loop's clock,
and is told to the engine as the time that the answer took.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from actors.mcp.paper_transport import TOOK_HEADER
from gateway.live.in_process import InProcessGateway
from gateway.live.settings import LiveSettings
from gateway.live.venue.limits import GRANTS, Grant
from gateway.paper.source import MarketSource
from gateway.shell.bodies import HttpAnswer
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
    ) -> None:
        """`settings` name a key, which the venue then knows. `unlimited`: nobody is told to wait; `records`:
        the gateway records what passes, as its process does.

        Raises `InputError` if the gateway can't start.
        """
        self._loop = VirtualLoop()
        self._began_s, self._began_at = self._loop.time(), begin
        key = settings.key
        self.sim = SimVenue(
            source,
            self._wall_s,
            seed=seed,
            keys=[] if key is None else [SimKey(*(part.get_secret_value() for part in key))],
            ways=ways,
            unlimited=unlimited,
            euro_usd=euro_usd,
        )
        self.gateway = InProcessGateway(
            settings,
            make_app(self.sim, seed),
            wall_s=self._wall_s,
            clock=self._loop.time,
            grants=PLENTY if unlimited else GRANTS,
        )
        self._loop.run_until_complete(self.gateway.start(records=records))
        self.calls = 0

    @property
    def store(self) -> GatewayVenue:
        return self

    def dispatch(
        self, now: datetime, router: str, tool: str, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        """Answer one call at `now`."""
        self.calls += 1
        asked_s = self._began_s + (now - self._began_at).total_seconds()
        self._loop.run_to(asked_s)
        answer = self._loop.run_until_complete(
            self.gateway.call(router, tool, headers.get("x-bot-tag", ""), body)
        )
        took_s = self._loop.time() - asked_s
        return answer._replace(headers={**answer.headers, TOOK_HEADER: f"{took_s:.6f}"})

    def close(self) -> None:
        """Close both sides; a second time does nothing."""
        if not self._loop.is_closed():
            self._loop.run_until_complete(self.gateway.close())
            self._loop.close()

    def _wall_s(self) -> float:
        return self._began_at.timestamp() + self._loop.time() - self._began_s
