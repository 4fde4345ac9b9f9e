"""A backup of before an entry, the trade after it, and the restore: the engine names what it does not know,
opens nothing meanwhile, cancels what still rests, and takes the trade over once a person gives it back."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from actors.state.backup import make_backup
from actors.state.database import open_database
from actors.state.market_file import attach_market
from cli.main import main
from cli.restoring import planned, restored
from core.kill_file import KILL_FILE_NAME
from core.orders.books import CycleOutcome, Job
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from reading.proof import books_proved
from tests.scenarios.playing import BEGIN, TO_EXIT, Play, Played, assert_laws_hold, copied

BACKED_UP = BEGIN + timedelta(minutes=2)
RESTS = BEGIN + timedelta(minutes=6, seconds=30)
OPEN = BEGIN + timedelta(hours=3)
CLOSED = BEGIN + TO_EXIT
LATER = timedelta(minutes=12)
POSITION = "p-entry-20260105T140000Z"


@dataclass(frozen=True)
class Restored:
    """The folder after the restore, what it has replaced, and the run before."""

    data_dir: Path
    replaced: Path
    before: Played


def restored_after(folder: Path, end: timedelta, *, killed: bool = False) -> Restored:
    run = Play(folder / "traded")
    run.run_until(BACKED_UP)
    seen = copied(run.data_dir, folder / "seen")
    with closing(open_database(seen)) as db:
        attach_market(db, seen, BACKED_UP)
        backup = make_backup(db, seen, BACKED_UP).path
    run.run_until(BEGIN + end)
    before = run.seen()
    if killed:
        run.abandon()
    else:
        run.stop()
    replaced = restored(planned(backup, run.data_dir, "paper"), run.data_dir, BEGIN + end)
    assert replaced is not None
    return Restored(run.data_dir, replaced, before)


def started_again(of: Restored, until: timedelta, *, life: int = 2) -> Played:
    run = Play(of.data_dir, life=life, folder="again")
    run.run_until(BEGIN + until)
    return run.stop()


def give_back(of: Restored) -> int:
    how = ("--from", str(of.replaced), "--reason", "it is open at the venue")
    return main(["state", "book-entry", POSITION, *how, "--data-dir", str(of.data_dir)])


def codes(played: Played) -> list[str]:
    return [alert.code for alert in played.alerts]


def test_an_entry_that_rests_is_cancelled(folder: Path) -> None:
    of = restored_after(folder / "rests", RESTS - BEGIN, killed=True)
    run = Play(of.data_dir, life=2, folder="again")
    run.run_until(RESTS + LATER)
    first, *_ = (resting.order for resting in run.venue.venue.account.orders.values())
    assert (first.label, first.state) == (of.before.venue_labels[0], "cancelled")
    played = run.stop()
    assert "stray_order" in codes(played)
    assert "others_order" not in codes(played)
    assert not (of.data_dir / KILL_FILE_NAME).exists()


def test_a_position_is_named_and_keeps_entries_back_until_a_person_gives_it_back(folder: Path) -> None:
    of = restored_after(folder / "open", OPEN - BEGIN)
    played = started_again(of, OPEN - BEGIN + LATER)
    assert {"others_position", "suspended:account"} <= set(codes(played))
    assert played.trades == ()
    assert give_back(of) == 0
    assert books_proved(of.data_dir).ok
    played = started_again(of, TO_EXIT, life=3)
    assert_laws_hold(played)
    (trade,) = played.trades
    assert (trade.position_id, trade.state) == (POSITION, PositionState.CLOSED)
    assert trade.plan == of.before.trades[0].plan
    assert trade.credit_eth == of.before.trades[0].credit_eth
    assert played.venue_sizes == {}
    assert not (of.data_dir / KILL_FILE_NAME).exists()


@pytest.mark.soak
def test_a_trade_that_is_over_is_given_back_to_the_last_decimal(folder: Path) -> None:
    of = restored_after(folder / "closed", CLOSED - BEGIN)
    assert give_back(of) == 0
    played = started_again(of, CLOSED - BEGIN + LATER)
    assert_laws_hold(played)
    (found,), (was,) = played.trades, of.before.trades
    assert found == was.model_copy(update={"exit_rule": ExitRule.ADOPTED})
    assert played.venue_labels == of.before.venue_labels
    [cycle] = [each for each in played.cycles if each.job is Job.ENTRY]
    assert cycle.outcome is CycleOutcome.ENTERED
