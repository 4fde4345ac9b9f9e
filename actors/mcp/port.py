"""What an actor calls a router's tools through: over a wire, or straight to a venue in the same process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from pydantic import BaseModel

from actors.runtime import Context
from core.contract import HealthAnswer, Order, Router
from core.market.option_chain import OptionChain


@dataclass(frozen=True)
class Declined:
    """The request has had no effect and will have none: `reason` is a code, `detail` says more."""

    reason: str
    detail: str


@dataclass(frozen=True)
class Unclear:
    """An answer came, and it does not say whether the request had an effect."""

    detail: str


Changed: TypeAlias = Order | Declined | Unclear
"""The answer of a tool that changes an order: the order as it is then, or why there is none."""


class ToolPort(Protocol):
    """One router's tools. Each call is one attempt; whether to try again is decided by who calls."""

    def read(
        self, tool: str, request: BaseModel, *, correlation: str, now: datetime
    ) -> BaseModel | OptionChain:
        """The answer of a tool that changes nothing, valid and about what was asked. Raises `McpError`."""

    def health(self, *, correlation: str) -> HealthAnswer:
        """The router's health page. Raises `McpError`."""

    def change(self, tool: str, request: BaseModel, *, correlation: str) -> Changed:
        """The answer of a tool that changes an order. Raises `TransportError` if none came."""

    def close(self) -> None:
        """Nothing is called after this."""


OpenPort: TypeAlias = Callable[[Context, Router], ToolPort]
"""Opens one router's port for one life of an actor."""
