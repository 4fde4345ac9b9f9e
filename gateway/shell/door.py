"""The door of a gateway: who may ask, and whether what is asked for exists. It looks at nothing else."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Container, Mapping
from typing import Final

from core.contract import Router
from gateway.shell.bodies import HttpAnswer, failure

BOT_TAG_MAX: Final = 64
LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
PORT: Final = re.compile(r":\d*$")
HEALTH: Final = "health"
"""A router's health page stands where a tool's name does; it may be asked for without a token."""


def tool_in(path_params: Mapping[str, str]) -> str:
    """The tool that a path below `tools` asks for: never the health page, whatever it is called there."""
    name = path_params["tool"]
    return f"tools/{name}" if name == HEALTH else name


class Door:
    """Holds the bearer token and the names of the tools."""

    def __init__(
        self, token: str, tools: Container[tuple[str, str]], names: Collection[str] | None = LOOPBACK_NAMES
    ) -> None:
        """`names` are those under which the gateway is reached, without a port; None for any."""
        self._token = f"Bearer {token}".encode()
        self._tools = tools
        self._names = names

    def refused(self, router: str, tool: str, headers: Mapping[str, str]) -> HttpAnswer | None:
        """401, 404, 421 or 422 for a request that goes no further; None if it may. Header names are lower
        case."""
        host = headers.get("host")
        if host is not None and self._names is not None and PORT.sub("", host).lower() not in self._names:
            # A page of the web may have a name of its own lead to this machine.
            return failure(421, f"Host: expected one of {', '.join(sorted(self._names))}, found {host!r}")
        probing = tool == HEALTH
        if not (probing and "authorization" not in headers) and not self.is_authorised(headers):
            return failure(401, "Authorization: the bearer token is missing or wrong")
        tag = headers.get("x-bot-tag", "")
        if not probing and not (tag.strip() and len(tag) <= BOT_TAG_MAX):
            return failure(422, f"X-Bot-Tag: expected 1 to {BOT_TAG_MAX} characters, found {len(tag)}")
        if router not in tuple(Router):
            return failure(404, f"router: expected one of {', '.join(Router)}, found {router!r}")
        if not probing and (router, tool) not in self._tools:
            return failure(404, f"tool: {router} has no tool {tool!r}")
        return None

    def is_authorised(self, headers: Mapping[str, str]) -> bool:
        """Whether the bearer token is the gateway's; compared in constant time."""
        return hmac.compare_digest(headers.get("authorization", "").encode(), self._token)
