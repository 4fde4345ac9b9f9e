"""Whole runs under faults of the venue: whatever happens on the way, the laws hold at the end."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from core.contract import Router
from core.messages.alerting import Severity
from core.orders.books import CycleOutcome, Job
from gateway.paper.faults import FaultKind
from tests.scenarios.playing import BEGIN, TO_ENTRY, TO_EXIT, Play, Played, assert_laws_hold, copied, play

TRADING_MARKETS = (1, 4, 9, 13, 14, 17, 20, 23)
DERIBIT_ONLY = {
    FaultKind.CROSSED,
    FaultKind.EMPTY_BOOK,
    FaultKind.IV_7,
    FaultKind.REJECT,
    FaultKind.PARTIAL_SILENT,
    FaultKind.FILL_AFTER_CANCEL,
    FaultKind.WRONG_ENVIRONMENT,
    FaultKind.VENUE_RESTART,
}
READS_FAIL = ("deribit:http_500:0.05", "hyperliquid:timeout_before:0.05")


def assert_every_alarm_names_its_cause(played: Played) -> None:
    loud = [alert for alert in played.alerts if alert.severity in (Severity.HIGH, Severity.CRITICAL)]
    assert [alert.alert_id for alert in loud if not alert.cause.strip()] == []


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_failing_reads_and_lost_answers_leave_the_books_right(folder: Path, seed: int) -> None:
    played = play(folder / f"reads-{seed}", TO_EXIT, seed=seed, faults=READS_FAIL)
    assert_laws_hold(played)
    assert_every_alarm_names_its_cause(played)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (2, 3, 4))])
def test_a_router_that_crashes_in_the_entry_is_restarted_and_the_cycle_gets_an_outcome(
    folder: Path, seed: int
) -> None:
    played = play(folder / f"crash-{seed}", TO_ENTRY, seed=seed, faults=("deribit:crash",), yield_at_tell=0.2)
    assert_laws_hold(played)
    assert_every_alarm_names_its_cause(played)
    [entry] = [cycle for cycle in played.cycles if cycle.job is Job.ENTRY]
    assert entry.outcome in (CycleOutcome.ACTOR_FAILED, CycleOutcome.ENTERED)
    assert any(alert.code == "actor_failed" for alert in played.alerts)


def random_faults(chance: Random) -> tuple[str, ...]:
    """One to three faults, at rates from rare to every second call. A foreign position is left out: it makes
    venue and books differ, which the engine is bound to find at its next look only."""
    chosen = []
    for _ in range(chance.choice((1, 2, 3))):
        kind, rate = (
            chance.choice([kind for kind in FaultKind if kind is not FaultKind.ALIEN_POSITION]),
            chance.choice((0.01, 0.05, 0.2, 0.5)),
        )
        target = "deribit" if kind in DERIBIT_ONLY else chance.choice((*Router, "venue", "all"))
        chosen.append(f"{target}:{kind}:{rate}")
    return tuple(chosen)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(200))
def test_the_laws_hold_under_any_faults_and_any_kills(folder: Path, seed: int) -> None:
    """Up to three kills at random moments, random faults, on markets that trade on their first Monday."""
    chance = Random(f"faults and kills {seed}")
    faults, market = random_faults(chance), chance.choice(TRADING_MARKETS)
    data_dir, now = folder / f"any-{seed}", BEGIN
    for life in range(1, chance.choice((1, 2, 3, 4))):
        under_way = Play(data_dir, seed=seed, life=life, begin=now, market=market, faults=faults)
        lasts_s = chance.choice((chance.uniform(300, 330), chance.uniform(0, 900), chance.uniform(0, 80_000)))
        now = max(now, under_way.venue.venue.clock) + timedelta(seconds=lasts_s)
        under_way.run_until(now)
        left = copied(data_dir, folder / f"any-{seed}-{life}")
        under_way.abandon()
        shutil.rmtree(data_dir)
        data_dir, now = left, now + timedelta(seconds=chance.choice((0.0, 0.5, 5.0, 100.0, 2000.0)))
    last = Play(data_dir, seed=seed, life=9, begin=now, market=market, faults=faults, yield_at_tell=0.2)
    last.run_until(now + chance.choice((timedelta(minutes=40), TO_EXIT)))
    played = last.stop()
    assert_laws_hold(played)
    assert_every_alarm_names_its_cause(played)
    shutil.rmtree(data_dir)
