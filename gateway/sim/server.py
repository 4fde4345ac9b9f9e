"""The simulated hosts as one application, and as a process that serves it on this machine alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Final, NamedTuple

from starlette.applications import Starlette
from starlette.routing import Route

from gateway.paper.model_market import ModelMarket
from gateway.shell.serving import Server, bound
from gateway.sim.connections import CountedConnection
from gateway.sim.faults import Fault
from gateway.sim.kept import SimFolder
from gateway.sim.keys import SimKey
from gateway.sim.others import SimOthers
from gateway.sim.rpc import API, RpcDoor
from gateway.sim.venue import SimVenue
from gateway.sim.ways import Ways

HOST: Final = "127.0.0.1"


def make_app(venue: SimVenue, seed: int = 7) -> Starlette:
    """Everything under one address: the venue under `/api/v2/`, the other hosts each below its name."""
    door, others = RpcDoor(venue), SimOthers(venue.source, venue.wall_s, seed, venue.euro_usd)
    return Starlette(
        routes=[Route(f"{API}{{method:path}}", door.answer, methods=["GET", "POST"]), *others.routes()]
    )


class SimChoices(NamedTuple):
    """What a person may say of the simulated venue."""

    seed: int
    keys: tuple[SimKey, ...]
    ways: Ways
    faults: tuple[Fault, ...]
    data_dir: Path


def run(port: int, options: SimChoices, announce: Callable[[str], None]) -> None:
    """Serve the model market, as it is now, until SIGTERM, SIGINT or SIGHUP.

    Raises `InputError` if the port can't be bound, or the folder can't be used.
    """
    folder = SimFolder(options.data_dir, f"model seed {options.seed}")
    try:
        venue = SimVenue(
            ModelMarket(options.seed),
            time,
            seed=options.seed,
            keys=options.keys,
            ways=options.ways,
            folder=folder,
        )
        # The market's path from its begin to now takes a while, which would be the first caller's.
        venue.call("public/get_index_price", {"index_name": "eth_usd"}, None)
        venue.faults.add(*options.faults)
        with bound(HOST, port) as listener:
            url = f"http://{HOST}:{listener.getsockname()[1]}"
            server = Server(make_app(venue, options.seed), protocol=CountedConnection)
            asyncio.run(server.run_until_ended(listener, lambda: announce(url)))
    finally:
        folder.close()
