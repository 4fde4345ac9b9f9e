"""The upstream tool servers: one actor per router for reads, one for orders."""

from __future__ import annotations

from actors.mcp.client import REDIRECTED, McpClient, McpCredentials
from actors.mcp.orders import McpOrders
from actors.mcp.paper_transport import PaperTransport
from actors.mcp.router import McpRouter

__all__ = [
    "REDIRECTED",
    "McpClient",
    "McpCredentials",
    "McpOrders",
    "McpRouter",
    "PaperTransport",
]
