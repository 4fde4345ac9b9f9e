"""The digest in the whole engine: once a week, whatever restarts, late if need be, and beside the trading."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from core.alerts import AlertCode
from core.orders.books import CycleOutcome, Job
from tests.scenarios.playing import BEGIN, Play, Played, assert_laws_hold, copied

WEEK = timedelta(weeks=1)
SLOT = BEGIN.replace(hour=6, minute=30) + WEEK
MINUTE = timedelta(minutes=1)


def digests(played: Played) -> list[str]:
    return [alert.alert_id for alert in played.alerts if alert.code == AlertCode.WEEKLY_DIGEST.value]


def cycles(played: Played) -> list[tuple[datetime, tuple[str, ...]]]:
    """Slot and reasons of each digest cycle; each has told, or knows why not."""
    found = sorted((row for row in played.cycles if row.job is Job.DIGEST), key=lambda row: row.slot)
    assert {row.outcome for row in found} == {CycleOutcome.REPORTED}
    return [(row.slot, row.reasons) for row in found]


def life(folder: Path, number: int, begin_min: int, end_min: int) -> Play:
    """From so many minutes after the slot to so many."""
    under_way = Play(folder, life=number, begin=SLOT + begin_min * MINUTE)
    under_way.run_until(SLOT + end_min * MINUTE)
    return under_way


def be_there_the_day_before(folder: Path) -> None:
    """On Sunday at noon the exits are looked at: a week in which nothing was ever decided is not told."""
    life(folder, 9, -1111, -1109).stop()


def test_the_digest_is_told_once_whatever_restarts(folder: Path) -> None:
    be_there_the_day_before(folder / "restarted")
    life(folder / "restarted", 1, -10, 1).stop()
    life(folder / "restarted", 2, 2, 10).stop()
    played = life(folder / "restarted", 3, 12, 20).stop()
    assert digests(played) == ["digest-of-2026-01-05"]
    # The slot before is taken up by the second life, as the first had not run it; that week had no engine.
    assert cycles(played) == [(SLOT - WEEK, ("no_cycle_then",)), (SLOT, ())]
    assert_laws_hold(played)


def test_an_engine_that_began_after_the_week_does_not_tell_of_it(folder: Path) -> None:
    played = life(folder / "young", 1, -10, 20).stop()
    assert cycles(played) == [(SLOT, ("no_cycle_then",))]
    assert digests(played) == []


def test_a_kill_right_after_its_slot_neither_loses_nor_repeats_it(folder: Path) -> None:
    """At each second around the slot the engine is cut off, and another goes on with what was on disk."""
    be_there_the_day_before(folder / "first")
    under_way = Play(folder / "first", begin=SLOT - 10 * MINUTE)
    for second in range(-1, 1):
        under_way.run_until(SLOT + timedelta(seconds=second))
        left = copied(folder / "first", folder / f"at-{second + 1}")
        played = life(left, 2, 1, 5).stop()
        assert digests(played) == ["digest-of-2026-01-05"], second
    under_way.abandon()


def test_a_digest_that_was_due_while_the_engine_was_down_is_told_when_it_is_back(folder: Path) -> None:
    be_there_the_day_before(folder / "down")
    life(folder / "down", 1, -10, -5).stop()
    played = life(folder / "down", 2, 200, 205).stop()
    assert len(digests(played)) == 1
