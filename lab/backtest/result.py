"""What one run found, as plain values: it may have run in another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from core.contract import Trade
from core.orders.books import CycleRow, EntryLatch, Position
from core.statistics.account import AccountPoint
from core.values import PositionId
from gateway.paper.venue import Venue
from lab.backtest.honesty import Honesty, ThreePrices, age_text, three_prices
from lab.backtest.reader import VenueReader
from lab.backtest.schedule import Schedule
from lab.backtest.settings import BacktestSettings
from lab.backtest.sources import Market


class Road(StrEnum):
    """What runs the strategy: the rules alone, or every actor of the engine."""

    CORE = "core"
    ACTORS = "actors"


@dataclass(frozen=True)
class Plan:
    """What to run: a market, from `began` to `ended` of it; None: from its start, to its end.

    `latency_s`: market seconds that each answer to the engine takes; the core road knows none.
    """

    market: Market
    settings: BacktestSettings
    began: datetime | None = None
    ended: datetime | None = None
    resume_after: timedelta | None = None
    road: Road = Road.CORE
    schedule: Schedule = Schedule.PRODUCTION
    latency_s: float = 0.0


@dataclass(frozen=True)
class Admitted:
    """What a report has to admit, as it stands in `docs/backtest.md`."""

    recorded: bool
    assumed_dvol_pts: float | None
    """What stands for DVOL at each decision, and None if that is on record or the model's own."""
    decision_ages: str
    fill_ages: str
    decisions: int
    on_assumed_funding: int
    entry_decisions: int
    fills: int
    on_assumed_size: int
    deliveries: int
    skipped: Mapping[str, int]
    vetoes: int
    refused: int
    prices: ThreePrices


@dataclass(frozen=True)
class BacktestResult:
    """Positions are all that were filled, in the order of their entries; `marks_eth` those of the end."""

    road: Road
    market: str
    began: datetime
    ended: datetime
    is_whole: bool
    latency_s: float
    """As of the plan."""
    positions: tuple[Position, ...]
    cycles: tuple[CycleRow, ...]
    fills: tuple[Trade, ...]
    """Every fill of a leg at the venue, in their order."""
    latches: tuple[EntryLatch, ...]
    still_latched: bool
    account: tuple[AccountPoint, ...]
    given_away: Mapping[PositionId, Decimal]
    marks_eth: Mapping[str, Decimal]
    spot_usd: float
    balance_eth: Decimal
    equity_usd: float
    assumptions: Mapping[str, str]
    admitted: Admitted


@dataclass(frozen=True)
class Traded:
    """What a road has in its books at the end of a run."""

    positions: tuple[Position, ...]
    cycles: tuple[CycleRow, ...]
    latches: tuple[EntryLatch, ...]
    """Every latch of the protections, as it was set."""
    still_latched: bool
    vetoes: int
    refused: int


def result_of(
    traded: Traded,
    venue: Venue,
    reader: VenueReader,
    honesty: Honesty,
    *,
    road: Road,
    market: str,
    span: tuple[datetime, datetime],
    is_whole: bool,
    latency_s: float = 0.0,
) -> BacktestResult:
    """The result of a run over `span`, with what is held valued by the venue as it is now."""
    positions = traded.positions
    live = tuple(position for position in positions if position.is_live)
    marked = reader.marked_at(reader.now, live)
    closed = [position for position in positions if position.closed_at is not None]
    account = reader.held_account()
    return BacktestResult(
        road=road,
        market=market,
        began=span[0],
        ended=span[1],
        is_whole=is_whole,
        latency_s=latency_s,
        positions=positions,
        cycles=traded.cycles,
        fills=tuple(venue.account.trades.values()),
        latches=traded.latches,
        still_latched=traded.still_latched,
        account=tuple(honesty.account_points),
        given_away=dict(honesty.paid_beyond_mid_eth),
        marks_eth=marked.marks_eth,
        spot_usd=marked.spot_usd,
        balance_eth=venue.account.balance_eth,
        equity_usd=account.equity_usd or 0.0,
        assumptions=venue.assumed(),
        admitted=Admitted(
            recorded=honesty.is_recorded,
            assumed_dvol_pts=honesty.assumed_dvol_pts,
            decision_ages=age_text(honesty.decision_ages_h),
            fill_ages=age_text(honesty.fill_ages_h),
            decisions=honesty.decisions,
            on_assumed_funding=honesty.on_assumed_funding,
            entry_decisions=len(honesty.account_points),
            fills=honesty.fills,
            on_assumed_size=honesty.on_assumed_size,
            deliveries=honesty.deliveries,
            skipped=dict(honesty.skipped),
            vetoes=traded.vetoes,
            refused=traded.refused,
            prices=three_prices(closed, honesty),
        ),
    )
