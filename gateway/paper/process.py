"""The venue's own process: serves a paper venue until its end."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from core.errors import InputError
from gateway.paper.launch import HOST, Listening, PaperVenueConfig
from gateway.paper.paper_venue import PaperVenue
from gateway.paper.server import make_app
from gateway.paper.store import StoreFailedError
from gateway.shell.alone import AloneIn
from gateway.shell.serving import Server, bound

PARENT_CHECK_S: Final = 0.5
LOCK: Final = "venue.lock"
LAST_VENUE_S: Final = 5.0
"""A venue whose engine was killed notices that, and ends by itself."""
EXIT_FAILED: Final = 1
EXIT_INPUT: Final = 2


def main(config: PaperVenueConfig, announce: Callable[[Listening], None]) -> None:
    """Serve until SIGTERM, SIGINT, SIGHUP or the parent's end.

    Raises `InputError` if it can't start, and `StoreFailedError` if its store fails, then or later.
    """
    alone = alone_in(config.data_dir, within_s=LAST_VENUE_S)
    try:
        _serve_alone(config, announce)
    finally:
        alone.close()


def alone_in(data_dir: Path, *, within_s: float) -> AloneIn:
    """The account's folder, made if it is missing. Raises `InputError` if another venue has it."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        return AloneIn(data_dir, LOCK, within_s=within_s)
    except BlockingIOError:
        raise InputError(f"venue account: another venue is using {data_dir}") from None
    except OSError as error:
        raise InputError(f"venue account: {data_dir} can't be written: {error.strerror}") from None


def _serve_alone(config: PaperVenueConfig, announce: Callable[[Listening], None]) -> None:
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
