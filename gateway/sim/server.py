"""The simulated hosts as one application, and as a process that serves it on this machine alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from time import time
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Route

from gateway.paper.model_market import ModelMarket
from gateway.shell.serving import Server, bound
from gateway.sim.connections import CountedConnection
from gateway.sim.keys import SimKey
from gateway.sim.others import SimOthers
from gateway.sim.rpc import API, RpcDoor
from gateway.sim.venue import SimVenue

HOST: Final = "127.0.0.1"


def make_app(venue: SimVenue, seed: int = 7) -> Starlette:
    """Everything under one address: the venue under `/api/v2/`, the other hosts each below its name."""
    door, others = RpcDoor(venue), SimOthers(venue.source, venue.wall_s, seed, venue.euro_usd)
    return Starlette(
        routes=[Route(f"{API}{{method:path}}", door.answer, methods=["GET", "POST"]), *others.routes()]
    )


def run(port: int, seed: int, keys: Iterable[SimKey], announce: Callable[[str], None]) -> None:
    """Serve the model market, as it is now, until SIGTERM, SIGINT or SIGHUP.

    Raises `InputError` if the port can't be bound.
    """
    venue = SimVenue(ModelMarket(seed), time, seed=seed, keys=keys)
    with bound(HOST, port) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        server = Server(make_app(venue, seed), protocol=CountedConnection)
        asyncio.run(server.run_until_ended(listener, lambda: announce(url)))
