"""The registry of all tools: (router, tool) -> the models of request and answer."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from core.contract.base import Router, Tool, ToolAnswer, ToolRequest

REQUIRED_FEATURES: Final = frozenset({"valid_until", "label_lookup", "order_history"})
"""The engine trades only if `environment_info` lists all of these."""
CHANGING_TOOLS: Final = frozenset({"place_combo_order", "edit_order", "cancel_order", "cancel_all"})
"""The tools with an effect at the venue. A placement is sent once and never repeated automatically."""


def _declared() -> Iterator[Tool[Any, Any]]:
    """The `Tool` constants of each file in this folder: a new router's file needs no entry in a list."""
    for found in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if found.name not in ("base", "registry"):
            module = import_module(f"core.contract.{found.name}")
            yield from (value for value in vars(module).values() if isinstance(value, Tool))


def by_name(declared: Iterable[Tool[Any, Any]]) -> Mapping[tuple[Router, str], Tool[ToolRequest, ToolAnswer]]:
    """The tools by router and name. Raises `AssertionError` if two tools of a router have one name."""
    tools: dict[tuple[Router, str], Tool[ToolRequest, ToolAnswer]] = {}
    for tool in declared:
        if tools.setdefault((tool.router, tool.name), tool) is not tool:
            raise AssertionError(f"tools: expected {tool.router} {tool.name} once, found it twice")
    return MappingProxyType(tools)


TOOLS: Final = by_name(_declared())
