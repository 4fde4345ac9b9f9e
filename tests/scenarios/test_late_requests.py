"""Requests that arrive late, after an arming, a kill or a stop: nothing is created or made worse by them.

Whatever goes to the venue may be held back for up to 20 s of market time, and arrives then, whoever sent it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, count
from pathlib import Path
from random import Random

import pytest

from actors.kill_switch import DiskKillFile
from actors.kill_switch.ledger import PermitLedger
from actors.runtime import AnyAddress, Envelope, Tracer
from core.contract import PlaceComboOrder
from core.messages.control import InjectMessage
from core.messages.kill_switch import ArmKillSwitch, DisarmKillSwitch, KillSwitchArmed
from core.permit_times import CERTAIN_AFTER_S
from core.strategy import Strategy
from gateway.paper import orders as desk
from gateway.paper.account import VenueOrder
from gateway.paper.venue import Venue
from lab.invariants.effects import Armings, Effect
from lab.wire import Wire
from reading.switch.arming import new_arming
from tests.power.after_restart import open_model_venue
from tests.scenarios import safety_path
from tests.scenarios.late import HOLD_S_MAX, Watch, holds
from tests.scenarios.playing import BEGIN, Play

SEED, ROUNDS_FEW = 1, 3
SEEDS, ROUNDS = range(100, 120), 25
PATHS, MUTANT_PATHS = range(3), range(10, 30)
SHARDS, TRIED = 10, 100_000
BOOTED = timedelta(minutes=6)
UNDER_WAY_S_MAX = 150.0
ALL_HAS_ARRIVED = timedelta(seconds=2 * HOLD_S_MAX)
SETTLED = timedelta(minutes=8)
"""Until what is in doubt is resolved, and an order is filled or given up."""
HELD, READS_HELD = 0.4, 0.01


@dataclass
class Told:
    """How much was tried."""

    requests: int = 0
    armings: int = 0
    late: int = 0

    def __str__(self) -> str:
        return f"{self.requests} placements and edits, {self.armings} armings, {self.late} arrived late"


class Answers(Tracer):
    """Notes when an arming was acknowledged to the person."""

    def __init__(self, armings: Armings) -> None:
        super().__init__(1)
        self._armings = armings
        self.record = self._note

    def _note(self, envelope: Envelope) -> None:
        if isinstance(envelope.message, KillSwitchArmed) and envelope.to.name == "health":
            self._armings.acknowledged(envelope.sent_at)


class Trading:
    """A folder with an engine that trades, is armed, killed, stopped and started again."""

    def __init__(self, data_dir: Path, seed: int) -> None:
        self._data_dir = data_dir
        self._chance = Random(f"late {seed}")
        self._seed = seed
        self.watch, self.armings = Watch(), Armings()
        self.wire = Wire(hold_s=holds(self._chance, HELD, READS_HELD))
        self._life, self._life_is_new = 0, True
        self.count = 0
        self._play = self._next_life()

    def round(self) -> None:
        """An entry that a person asks for, and in its midst what makes requests of it late."""
        self._run(BOOTED if self._life_is_new else timedelta(seconds=1))
        self._life_is_new = False
        self.armings.disarming(self._now)
        self._room("kill_switch").tell(DisarmKillSwitch(reason="drill over", who="ada"))
        self._run(timedelta(seconds=10))
        for position in self._play.seen().trades:
            if position.is_live:
                self._inject("ClosePosition", position_id=position.position_id, reason="drill")
                self._run(SETTLED)
        self._inject("RunEntryCycle")
        self._run(timedelta(seconds=self._chance.uniform(0.0, UNDER_WAY_S_MAX)))
        self._interrupt()
        self._run(ALL_HAS_ARRIVED)
        self._run(timedelta(seconds=self._chance.uniform(0.0, SETTLED.total_seconds())))

    def end(self) -> None:
        self._play.stop()

    def _interrupt(self) -> None:
        what = self._chance.choice(("arm", "command", "kill", "stop", "command and kill"))
        if what == "arm":
            self.count += 1
            arm = ArmKillSwitch(reason="drill", who="ada")
            self._room("kill_switch").tell(arm, sender=self._room("health"))
        if what.startswith("command"):
            # As `kill-switch arm` does it: KILL first, and done after so long whatever the engine answers.
            self.count += 1
            DiskKillFile(self._data_dir).add(new_arming("drill", "ada"))
            self.armings.acknowledged(self._now + timedelta(seconds=CERTAIN_AFTER_S))
        if what == "stop":
            self._play.stop()
        elif what.endswith("kill"):
            self._run(timedelta(seconds=self._chance.uniform(0.0, 1.0)))
            self._play.abandon()
        if what.endswith(("stop", "kill")):
            self._play = self._next_life()

    def _next_life(self) -> Play:
        begin = BEGIN if self._life == 0 else self._now + timedelta(seconds=self._chance.uniform(0.0, 10.0))
        self._life += 1
        self._life_is_new = True
        return Play(
            self._data_dir,
            seed=self._seed,
            life=self._life,
            begin=begin,
            trace=Answers(self.armings),
            wire=self.wire,
            watch=self.watch,
        )

    @property
    def _now(self) -> datetime:
        return self._play.engine.runtime.now()

    def _run(self, lasts: timedelta) -> None:
        self._play.run_until(self._now + lasts)

    def _room(self, name: str) -> AnyAddress:
        return self._play.engine.system.address(name)

    def _inject(self, message: str, **body: str) -> None:
        self._room("control").tell(InjectMessage(message=message, body=json.dumps(body), who="ada"))


def trade(data_dir: Path, seed: int, rounds: int) -> Told:
    """Trade for so many rounds; nothing that an arming forbids has happened at the venue."""
    trading = Trading(data_dir, seed)
    for _ in range(rounds):
        trading.round()
    trading.end()
    assert trading.watch.forbidden(trading.armings) == []
    return Told(trading.watch.requests, trading.count, trading.wire.late)


def test_no_late_request_of_an_engine_creates_or_worsens_an_order_after_an_arming(folder: Path) -> None:
    told = trade(folder / "few", SEED, ROUNDS_FEW)
    assert told.requests
    assert told.late


def test_no_late_request_under_a_permit_creates_or_worsens_an_order_after_an_arming(folder: Path) -> None:
    told = Told()
    assert list(chain.from_iterable(along_the_path(folder, seed, told) for seed in PATHS)) == []
    assert told.late
    assert told.armings


def test_a_permit_that_lives_for_half_a_minute_is_missed(folder: Path) -> None:
    """The mutant whose permits outlive what a person's command waits for."""
    rules = safety_path.strategy(permit_lifetime_s=30.0)
    assert any(along_the_path(folder, seed, Told(), rules=rules) for seed in MUTANT_PATHS)


