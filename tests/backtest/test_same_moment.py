"""What is due at one moment goes in one order on both roads: slots first, then exits under way look."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from core.orders.books import CycleOutcome
from gateway.paper.model_market import ModelMarket
from lab.backtest import sources
from lab.backtest.compared import differences
from lab.backtest.result import BacktestResult, Plan, Road
from lab.backtest.running import run_backtest
from lab.backtest.schedule import Schedule
from lab.backtest.settings import load_settings
from lab.backtest.sources import Market
from tests.backtest.test_mapped_market import COLUMNS, HEADER, PRICES, STRATEGY, snapshots

WITHOUT_ASKS, CHEAP = date(2026, 1, 11), date(2026, 1, 12)
"""An exit is dear on the first day, and nobody sells; on the second one all can be bought for less."""
CHANGES = (
    *("lab.exit_price=mid", "strikes.dte_min=5", "strikes.dte_target=11", "exits.expiry_dte=4.5"),
    *("exits.profit_of_credit=null", "exits.stop_cost_multiple=null", "strategy.max_open_positions=1"),
    *("scheduler.entry_weekday=monday", 'scheduler.entry_time="08:00"'),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Daily snapshots at 08:00: what was under way before is filled at that moment."""
    path = tmp_path_factory.mktemp("snapshots") / "chains.csv"
    with path.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow((*HEADER, *PRICES))
        for row in snapshots(ModelMarket(1)):
            named = dict(zip((*HEADER, *PRICES), row, strict=True))
            if named["quote_date"] == WITHOUT_ASKS:
                named.update(ask_eth=0)
            if named["quote_date"] == CHEAP:
                named.update(bid_eth=0, ask_eth=0.02, mark_eth=0.01)
            writer.writerow(named.values())
    return path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "CACHE", tmp_path)


def on_both(file: Path, schedule: Schedule, days: float, changes: Sequence[str]) -> BacktestResult:
    """The run of the core road, from which the engine's does not differ."""
    market, settings = Market(file, 0, (), COLUMNS), load_settings(STRATEGY, (*CHANGES, *changes))
    ended = ModelMarket(1).start + timedelta(days=days)
    plan = Plan(market, settings, ended=ended, schedule=schedule)
    core, actors = (run_backtest(replace(plan, road=road), lambda *_: True) for road in Road)
    assert differences(core, actors) == []
    return core


@pytest.mark.parametrize("schedule", Schedule)
def test_an_exit_that_fills_at_a_slot_is_under_way_for_the_cycles_of_that_slot(
    file: Path, schedule: Schedule
) -> None:
    changes = ('scheduler.monitor_times=["07:50", "08:00"]', 'scheduler.settlement_time="08:00"')
    run = on_both(file, schedule, 7.5, changes)
    [position] = run.positions
    assert position.closed_at is not None
    found = {row.job.value: row.outcome for row in run.cycles if row.slot == position.closed_at}
    assert found == {
        "settlement": CycleOutcome.HELD,
        "monitor": CycleOutcome.EXIT_WORKING,
        "entry": CycleOutcome.BLOCKED,
    }


@pytest.mark.parametrize("schedule", Schedule)
def test_a_monitor_does_not_wait_for_an_exit_that_fills_as_its_time_is_up(
    file: Path, schedule: Schedule
) -> None:
    changes = ('scheduler.monitor_times=["07:52"]', 'scheduler.settlement_time="09:00"')
    run = on_both(file, schedule, 7.5, changes)
    [position] = run.positions
    [last] = [row for row in run.cycles if row.outcome is CycleOutcome.EXIT_WORKING]
    assert last.closed_at == position.closed_at


def test_a_snapshot_at_the_begin_of_a_run_comes_after_the_entry_of_that_moment(file: Path) -> None:
    changes = ('scheduler.monitor_times=["07:00"]', "exits.monitor_on_snapshot=true")
    run = on_both(file, Schedule.PRODUCTION, 0.4, changes)
    begun = [row.job.value for row in run.cycles if row.slot == run.began]
    assert begun == ["settlement", "entry", "monitor"]
