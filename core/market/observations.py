"""Observations of the market other than the chain: funding, hourly closes, macro events, levels."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter

from core.values import Value

PositiveUsd = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Level(StrEnum):
    """Importance of an event, or pressure of liquidations."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class MeanFunding(Value):
    """Mean funding of one venue over 24 h, an annualised fraction; `as_of` is the time of its last rate."""

    venue: str
    annualised_frac: Finite
    as_of: datetime


class MacroEvent(Value):
    name: str
    country: str
    importance: Level
    scheduled_at: datetime


class HourlyClose(Value):
    """The index at the end of an hour: `at` is the candle's start plus one hour."""

    at: datetime
    close_usd: PositiveUsd


_CLOSES: Final = TypeAdapter(tuple[HourlyClose, ...])


def hourly_closes(closes: Iterable[tuple[datetime, float]]) -> tuple[HourlyClose, ...]:
    """The closes of hours by their ends: all at once they take half the time, and a month has hundreds."""
    return _CLOSES.validate_python([{"at": at, "close_usd": close_usd} for at, close_usd in closes])


def closes_json(closes: Iterable[HourlyClose]) -> list[Any]:
    """Each as JSON values."""
    found: list[Any] = _CLOSES.dump_python(tuple(closes), mode="json")
    return found
