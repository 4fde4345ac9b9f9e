"""The upstream tool servers: one actor per router for reads, one for orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.lazy_face import lazy_face

if TYPE_CHECKING:
    from actors.mcp.client import McpClient, wire_ports
    from actors.mcp.credentials import REDIRECTED, McpCredentials
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

__getattr__ = lazy_face(
    __name__,
    {
        "credentials": ("REDIRECTED", "McpCredentials"),
        "client": ("McpClient", "wire_ports"),
        "orders": ("McpOrders",),
        "paper_transport": ("PaperTransport",),
        "router": ("McpRouter",),
        "port": ("Changed", "Declined", "OpenPort", "ToolPort", "Unclear"),
    },
)
