"""W1 by configuration alone: the trades of a program that knows nothing of this project."""

from __future__ import annotations

import csv
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from core.orders.books import Position
from core.orders.exit_rule import ExitRule
from core.values import OptionType, Side
from lab.backtest.compared import differences
from lab.backtest.result import Plan, Road
from lab.backtest.running import run_backtest
from lab.backtest.schedule import Schedule
from lab.backtest.settings import load_settings
from lab.backtest.sources import Market
from tests.backtest.condor_reference import read, trades

CHAINS, TRADES = "CERBERO_BITE_W1_CHAINS", "CERBERO_BITE_W1_TRADES"
"""Name the file of daily chains (Parquet or CSV), and that of the trades (CSV)."""
SOLD_FIRST = (Side.SELL, Side.BUY)
COLUMNS = Path("lab/workloads/w1_columns.yaml")
STRATEGY = Path("lab/workloads/w1.yaml")


class Workload(NamedTuple):
    chains: Path
    trades: Path


def workload() -> Workload | None:
    """None if neither is named. Raises `FileNotFoundError` if one is, and they are not both there."""
    named = {name: os.environ.get(name) for name in (CHAINS, TRADES)}
    if not any(named.values()):
        return None
    for name, path in named.items():
        if not path or not Path(path).is_file():
            raise FileNotFoundError(f"{name}: expected a file, found {path}")
    return Workload(*(Path(path) for path in named.values() if path))


EXITS: Mapping[str, ExitRule] = {
    "take_profit": ExitRule.PROFIT,
    "stop_loss": ExitRule.STOP,
    "expiration": ExitRule.SETTLEMENT,
}
Trade = tuple[str, str, float, float, ExitRule | None]
"""Days of entry and exit, strikes of the short and the long leg, and what closed it."""


@pytest.fixture
def w1() -> Workload:
    """Skips if it is not named; one that is named and not there is an error."""
    found = workload()
    if found is None:
        pytest.skip(f"no workload W1: set {CHAINS} to its chains and {TRADES} to its list of trades")
    if found.chains.suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        pytest.skip("the chains of W1 are Parquet, and the extra parquet is not installed")
    return found


def listed(path: Path) -> dict[Trade, float]:
    """The independent trades, each with its P&L in USD."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (
                row["entry_date"],
                row["exit_date"],
                float(row["k_short"]),
                float(row["k_long"]),
                EXITS[row["exit_type"]],
            ): float(row["pnl"])
            for row in csv.DictReader(file)
        }


def made(position: Position) -> Trade:
    assert position.entered_at is not None
    assert position.closed_at is not None
    strikes = {leg.side: float(leg.strike_usd) for leg in position.plan.legs}
    return (
        position.entered_at.date().isoformat(),
        position.closed_at.date().isoformat(),
        strikes[Side.SELL],
        strikes[Side.BUY],
        position.exit_rule,
    )


def test_the_road_makes_the_trades_of_an_independent_list(w1: Workload, repository: Path) -> None:
    market = Market(w1.chains, 0, (), repository / COLUMNS)
    result = run_backtest(Plan(market, load_settings(repository / STRATEGY)), lambda *_: True)
    ours = {made(position): float(position.pnl_usd) for position in result.positions}
    theirs = listed(w1.trades)
    assert len(ours) == len(result.positions) == len(theirs)
    assert ours.keys() == theirs.keys()
    assert max(abs(ours[trade] - pnl_usd) for trade, pnl_usd in theirs.items()) <= 0.001
    assert sum(ours.values()) == pytest.approx(sum(theirs.values()), abs=0.01)


def test_condors_are_those_of_a_statement_that_shares_no_code(w1: Workload, repository: Path) -> None:
    market = Market(w1.chains, 0, (), repository / COLUMNS)
    settings = load_settings(repository / STRATEGY, ("lab.kind=iron_condor",))
    result = run_backtest(Plan(market, settings), lambda *_: True)
    theirs = {trade[:4]: trade.pnl_usd for trade in trades(*read(w1.chains))}
    ours = {condor(position): float(position.pnl_usd) for position in result.positions}
    assert ours.keys() == theirs.keys()
    assert max(abs(ours[trade] - pnl_usd) for trade, pnl_usd in theirs.items()) <= 0.001


def condor(position: Position) -> tuple[date, date, tuple[float, ...], str]:
    """As a trade of the statement, without its P&L."""
    assert position.entered_at is not None
    assert position.closed_at is not None
    assert position.exit_rule is not None
    by_name = {(leg.option_type, leg.side): float(leg.strike_usd) for leg in position.plan.legs}
    strikes = tuple(by_name[kind, side] for kind in (OptionType.PUT, OptionType.CALL) for side in SOLD_FIRST)
    return position.entered_at.date(), position.closed_at.date(), strikes, position.exit_rule.value


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("changes", [(), ("lab.kind=iron_condor",)], ids=["puts", "condors"])
def test_the_engine_makes_the_same_trades(w1: Workload, repository: Path, changes: tuple[str, ...]) -> None:
    market = Market(w1.chains, 0, (), repository / COLUMNS)
    settings = load_settings(repository / STRATEGY, changes)
    plan = Plan(market, settings, schedule=Schedule.SPARSE)
    core, actors = (run_backtest(replace(plan, road=road), lambda *_: True) for road in Road)
    assert differences(core, actors) == []
