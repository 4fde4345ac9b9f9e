"""The bases of the upstream contract: requests, answers, routers, tools."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from core.contract.scalars import Currency, EnvironmentName, FreeText, Named, word
from core.trusted import Trusting


class ToolRequest(BaseModel):
    """Base of every request body: frozen, and an unknown field is refused (422 at the server)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolAnswer(Trusting):
    """Base of every answer body: frozen; a field that the contract does not name is ignored.

    An answer with a non-blank `error` is a soft error and has to be recognised before it is validated here.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


class HealthAnswer(ToolAnswer):
    """`GET /mcp-{router}/health`."""

    status: Annotated[Literal["ok"], BeforeValidator(word)]
    version: Named
    environment: EnvironmentName
    warnings: tuple[FreeText, ...] = ()
    """What a person should know although the router answers, each in the server's own words."""


class Router(StrEnum):
    """The upstream tool servers."""

    DERIBIT = "deribit"
    HYPERLIQUID = "hyperliquid"
    MACRO = "macro"
    SENTIMENT = "sentiment"
    PORTFOLIO = "portfolio"


RequestT = TypeVar("RequestT", bound=ToolRequest)
AnswerT = TypeVar("AnswerT", bound=ToolAnswer)


@dataclass(frozen=True)
class Tool(Generic[RequestT, AnswerT]):
    """One tool of a router, and the models of its request and of its answer."""

    router: Router
    name: str
    request: type[RequestT]
    answer: type[AnswerT]


class NoArguments(ToolRequest):
    """The body of a tool that takes nothing: `{}`."""


class CurrencyRequest(ToolRequest):
    """The body of a tool that is asked per currency."""

    currency: Currency = "ETH"


class SoftError(ToolAnswer):
    """200 with a non-blank `error`: the server reached the venue and the venue refused."""

    error: str = Field(min_length=1)


class Failure(ToolAnswer):
    """The body of every answer that is not 200 (and not the 409 that carries an order)."""

    detail: str


def tool_path(router: Router, tool: str) -> str:
    """The path of a tool below the host, e.g. `/mcp-deribit/tools/get_dvol`."""
    return f"/mcp-{router}/tools/{tool}"


def health_path(router: Router) -> str:
    """The path of a router's health page below the host."""
    return f"/mcp-{router}/health"
