"""The power of a real ext4 file system is cut at random instants under the real process, and it starts again.

The data folder is on an image in a loop device, the venue's account outside it: an exchange keeps its power.
Each start is on what the last cut left. `make power` makes 200 cuts, the default run two.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event
from typing import Protocol

import pytest

from actors.control.wire import RequestName
from core.audit.hash_chain import Link
from core.errors import CerberoError
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditKind
from core.messages.engine_status import EngineStatus
from core.orders.exit_rule import ExitRule
from reading.audit import records, verified
from reading.books import stored_books
from reading.control_client import ask_engine, request_of
from reading.paper_folder import PAPER_MARKER
from tests.cli.support import ROOT, ended, started
from tests.power import image
from tests.power.crash_states import ARMED, CLEAR
from tests.power.image import mounted
from tests.power.person import Operator
from tests.report_checks import problems

CUTS, FEW = 200, 2
CUTS_PER_MUTANT_MAX = 40
SEED = 1
"""A market whose first Monday trades."""
TRADES_S = 2.5
"""A life after its boot ends at a random instant within so long."""
BOOT_S = 600.0
LOOK_AGAIN_S = 0.02


class Power(Protocol):
    """What gives the engine's folder its power, and can take it away."""

    @property
    def mount(self) -> Path: ...

    def cut(self) -> None: ...

    def come_back(self) -> None: ...


class LostError(AssertionError):
    """Something that was acknowledged is not there after a cut, or a cut was taken for something else."""


