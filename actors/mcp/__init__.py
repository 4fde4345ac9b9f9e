"""The upstream tool servers: one actor per router for reads, one for orders."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

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

_FILES: Final = {
    "REDIRECTED": "credentials",
    "McpClient": "client",
    "McpCredentials": "credentials",
    "McpOrders": "orders",
    "PaperTransport": "paper_transport",
    "McpRouter": "router",
    "Changed": "port",
    "Declined": "port",
    "OpenPort": "port",
    "ToolPort": "port",
    "Unclear": "port",
    "wire_ports": "client",
}
"""Where each name stands."""


def __getattr__(asked: str) -> object:
    """A name of the room, from its file: commands that need one or two go without the rest."""
    if asked not in _FILES:
        raise AttributeError(asked)
    found: object = getattr(import_module(f"actors.mcp.{_FILES[asked]}"), asked)
    return found
