"""The upstream tool servers: one actor per router for reads, one for orders, and their transports."""

from __future__ import annotations

from actors.mcp.client import REDIRECTED, McpCredentials
from actors.mcp.orders import McpOrders
from actors.mcp.paper_transport import PaperTransport
from actors.mcp.router import McpRouter
from actors.mcp.transport import (
    ConnectionCut,
    HttpTransport,
    NoAnswer,
    NotConnected,
    Response,
    Transport,
    TransportError,
)

__all__ = [
    "REDIRECTED",
    "ConnectionCut",
    "HttpTransport",
    "McpCredentials",
    "McpOrders",
    "McpRouter",
    "NoAnswer",
    "NotConnected",
    "PaperTransport",
    "Response",
    "Transport",
    "TransportError",
]
