"""How one HTTP request is made: the `Transport` port, and what can go wrong on the way.

TransportError
├── NotConnected    failed before the request's first byte was sent: it has had no effect
├── NoAnswer        no complete answer within the deadline: the request may have had its effect
└── ConnectionCut   broken, unreadable or too long after sending began: the request may have had its effect
"""

# ruff: noqa: N818  (the names say what happened on the wire)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

HTTP_DEADLINE_S = 8.0
"""Process time for one whole attempt, from the look-up of the name to the last byte of the answer."""


class TransportError(Exception):
    """No complete HTTP answer."""


class NotConnected(TransportError):
    """Nothing was sent."""


class NoAnswer(TransportError):
    """Sent, perhaps; no complete answer in time."""


class ConnectionCut(TransportError):
    """Sent, perhaps; what came back is no whole answer."""


@dataclass(frozen=True)
class Response:
    """One HTTP answer. Header names are lower case; the values of repeated ones are joined by `, `."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """One attempt at one request. Raises only `TransportError` for what the network does."""

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response: ...

    def close(self) -> None:
        """Let the connection go; a `send` under way on another thread ends with an error."""
