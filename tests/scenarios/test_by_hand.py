"""What a person tells the whole engine: close all, cancel, back up, restart a room, test an alert."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import PositionState
from tests.scenarios.playing import BEGIN, TO_ENTRY, Play, Played, assert_laws_hold
from tests.scenarios.test_pauses import tell
from tests.scenarios.test_persons_commands import ASKED_AT, Kills, ask, closed, inbox, kill_and_continue
from tests.scenarios.test_persons_commands import TO_FILL as PERSONS_FILL

MINUTE = timedelta(minutes=1)
RESTS_AT = BEGIN + 7 * MINUTE
"""The order of Monday's entry is at the venue, and does not fill before 14:04."""


def told(played: Played, message: str) -> list[str]:
    """The ends of the messages of one kind, as a person is told them."""
    alerts = [alert for alert in played.alerts if alert.code == "command_ended"]
    return [alert.text.partition("): ")[2] for alert in alerts if alert.text.startswith(f"{message} ")]


def entries(played: Played) -> list[tuple[CycleOutcome | None, tuple[str, ...]]]:
    return [(cycle.outcome, cycle.reasons) for cycle in played.cycles if cycle.job is Job.ENTRY]


def test_messages_that_do_not_trade_end_with_what_they_led_to(folder: Path) -> None:
    at = folder / "desk"
    play = Play(at, begin=BEGIN)
    play.run_until(BEGIN + 3 * MINUTE)
    tell(play, "BackupNow", reason="before an update")
    tell(play, "SendTestAlert", severity="HIGH", reason="a new channel")
    tell(play, "RecalibrateKelly", reason="curious")
    play.run_until(BEGIN + 4 * MINUTE)  # A restart of decision would end the cycle that is under way.
    for actor in ("decision", "control", "mcp.sentiment"):
        tell(play, "RestartActor", actor=actor, reason="a drill")
    play.run_until(BEGIN + TO_ENTRY)
    restarts = {cell.name: cell.restarts for cell in play.engine.system.status() if cell.restarts}
    played = play.stop()
    assert_laws_hold(played)
    [backup] = told(played, "BackupNow")
    path = backup.removeprefix("the backup ").partition(" is complete")[0]
    assert (at / path / "backup.json").is_file()
    assert [alert.text for alert in played.alerts if alert.code == "test_alert"] == [
        "this is a test of ann, there is nothing to do: a new channel"
    ]
    assert told(played, "SendTestAlert") == [
        "the test alert is on its way over the log alone: no channel is set up"
    ]
    assert len(told(played, "RecalibrateKelly")) == 1
    assert [cycle.outcome for cycle in played.cycles if cycle.job is Job.KELLY] == [CycleOutcome.REPORTED]
    assert sorted(told(played, "RestartActor")) == [
        "control was restarted",
        "decision was restarted",
        "mcp.sentiment was restarted",
    ]
    assert restarts == {"decision": 1, "control": 1, "mcp.sentiment": 1}
    assert [alert.text for alert in played.alerts if alert.code.startswith("actor_")] == []
    assert entries(played) == [(CycleOutcome.ENTERED, ())]


def test_orders_are_cancelled_and_the_entry_that_rested_is_not_made(folder: Path) -> None:
    play = Play(folder / "cancel", begin=BEGIN)
    play.run_until(RESTS_AT)
    tell(play, "CancelOrders", reason="the venue looks wrong")
    play.run_until(BEGIN + TO_ENTRY)
    played = play.stop()
    assert_laws_hold(played)
    assert told(played, "CancelOrders") == ["resting entries cancelled: 1"]
    assert entries(played) == [(CycleOutcome.NOT_FILLED, ("stopped",))]
    assert played.venue_sizes == {}


def test_a_pause_withdraws_the_entry_that_rests(folder: Path) -> None:
    play = Play(folder / "withdrawn", begin=BEGIN)
    play.run_until(RESTS_AT)
    tell(play, "PauseEntries", reason="a look")
    play.run_until(BEGIN + TO_ENTRY)
    played = play.stop()
    assert_laws_hold(played)
    assert entries(played) == [(CycleOutcome.NOT_FILLED, ("paused",))]


def close_all_asked(folder: Path, kills: Kills) -> Play:
    """An engine with an open position, whose person wants everything closed."""
    play = Play(folder, begin=ASKED_AT - 4 * MINUTE, trace=kills)
    play.run_until(ASKED_AT)
    ask(play, "RunEntryCycle")
    play.run_until(ASKED_AT + PERSONS_FILL)
    kills.data_dir = folder
    ask(play, "CloseAll", reason="a drill")
    return play


def all_closed(played: Played) -> None:
    closed(played)
    if "CloseAll" in {row.message for row in inbox(played.data_dir)}:  # Else it was never accepted.
        assert {trade.state for trade in played.trades} == {PositionState.CLOSED}
        assert all(end.startswith("no position is open any more") for end in told(played, "CloseAll"))


@pytest.mark.long
def test_everything_is_closed_however_it_is_killed(folder: Path) -> None:
    kill_and_continue(close_all_asked, folder / "close-all", step=60, check=all_closed)


def test_close_all_cancels_the_entry_that_rests_and_lets_none_follow(folder: Path) -> None:
    play = Play(folder / "resting", begin=BEGIN)
    play.run_until(RESTS_AT)
    tell(play, "CloseAll", reason="a drill")
    play.run_until(BEGIN + TO_ENTRY)
    played = play.stop()
    assert_laws_hold(played)
    assert played.venue_sizes == {}
    [end] = told(played, "CloseAll")
    assert end.startswith("no position is open any more")


@pytest.mark.soak
@pytest.mark.parametrize("down_s", [0.0, 90.0])
def test_everything_is_closed_whenever_it_is_killed(folder: Path, down_s: float) -> None:
    kill_and_continue(
        close_all_asked,
        folder / f"close-all-{down_s}",
        step=1,
        check=all_closed,
        down_for=timedelta(seconds=down_s),
    )
