"""Observations of the market other than the chain: funding, hourly closes, macro events, levels."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

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
