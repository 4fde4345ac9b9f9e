"""What one run found, as plain values: it may have run in another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from actors.decision.facts import marks_of
from core.orders.books import CycleRow, EntryLatch, Position
from core.statistics.account import AccountPoint
from core.values import PositionId
from gateway.paper.source import MarketSource
from lab.backtest.honesty import ThreePrices, age_text, three_prices
from lab.backtest.road import CoreRoad
from lab.backtest.settings import BacktestSettings
from lab.backtest.sources import Market, open_market, source_of


@dataclass(frozen=True)
class Plan:
    """What to run: a market, from `began` to `ended` of it; None: from its start, to its end."""

    market: Market
    settings: BacktestSettings
    began: datetime | None = None
    ended: datetime | None = None
    resume_after: timedelta | None = None


@dataclass(frozen=True)
class Admitted:
    """What a report has to admit, as it stands in `docs/backtest.md`."""

    recorded: bool
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

    market: str
    began: datetime
    ended: datetime
    is_whole: bool
    positions: tuple[Position, ...]
    cycles: tuple[CycleRow, ...]
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


def run_backtest(
    plan: Plan,
    goes_on: Callable[[datetime, datetime, datetime], bool],
    opening: Callable[[Market], MarketSource] = source_of,
) -> BacktestResult:
    """Run it. `goes_on` is asked with now, begin and end; a run that it ends is not whole. `opening` gives
    the source of the market: whoever runs many plans over it reads it once.

    Raises `InputError` if the market can't be read or does not cover the span.
    """
    opened = open_market(plan.market, plan.settings, plan.began, plan.ended, opening)
    road = CoreRoad(
        opened.source,
        plan.settings.strategy,
        assumptions=opened.assumptions,
        begin=opened.began,
        resume_after=plan.resume_after,
        switches=plan.settings.switches,
        chains=opened.chains,
    )
    reached = opened.began

    def asked(now: datetime) -> bool:
        nonlocal reached
        if goes_on(now, opened.began, opened.ended):
            reached = now
            return True
        return False

    is_whole = road.run(opened.ended, asked)
    return _result(road, opened.name, opened.ended if is_whole else reached, is_whole=is_whole)


def _result(road: CoreRoad, market: str, ended: datetime, *, is_whole: bool) -> BacktestResult:
    books, honesty, reader = road.books, road.honesty, road.reader
    positions = tuple(books.positions.values())
    live = books.live
    chain = reader.chain_of_legs([leg for position in live for leg in position.plan.legs])
    closed = [position for position in positions if position.closed_at is not None]
    account = reader.held_account()
    return BacktestResult(
        market=market,
        began=road.begin,
        ended=ended,
        is_whole=is_whole,
        positions=positions,
        cycles=tuple(books.cycles),
        latches=tuple(books.latches),
        still_latched=books.latch is not None and books.latch.latched,
        account=tuple(honesty.account_points),
        given_away=dict(honesty.paid_beyond_mid_eth),
        marks_eth=marks_of(chain, live),
        spot_usd=reader.spot_usd(),
        balance_eth=road.venue.account.balance_eth,
        equity_usd=account.equity_usd or 0.0,
        assumptions=road.venue.assumptions.as_text(),
        admitted=Admitted(
            recorded=honesty.is_recorded,
            decision_ages=age_text(honesty.decision_ages_h),
            fill_ages=age_text(honesty.fill_ages_h),
            decisions=honesty.decisions,
            on_assumed_funding=honesty.on_assumed_funding,
            entry_decisions=len(honesty.account_points),
            fills=honesty.fills,
            on_assumed_size=honesty.on_assumed_size,
            deliveries=honesty.deliveries,
            skipped=dict(honesty.skipped),
            vetoes=road.trading.vetoes,
            refused=road.trading.refused,
            prices=three_prices(closed, honesty),
        ),
    )
