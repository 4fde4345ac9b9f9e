"""HTTP as the engine speaks it: one attempt under one deadline. No room, but what rooms reach hosts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.http import no_command_line  # noqa: F401  (first: the transport imports httpx)
from actors.http.port import (
    HTTP_DEADLINE_S,
    ConnectionCut,
    NoAnswer,
    NotConnected,
    Response,
    Transport,
    TransportError,
)
from actors.http.retry_after import retry_after_s
from core.lazy_face import lazy_face

if TYPE_CHECKING:
    from actors.http.transport import HttpTransport
    from actors.http.trust import trusted

__all__ = [
    "HTTP_DEADLINE_S",
    "ConnectionCut",
    "HttpTransport",
    "NoAnswer",
    "NotConnected",
    "Response",
    "Transport",
    "TransportError",
    "retry_after_s",
    "trusted",
]

# What a process needs that reaches a host; a simulation reaches none.
__getattr__ = lazy_face(__name__, {"transport": ("HttpTransport",), "trust": ("trusted",)})
