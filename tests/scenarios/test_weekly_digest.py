"""The digest in the whole engine: once a week, whatever restarts, late if need be, and beside the trading."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from core.alerts import AlertCode
from core.orders.books import CycleOutcome, Job
from tests.scenarios.playing import BEGIN, Play, Played, assert_laws_hold, copied

SLOT = BEGIN.replace(hour=6, minute=30)
MINUTE = timedelta(minutes=1)


def digests(played: Played) -> list[str]:
    return [alert.alert_id for alert in played.alerts if alert.code == AlertCode.WEEKLY_DIGEST.value]


def life(folder: Path, number: int, begin_min: int, end_min: int) -> Play:
    """From so many minutes after the slot to so many."""
    under_way = Play(folder, life=number, begin=SLOT + begin_min * MINUTE)
    under_way.run_until(SLOT + end_min * MINUTE)
    return under_way


def test_the_digest_is_told_once_whatever_restarts(folder: Path) -> None:
    life(folder, 1, -10, 1).stop()
    life(folder, 2, 2, 10).stop()
    played = life(folder, 3, 12, 20).stop()
    assert digests(played) == ["digest-of-2025-12-29"]
    [cycle] = [cycle for cycle in played.cycles if cycle.job is Job.DIGEST]
    assert (cycle.slot, cycle.outcome) == (SLOT, CycleOutcome.REPORTED)
    assert_laws_hold(played)


def test_a_kill_right_after_its_slot_neither_loses_nor_repeats_it(folder: Path) -> None:
    """At each second around the slot the engine is cut off, and another goes on with what was on disk."""
    under_way = Play(folder / "first", begin=SLOT - 10 * MINUTE)
    for second in range(-1, 1):
        under_way.run_until(SLOT + timedelta(seconds=second))
        left = copied(folder / "first", folder / f"at-{second + 1}")
        played = life(left, 2, 1, 5).stop()
        assert digests(played) == ["digest-of-2025-12-29"], second
    under_way.abandon()


def test_a_digest_that_was_due_while_the_engine_was_down_is_told_when_it_is_back(folder: Path) -> None:
    life(folder, 1, -10, -5).stop()
    played = life(folder, 2, 200, 205).stop()
    assert len(digests(played)) == 1
