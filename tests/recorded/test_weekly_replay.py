"""January to April 2026 through the pure core and the paper venue's matching, with no actor."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.exit_decision import ExitCode
from core.strategy import Strategy
from core.values import SpreadKind
from tests.recorded.weekly_replay import WeeklyReplay

pytestmark = pytest.mark.recorded


@pytest.fixture(scope="module")
def replay(recorded_data: Path) -> WeeklyReplay:
    made = WeeklyReplay(recorded_data / "chains", Strategy())
    made.run()
    return made


def test_the_trades_of_the_record(replay: WeeklyReplay) -> None:
    """Slot, kind, contracts, exit rule and P&L, as `docs/strategy.md` follows three of them by hand."""
    found = [
        (
            f"{trade.slot:%m-%d}",
            trade.plan.kind.value,
            trade.plan.contracts,
            trade.exit_rule,
            str(trade.pnl_eth),
        )
        for trade in replay.trades
    ]
    assert found == [
        ("01-05", "iron_condor", 2, "profit", "0.01520000"),
        ("01-19", "bull_put", 2, "stop", "-0.04452500"),
        ("02-23", "bear_call", 3, "profit", "0.00847500"),
        ("03-02", "bear_call", 3, "stop", "-0.03630000"),
        ("04-06", "bull_put", 3, "profit", "0.01481250"),
        ("04-13", "bull_put", 2, "profit", "0.00820000"),
        ("04-20", "bull_put", 2, "profit", "0.00880000"),
    ]


def test_every_monday_has_an_outcome(replay: WeeklyReplay) -> None:
    assert replay.outcomes == {"entered": 7, "market": 8, "no_strikes": 1, "not_worth": 1}


def test_every_trade_keeps_to_its_plan(replay: WeeklyReplay) -> None:
    for trade in replay.trades:
        plan = trade.plan
        per_contract = trade.credit_eth / plan.contracts
        assert plan.floor_eth <= per_contract <= plan.limit_eth
        assert trade.closed_at is not None
        assert trade.slot <= trade.entered_at < trade.closed_at <= plan.expiration
        assert -trade.pnl_eth <= Decimal(repr(plan.worst_loss_eth)) * plan.contracts


def test_all_kinds_traded_and_the_wins_are_those_of_the_profit_rule(replay: WeeklyReplay) -> None:
    assert {trade.plan.kind for trade in replay.trades} == set(SpreadKind)
    for trade in replay.trades:
        assert (trade.pnl_eth > 0) is (trade.exit_rule == ExitCode.PROFIT.value)
