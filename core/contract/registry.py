"""Which tools exist: (router, tool) -> the models of its request and of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from core.contract.base import NoArguments, ToolAnswer, ToolRequest
from core.contract.deribit_market import MARKET_TOOLS, EnvironmentInfo
from core.contract.deribit_trading import TRADING_TOOLS
from core.contract.hyperliquid import HYPERLIQUID_TOOLS
from core.contract.macro import MACRO_TOOLS
from core.contract.portfolio import PORTFOLIO_TOOLS
from core.contract.sentiment import SENTIMENT_TOOLS


class Router(StrEnum):
    """The groups of tools; each has a path of its own, and in the engine an actor of its own."""

    DERIBIT = "deribit"
    HYPERLIQUID = "hyperliquid"
    MACRO = "macro"
    SENTIMENT = "sentiment"
    PORTFOLIO = "portfolio"


REQUIRED_FEATURES: Final = frozenset({"valid_until", "label_lookup", "order_history"})
"""The engine trades only where `environment_info` lists all of these."""
CHANGING_TOOLS: Final = frozenset({"place_combo_order", "edit_order", "cancel_order", "cancel_all"})
"""The tools with an effect at the venue. A placement is sent once; its repetition is never automatic."""


class ToolContract(NamedTuple):
    """The two models of one tool."""

    request: type[ToolRequest]
    answer: type[ToolAnswer]


def _contracts() -> dict[tuple[Router, str], ToolContract]:
    by_router: dict[Router, dict[str, tuple[type[ToolRequest], type[ToolAnswer]]]] = {
        Router.DERIBIT: {"environment_info": (NoArguments, EnvironmentInfo), **MARKET_TOOLS, **TRADING_TOOLS},
        Router.HYPERLIQUID: HYPERLIQUID_TOOLS,
        Router.MACRO: MACRO_TOOLS,
        Router.SENTIMENT: SENTIMENT_TOOLS,
        Router.PORTFOLIO: PORTFOLIO_TOOLS,
    }
    return {
        (router, tool): ToolContract(*models)
        for router, tools in by_router.items()
        for tool, models in tools.items()
    }


TOOLS: Final[Mapping[tuple[Router, str], ToolContract]] = MappingProxyType(_contracts())


def tool_path(router: Router, tool: str) -> str:
    """The path of a tool below the host, e.g. `/mcp-deribit/tools/get_dvol`."""
    return f"/mcp-{router}/tools/{tool}"


def health_path(router: Router) -> str:
    """The path of a router's health page below the host."""
    return f"/mcp-{router}/health"