@dataclass
class House:
    """An engine's folder on an image, the venue's beside it, and what was acknowledged so far."""

    image: Power
    venue: Path
    chance: Random
    program: tuple[str, ...] = (str(ROOT / "run.py"),)
    switch: frozenset[str] = frozenset({CLEAR})
    causes: frozenset[ArmCause] = frozenset({ArmCause.OPERATOR})
    """Why it may be armed."""
    head: Link | None = None
    accepted: list[str] = field(default_factory=list)
    closing: list[str] = field(default_factory=list)
    commands: int = 0

    @property
    def data_dir(self) -> Path:
        return self.image.mount / "data"

    def live_and_be_cut(self) -> None:
        """Start, check what the last cut left, trade and take commands until the power is cut."""
        engine = self.started(stderr=subprocess.PIPE)
        operator = None
        try:
            self._check_after_boot(engine)
            operator = Operator(self.data_dir, self.chance, switch=self.switch, head=self.head)
            operator.start()
            Event().wait(self.chance.uniform(0.0, TRADES_S))
            assert engine.poll() is None, f"the engine ended: {engine.communicate()[1]}"
        finally:
            self.image.cut()
            self.kill(engine)
            if operator is not None:
                operator.over.set()
                operator.join()
            self.image.come_back()
        self.switch, self.head = operator.switch, operator.head
        self.accepted += operator.accepted
        self.closing += operator.closing
        self.commands += operator.commands

    def cut_while_it_starts(self) -> None:
        """The cut hits a start, at any instant between the first import and some seconds of trading."""
        engine = self.started(stderr=subprocess.DEVNULL)
        Event().wait(self.chance.uniform(0.3, 2.5))
        self.image.cut()
        self.kill(engine)
        self.image.come_back()

    def kill(self, engine: subprocess.Popen[str]) -> None:
        """End the engine and, because the next one serves the same account, its venue."""
        kill_both(engine)

    def started(self, stderr: int) -> subprocess.Popen[str]:
        arguments = ("paper", "--keep", "--days", "3650", "--seed", str(SEED), "--no-ui")
        return subprocess.Popen(
            [sys.executable, *self.program, *arguments, "--data-dir", str(self.data_dir)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            encoding="utf-8",
        )

    def end_in_order(self, out: Path) -> None:
        """A last life that ends by itself; its report compares books and venue to the last decimal."""
        arguments = ("paper", "--keep", "--days", "0.05", "--seed", str(SEED), "--no-ui", "--json", out)
        ran = ended(started(*arguments, "--data-dir", self.data_dir), BOOT_S)
        assert ran.code == 0, ran.err
        report = json.loads(out.read_text("utf-8"))
        assert problems(report) == []
        labels = [order["label"] for order in report["orders"]]
        assert len(labels) == len(set(labels))
        self.check_promises()

    def _check_after_boot(self, engine: subprocess.Popen[str]) -> None:
        status = self._booted(engine)
        switch = status.kill_switch
        if switch is None or status.audit is None:
            raise LostError(f"no status: {status.unavailable}")
        is_now = ARMED if switch.armed else CLEAR
        if is_now not in self.switch:
            raise LostError(f"switch: expected {self.switch}, found {switch}")
        if not set(switch.causes) <= self.causes:
            raise LostError(f"switch: armed by {switch.causes}: {switch.reason}")
        if not status.audit.ok or any((self.data_dir / "evidence").glob("*")):
            raise LostError(f"audit: {status.audit.problem}; {list(self.data_dir.glob('evidence/*'))}")
        found = verified(self.data_dir, told_head=self.head)
        if not found.ok:
            raise LostError(f"audit: {found.problem}")

    def _booted(self, engine: subprocess.Popen[str]) -> EngineStatus:
        """The status once recovery is done and the switch has read its row."""
        for _ in range(int(BOOT_S / LOOK_AGAIN_S)):
            if engine.poll() is not None:
                raise LostError(f"the engine ended at its start: {engine.communicate()[1]}")
            try:
                status = ask_engine(self.data_dir, request_of(RequestName.STATUS), EngineStatus)
            except CerberoError:
                Event().wait(LOOK_AGAIN_S)
                continue
            if status.health is not None and status.health.booted:
                return status
        raise LostError("the engine did not boot")

    def check_promises(self) -> None:
        """Each message of a person that was accepted is on record."""
        operated = (record for record in records(self.data_dir) if record.kind == AuditKind.OPERATOR)
        noted = {record.detail.get("request_id") for record in operated}
        assert [request for request in self.accepted if request not in noted] == []


def kill_both(engine: subprocess.Popen[str]) -> None:
    """`kill -9` of the engine and of its venue."""
    venues = venues_of(engine)
    engine.kill()
    for venue in venues:
        os.kill(venue, signal.SIGKILL)
        wait_for_end(venue)
    engine.communicate()


def venues_of(engine: subprocess.Popen[str]) -> list[int]:
    """The process ids of what the engine's process has started."""
    try:
        children = Path(f"/proc/{engine.pid}/task/{engine.pid}/children").read_text("utf-8")
    except FileNotFoundError:
        return []
    return [int(child) for child in children.split()]


def wait_for_end(pid: int) -> None:
    """The venue belongs to another parent when its own is gone, so its end can only be looked for."""
    for _ in range(500):
        try:
            if Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z":
                return
        except FileNotFoundError:
            return
        Event().wait(0.01)
    raise AssertionError(f"process {pid} did not end")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    reason = image.why_not(tmp_path)
    if reason is not None:
        pytest.skip(reason)
    venue = tmp_path / "venue"
    venue.mkdir()
    with mounted(tmp_path) as power:
        data_dir = power.mount / "data"
        data_dir.mkdir(mode=0o700)
        (data_dir / PAPER_MARKER).touch()
        (data_dir / "venue").symlink_to(venue)
        os.sync()
        yield House(power, venue, Random("power cuts"))


def be_cut(house: House, cuts: int) -> None:
    for _ in range(cuts):
        if house.chance.random() < 0.15:
            house.cut_while_it_starts()
        else:
            house.live_and_be_cut()


@pytest.mark.power
def test_a_few_cuts_lose_nothing_that_was_acknowledged(house: House) -> None:
    for _ in range(FEW):
        house.live_and_be_cut()
    house.check_promises()


@pytest.mark.power
def test_cuts_at_random_instants_lose_nothing_that_was_acknowledged(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    be_cut(house, CUTS)
    house.end_in_order(tmp_path / "out.json")
    trades = stored_books(house.data_dir).trades
    by_hand = [trade for trade in trades if trade.exit_rule is ExitRule.MANUAL]
    with capsys.disabled():
        print(  # noqa: T201  (the table of docs/reliability.md)
            f"\n{CUTS} cuts, {house.commands} commands, {len(house.accepted)} accepted by the inbox, "
            f"{len(trades)} trades, {len(by_hand)} closed by hand"
        )
    assert trades
    assert house.accepted


@pytest.mark.power
@pytest.mark.parametrize("left_out", ["books", "files"])
def test_syncs_that_are_left_out_are_missed(house: House, left_out: str) -> None:
    """`synchronous=OFF`, or none of our own syncs: the harness sees what it is there to see."""
    house.program = ("-m", "tests.power.careless_engine", left_out)
    with pytest.raises((LostError, AssertionError)):
        be_cut(house, CUTS_PER_MUTANT_MAX)
