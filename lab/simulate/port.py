"""An engine's port to the venue of a simulation: values while nothing disturbs the answers, else the wire.

A read that no fault can hit needs no JSON. It takes as long, passes the same places and gives the same answer
as over the wire (`tests/simulate/test_port.py`), except that a stored snapshot holds only what was looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from actors.mcp import Changed, OpenPort, ToolPort
from actors.runtime import Context
from core.contract import HealthAnswer, Router
from core.strategy import Strategy
from gateway.paper.venue import Venue
from gateway.shell.door import HEALTH
from lab.backtest.engine.port import TypedVenue, VenuePort
from lab.backtest.reader import VenueChains
from lab.in_process import LATENCY_S
from lab.simulate.acts import ActPlace

if TYPE_CHECKING:
    from pydantic import BaseModel

    from core.market.option_chain import OptionChain

TOOK_DECIMALS: Final = 6
"""As the wire tells how long an answer took."""
Reached = Callable[[ActPlace, str], None]


class LabPort:
    """One router's tools, for one life of an actor."""

    def __init__(
        self,
        wire: ToolPort,
        typed: VenuePort,
        ctx: Context,
        *,
        is_plain: Callable[[], bool],
        reached: Reached,
    ) -> None:
        """`is_plain` says whether an answer can be given as a value now; `reached` as in `LabWire`."""
        self._wire = wire
        self._typed = typed
        self._ctx = ctx
        self._is_plain = is_plain
        self._reached = reached
        self._open = True

    def read(
        self, tool: str, request: BaseModel, *, correlation: str, now: datetime
    ) -> BaseModel | OptionChain:
        """As `ToolPort.read`."""
        if not (self._open and self._is_plain()):
            return self._wire.read(tool, request, correlation=correlation, now=now)
        self._reached(ActPlace.REQUEST, tool)
        try:
            return self._typed.read(tool, request, correlation=correlation, now=self._ctx.now())
        finally:
            self._take_time(tool)

    def health(self, *, correlation: str) -> HealthAnswer:
        """As `ToolPort.health`."""
        if not (self._open and self._is_plain()):
            return self._wire.health(correlation=correlation)
        self._reached(ActPlace.REQUEST, HEALTH)
        try:
            return self._typed.health(correlation=correlation)
        finally:
            self._take_time(HEALTH)

    def change(self, tool: str, request: BaseModel, *, correlation: str) -> Changed:
        """As `ToolPort.change`: an order always goes over the wire, which may hold it back."""
        return self._wire.change(tool, request, correlation=correlation)

    def close(self) -> None:
        """What is called after this ends as on a closed wire."""
        self._open = False
        self._wire.close()

    def _take_time(self, tool: str) -> None:
        self._reached(ActPlace.ANSWER, tool)
        self._ctx.sleep(round(self._ctx.rng().uniform(*LATENCY_S), TOOK_DECIMALS))


def lab_ports(
    venue: Venue, strategy: Strategy, *, is_plain: Callable[[], bool], reached: Reached
) -> Callable[[OpenPort], OpenPort]:
    """What makes ports to the venue of those over the wire."""
    typed = TypedVenue(venue, strategy, VenueChains(venue.source, strategy.anomalies))

    def over(wire: OpenPort) -> OpenPort:
        def opened(ctx: Context, router: Router) -> LabPort:
            port = typed.open_port(ctx, router)
            return LabPort(wire(ctx, router), port, ctx, is_plain=is_plain, reached=reached)

        return opened

    return over
