"""How one HTTP request is made: the `Transport` port, and what can go wrong on the way.

TransportError
├── NotConnected    refused or unreachable before a byte was sent: the request has had no effect
├── NoAnswer        no complete answer within the deadline: the request may have had its effect
└── ConnectionCut   the connection broke after sending began: the request may have had its effect
"""

# ruff: noqa: N818  (the names say what happened on the wire)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

HTTP_DEADLINE_S = 8.0
"""Process time for one whole attempt, connection and body included."""
ANSWER_BYTES_MAX = 64 * 1024 * 1024
"""A longer body ends the attempt with an error; no tool's answer is nearly as long."""


class TransportError(Exception):
    """No complete HTTP answer."""


class NotConnected(TransportError):
    """Nothing was sent."""


class NoAnswer(TransportError):
    """Sent, perhaps; no complete answer in time."""


class ConnectionCut(TransportError):
    """Sent, perhaps; the connection broke before the answer was complete."""


@dataclass(frozen=True)
class Response:
    """One HTTP answer. Header names are lower case."""

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
