"""`kill -9` at every message of a person's command: carried out once, ended once, and told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from actors.runtime import Envelope, Tracer
from actors.state.read_only import books_opened
from core.messages.control import InjectMessage
from core.orders.books import CycleOutcome, CycleRow
from core.orders.lifecycle import OrderState, PositionState
from tests.scenarios.playing import Play, Played, assert_laws_hold, copied

BEGIN = datetime.fromisoformat("2026-01-05T14:06:00+00:00")
"""After Monday's slot: every entry of these runs is a person's."""
ASKED_AT = BEGIN + timedelta(minutes=4)
TO_FILL = timedelta(minutes=15)
LASTS = timedelta(minutes=25)
GRACE = timedelta(seconds=300)
FINAL = {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.NOT_PLACED}


@dataclass(frozen=True)
class InboxRow:
    request_id: str
    message: str
    at: datetime
    done: bool


def inbox(data_dir: Path) -> tuple[InboxRow, ...]:
    with books_opened(data_dir) as db:
        assert db is not None
        rows = db.execute("SELECT request_id, message, at, done_at FROM inbox ORDER BY number").fetchall()
    return tuple(InboxRow(row[0], row[1], datetime.fromisoformat(row[2]), row[3] is not None) for row in rows)


@dataclass(frozen=True)
class Left:
    """What a kill leaves at this instant."""

    at: datetime
    data_dir: Path


class Kills(Tracer):
    """Copies the data folder at every message that a person's command leads to: a kill right there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(None)
        self._folder = folder
        self._keep = self.record
        self.record = self._record
        self.data_dir: Path | None = None
        self.left: list[Left] = []

    def _record(self, envelope: Envelope) -> None:
        self._keep(envelope)
        if self.data_dir is not None and is_persons(envelope.correlation):
            to = self._folder / f"killed-{len(self.left)}"
            self.left.append(Left(envelope.sent_at, copied(self.data_dir, to)))


def is_persons(correlation: str | None) -> bool:
    """Of an injected message, or of a cycle whose slot has microseconds."""
    return correlation is not None and (correlation.startswith("inject-") or "." in correlation)


def persons_cycles(played: Played) -> list[CycleRow]:
    return [cycle for cycle in played.cycles if cycle.slot.microsecond]


def ask(play: Play, message: str, **body: str) -> None:
    inject = InjectMessage(message=message, body=json.dumps(body), who="ann")
    play.engine.system.addresses["control"].tell(inject)


def entry_asked(folder: Path, kills: Kills) -> Play:
    """An engine that has booted and been asked for an entry; market time has not moved since."""
    play = Play(folder, begin=BEGIN, trace=kills)
    play.run_until(ASKED_AT)
    kills.data_dir = folder
    ask(play, "RunEntryCycle")
    return play


def filled(folder: Path, kills: Kills) -> tuple[Play, str]:
    """The same after its entry was filled, and the position's id."""
    play = Play(folder, begin=BEGIN, trace=kills)
    play.run_until(ASKED_AT)
    ask(play, "RunEntryCycle")
    play.run_until(ASKED_AT + TO_FILL)
    (trade,) = [trade for trade in play.seen().trades if trade.state is PositionState.OPEN]
    kills.data_dir = folder
    return play, trade.position_id


def close_asked(folder: Path, kills: Kills) -> Play:
    """The person wants that position closed."""
    play, position_id = filled(folder, kills)
    ask(play, "ClosePosition", position_id=position_id, reason="a drill")
    return play


def kill_and_continue(
    asked: Callable[[Path, Kills], Play],
    folder: Path,
    *,
    step: int,
    check: Callable[[Played], None],
    down_for: timedelta = timedelta(0),
) -> None:
    """From every `step`-th message, a second life on what a kill leaves there."""
    kills = Kills(folder)
    unharmed = asked(folder / "unharmed", kills)
    unharmed.run_until(ASKED_AT + TO_FILL + LASTS)
    kills.data_dir = None
    check(unharmed.stop())
    unfinished = 0
    for left in kills.left[::step]:
        rows = inbox(left.data_dir)
        unfinished += any(not row.done for row in rows)
        second = Play(left.data_dir, life=2, begin=left.at + down_for)
        second.run_until(left.at + down_for + LASTS)
        played = second.stop()
        assert_laws_hold(played)
        assert_ended_and_told(played, rows)
        check(played)
    assert unfinished > 2, f"{unfinished} of {len(kills.left)}: hardly any kill met the command under way"
    shutil.rmtree(folder)


