"""Stands before every route: the host, then the cookie, then what every answer carries."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from page.door.headers import HEADERS
from page.door.hosts import Hosts


class Guard:
    """Refuses foreign hosts, and adds the headers to every answer, also to a refusal."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"expected a request of HTTP, found {scope['type']}")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) != 1 or not self._hosts.allows(hosts[0]):
            refusal = PlainTextResponse("this page has another name; see --public-name\n", 421)
            await refusal(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)


def comes_from_here(request: Request, hosts: Hosts) -> bool:
    """Whether a request that changes something came from this page."""
    return hosts.allows_origin(request.headers.get("origin"), request.headers.get("host", ""))
