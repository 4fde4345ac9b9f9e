"""Serves an application over HTTP until the process is asked to end, within bounds for whoever connects."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from core.errors import InputError
from gateway.shell.accepting import BACKLOG, TellsSeldom
from gateway.shell.connections import ImpatientConnection

CONNECTIONS_MAX: Final = 32
"""More than anybody has; further ones get 503."""
HEAD_BYTES_MAX: Final = 16_384


def listening(host: str, port: int, *, of_host: str) -> socket.socket:
    """A socket that listens there; `of_host` names the setting that the host is of.

    Raises InputError if that can't be.
    """
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise InputError(
            f"--port {port} ({of_host} {host}): expected a free port of this machine: {error.strerror}"
        ) from None
    return listener


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP."""
    server = _QuietServer(
        uvicorn.Config(
            app,
            http=ImpatientConnection,
            backlog=BACKLOG,
            ws="none",
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            lifespan="off",
            limit_concurrency=CONNECTIONS_MAX,
            h11_max_incomplete_event_size=HEAD_BYTES_MAX,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
        )
    )
    asyncio.run(_serve(server, listener))


class _QuietServer(uvicorn.Server):
    """Leaves the signals to `_serve`: uvicorn would raise them again after its end, and kill the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    asyncio.get_running_loop().set_exception_handler(TellsSeldom())
    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(ending, setattr, server, "should_exit", True)
    await server.serve(sockets=[listener])
