"""January to April 2026 through the pure core and the paper venue's own parts, with no actor.

January alone by default; the four months, and the engine beside them, under the mark `soak`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.orders.exit_rule import ExitRule
from core.strategy import Strategy
from core.values import SpreadKind
from tests.recorded.compare_replay import MONEY, differences, rendered
from tests.recorded.weekly_replay import DAYS, WeeklyReplay

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


def found(replay: WeeklyReplay) -> list[tuple[str, str, int, str | None, str]]:
    """Slot, kind, contracts, exit rule and P&L, as `docs/strategy.md` follows three of them by hand."""
    return [
        (f"{t.slot:%m-%d}", t.plan.kind.value, t.contracts, t.exit_rule, str(t.pnl_eth))
        for t in replay.trades
    ]


def keeps_to_its_plans(replay: WeeklyReplay) -> None:
    for trade in replay.trades:
        plan = trade.plan
        assert plan.floor_eth <= trade.credit_eth / trade.contracts <= plan.limit_eth
        assert trade.closed_at is not None
        assert trade.slot <= trade.entered_at < trade.closed_at <= plan.expiration
        assert -trade.pnl_eth <= Decimal(repr(plan.worst_loss_eth)) * trade.contracts
        assert (trade.pnl_eth > 0) is (trade.exit_rule == ExitRule.PROFIT.value)
    assert sum(t.pnl_eth for t in replay.trades) == replay.desk.venue.account.balance_eth - 10


@pytest.fixture(scope="module")
def january(first_month: Path) -> WeeklyReplay:
    made = WeeklyReplay(first_month / "chains", Strategy())
    made.run(JANUARY_DAYS)
    return made


@pytest.fixture(scope="module")
def four_months(recorded_data: Path) -> WeeklyReplay:
    made = WeeklyReplay(recorded_data / "chains", Strategy())
    made.run()
    return made


def test_the_trades_of_january(january: WeeklyReplay) -> None:
    assert found(january) == JANUARY
    assert january.outcomes == {"entered": 2, "market": 2}


def test_every_trade_of_january_keeps_to_its_plan_and_all_cash_is_its_own(january: WeeklyReplay) -> None:
    keeps_to_its_plans(january)


@pytest.mark.soak
def test_the_trades_of_the_record(four_months: WeeklyReplay) -> None:
    assert found(four_months) == TRADES
    assert four_months.outcomes == {"entered": 6, "market": 8, "no_strikes": 2, "not_worth": 1}
    assert {trade.plan.kind for trade in four_months.trades} == set(SpreadKind)
    keeps_to_its_plans(four_months)


@pytest.mark.soak
def test_the_engine_makes_the_same_trades(
    four_months: WeeklyReplay, recorded_data: Path, repository: Path, tmp_path: Path
) -> None:
    """All actors on threads against the venue's process: slot, legs, times, exit rule, money, reasons."""
    out = tmp_path / "out.json"
    command = [sys.executable, "run.py", "paper", "--chains", str(recorded_data / "chains"), "--no-ui"]
    command += ["--days", str(DAYS), "--json", str(out), "--data-dir", str(tmp_path / "data")]
    subprocess.run(command, cwd=repository, check=True, capture_output=True)
    report = json.loads(out.read_text(encoding="utf-8"))
    assert differences(report, four_months) == []


def report_of(replay: WeeklyReplay) -> dict[str, Any]:
    """What an engine that did the same would report."""

    def utc(text: object) -> str:
        return str(text).replace("+00:00", "Z")

    trades = []
    for trade, made in zip(replay.trades, (t.as_json() for t in replay.trades), strict=True):
        legs = [{"instrument_name": leg.instrument_name, "side": leg.side.value} for leg in trade.plan.legs]
        same = {name: made[name] for name in ("kind", "contracts", "exit_rule", *MONEY)}
        times = {name: utc(made[name]) for name in ("entered_at", "closed_at")}
        trades.append({"id": f"p-entry-{trade.slot:%Y%m%dT%H%M%SZ}", "legs": legs, **same, **times})
    cycles: list[dict[str, Any]] = []
    for slot in replay.slots:
        outcome, reasons = slot.outcome, list(slot.reasons)
        if slot.job == "monitor":
            outcome, reasons = ("held" if outcome == "hold" else "exited"), [f"{outcome}:p-1"]
        elif outcome != "entered":
            outcome, reasons = "no_entry", [outcome, *reasons]
        at = utc(slot.slot.isoformat())
        cycles.append({"kind": slot.job, "slot": at, "outcome": outcome, "reasons": reasons})
    return {"trades": trades, "cycles": cycles}


def test_two_that_did_the_same_do_not_differ(january: WeeklyReplay) -> None:
    assert differences(report_of(january), january) == []
    assert "2 trades of 11 fields, 4 entry slots, 14 monitors: 0 differences" in rendered(
        report_of(january), january
    )


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
def test_a_field_of_a_trade_that_differs_is_named(january: WeeklyReplay, field: str, other: object) -> None:
    report = report_of(january)
    report["trades"][0][field] = other
    assert [one.where for one in differences(report, january)] == [f"trade 2026-01-05T14:00:00Z {field}"]


def test_a_leg_a_trade_or_a_reason_that_differs_is_named(january: WeeklyReplay) -> None:
    report = report_of(january)
    report["trades"][0]["legs"][0]["side"] = "buy"
    del report["trades"][1]
    report["cycles"][0]["outcome"] = "not_filled"
    del report["cycles"][1]
    assert [one.where for one in differences(report, january)] == [
        "trade 2026-01-05T14:00:00Z legs",
        "a trade more",
        "entry 2026-01-05T14:00:00Z",
        "monitor 2026-01-06T00:00:00Z",
    ]
