"""`kill -9` of the real process, of its venue, or of both, at random instants, with a person at it.

Each start is on what the last kill left, and is checked; at the end of a row of kills the shared checker
looks at everything. `make soak` makes all kills, the default run none: `test_failpoints.py` has one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Event

import pytest

from core.messages.arm_cause import ArmCause
from reading.paper_folder import PAPER_MARKER
from tests.cli.support import ROOT
from tests.kills.running import PAPER, wait_until_let_go
from tests.power.after_restart import problems_of_next_process
from tests.power.crash_states import ARMED, Acknowledged
from tests.power.test_cuts import House, kill_both, venues_of, wait_for_end

ROW = 25
"""Kills in a row, of one kind, on one account."""
AFTER = timedelta(hours=1)
ENGINE_ENDS_S = 600.0
IN_START_S = (0.2, 2.5)

pytestmark = pytest.mark.soak


@dataclass(frozen=True)
class NoPowerCut:
    """The machine runs on: only processes end."""

    mount: Path

    def cut(self) -> None:
        """Nothing is taken away."""

    def come_back(self) -> None:
        """Nothing was."""


@dataclass
class KilledHouse(House):
    """As the house whose power is cut, but it is the process that is killed, in the given way."""

    end: Callable[[subprocess.Popen[str]], None] = kill_both
    faults: tuple[str, ...] = field(default=())

    def live_and_be_killed(self) -> None:
        """As `live_and_be_cut`; without its venue the engine may have armed itself in the meantime."""
        self.live_and_be_cut()
        if self.end is kill_venue:
            self.switch |= {ARMED}

    def kill(self, engine: subprocess.Popen[str]) -> None:
        self.end(engine)
        wait_until_let_go(self.data_dir)

    def started(self, stderr: int) -> subprocess.Popen[str]:
        faults = [argument for fault in self.faults for argument in ("--fault", fault)]
        return subprocess.Popen(
            [sys.executable, *self.program, *PAPER, *faults, "--data-dir", str(self.data_dir)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            encoding="utf-8",
        )

    def be_killed_in_start(self) -> None:
        """At any instant between the first import and some seconds of trading."""
        engine = self.started(stderr=subprocess.DEVNULL)
        Event().wait(self.chance.uniform(*IN_START_S))
        self.kill(engine)

    def said(self) -> Acknowledged:
        return Acknowledged(
            switch=self.switch,
            causes=self.causes,
            head=None if self.head is None else (self.head.seq, self.head.hash),
            accepted=tuple(self.accepted),
            closing=tuple(self.closing),
        )


def kill_engine(engine: subprocess.Popen[str]) -> None:
    """The engine alone: its venue takes up what was sent to it, and then ends in order."""
    engine.kill()
    engine.communicate()


def kill_venue(engine: subprocess.Popen[str]) -> None:
    """The venue alone: the engine notices that, stops in order, and says so.

    Before that its market time may have jumped past three probes that failed, which arms.
    """
    for venue in venues_of(engine):
        os.kill(venue, signal.SIGKILL)
        wait_for_end(venue)
    _, told = engine.communicate(timeout=ENGINE_ENDS_S)
    assert engine.returncode == 1, told
    assert "paper venue" in told


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> KilledHouse:
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    (data_dir / PAPER_MARKER).touch()
    return KilledHouse(NoPowerCut(tmp_path), data_dir / "venue", Random(request.node.name))


def in_row(house: KilledHouse, be_killed: Callable[[], None], told: pytest.CaptureFixture[str]) -> None:
    """Be killed so often in that way; nothing that was said is lost, and all laws hold at the end."""
    for _ in range(ROW):
        be_killed()
    with told.disabled():
        print(f"\n{ROW} kills, {house.commands} commands, {len(house.accepted)} accepted")  # noqa: T201
    assert problems_of_next_process(house.data_dir, house.said(), AFTER) == []


@pytest.mark.parametrize("row", range(4))
def test_engine_and_venue_are_killed_together(
    house: KilledHouse, capsys: pytest.CaptureFixture[str], row: int
) -> None:
    in_row(house, house.live_and_be_killed, capsys)


@pytest.mark.parametrize("row", range(3))
def test_the_engine_alone_is_killed(house: KilledHouse, capsys: pytest.CaptureFixture[str], row: int) -> None:
    house.end = kill_engine
    in_row(house, house.live_and_be_killed, capsys)


@pytest.mark.parametrize("row", range(2))
def test_the_venue_alone_is_killed(house: KilledHouse, capsys: pytest.CaptureFixture[str], row: int) -> None:
    house.end = kill_venue
    house.causes |= {ArmCause.PROBES}
    in_row(house, house.live_and_be_killed, capsys)


@pytest.mark.parametrize("row", range(1))
def test_a_start_is_killed(house: KilledHouse, capsys: pytest.CaptureFixture[str], row: int) -> None:
    house.live_and_be_cut()
    in_row(house, house.be_killed_in_start, capsys)


@pytest.mark.parametrize("row", range(2))
def test_an_engine_is_killed_that_recovers_on_a_slow_venue(
    house: KilledHouse, capsys: pytest.CaptureFixture[str], row: int
) -> None:
    """Each answer takes up to 6 s of market time."""
    house.faults = ("all:latency:1.0",)
    in_row(house, house.live_and_be_killed, capsys)
