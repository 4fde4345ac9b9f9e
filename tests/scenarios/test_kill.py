"""`kill -9` at every moment of an entry, and a new start on what it left: nothing twice, nothing lost."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.orders.books import Job
from core.orders.lifecycle import OrderState
from tests.scenarios.playing import TO_ENTRY, Play, Played, assert_laws_hold, copied, play

ENTRY = "entry-20260105T140000Z"
AFTER = timedelta(minutes=25)
"""Long enough for recovery, for what is taken up again, and for an order to be filled or cancelled."""
KILLS = 6
FINAL = {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.NOT_PLACED}


@pytest.fixture(scope="module")
def moments(folder: Path) -> tuple[datetime, ...]:
    """When something happens in the entry of a run that nobody kills."""
    unharmed = play(folder / "unharmed", TO_ENTRY)
    return tuple(sorted({envelope.sent_at for envelope in unharmed.envelopes(ENTRY)}))


@pytest.mark.long
def test_a_kill_in_the_middle_of_an_entry_is_continued(moments: tuple[datetime, ...], folder: Path) -> None:
    kill_and_continue(moments[:: len(moments) // KILLS], folder / "few", down_for=timedelta(0))


@pytest.mark.soak
@pytest.mark.parametrize("down_s", [0.0, 4.0, 90.0, 400.0])
@pytest.mark.parametrize("faults", [(), ("venue:timeout_after:0.3",), ("all:latency:0.5",)])
def test_a_kill_at_any_moment_of_an_entry_is_continued(
    folder: Path, faults: tuple[str, ...], down_s: float
) -> None:
    name = f"all-{down_s}-{len(faults) and faults[0].replace(':', '-')}"
    unharmed = play(folder / f"{name}-unharmed", TO_ENTRY, faults=faults)
    every = tuple(sorted({envelope.sent_at for envelope in unharmed.envelopes(ENTRY)}))
    kill_and_continue(every, folder / name, down_for=timedelta(seconds=down_s), faults=faults)


def kill_and_continue(
    moments: tuple[datetime, ...], folder: Path, *, down_for: timedelta, faults: tuple[str, ...] = ()
) -> None:
    """One run, looked at in each moment; from each, a second life on a copy of what a kill leaves."""
    killed = Play(folder / "killed", faults=faults)
    for number, moment in enumerate(moments):
        killed.run_until(moment)
        left = copied(killed.data_dir, folder / f"killed-{number}")
        second = Play(left, life=2, begin=moment + down_for, faults=faults)
        second.run_until(moment + down_for + AFTER)
        assert_continued(second.stop())
        shutil.rmtree(left)
    killed.abandon()


def assert_continued(played: Played) -> None:
    assert_laws_hold(played)
    assert len([label for label in played.venue_labels if ":e" in label]) <= 1
    [entry] = [cycle for cycle in played.cycles if cycle.job is Job.ENTRY]
    assert entry.outcome is not None
    assert {order.state for _, order in played.orders} <= FINAL
