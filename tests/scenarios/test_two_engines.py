"""Two whole engines on one account at the venue: never one position too many, nothing armed, exits kept."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from actors.names import EXECUTION, Rooms
from actors.runtime.testing import tripwires
from core.kill_file import KILL_FILE_NAME
from core.messages.execution import ClosePosition
from core.orders.books import InstructionKind
from core.orders.label import OrderLabel
from core.orders.lifecycle import PositionState
from core.values import PositionId
from gateway.paper.paper_venue import PaperVenue
from lab.engine import SimulatedEngine, open_venue
from lab.machine import SimulatedMachine
from reading.books import stored_books
from tests.scenarios.playing import BEGIN, GUARDED, MARKET, strategy

ENTRY_AT = BEGIN + timedelta(minutes=5)
STEP = timedelta(milliseconds=250)
"""No engine is ahead of the other by more: the venue's clock may be off by no more than a second."""


class Two:
    """Two engines, each with its own folder, time and chance, moved on in turn."""

    def __init__(self, venue: PaperVenue, engines: tuple[SimulatedEngine, SimulatedEngine]) -> None:
        self.venue = venue
        self.engines = engines
        with tripwires(*GUARDED):
            for engine in engines:
                engine.start()

    def run_until(self, when: datetime, *, step: timedelta = STEP) -> None:
        with tripwires(*GUARDED):
            now = max(BEGIN, self.venue.venue.clock)
            while now < when:
                now = min(now + step, when)
                for engine in self.engines:
                    engine.run_until(now)
                assert len(self.entries_filled()) <= 1

    def stop(self) -> None:
        with tripwires(*GUARDED):
            for engine in self.engines:
                engine.stop_actors("end of the test")
        self.venue.store.close()

    def labels(self, wanted: Callable[[object], bool] = lambda _: True) -> list[OrderLabel]:
        orders = self.venue.venue.account.orders.values()
        found = [OrderLabel.parse(order.order.label) for order in orders if wanted(order.order)]
        return [label for label in found if label is not None]

    def entries_filled(self) -> set[str]:
        """The entries that have filled at the venue, at least in part."""
        return {
            order.order.label
            for order in self.venue.venue.account.orders.values()
            if order.order.filled_amount > 0 and ":e" in order.order.label
        }

    def armed(self) -> list[bool]:
        return [(engine.data_dir / KILL_FILE_NAME).exists() for engine in self.engines]

    def open_positions(self) -> list[list[PositionId]]:
        return [
            [trade.position_id for trade in stored_books(engine.data_dir).trades if trade.is_live]
            for engine in self.engines
        ]

    def alerts(self, number: int) -> list[str]:
        return [alert.code for alert in stored_books(self.engines[number].data_dir).alerts]


def two(
    folder: Path, *, seeds: tuple[int, int] = (1, 2), machine: SimulatedMachine | None = None, life: int = 1
) -> Two:
    """On the folders `a` and `b`, which may hold books already."""
    venue = open_venue(folder / "at-the-venue", MARKET)
    begin = max(BEGIN, venue.venue.clock)
    engines = []
    for name, seed in zip("ab", seeds, strict=True):
        (folder / name).mkdir(parents=True, exist_ok=True)
        engines.append(
            SimulatedEngine(
                loaded=strategy(),
                venue=venue,
                data_dir=folder / name,
                seed=seed,
                begin=begin,
                life=life,
                machine=machine,
                folder=f"{folder.name}/{name}",
            )
        )
    return Two(venue, (engines[0], engines[1]))


@pytest.mark.parametrize("seeds", [(1, 2), (3, 4), (5, 6)])
def test_two_folders_on_one_account_open_one_position_and_arm_nothing(
    tmp_path: Path, seeds: tuple[int, int]
) -> None:
    """Both decide the same entry in the same slot; one of them gets it."""
    run = two(tmp_path, seeds=seeds)
    run.run_until(ENTRY_AT + timedelta(minutes=8))
    assert len({label.tag for label in run.labels()}) >= 1
    assert len(run.entries_filled()) == 1
    assert sorted(map(len, run.open_positions())) == [0, 1]
    assert run.armed() == [False, False]
    loser = run.open_positions().index([])
    assert {"others_order", "others_position", "another_engine"} & set(run.alerts(loser))

    winner = 1 - loser
    ((position_id,),) = [found for found in run.open_positions() if found]
    close = ClosePosition(request_id="close", position_id=position_id, reason="test")
    Rooms(run.engines[winner].system.addresses)[EXECUTION].tell(close)
    run.run_until(run.venue.venue.clock + timedelta(minutes=12))
    (trade,) = stored_books(run.engines[winner].data_dir).trades
    assert trade.state is PositionState.CLOSED
    assert run.venue.venue.account.positions == {}
    assert run.armed() == [False, False]
    run.stop()


