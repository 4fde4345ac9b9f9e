"""Serves the figures of one data folder to Prometheus, until the process is asked to end."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from config.metrics import METRICS_HOST, stays_here
from core.errors import InputError
from reading.metrics.exposition import CONTENT_TYPE, exposed
from reading.metrics.series import Figures

PATH: Final = "/metrics"
CONNECTIONS_MAX: Final = 32
"""More scrapers than anybody has; further ones get 503."""


def make_app(figures: Callable[[], Figures], *, local: bool) -> Starlette:
    """The one page there is. `figures` may take seconds, so it is called on a thread.

    With `local` only requests to a name of this machine are answered: a page in the browser of somebody here
    may reach this port by a name of its own that leads to 127.0.0.1.
    """

    def metrics(request: Request) -> Response:
        if local and not _names_this_machine(request.headers.get("host", "")):
            return PlainTextResponse("expected a request to localhost or 127.0.0.1\n", 421)
        return Response(exposed(figures()), headers={"Content-Type": CONTENT_TYPE})

    return Starlette(routes=[Route(PATH, metrics, methods=["GET"])])


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises InputError if that can't be."""
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise InputError(
            f"--port {port} ({METRICS_HOST} {host}): expected a free port of this machine: {error.strerror}"
        ) from None
    return listener


def serve(app: Starlette, listener: socket.socket) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP."""
    server = _MetricsServer(
        uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            lifespan="off",
            limit_concurrency=CONNECTIONS_MAX,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
        )
    )
    asyncio.run(_serve(server, listener))


class _MetricsServer(uvicorn.Server):
    """Leaves the signals to `_serve`: uvicorn would raise them again after its end, and kill the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(ending, setattr, server, "should_exit", True)
    await server.serve(sockets=[listener])


def _names_this_machine(header: str) -> bool:
    """Whether a `Host` header names `localhost` or a loopback address, with or without a port."""
    try:
        host = urlsplit(f"//{header}").hostname or ""
        return host == "localhost" or stays_here(host)
    except ValueError:
        return False
