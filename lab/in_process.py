"""The paper venue without HTTP: a transport that calls the venue's `Dispatch` in the engine's own process.

It replaces the HTTP connection inside `PaperTransport`, which tells the venue the market time and plays the
timing faults. Every answer takes a seeded latency of market time, reported in `X-Paper-Took`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol

from pydantic import SecretStr

from actors.http import ConnectionCut, Response, Transport
from actors.mcp import PaperTransport
from actors.mcp.paper_transport import NOW_HEADER, TOOK_HEADER
from actors.runtime import Context
from config import McpSettings
from gateway.shell.bodies import HttpAnswer
from gateway.shell.door import HEALTH

TOKEN: Final = "in-process-venue-token"
_URL: Final = "http://venue.in-process"
"""Never connected to; the settings require the URL of an upstream host."""
LATENCY_S: Final = (0.02, 0.25)
"""Market seconds from request to answer, drawn uniformly; as of a healthy exchange over the internet."""
PATH: Final = re.compile(r"/mcp-(?P<router>[^/]+)/(?:tools/(?P<tool>[^/]+)|health)")


class Answering(Protocol):
    """What answers requests to a venue; the venue's `Dispatch` does."""

    def __call__(
        self, now: datetime, router: str, tool: str, headers: Mapping[str, str], body: bytes, /
    ) -> HttpAnswer:
        """Answer one call at `now`; header names are lower case."""


def in_process_settings() -> McpSettings:
    """The upstream host of an engine whose venue is in the same process."""
    return McpSettings(url=_URL, token=SecretStr(TOKEN))


class InProcessTransport:
    """One connection to a venue in this process. `latency_s` draws one answer's latency."""

    def __init__(self, dispatch: Answering, *, latency_s: Callable[[], float]) -> None:
        self._dispatch = dispatch
        self._latency_s = latency_s
        self._open = True

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_s: float,  # noqa: ARG002  (`PaperTransport` applies it to the time that an answer takes)
    ) -> Response:
        """Answer at once. Raises ConnectionCut after `close`."""
        if not self._open:
            raise ConnectionCut(f"{method} {path}: the client was closed")
        found = PATH.fullmatch(path)
        if found is None:
            raise ValueError(f"{method} {path}: expected a tool's path or a health page's")
        sent = {name.lower(): value for name, value in headers.items()}
        now = datetime.fromisoformat(sent[NOW_HEADER.lower()])
        answer = self._dispatch(now, found["router"], found["tool"] or HEALTH, sent, body or b"")
        told = {name.lower(): value for name, value in answer.headers.items()}
        took_s = self._latency_s() + float(told.get(TOOK_HEADER, "0"))
        return Response(answer.status, {**told, TOOK_HEADER: f"{took_s:.6f}"}, answer.body)

    def close(self) -> None:
        """A `send` after this ends with an error, as over HTTP."""
        self._open = False


def in_process_transport(
    dispatch: Answering, latency_s: tuple[float, float] = LATENCY_S
) -> Callable[[Context], Transport]:
    """A transport factory for the engine: each actor draws its latencies from its own seeded source.

    `latency_s` are the least and the most, market seconds; both 0 answer at once, as a backtest does.
    """

    def connect(ctx: Context) -> PaperTransport:
        inner = InProcessTransport(dispatch, latency_s=lambda: ctx.rng().uniform(*latency_s))
        return PaperTransport(inner, clock=ctx)

    return connect
