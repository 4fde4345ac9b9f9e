"""Stored snapshots are looked at: looks that are left out would have changed nothing, and the margin's exit
is begun by one."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from core.orders.books import CycleOutcome, Job, TradeResult
from core.orders.exit_rule import ExitRule
from core.strategy import Strategy
from core.values import PositionId
from gateway.paper.model_market import ModelMarket
from lab.backtest.agenda import MOMENT
from lab.backtest.road import CoreRoad


class Counted(CoreRoad):
    """`every`: no look is left out."""

    every = False
    left_out = 0

    def _may_change(self, now: datetime) -> bool:
        may_change = super()._may_change(now)
        self.left_out += not may_change
        return may_change or self.every


class Every(Counted):
    every = True


def by_drawdown_alone(limit: float) -> Strategy:
    """No other protection may block an entry."""
    strategy = Strategy()
    update = {"drawdown_max_frac": limit, "loss_max_multiple": None, "losing_trades_max": None}
    return strategy.model_copy(update={"protections": strategy.protections.model_copy(update=update)})


def with_margin_exit(limit: float) -> Strategy:
    strategy = Strategy()
    update = {"margin_exit": limit, "margin_warn": limit}
    return strategy.model_copy(update={"exits": strategy.exits.model_copy(update=update)})


@pytest.mark.parametrize(
    ("strategy", "days", "left_out", "latches"),
    [
        pytest.param(Strategy(), 70, 900, 0, id="default"),
        pytest.param(by_drawdown_alone(0.0005), 42, 400, 2, id="a drawdown while something is held"),
        pytest.param(with_margin_exit(0.03), 42, 400, 0, id="a margin near its bound"),
    ],
)
def test_a_run_is_the_same_with_every_look_made(
    strategy: Strategy, days: int, left_out: int, latches: int
) -> None:
    resume_after = timedelta(days=1)
    fast, every = (road(ModelMarket(7), strategy, resume_after=resume_after) for road in (Counted, Every))
    for road in (fast, every):
        road.run(road.begin + timedelta(days=days))
    assert fast.left_out > left_out
    assert len(fast.books.latches) == latches
    assert fast.books == every.books
    assert fast.protection.highs == every.protection.highs
    assert fast.venue.account.trades == every.venue.account.trades
    assert fast.venue.account.balance_eth == every.venue.account.balance_eth


def test_a_gain_that_leaves_the_window_of_losses_is_looked_at() -> None:
    """Until then the loss after it is set off against it."""
    road = CoreRoad(ModelMarket(1), Strategy())
    begin, window = road.begin, timedelta(days=road.strategy.protections.loss_window_d)
    for number, (hours, pnl_usd) in enumerate(((34, 100), (480, -900))):
        closed = TradeResult(
            position_id=PositionId(f"p-{number}"),
            closed_at=begin + timedelta(hours=hours),
            exit_rule=None,
            pnl_usd=Decimal(pnl_usd),
        )
        road.books.results.append(closed)
    protection, gone = road.protection, begin + timedelta(hours=34) + window
    protection.trading(gone - timedelta(hours=1), {}, None)
    assert not protection.may_change(gone - MOMENT, -801.0, 30_000.0)
    assert protection.may_change(gone, -801.0, 30_000.0)
    protection.trading(gone, {}, None)
    assert not protection.may_change(gone + MOMENT, -801.0, 30_000.0)


def test_a_margin_that_is_used_up_is_given_back_at_the_next_stored_snapshot() -> None:
    """Three contracts use more than 2 % of 10 ETH: no monitor is due for hours after the entry."""
    road = CoreRoad(ModelMarket(1), with_margin_exit(0.02))
    road.run(road.begin + timedelta(days=1))
    (position,) = road.books.positions.values()
    assert position.exit_rule is ExitRule.MARGIN
    (exited,) = [row for row in road.books.cycles if row.outcome is CycleOutcome.EXITED]
    assert (exited.job, exited.slot - road.begin) == (Job.MONITOR, timedelta(hours=14, minutes=15))
    assert exited.reasons == (f"margin:{position.position_id}",)
