"""Every input of a decision as frozen values: what market data, books and switch knew at one moment.

A fact that could not be fetched never becomes a default here; the cycle ends before it decides.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

from core.market.forwards import ExpiryForward
from core.market.observations import (
    Finite,
    HourlyClose,
    Level,
    MacroEvent,
    MeanFunding,
    NotNegative,
    PositiveUsd,
)
from core.market.option_chain import OptionChain
from core.orders.books import TradeResult
from core.statistics.highs import PnlHigh
from core.values import Leg, PositionId, SpreadKind, Value


class EngineFacts(Value):
    """Facts of switch, books and mode, known before anything is fetched.

    `risk_open_usd` is the sum of the worst losses of the open positions.
    """

    strategy_enabled: bool
    armed: bool
    suspended_reasons: tuple[str, ...] = ()
    open_positions: int = Field(ge=0)
    orders_in_doubt: int = Field(ge=0)
    risk_open_usd: NotNegative


class AccountFacts(Value):
    """The owner's holdings, in total and at the venue."""

    equity_usd: Finite
    eur_usd: PositiveUsd
    eth_share: Finite
    venue_equity_eth: Finite
    initial_margin_eth: NotNegative


class MarketFacts(Value):
    """What an entry reads of the market. `chain` holds the expiries that it may choose from.

    `forwards` is derived from the chain, and None only in a record from before it was.
    """

    spot_usd: PositiveUsd
    dvol: PositiveUsd
    dvol_24h_ago: PositiveUsd
    index_hourly_closes: tuple[HourlyClose, ...]
    funding: tuple[MeanFunding, ...]
    macro_events: tuple[MacroEvent, ...]
    liquidation_level: Level
    forwards: tuple[ExpiryForward, ...] | None
    chain: OptionChain | None


class TradingFacts(Value):
    """What the strategy has made itself, as the protections see it.

    `pnl_usd` is all of it, realised and open positions at marks; None if a position can't be marked. `highs`
    are those of this figure (`core.statistics.highs`), and `trades` the closed trades that may count, oldest
    first. `since` is when a person last resumed entries after a protection: what was before does not count.
    """

    since: datetime | None
    pnl_usd: Finite | None
    highs: tuple[PnlHigh, ...]
    trades: tuple[TradeResult, ...]


class EntryFacts(Value):
    """All that an entry decision reads. `trading` is None only in a record from before it was read."""

    now: datetime
    engine: EngineFacts
    account: AccountFacts
    market: MarketFacts
    trading: TradingFacts | None


class HeldAccount(Value):
    """The account while something is held; a part is None if it could not be read."""

    venue_equity_eth: Finite | None
    maintenance_margin_eth: NotNegative | None
    equity_usd: Finite | None
    eur_usd: PositiveUsd | None


NOT_READ: Final = HeldAccount(
    venue_equity_eth=None, maintenance_margin_eth=None, equity_usd=None, eur_usd=None
)
"""Of an account that nothing was read of."""


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


class MonitorMarket(Value):
    """What an exit reads of the market. `chain` holds at least the legs. A part that is None is missing.

    `account` is None only in a record from before it was read.
    """

    spot_usd: PositiveUsd | None
    spot_4h_ago_usd: PositiveUsd | None
    dvol: PositiveUsd | None
    account: HeldAccount | None
    chain: OptionChain | None


class MonitorFacts(Value):
    """All that an exit decision on one position reads.

    `uses_most_margin`: of the positions that are held, it uses most; none does while the one that uses most
    is being closed. None only in a record from before.
    """

    now: datetime
    position: OpenPositionFacts
    market: MonitorMarket
    uses_most_margin: bool | None
