"""A server that listens on a given address, says so, and ends in order at SIGTERM, SIGINT or SIGHUP."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from core.errors import InputError
from gateway.shell.accepting import BACKLOG, TellsSeldom
from gateway.shell.connections import ImpatientConnection

GRACE_S: Final = 2
"""What a request under way gets to end in, once the server is told to end."""
_STARTED_CHECK_S: Final = 0.005


def bound(host: str, port: int) -> socket.socket:
    """A socket bound there; port 0 takes a free one. Raises `InputError` if it can't be."""
    # Without IPPROTO_TCP asyncio leaves Nagle's algorithm on, and every small answer waits 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InputError(f"port: {host}:{port} can't be bound: {error}") from error
    return listener


class Server(uvicorn.Server):
    """Serves one application on one event loop. `should_exit` set from outside ends it in order."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        grace_s: int = GRACE_S,
        protocol: type[ImpatientConnection] = ImpatientConnection,
    ) -> None:
        """`protocol` is what speaks HTTP on each connection."""
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol,
                backlog=BACKLOG,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                lifespan="off",
                timeout_graceful_shutdown=grace_s,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them to `begin`: uvicorn would raise them again after its end, and kill the process."""
        yield

    async def begin(self, listener: socket.socket) -> asyncio.Task[None]:
        """Serve until a signal ends it; returns once it listens. The task ends with the server."""
        asyncio.get_running_loop().set_exception_handler(TellsSeldom())
        for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(ending, self.end)
        serving = asyncio.create_task(self.serve(sockets=[listener]))
        while not self.started and not serving.done():
            await asyncio.sleep(_STARTED_CHECK_S)
        return serving

    async def run_until_ended(self, listener: socket.socket, announce: Callable[[], None]) -> None:
        """`begin`, say that it listens, and wait for the end."""
        serving = await self.begin(listener)
        if not serving.done():
            announce()
        await serving

    def end(self) -> None:
        """End in order: no new request, and `grace_s` for those under way."""
        self.should_exit = True
