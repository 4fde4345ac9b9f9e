"""Every input of a decision as frozen values: what market data, books and switch knew at one moment.

A fact that could not be fetched never becomes a default here; the cycle ends before a decision is asked for.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from core.option_chain import OptionChain
from core.values import Leg, PositionId, SpreadKind, Value

PositiveUsd = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Level(StrEnum):
    """Importance of an event, or pressure of liquidations."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class FundingRate(Value):
    """The mean of one venue's last 24 h, annualised, a fraction; `as_of` is its last rate's time."""

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


class EntryFacts(Value):
    """All that an entry decision reads. `risk_open_usd` is the worst loss of the open positions together."""

    now: datetime
    strategy_enabled: bool
    armed: bool
    suspended_reasons: tuple[str, ...] = ()
    open_positions: int = Field(ge=0)
    orders_in_doubt: int = Field(ge=0)

    equity_usd: Finite
    eur_usd: PositiveUsd
    eth_share: Finite
    venue_equity_eth: Finite
    initial_margin_eth: NotNegative
    risk_open_usd: NotNegative

    spot_usd: PositiveUsd
    dvol: PositiveUsd
    dvol_24h_ago: PositiveUsd
    index_hourly_closes: tuple[HourlyClose, ...]
    funding: tuple[FundingRate, ...]
    macro_events: tuple[MacroEvent, ...]
    liquidation_level: Level

    chain: OptionChain | None = None
    """None where the cycle is blocked before anything is fetched."""


class OpenPositionFacts(Value):
    """An open position as the exits see it. `credit_eth` is the fill per contract, before fees."""

    position_id: PositionId
    kind: SpreadKind
    legs: tuple[Leg, ...]
    contracts: int = Field(gt=0)
    credit_eth: Annotated[Decimal, Field(gt=0)]
    entered_at: datetime
    expiration: datetime
    entry_spot_usd: PositiveUsd
    entry_dvol: PositiveUsd


class MonitorFacts(Value):
    """All that an exit decision reads. `chain` holds at least the legs; None where it could not be read."""

    now: datetime
    position: OpenPositionFacts
    spot_usd: PositiveUsd | None
    spot_4h_ago_usd: PositiveUsd | None
    dvol: PositiveUsd | None
    chain: OptionChain | None
