"""The rules alone and the whole engine do the same on the same market, to the last digit."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.orders.books import CycleOutcome, Job
from gateway.paper.model_market import ModelMarket
from lab.backtest.compared import Discrepancy, differences, row_differences
from lab.backtest.honesty import ThreePrices
from lab.backtest.result import Admitted, BacktestResult, Plan, Road
from lab.backtest.running import run_backtest
from lab.backtest.schedule import Schedule
from lab.backtest.settings import load_settings
from lab.backtest.sources import Market
from tests.backtest.drawn import DAYS, both_roads

MONTH = timedelta(days=30)
FILES = 100
OF_THE_MARKET = ("recorded", "assumed_dvol_pts")


def whole(_now: datetime, _began: datetime, _ended: datetime) -> bool:
    return True


def on_both(plan: Plan) -> tuple[BacktestResult, list[Discrepancy]]:
    core, actors = (run_backtest(replace(plan, road=road), whole) for road in Road)
    assert (core.road, actors.road) == (Road.CORE, Road.ACTORS)
    return core, differences(core, actors)


def of_the_model(repository: Path, seed: int, days: float, schedule: Schedule) -> Plan:
    return Plan(
        market=Market(None, seed),
        settings=load_settings(repository / "strategy.yaml"),
        ended=ModelMarket(seed).start + timedelta(days=days),
        resume_after=MONTH,
        schedule=schedule,
    )


@pytest.mark.parametrize(("days", "schedule"), [(7.0, Schedule.SPARSE), (1.5, Schedule.PRODUCTION)])
def test_days_of_the_model_market(repository: Path, days: float, schedule: Schedule) -> None:
    core, found = on_both(of_the_model(repository, 1, days, schedule))
    assert found == []
    assert len(core.positions) == 1


def test_an_exit_that_is_worked_for_longer_than_the_gate_takes_books(repository: Path) -> None:
    """In so many steps that nothing is written meanwhile."""
    plan = replace(
        of_the_model(repository, 140, 252, Schedule.SPARSE),
        settings=load_settings(repository / "strategy.yaml", ["execution.exit_steps=1000"]),
        began=datetime(2026, 8, 31, tzinfo=UTC),
    )
    core, found = on_both(plan)
    assert found == []
    assert core.positions


@pytest.mark.parametrize("count", [each.name for each in fields(Admitted) if each.name not in OF_THE_MARKET])
def test_no_count_that_a_report_admits_may_differ(repository: Path, count: str) -> None:
    run = run_backtest(of_the_model(repository, 1, 1.0, Schedule.SPARSE), whole)
    as_it_was = run.admitted
    other: Any
    match getattr(as_it_was, count):
        case bool(value):
            other = not value
        case int(value):
            other = value + 1
        case str(value):
            other = f"{value} and more"
        case ThreePrices() as value:
            other = replace(value, mid_eth=value.mid_eth + 1)
        case value:
            other = {**value, "leg_missing": 1}
    changed = replace(run, admitted=replace(as_it_was, **{count: other}))
    assert len(differences(run, changed)) == 1


@pytest.mark.parametrize("change", ["execution.permit_lifetime_s=0.001", "sizing.spot_low_frac=0.001"])
def test_the_least_that_the_schema_takes(repository: Path, change: str) -> None:
    plan = of_the_model(repository, 1, 7.0, Schedule.SPARSE)
    core, found = on_both(replace(plan, settings=load_settings(repository / "strategy.yaml", [change])))
    assert found == []
    assert [cycle.outcome for cycle in core.cycles if cycle.job is Job.ENTRY] != [CycleOutcome.DATA_FAILED]


@pytest.mark.parametrize(
    ("changes", "assumed", "reason"),
    [
        (["anomalies.equity_off_holdings_max_frac=0.000000001"], [], "portfolio.get_total_equity:incomplete"),
        ([], ["eur_usd=3"], "portfolio.get_fx_rate:incomplete"),
        ([], ["eur_usd=0.3"], "portfolio.get_fx_rate:incomplete"),
        ([], ["balance_eth=0.000001", "beside_eur=0"], "portfolio.get_holdings:incomplete"),
    ],
)
def test_an_account_whose_figures_do_not_agree_is_entered_on_neither(
    repository: Path, changes: list[str], assumed: list[str], reason: str
) -> None:
    plan = of_the_model(repository, 1, 7.0, Schedule.SPARSE)
    core, found = on_both(
        replace(
            plan,
            market=replace(plan.market, assumptions=tuple(assumed)),
            settings=load_settings(repository / "strategy.yaml", changes),
        )
    )
    assert found == []
    assert [cycle.reasons for cycle in core.cycles if cycle.job is Job.ENTRY] == [(reason,)]


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("schedule", list(Schedule))
@pytest.mark.parametrize("seed", [1, 2, 7])
def test_a_year_of_the_model_market(repository: Path, seed: int, schedule: Schedule) -> None:
    core, found = on_both(of_the_model(repository, seed, 365, schedule))
    assert found == []
    assert len(core.positions) > 5


@pytest.mark.soak
@pytest.mark.recorded
@pytest.mark.timeout(3600)
def test_the_recorded_months(repository: Path, recorded_data: Path) -> None:
    settings = load_settings(repository / "strategy.yaml")
    core, found = on_both(Plan(Market(recorded_data / "chains", 0), settings, resume_after=MONTH))
    assert found == []
    assert len(core.positions) == 6


@pytest.mark.parametrize("seed", [1])
def test_a_drawn_strategy(seed: int, tmp_path: Path) -> None:
    made = both_roads(seed, tmp_path, days=14)
    assert made.found == []
    assert made.core.positions


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(FILES))
def test_strategies_drawn_over_the_schema(seed: int, tmp_path: Path) -> None:
    assert both_roads(seed, tmp_path, DAYS).found == []


def test_a_difference_names_what_it_is_of_and_both_values() -> None:
    trade = {"id": "p-1", "entered_at": "2026-01-05T14:04:00Z", "pnl_eth": "0.1"}
    (found,) = row_differences("trade", [trade], [{**trade, "pnl_eth": "0.2"}])
    assert found.text("core", "actors") == "trade p-1: pnl_eth: core 0.1, actors 0.2"


def test_what_only_one_side_has_is_a_difference() -> None:
    trade = {"id": "p-1", "entered_at": "2026-01-05T14:04:00Z"}
    (found,) = row_differences("trade", [], [trade])
    assert found.text("core", "actors") == "trade p-1: the whole: core none, actors there"


def test_figures_and_marks_of_a_reason_and_cycles_beside_a_backtest_are_left_out() -> None:
    cycle = {"id": "entry-1", "kind": "entry", "slot": "1", "reasons": ["suspended:protections: ⟪a⟫"]}
    other = {**cycle, "reasons": ["suspended:protections: b"]}
    kelly = {"id": "kelly-1", "kind": "kelly", "slot": "1", "reasons": []}
    assert list(row_differences("cycle", [cycle, kelly], [other])) == []
