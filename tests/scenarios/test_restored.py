"""A backup, what is traded after it, the restore, and the next start: books and venue are the same again,
nothing is sent twice, and trading goes on."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from actors.state.backup import make_backup
from actors.state.database import open_database
from actors.state.market_file import attach_market
from cli.restoring import planned, restored
from core.kill_file import KILL_FILE_NAME
from core.orders.books import CycleOutcome, Job
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from reading.proof import books_proved
from tests.scenarios.playing import BEGIN, TO_EXIT, Play, Played, assert_laws_hold, copied

EXITED = BEGIN + TO_EXIT
AFTER = timedelta(minutes=12)
NEXT_ENTRY_SLOT = datetime.fromisoformat("2026-01-12T14:00:00+00:00")
NEXT_ENTRY = NEXT_ENTRY_SLOT + AFTER


WHEN = {
    "the entry rests": BEGIN + timedelta(minutes=6, seconds=30),
    "the position is open": BEGIN + timedelta(hours=3),
    "the exit rests": BEGIN + timedelta(hours=22, minutes=6),
}


@dataclass(frozen=True)
class Traded:
    """A run up to its exit, and backups of some moments before."""

    played: Played
    backups: dict[str, Path]


@pytest.fixture(scope="module")
def traded(folder: Path) -> Traded:
    run = Play(folder / "traded")
    backups = {}
    for number, (name, moment) in enumerate(WHEN.items()):
        run.run_until(moment)
        seen = copied(run.data_dir, folder / f"at-{number}")
        with closing(open_database(seen)) as db:
            attach_market(db, seen, moment)
            backups[name] = make_backup(db, seen, moment).path
    run.run_until(EXITED)
    played = run.stop()
    assert [trade.state for trade in played.trades] == [PositionState.CLOSED]
    return Traded(played, backups)


def put_back(traded: Traded, name: str, to: Path) -> Path:
    """The folder after a restore of the backup of that moment."""
    data_dir = copied(traded.played.data_dir, to)
    restored(planned(traded.backups[name], data_dir, "paper"), data_dir, EXITED)
    assert books_proved(data_dir).ok
    return data_dir


def assert_traded_as_before(played: Played, traded: Traded) -> None:
    """The same trade to the last decimal, by the venue's orders of then and no other; nothing is armed."""
    assert_laws_hold(played)
    assert not (played.data_dir / KILL_FILE_NAME).exists()
    assert played.venue_labels == traded.played.venue_labels
    (found,), (was,) = played.trades, traded.played.trades
    assert found.model_copy(update={"exit_rule": None}) == was.model_copy(update={"exit_rule": None})
    assert found.exit_rule in (was.exit_rule, ExitRule.ADOPTED)


@pytest.mark.parametrize("name", WHEN)
def test_what_was_traded_after_the_backup_is_booked_as_it_was(
    traded: Traded, folder: Path, name: str
) -> None:
    data_dir = put_back(traded, name, folder / f"restored, {name}")
    run = Play(data_dir, life=2, folder="again")
    run.run_until(EXITED + AFTER)
    played = run.stop()
    assert_traded_as_before(played, traded)
    assert "suspended:account" not in [alert.code for alert in played.alerts]


def test_a_kill_in_the_middle_of_the_recovery_is_continued(traded: Traded, folder: Path) -> None:
    kill_and_continue(traded, folder / "few", kills=3)


@pytest.mark.soak
@pytest.mark.parametrize("name", WHEN)
def test_a_kill_at_any_moment_of_the_recovery_is_continued(traded: Traded, folder: Path, name: str) -> None:
    kill_and_continue(traded, folder / f"all, {name}", name)


def kill_and_continue(
    traded: Traded, folder: Path, name: str = "the position is open", *, kills: int | None = None
) -> None:
    """Whatever of the adoption was recorded: the rest follows, and nothing is booked or sent twice."""
    data_dir = put_back(traded, name, folder / "killed")
    unharmed = Play(copied(data_dir, folder / "unharmed"), life=2, folder="again")
    unharmed.run_until(EXITED + AFTER)
    told = [each for each in unharmed.trace.items() if str(each.correlation).startswith("recovery-")]
    unharmed.stop()
    moments = sorted({envelope.sent_at for envelope in told})
    every = 1 if kills is None else len(moments) // kills
    assert every > 0
    for number, moment in enumerate(moments[::every]):
        killed = Play(copied(data_dir, folder / f"killed-{number}"), life=2, folder="again")
        killed.run_until(moment)
        killed.abandon()
        run = Play(killed.data_dir, life=3, folder="again")
        run.run_until(EXITED + AFTER)
        assert_traded_as_before(run.stop(), traded)
        shutil.rmtree(killed.data_dir)


def test_a_second_restore_of_the_same_backup_comes_to_the_same(traded: Traded, folder: Path) -> None:
    """The tag that was drawn after the first restore is remembered, though the backup does not know it."""
    data_dir = put_back(traded, "the position is open", folder / "twice")
    run = Play(data_dir, life=2, folder="again")
    run.run_until(EXITED + AFTER)
    run.stop()
    plan = planned(traded.backups["the position is open"], data_dir, "paper")
    restored(plan, data_dir, EXITED + AFTER)
    run = Play(data_dir, life=3, folder="and again")
    run.run_until(EXITED + 2 * AFTER)
    assert_traded_as_before(run.stop(), traded)


@pytest.mark.soak
def test_trading_goes_on_after_it(traded: Traded, folder: Path) -> None:
    data_dir = put_back(traded, "the position is open", folder / "on")
    run = Play(data_dir, life=2, folder="again")
    run.run_until(NEXT_ENTRY)
    played = run.stop()
    assert_laws_hold(played)
    assert not (played.data_dir / KILL_FILE_NAME).exists()
    [entry] = [cycle for cycle in played.cycles if cycle.slot == NEXT_ENTRY_SLOT and cycle.job is Job.ENTRY]
    assert entry.outcome not in (CycleOutcome.BLOCKED, CycleOutcome.RECOVERING, None)
