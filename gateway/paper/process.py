"""The venue's own process: serves a paper venue until its end."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import Callable
from typing import Final

from core.errors import InputError
from gateway.paper.launch import HOST, Listening, PaperVenueConfig
from gateway.paper.paper_venue import PaperVenue
from gateway.paper.server import make_app
from gateway.paper.store import StoreFailedError
from gateway.shell.serving import Server, bound

PARENT_CHECK_S: Final = 0.5
EXIT_FAILED: Final = 1
EXIT_INPUT: Final = 2


def main(config: PaperVenueConfig, announce: Callable[[Listening], None]) -> None:
    """Serve until SIGTERM, SIGINT, SIGHUP or the parent's end.

    Raises `InputError` if it can't start, and `StoreFailedError` if its store fails, then or later.
    """
    venue = PaperVenue(config)
    # The record is a million objects that never change: no collection needs to look at them again.
    gc.collect()
    gc.freeze()
    try:
        listener = bound(HOST, config.port)
    except InputError:
        venue.store.close()
        raise
    failures: list[StoreFailedError] = []

    def end(error: StoreFailedError) -> None:
        failures.append(error)
        server.end()

    app = make_app(venue.dispatch, venue.ledger, driven=config.driven, on_store_failed=end)
    server = Server(app)
    ready = venue.ready(int(listener.getsockname()[1]))
    try:
        asyncio.run(_serve(server, listener, lambda: announce(ready), config))
    finally:
        listener.close()
        venue.store.close()
    if failures:
        raise failures[0]


async def _serve(
    server: Server, listener: socket.socket, announce: Callable[[], None], config: PaperVenueConfig
) -> None:
    parent = os.getppid() if config.parent_pid is None else config.parent_pid
    serving = await server.begin(listener)
    if not serving.done():
        announce()
    while config.end_with_parent and not serving.done():
        await asyncio.wait([serving], timeout=PARENT_CHECK_S)
        if os.getppid() != parent:
            server.end()
    await serving
