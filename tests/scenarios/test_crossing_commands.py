"""Commands of two persons that cross, and a kill in between: each ends once, and none undoes another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from actors.state.read_only import books_opened
from core.orders.lifecycle import PositionState
from tests.scenarios.playing import Play, Played
from tests.scenarios.test_by_hand import all_closed
from tests.scenarios.test_persons_commands import (
    ASKED_AT,
    BEGIN,
    FINAL,
    Kills,
    ask,
    filled,
    inbox,
    kill_and_continue,
)

MINUTE = timedelta(minutes=1)
RESTS_FOR = 2 * MINUTE


def entry_rests(folder: Path, kills: Kills) -> Play:
    play = Play(folder, begin=BEGIN, trace=kills)
    play.run_until(ASKED_AT)
    ask(play, "RunEntryCycle")
    play.run_until(ASKED_AT + RESTS_FOR)
    kills.data_dir = folder
    return play


def one_position_is_closed_by_three(folder: Path, kills: Kills) -> Play:
    play, position_id = filled(folder, kills)
    ask(play, "ClosePosition", position_id=position_id, reason="ann")
    ask(play, "CloseAll", reason="bob")
    ask(play, "ClosePosition", position_id=position_id, reason="cyd")
    return play


def a_pause_crosses_an_entry(folder: Path, kills: Kills) -> Play:
    play = Play(folder, begin=BEGIN, trace=kills)
    play.run_until(ASKED_AT)
    kills.data_dir = folder
    ask(play, "RunEntryCycle")
    ask(play, "PauseEntries", reason="bob")
    return play


def what_rests_is_cancelled_and_resumed_twice(folder: Path, kills: Kills) -> Play:
    play = entry_rests(folder, kills)
    ask(play, "CancelOrders", reason="ann")
    ask(play, "PauseEntries", reason="bob")
    ask(play, "ResumeEntries", reason="cyd")
    ask(play, "CloseAll", reason="dan")
    ask(play, "ResumeEntries", reason="eve")
    return play


def is_latched(played: Played) -> bool:
    with books_opened(played.data_dir) as db:
        assert db is not None
        return any(latched for (latched,) in db.execute("SELECT latched FROM entry_latches"))


def paused_and_nothing_entered(played: Played) -> None:
    assert all(row.state in FINAL for _, row in played.orders)
    if "PauseEntries" in {row.message for row in inbox(played.data_dir)}:  # Else it was never accepted.
        assert is_latched(played)
        assert played.venue_sizes == {}


def nothing_rests_and_entries_go_on(played: Played) -> None:
    accepted = [row.message for row in inbox(played.data_dir)]
    if "CloseAll" in accepted:
        assert {trade.state for trade in played.trades} <= {PositionState.CLOSED, PositionState.CANCELLED}
    if "CancelOrders" in accepted:
        assert all(row.state in FINAL for _, row in played.orders)
    if "ResumeEntries" in accepted:
        assert not is_latched(played)


CROSSINGS = (
    pytest.param(one_position_is_closed_by_three, all_closed, 70, id="close-close-all-close"),
    pytest.param(a_pause_crosses_an_entry, paused_and_nothing_entered, 12, id="entry-pause"),
    pytest.param(
        what_rests_is_cancelled_and_resumed_twice,
        nothing_rests_and_entries_go_on,
        12,
        id="cancel-pause-resume",
    ),
)


@pytest.mark.soak
@pytest.mark.parametrize(("asked", "check", "step"), CROSSINGS)
@pytest.mark.parametrize("down_s", [0.0, 90.0])
def test_each_ends_however_they_are_killed(
    folder: Path,
    asked: Callable[[Path, Kills], Play],
    check: Callable[[Played], None],
    step: int,
    down_s: float,
) -> None:
    kill_and_continue(asked, folder / "crossing", step=step, check=check, down_for=timedelta(seconds=down_s))
