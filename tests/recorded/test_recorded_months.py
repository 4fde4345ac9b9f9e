"""January to April 2026 on the core road of a backtest.

January alone by default; the four months, and the engine beside them, under the mark `soak`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.orders.books import Position
from core.orders.exit_rule import ExitRule
from core.strategy import Strategy
from core.values import SpreadKind, slot_of
from lab.backtest.compared import Discrepancy, row_differences
from lab.backtest.road import CoreRoad
from reading.json_forms import cycle_json, trade_json
from tests.recorded.seen_road import DAYS, SeenRoad, recorded_market

pytestmark = pytest.mark.recorded
JANUARY_DAYS = 26
JANUARY = [
    ("01-05", "iron_condor", 2, "profit", "0.01687500"),
    ("01-19", "bull_put", 2, "stop", "-0.04252500"),
]
TRADES = [
    *JANUARY,
    ("02-23", "bear_call", 3, "stop", "-0.04110000"),
    ("03-02", "bear_call", 3, "stop", "-0.03720000"),
    ("04-13", "bull_put", 2, "profit", "0.00800000"),
    ("04-20", "bull_put", 2, "profit", "0.00940000"),
]
MONEY = ("credit_eth", "fees_eth", "pnl_eth", "pnl_usd")
Rows = list[dict[str, Any]]


def traded(road: CoreRoad) -> Sequence[Position]:
    return tuple(road.books.positions.values())


def found(road: CoreRoad) -> list[tuple[str, str, int, str | None, str]]:
    """Slot, kind, contracts, exit rule and P&L, as `docs/strategy.md` follows three of them by hand."""
    return [
        (f"{slot_of(t.cycle_id):%m-%d}", t.kind.value, t.contracts_opened, t.exit_rule, str(t.pnl_eth))
        for t in traded(road)
    ]


def keeps_to_its_plans(road: CoreRoad) -> None:
    for trade in traded(road):
        plan = trade.plan
        assert plan.floor_eth <= trade.credit_eth / trade.contracts_opened <= plan.limit_eth
        assert trade.entered_at is not None
        assert trade.closed_at is not None
        assert slot_of(trade.cycle_id) <= trade.entered_at < trade.closed_at <= plan.expiration
        assert -trade.pnl_eth <= Decimal(repr(plan.worst_loss_eth)) * trade.contracts_opened
        assert (trade.pnl_eth > 0) is (trade.exit_rule is ExitRule.PROFIT)
    assert sum(t.pnl_eth for t in traded(road)) == road.venue.account.balance_eth - 10


@pytest.fixture(scope="module")
def january(first_month: Path) -> SeenRoad:
    made = SeenRoad(recorded_market(first_month / "chains"), Strategy())
    made.days(JANUARY_DAYS)
    return made


@pytest.fixture(scope="module")
def four_months(recorded_data: Path) -> SeenRoad:
    made = SeenRoad(recorded_market(recorded_data / "chains"), Strategy())
    made.days(DAYS)
    return made


def test_the_trades_of_january(january: SeenRoad) -> None:
    assert found(january) == JANUARY
    assert january.entries == {"entered": 2, "market": 2}


def test_every_trade_of_january_keeps_to_its_plan_and_all_cash_is_its_own(january: SeenRoad) -> None:
    keeps_to_its_plans(january)


@pytest.mark.soak
def test_the_trades_of_the_record(four_months: SeenRoad) -> None:
    assert found(four_months) == TRADES
    assert four_months.entries == {"entered": 6, "market": 8, "no_strikes": 2, "not_worth": 1}
    assert {trade.kind for trade in traded(four_months)} == set(SpreadKind)
    keeps_to_its_plans(four_months)


def rows_of(road: CoreRoad) -> dict[str, Rows]:
    return {
        "trade": [trade_json(trade) for trade in traded(road)],
        "cycle": [cycle_json(row) for row in road.books.cycles],
    }


def differences(left: dict[str, Rows], right: dict[str, Rows]) -> list[Discrepancy]:
    return [each for kind in left for each in row_differences(kind, left[kind], right[kind])]


@pytest.mark.soak
def test_the_engine_makes_the_same_trades(
    four_months: SeenRoad, recorded_data: Path, repository: Path, tmp_path: Path
) -> None:
    """All actors on threads against the venue's process: legs, times, exit rule, money, cycles, reasons."""
    out = tmp_path / "out.json"
    command = [sys.executable, "run.py", "paper", "--chains", str(recorded_data / "chains"), "--no-ui"]
    command += ["--days", str(DAYS), "--json", str(out), "--data-dir", str(tmp_path / "data")]
    subprocess.run(command, cwd=repository, check=True, capture_output=True)
    report = json.loads(out.read_text(encoding="utf-8"))
    engine = {"trade": report["trades"], "cycle": report["cycles"]}
    assert differences(engine, rows_of(four_months)) == []


def test_two_that_did_the_same_do_not_differ(january: SeenRoad) -> None:
    assert differences(rows_of(january), rows_of(january)) == []
    assert len(rows_of(january)["trade"]) == 2
    assert len([row for row in rows_of(january)["cycle"] if row["kind"] == "entry"]) == 4


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("kind", "bear_call"),
        ("contracts", 3),
        ("entered_at", "2026-01-05T14:06:00Z"),
        ("closed_at", None),
        ("exit_rule", "expiry"),
        *((name, "0.01687501") for name in MONEY),
    ],
)
def test_a_field_of_a_trade_that_differs_is_named(january: SeenRoad, field: str, other: object) -> None:
    engine = rows_of(january)
    engine["trade"][0][field] = other
    (each,) = differences(engine, rows_of(january))
    assert (each.thing, each.field) == ("trade p-entry-20260105T140000Z", field)


def test_a_leg_a_trade_or_a_reason_that_differs_is_named(january: SeenRoad) -> None:
    engine = rows_of(january)
    engine["trade"][0]["legs"][0]["side"] = "other"
    del engine["trade"][1]
    cycles = {row["id"]: row for row in engine["cycle"]}
    cycles["entry-20260105T140000Z"]["outcome"] = "not_filled"
    cycles["entry-20260112T140000Z"]["reasons"] = ["market", "another"]
    engine["cycle"].remove(cycles["monitor-20260106T000000Z"])
    assert [(each.thing, each.field) for each in differences(engine, rows_of(january))] == [
        ("trade p-entry-20260105T140000Z", "legs"),
        ("trade p-entry-20260119T140000Z", "the whole"),
        ("cycle entry-20260105T140000Z", "outcome"),
        ("cycle entry-20260112T140000Z", "reasons"),
        ("cycle monitor-20260106T000000Z", "the whole"),
    ]
