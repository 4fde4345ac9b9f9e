"""Whole runs under faults of the venue: whatever happens on the way, the laws hold at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.books import CycleOutcome, Job
from core.messages.alerting import Severity
from tests.scenarios.playing import TO_ENTRY, TO_EXIT, Played, assert_laws_hold, play

READS_FAIL = ("deribit:http_500:0.05", "hyperliquid:timeout_before:0.05")


def assert_every_alarm_names_its_cause(played: Played) -> None:
    loud = [alert for alert in played.alerts if alert.severity in (Severity.HIGH, Severity.CRITICAL)]
    assert [alert.alert_id for alert in loud if not alert.cause.strip()] == []


@pytest.mark.parametrize("seed", [1, 2])
def test_failing_reads_and_lost_answers_leave_the_books_right(folder: Path, seed: int) -> None:
    played = play(folder / f"reads-{seed}", TO_EXIT, seed=seed, faults=READS_FAIL)
    assert_laws_hold(played)
    assert_every_alarm_names_its_cause(played)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_router_that_crashes_in_the_entry_is_restarted_and_the_cycle_gets_an_outcome(
    folder: Path, seed: int
) -> None:
    played = play(folder / f"crash-{seed}", TO_ENTRY, seed=seed, faults=("deribit:crash",), yield_at_tell=0.2)
    assert_laws_hold(played)
    assert_every_alarm_names_its_cause(played)
    [entry] = [cycle for cycle in played.cycles if cycle.job is Job.ENTRY]
    assert entry.outcome in (CycleOutcome.ACTOR_FAILED, CycleOutcome.ENTERED)
    assert any(alert.code == "actor_failed" for alert in played.alerts)