def test_a_copied_folder_on_another_machine_opens_no_second_position(tmp_path: Path) -> None:
    """Both decide the same entry. Neither sends the label that the other sends: copies draw new tags."""
    first = two(tmp_path / "first", seeds=(1, 2))
    first.run_until(BEGIN + timedelta(minutes=2))
    first.stop()
    shutil.copytree(tmp_path / "first" / "a", tmp_path / "second" / "a")
    shutil.copytree(tmp_path / "first" / "a", tmp_path / "second" / "b")
    shutil.copytree(tmp_path / "first" / "at-the-venue", tmp_path / "second" / "at-the-venue")
    run = two(tmp_path / "second", seeds=(7, 8), life=2)
    run.run_until(ENTRY_AT + timedelta(minutes=8))
    entries = [label for label in run.labels() if label.kind is InstructionKind.ENTRY]
    assert len({label.text for label in entries}) == len(entries)
    assert len(run.entries_filled()) == 1
    tags = [setting_of(engine.data_dir, "label_tag") for engine in run.engines]
    assert len({*tags, setting_of(tmp_path / "first" / "a", "label_tag")}) == 3
    assert run.armed() == [False, False]
    run.stop()


def test_an_engine_on_a_copied_folder_leaves_the_entry_of_the_first_alone(tmp_path: Path) -> None:
    """Under one tag it took it for a stray of its own, and cancelled it."""
    first = two(tmp_path / "first", seeds=(1, 2))
    first.run_until(BEGIN + timedelta(minutes=2))
    first.stop()
    shutil.copytree(tmp_path / "first" / "a", tmp_path / "second" / "a")
    shutil.copytree(tmp_path / "first" / "a", tmp_path / "second" / "b")
    shutil.copytree(tmp_path / "first" / "at-the-venue", tmp_path / "second" / "at-the-venue")
    run = two(tmp_path / "second", seeds=(7, 8), life=2)
    run.run_until(ENTRY_AT + timedelta(minutes=8))
    assert not {"stray_order"} & set(run.alerts(0) + run.alerts(1))
    run.stop()


def setting_of(data_dir: Path, key: str) -> str:
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        [(value,)] = db.execute("SELECT value FROM system WHERE key = ?", (key,)).fetchall()
    return str(value)


def test_on_one_machine_the_second_engine_waits_until_the_first_has_ended(tmp_path: Path) -> None:
    run = two(tmp_path, machine=SimulatedMachine())
    run.run_until(ENTRY_AT + timedelta(minutes=1))
    assert {order.tag for order in run.labels()} == {run.labels()[0].tag}
    holder = next(n for n, engine in enumerate(run.engines) if stored_books(engine.data_dir).orders)
    waiting = 1 - holder
    assert stored_books(run.engines[waiting].data_dir).orders == ()
    assert "recovery_failed" in run.alerts(waiting)
    run.engines[holder].stop_actors("the first ends")
    run.engines[waiting].run_until(run.venue.venue.clock + timedelta(minutes=2))
    assert "recovery_done" in run.alerts(waiting)
    run.engines[waiting].stop_actors("the second ends")
    run.venue.store.close()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 140))
def test_however_two_engines_interleave_one_position_is_opened(tmp_path: Path, seed: int) -> None:
    """Closer steps, so that many of them look at the account in the same moment."""
    run = two(tmp_path, seeds=(seed, seed + 1000))
    run.run_until(ENTRY_AT + timedelta(minutes=6), step=timedelta(milliseconds=100))
    assert sorted(map(len, run.open_positions())) == [0, 1]
    assert run.armed() == [False, False]
    run.stop()
