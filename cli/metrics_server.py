"""The page of figures that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from config.metrics import stays_here
from reading.metrics.exposition import CONTENT_TYPE, exposed
from reading.metrics.series import Figures

PATH: Final = "/metrics"


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


def _names_this_machine(header: str) -> bool:
    """Whether a `Host` header names `localhost` or a loopback address, with or without a port."""
    try:
        host = urlsplit(f"//{header}").hostname or ""
        return host == "localhost" or stays_here(host)
    except ValueError:
        return False
