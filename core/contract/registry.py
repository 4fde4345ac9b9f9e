"""The registry of all tools: (router, tool) -> the models of request and answer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast

from core.contract.base import Router, Tool, ToolAnswer, ToolRequest
from core.contract.deribit_market import MARKET_TOOLS
from core.contract.deribit_trading import TRADING_TOOLS
from core.contract.hyperliquid import HYPERLIQUID_TOOLS
from core.contract.macro import MACRO_TOOLS
from core.contract.portfolio import PORTFOLIO_TOOLS
from core.contract.sentiment import SENTIMENT_TOOLS

REQUIRED_FEATURES: Final = frozenset({"valid_until", "label_lookup", "order_history"})
"""The engine trades only if `environment_info` lists all of these."""
CHANGING_TOOLS: Final = frozenset({"place_combo_order", "edit_order", "cancel_order", "cancel_all"})
"""The tools with an effect at the venue. A placement is sent once and never repeated automatically."""


TOOLS: Final[Mapping[tuple[Router, str], Tool[ToolRequest, ToolAnswer]]] = MappingProxyType(
    {
        (tool.router, tool.name): cast("Tool[ToolRequest, ToolAnswer]", tool)
        for tools in (
            MARKET_TOOLS,
            TRADING_TOOLS,
            HYPERLIQUID_TOOLS,
            MACRO_TOOLS,
            SENTIMENT_TOOLS,
            PORTFOLIO_TOOLS,
        )
        for tool in tools
    }
)


def tool_path(router: Router, tool: str) -> str:
    """The path of a tool below the host, e.g. `/mcp-deribit/tools/get_dvol`."""
    return f"/mcp-{router}/tools/{tool}"


def health_path(router: Router) -> str:
    """The path of a router's health page below the host."""
    return f"/mcp-{router}/health"
