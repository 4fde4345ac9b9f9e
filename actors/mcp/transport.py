"""The transport to the tool servers, under the names by which the rooms and their fakes know it."""

from __future__ import annotations

from actors.http import (
    HTTP_DEADLINE_S,
    ConnectionCut,
    HttpTransport,
    NoAnswer,
    NotConnected,
    Response,
    Transport,
    TransportError,
)

__all__ = [
    "HTTP_DEADLINE_S",
    "ConnectionCut",
    "HttpTransport",
    "NoAnswer",
    "NotConnected",
    "Response",
    "Transport",
    "TransportError",
]
