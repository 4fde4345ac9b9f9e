"""Each protection and the margin rule in the whole engine: breached, latched over a kill, resumed, traded.

A bound that the first small loss breaches is refused in a strategy file, so it is set past the check here.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.views.trading import figures
from config import LoadedStrategy
from core.alerts import AlertCode
from core.messages.alerting import Severity
from core.messages.control import InjectMessage
from core.orders.books import CycleOutcome, Job, LatchSource
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from reading.books import entry_latches
from reading.trading_books import trading_report
from reading.trading_forms import report_json
from tests.scenarios.playing import BEGIN, Play, Played, assert_laws_hold, strategy

AFTER_ENTRY = timedelta(minutes=16)
"""From 13:55: the entry of 14:00 has filled."""
CLOSED = timedelta(minutes=42)
"""What is closed then has been seen by the snapshot of 14:30."""
A_MINUTE = timedelta(minutes=1)
OFF = {
    "drawdown_max_frac": None,
    "loss_max_multiple": None,
    "losing_trades_max": None,
    "rest_weeks_after_stop": None,
}


def with_settings(section: str, **values: Any) -> LoadedStrategy:
    """The shipped strategy with these settings, whatever its checks say of them."""
    loaded = strategy()
    changed = getattr(loaded.strategy, section).model_copy(update=values)
    return replace(loaded, strategy=loaded.strategy.model_copy(update={section: changed}))


def tell(play: Play, message: str, **body: str) -> None:
    inject = InjectMessage(message=message, body=json.dumps(body), who="ann")
    play.engine.system.addresses["control"].tell(inject)


def last_entry(played: Played) -> tuple[CycleOutcome | None, tuple[str, ...]]:
    cycle = [cycle for cycle in played.cycles if cycle.job is Job.ENTRY][-1]
    return cycle.outcome, cycle.reasons


def asked_for_an_entry(play: Play, wait: timedelta = A_MINUTE) -> tuple[CycleOutcome | None, tuple[str, ...]]:
    """What becomes of an entry that a person asks for now."""
    tell(play, "RunEntryCycle")
    play.run_until(play.engine.runtime.now() + wait)
    return last_entry(play.seen())


def latch_is_set(data_dir: Path) -> bool:
    latch = [each for each in entry_latches(data_dir) if each.source is LatchSource.PROTECTIONS]
    return bool(latch) and latch[0].latched


@pytest.mark.parametrize(
    ("bound", "figure"),
    [
        ({"drawdown_max_frac": 1e-6}, "0.00% are allowed (protections.drawdown_max_frac)"),
        pytest.param(
            {"loss_max_multiple": 1e-6},
            "0.00 USD are allowed (protections.loss_max_multiple)",
            marks=pytest.mark.soak,
        ),
        pytest.param(
            {"losing_trades_max": 1},
            "1 losing trades in a row, fewer than 1 are allowed (protections.losing_",
            marks=pytest.mark.soak,
        ),
    ],
)
def test_a_breach_blocks_entries_over_a_kill_until_a_person_resumes_them(
    folder: Path, bound: dict[str, Any], figure: str
) -> None:
    loaded, at = with_settings("protections", **(OFF | bound)), folder / next(iter(bound))
    first = Play(at, loaded=loaded)
    first.run_until(BEGIN + AFTER_ENTRY)
    (trade,) = first.seen().trades
    tell(first, "ClosePosition", position_id=trade.position_id, reason="a loss of the spread and the fees")
    first.run_until(BEGIN + CLOSED)
    played = first.seen()
    assert [(each.state, each.pnl_usd < 0) for each in played.trades] == [(PositionState.CLOSED, True)]
    assert latch_is_set(at)
    (alert,) = [alert for alert in played.alerts if alert.code == AlertCode.PROTECTION_BREACHED]
    assert alert.severity is Severity.HIGH
    assert figure in alert.text
    assert "run.py resume" in alert.text
    outcome, reasons = asked_for_an_entry(first)
    assert outcome is CycleOutcome.BLOCKED
    assert [reason for reason in reasons if reason.startswith("suspended:protections: ") and figure in reason]
    first.abandon()

    second = Play(at, life=2, begin=BEGIN + CLOSED + 2 * A_MINUTE, loaded=loaded)
    second.run_until(BEGIN + CLOSED + 5 * A_MINUTE)
    assert latch_is_set(at), "a restart must not lift it"
    assert asked_for_an_entry(second)[0] is CycleOutcome.BLOCKED
    tell(second, "ResumeEntries", reason="seen and understood")
    second.run_until(second.engine.runtime.now() + A_MINUTE)
    assert not latch_is_set(at)
    assert asked_for_an_entry(second, 16 * A_MINUTE)[0] is CycleOutcome.ENTERED
    played = second.stop()
    assert_laws_hold(played)
    report = trading_report(at)
    (breach, *_) = report.breaches
    assert figure in breach.text
    assert next(name for name, text in figures(report) if figure in text) == "protections"
    assert report_json(report)["breaches"] == [
        {"at": each.at.isoformat().replace("+00:00", "Z"), "text": each.text} for each in report.breaches
    ]


def test_a_rest_after_a_stop_keeps_entries_out_and_needs_nobody_to_end_it(folder: Path) -> None:
    rest = with_settings("protections", **(OFF | {"rest_weeks_after_stop": 1}))
    exits = rest.strategy.exits.model_copy(update={"stop_cost_multiple": 1.0, "profit_of_credit": None})
    loaded = replace(rest, strategy=rest.strategy.model_copy(update={"exits": exits}))
    at = folder / "rest"
    play = Play(at, loaded=loaded)
    play.run_until(BEGIN + AFTER_ENTRY)
    tell(play, "RunMonitorCycle")
    play.run_until(BEGIN + CLOSED)
    assert [trade.exit_rule for trade in play.seen().trades] == [ExitRule.STOP]
    assert asked_for_an_entry(play) == (CycleOutcome.NO_ENTRY, ("protections", "rest_after_stop"))
    assert not latch_is_set(at)
    assert_laws_hold(play.stop())


def test_margin_is_alerted_and_closes_the_position_at_the_next_stored_snapshot(folder: Path) -> None:
    loaded = with_settings("exits", margin_warn=0.001, margin_exit=0.002, profit_of_credit=None)
    play = Play(folder / "margin", loaded=loaded)
    play.run_until(BEGIN + CLOSED)
    played = play.seen()
    assert [trade.exit_rule for trade in played.trades] == [ExitRule.MARGIN]
    margin = [alert for alert in played.alerts if alert.code.startswith("margin_")]
    assert [(alert.code, alert.severity) for alert in margin] == [
        ("margin_high", Severity.HIGH),
        ("margin_back", Severity.HIGH),
    ]
    monitor = next(cycle for cycle in played.cycles if cycle.job is Job.MONITOR)
    assert monitor.slot == BEGIN + timedelta(minutes=20)
    assert_laws_hold(play.stop())
