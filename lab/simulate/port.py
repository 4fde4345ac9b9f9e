"""An engine's port to the venue of a simulation: values, and the wire for what a fault hits.

A read that no fault hits needs no JSON. It takes as long, passes the same places and gives the same answer
as over the wire (`tests/simulate/test_port.py`), except that a stored snapshot holds only what was looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Lab:
    """What the ports of an engine ask its simulation."""

    may_be_plain: Callable[[], bool]
    """Whether answers are given as values at all now."""
    is_hit: Callable[[Router, str, str], bool]
    """Whether a fault hits a read that has reached its place: tool and correlation. It goes over the wire."""
    reached: Callable[[ActPlace, str], None]
    """As in `LabWire`."""


class LabPort:
    """One router's tools, for one life of an actor."""

    def __init__(self, wire: ToolPort, typed: VenuePort, ctx: Context, router: Router, lab: Lab) -> None:
        self._wire = wire
        self._typed = typed
        self._ctx = ctx
        self._router = router
        self._lab = lab
        self._open = True

    def read(
        self, tool: str, request: BaseModel, *, correlation: str, now: datetime
    ) -> BaseModel | OptionChain:
        """As `ToolPort.read`."""
        if not self._is_plain(tool, correlation):
            return self._wire.read(tool, request, correlation=correlation, now=now)
        try:
            return self._typed.read(tool, request, correlation=correlation, now=self._ctx.now())
        finally:
            self._take_time(tool)

    def health(self, *, correlation: str) -> HealthAnswer:
        """As `ToolPort.health`."""
        if not self._is_plain(HEALTH, correlation):
            return self._wire.health(correlation=correlation)
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

    def _is_plain(self, tool: str, correlation: str) -> bool:
        """Whether the answer is given as a value."""
        if not (self._open and self._lab.may_be_plain()):
            return False
        self._lab.reached(ActPlace.REQUEST, tool)
        return not self._lab.is_hit(self._router, tool, correlation)

    def _take_time(self, tool: str) -> None:
        self._lab.reached(ActPlace.ANSWER, tool)
        self._ctx.sleep(round(self._ctx.rng().uniform(*LATENCY_S), TOOK_DECIMALS))


def lab_ports(venue: Venue, strategy: Strategy, lab: Lab) -> Callable[[OpenPort], OpenPort]:
    """What makes ports to the venue of those over the wire."""
    typed = TypedVenue(venue, strategy, VenueChains(venue.source, strategy.anomalies))

    def over(wire: OpenPort) -> OpenPort:
        def opened(ctx: Context, router: Router) -> LabPort:
            return LabPort(wire(ctx, router), typed.open_port(ctx, router), ctx, router, lab)

        return opened

    return over
