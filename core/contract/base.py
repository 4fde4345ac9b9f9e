"""The bases of the upstream contract and its scalar types: how money, amounts and times travel.

Money, prices and amounts are decimal text in JSON (`"0.0125"`), so that no float rounding enters the books;
statistics (greeks, volatility in percent points, rates as fractions) are JSON numbers; times are ISO-8601
UTC with `Z`. Source: the upstream contract, section "Call".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.functional_validators import AfterValidator

from core.venue_text import Name


class ToolRequest(BaseModel):
    """Base of every request body: frozen, and an unknown field is refused (422 at the server)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolAnswer(BaseModel):
    """Base of every answer body: frozen; a field that the contract does not name is ignored.

    An answer with a non-blank `error` is a soft error and has to be recognised before it is validated here.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


def _refuse_numbers(value: object) -> object:
    if isinstance(value, str | Decimal):
        return value
    raise ValueError(f"expected a decimal as text, found {type(value).__name__}")


def _refuse_floats(value: object) -> object:
    if isinstance(value, str | Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError(f"expected a decimal as text or a whole number, found {type(value).__name__}")


def _refuse_epochs(value: object) -> object:
    if isinstance(value, str | datetime):
        return value
    raise ValueError(f"expected an ISO-8601 time as text, found {type(value).__name__}")


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def plain_decimal(value: Decimal) -> str:
    """The decimal as plain text, never in exponent form."""
    return format(value, "f")


def iso_utc(value: datetime) -> str:
    """The aware time as ISO-8601 UTC with `Z`."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


Money = Annotated[
    Decimal,
    BeforeValidator(_refuse_numbers),
    PlainSerializer(plain_decimal, return_type=str, when_used="json"),
]
"""A cash amount or a price. Its unit stands in the field's own documentation."""
Amount = Annotated[
    Decimal,
    BeforeValidator(_refuse_floats),
    PlainSerializer(plain_decimal, return_type=str, when_used="json"),
]
"""A number of contracts (1 contract = 1 ETH); decimal text in JSON, a whole number is accepted too."""
Positive = Annotated[Money, Field(gt=0)]
Statistic = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A finite JSON number: greeks, volatility, rates, open interest, sizes seen in the market."""
UtcTime = Annotated[
    AwareDatetime,
    BeforeValidator(_refuse_epochs),
    AfterValidator(_in_utc),
    PlainSerializer(iso_utc, return_type=str, when_used="json"),
]

Currency = Literal["ETH", "EUR", "USD"]
SideName = Literal["buy", "sell"]
EnvironmentName = Literal["testnet", "mainnet", "paper"]
Resolution = Literal["1h", "1d"]


class HealthAnswer(ToolAnswer):
    """`GET /mcp-{router}/health`."""

    status: Literal["ok"]
    version: Name
    environment: EnvironmentName


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