def assert_ended_and_told(played: Played, acknowledged: tuple[InboxRow, ...]) -> None:
    """Nothing that was on disk is lost, and each end is an alert: nobody waited at a socket."""
    rows = inbox(played.data_dir)
    assert {row.request_id for row in rows} >= {row.request_id for row in acknowledged}
    assert [row for row in rows if not row.done] == []
    told = {alert.cause for alert in played.alerts if alert.code == "command_ended"}
    assert {row.request_id for row in rows} <= told


def one_entry_at_most(played: Played) -> None:
    cycles = persons_cycles(played)
    assert {cycle.slot for cycle in cycles} <= {row.at for row in inbox(played.data_dir)}
    entries = [label for label in played.venue_labels if ":e" in label]
    assert len(entries) <= 1
    assert all(label.startswith(f"p-{cycle.cycle_id}:") for label in entries for cycle in cycles)
    assert {order.state for _, order in played.orders} <= FINAL


def closed(played: Played) -> None:
    one_entry_at_most(played)
    if "ClosePosition" in {row.message for row in inbox(played.data_dir)}:  # Else it was never accepted.
        assert {trade.state for trade in played.trades} == {PositionState.CLOSED}
        assert played.venue_sizes == {}


@pytest.mark.long
def test_an_entry_that_a_person_asked_for_is_made_once_however_it_is_killed(folder: Path) -> None:
    kill_and_continue(entry_asked, folder / "entry", step=30, check=one_entry_at_most)


@pytest.mark.long
def test_a_close_that_a_person_asked_for_closes_however_it_is_killed(folder: Path) -> None:
    kill_and_continue(close_asked, folder / "close", step=30, check=closed)


def test_an_entry_that_was_accepted_right_before_a_long_stop_ends_as_expired(folder: Path) -> None:
    kills = Kills(folder / "long-stop")
    play = entry_asked(folder / "long-stop" / "first", kills)
    play.run_until(ASKED_AT + timedelta(seconds=1))
    play.abandon()
    left = next(left for left in kills.left if inbox(left.data_dir))
    begin = left.at + GRACE
    second = Play(left.data_dir, life=2, begin=begin)
    second.run_until(begin + LASTS)
    played = second.stop()
    assert_laws_hold(played)
    assert_ended_and_told(played, inbox(left.data_dir))
    assert [cycle.outcome for cycle in persons_cycles(played)] == [CycleOutcome.EXPIRED]
    assert played.venue_labels == ()


@pytest.mark.soak
@pytest.mark.parametrize("down_s", [0.0, 4.0, 90.0, 400.0])
def test_an_entry_is_made_once_whenever_it_is_killed(folder: Path, down_s: float) -> None:
    kill_and_continue(
        entry_asked,
        folder / f"entry-{down_s}",
        step=1,
        check=one_entry_at_most,
        down_for=timedelta(seconds=down_s),
    )


@pytest.mark.soak
@pytest.mark.parametrize("down_s", [0.0, 90.0])
def test_a_close_closes_whenever_it_is_killed(folder: Path, down_s: float) -> None:
    kill_and_continue(
        close_asked, folder / f"close-{down_s}", step=1, check=closed, down_for=timedelta(seconds=down_s)
    )


def test_an_entry_while_no_expiry_is_in_range_is_refused_by_its_rule(folder: Path) -> None:
    """On a Wednesday after the listing at 08:00 the Fridays are 2, 9 and 16 days away, and less than 9."""
    wednesday = BEGIN + timedelta(days=2)
    play = Play(folder / "no expiry", begin=wednesday)
    play.run_until(wednesday + timedelta(minutes=2))
    ask(play, "RunEntryCycle")
    play.run_until(wednesday + timedelta(minutes=4))
    [cycle] = persons_cycles(play.stop())
    assert cycle.outcome is CycleOutcome.NO_ENTRY
    assert "no_expiry_in_range" in cycle.reasons
