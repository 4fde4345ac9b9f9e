"""The upstream tool servers: one actor per router for reads, one for orders."""

from __future__ import annotations

from actors.mcp.client import REDIRECTED, McpClient, McpCredentials, wire_ports
from actors.mcp.orders import McpOrders
from actors.mcp.paper_transport import PaperTransport
from actors.mcp.port import Changed, Declined, OpenPort, ToolPort, Unclear
from actors.mcp.router import McpRouter

__all__ = [
    "REDIRECTED",
    "Changed",
    "Declined",
    "McpClient",
    "McpCredentials",
    "McpOrders",
    "McpRouter",
    "OpenPort",
    "PaperTransport",
    "ToolPort",
    "Unclear",
    "wire_ports",
]