def test_a_venue_that_ignores_until_when_a_request_is_valid_is_missed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = desk.place

    def careless(venue: Venue, request: PlaceComboOrder, played_reject: bool = False) -> VenueOrder:
        return place(venue, request.model_copy(update={"valid_until": None}), played_reject)

    monkeypatch.setattr(desk, "place", careless)
    assert any(along_the_path(folder, seed, Told()) for seed in MUTANT_PATHS)


def test_a_switch_that_waits_for_no_permit_is_missed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PermitLedger, "outstanding", lambda ledger: frozenset())
    assert any(along_the_path(folder, seed, Told()) for seed in MUTANT_PATHS)


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
def test_no_late_request_of_an_engine_does_so_in_many_rounds(
    folder: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    tell(capsys, "whole engine", trade(folder / f"engine-{seed}", seed, ROUNDS))


@pytest.mark.soak
@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_late_request_under_a_permit_does_so_in_100_000_orders_and_armings(
    folder: Path, capsys: pytest.CaptureFixture[str], shard: int
) -> None:
    told = Told()
    for seed in count(shard, SHARDS):
        assert list(along_the_path(folder, 1000 + seed, told)) == []
        if told.requests + told.armings >= TRIED / SHARDS:
            break
    tell(capsys, "safety path", told)


def along_the_path(folder: Path, seed: int, told: Told, *, rules: Strategy | None = None) -> Iterable[Effect]:
    """One row of lives without the rest of the engine: what an arming forbids and was done all the same."""
    place = folder / f"path-{seed}"
    place.mkdir()
    venue = open_model_venue(place)
    watch, armings, wire = safety_path.trade(place / "data", venue, seed, rules=rules)
    venue.store.close()
    shutil.rmtree(place)
    told.requests += watch.requests
    told.armings += len(armings.done)
    told.late += wire.late
    return watch.forbidden(armings)


def tell(capsys: pytest.CaptureFixture[str], what: str, told: Told) -> None:
    with capsys.disabled():
        print(f"\n{what}: {told}")  # noqa: T201  (the table of docs/reliability.md)
