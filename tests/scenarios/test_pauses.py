"""A person pauses and resumes entries, and what they said holds whatever ends or restarts in between."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from core.messages.control import InjectMessage
from core.orders.books import CycleOutcome, Job, LatchSource
from reading.books import entry_latches
from tests.scenarios.playing import BEGIN, Play, Played, assert_laws_hold

LATER_MONDAY = datetime.fromisoformat("2026-01-19T13:55:00+00:00")
"""The Monday between them has a macro event, which blocks entries by itself."""
TO_ENTRY = timedelta(minutes=15)
BOOTED = timedelta(minutes=2)


def tell(play: Play, message: str, **body: str) -> None:
    inject = InjectMessage(message=message, body=json.dumps(body), who="ann")
    play.engine.system.addresses["control"].tell(inject)


def entries(played: Played) -> list[tuple[CycleOutcome | None, tuple[str, ...]]]:
    return [(cycle.outcome, cycle.reasons) for cycle in played.cycles if cycle.job is Job.ENTRY]


def ends(played: Played) -> list[str]:
    return [alert.text.partition("): ")[2] for alert in played.alerts if alert.code == "command_ended"]


def test_a_pause_blocks_monday_over_a_kill_and_a_resumption_lets_a_later_monday_enter(folder: Path) -> None:
    at = folder / "paused"
    first = Play(at, begin=BEGIN)
    first.run_until(BEGIN + BOOTED)
    tell(first, "PauseEntries", reason="a look at the venue")
    first.run_until(BEGIN + BOOTED + timedelta(seconds=5))
    first.abandon()

    second = Play(at, life=2, begin=BEGIN + timedelta(minutes=3))
    second.run_until(BEGIN + TO_ENTRY)
    blocked = second.seen()
    assert entries(blocked) == [(CycleOutcome.BLOCKED, ("suspended:operator: a look at the venue",))]
    assert blocked.venue_labels == ()
    tell(second, "ResumeEntries", reason="the venue is fine")
    second.run_until(BEGIN + TO_ENTRY + timedelta(minutes=1))
    assert entry_latches(at)[0].resumed_at is not None
    assert_laws_hold(second.stop())

    third = Play(at, life=3, begin=LATER_MONDAY)
    third.run_until(LATER_MONDAY + TO_ENTRY)
    played = third.stop()
    assert entries(played)[-1:] == [(CycleOutcome.ENTERED, ())]
    assert_laws_hold(played)
    assert ends(played) == [
        'no position is opened until somebody resumes entries (run.py resume --reason "…")',
        "what operator had blocked goes on; nothing blocks entries now",
    ]
    [latch] = entry_latches(at)
    assert (latch.source, latch.latched, latch.reason) == (LatchSource.OPERATOR, False, "the venue is fine")
