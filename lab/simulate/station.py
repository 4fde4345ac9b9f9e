"""One engine of a simulation through all its lives: it is started, killed, stopped, and started again."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from struct import Struct
from typing import Protocol

from actors.alerting import Letter
from actors.runtime import CellState, CellStatus, Envelope, Tracer
from config import LoadedStrategy
from core.contract import Router
from core.messages.mcp import EditOrder, SendOrder
from lab.engine import SimulatedEngine
from lab.invariants.seen import EngineSeen
from lab.simulate.acts import ActPlace, Drawn
from lab.simulate.channel import LabChannel
from lab.simulate.coverage import Phases
from lab.simulate.disk import LabDisk
from lab.simulate.port import Lab, lab_ports
from lab.simulate.venue import LabVenue
from lab.simulate.wire import LabWire

HANGS_S = 45.0
"""Longer than any hang limit."""
RING = 4096
ORDERS = frozenset({SendOrder, EditOrder})
_packed = Struct("<QQL").pack


class PlayedCrashError(RuntimeError):
    """An act of the simulation: the actor that reached this place fails."""


class KilledHere(BaseException):
    """The process ends here. Nothing inside catches it: it is thrown to the code outside the actors."""


@dataclass(frozen=True)
class Sayings:
    """What a station says to its world."""

    reached: Callable[[Station, ActPlace, str], None]
    sending: Callable[[Station], None]
    channel_down: Callable[[], bool]
    hold_s: Callable[[str], float]


class EngineLife(Protocol):
    """One incarnation whose handler runs."""

    path: str
    epoch: int
    live: bool
    current: Envelope | None

    def sleep(self, seconds: float) -> None: ...


class _Listening(Tracer):
    """Passes each envelope on as it is sent, in the stack of its sender."""

    def __init__(self, heard: Callable[[Envelope], None]) -> None:
        super().__init__(RING)
        keep = self.record

        def record(envelope: Envelope) -> None:
            keep(envelope)
            heard(envelope)

        self.record = record


class Station:
    """The engine `name`, on its folder. Its clock is ahead of true time by `ahead`."""

    def __init__(
        self,
        name: str,
        *,
        root: Path,
        loaded: LoadedStrategy,
        venue: LabVenue,
        seed: int,
        drawn: Drawn,
        disk: LabDisk,
        sayings: Sayings,
        plant: Callable[[SimulatedEngine], None] | None = None,
    ) -> None:
        """`plant` changes each life before it starts: the tests plant bugs with it."""
        self.name = name
        self.data_dir = root / name
        self.seen = EngineSeen(name, self.data_dir, loaded.strategy)
        self._letters: list[str] = []
        self.seen.letters = self._letters
        self.seen.cells = self._cells
        self.seen.clock = self._clock
        self.phases = Phases()
        self.ahead = timedelta(0)
        self.down_until: datetime | None = None
        """True time; None while it runs, and before its first start."""
        self.engine: SimulatedEngine | None = None
        self.lives = 0
        self.digest = 0
        self._places: dict[tuple[str, type], int] = {}
        """What the digest takes for a receiver and a kind of message."""
        self.poisoned: dict[int, int] = {}
        """By the number of a message that an act has ended a life with, the epoch of that life."""
        self._loaded = loaded
        self._venue = venue
        self._seed = seed
        self._drawn = drawn
        self._disk = disk
        self._sayings = sayings
        self._plant = plant
        self.wire = LabWire(
            hold_s=sayings.hold_s,
            ahead=lambda: self.ahead,
            reached=lambda place, of: self._request(place, of),
        )
        disk.add(self.data_dir)

    def start(self, true_now: datetime) -> None:
        """Begin a life. Raises KilledHere."""
        self.lives += 1
        self.down_until = None
        seen = self.seen
        seen.messages.begin_life()
        seen.audit.forget()
        seen.failed_by_act.clear()
        self.poisoned.clear()  # The messages of each life are numbered anew.
        seen.disk_failed = self._disk.full is not None
        seen.is_up = seen.ran_to_the_end = True
        self.phases.begin_life()
        begin = true_now + self.ahead
        seen.up.append((begin, None))
        seen.messages.stretch = len(seen.up)
        self.engine = engine = SimulatedEngine(
            loaded=self._loaded,
            venue=self._venue,
            data_dir=self.data_dir,
            seed=self._seed,
            begin=begin,
            life=self.lives,
            yield_at_tell=self._drawn.yield_at_tell,
            tracer=_Listening(self._heard),
            folder=f"simulated/{self.name}",
            wire=self.wire,
            alert_channels=(lambda: LabChannel(self._sayings.channel_down, self._took),),
            ports=lab_ports(
                self._venue.venue,
                self._loaded.strategy,
                Lab(
                    may_be_plain=lambda: not self._drawn.is_on_wire and not self.ahead,
                    is_hit=self._is_hit,
                    reached=self._request,
                ),
            ),
        )
        if self._plant is not None:
            self._plant(engine)
        engine.start()

    def run_until(self, true_when: datetime) -> None:
        """Raises KilledHere, and what the runtime itself raises."""
        if self.engine is not None:
            self.engine.run_until(true_when + self.ahead)

    def return_by(self, true_when: datetime) -> None:
        """Have the run that is under way return then, if one is."""
        if self.engine is not None:
            self.engine.runtime.return_by(true_when + self.ahead)

    def next_due(self) -> datetime | None:
        """True time at which something happens in it next, None if it does not run."""
        due = None if self.engine is None else self.engine.runtime.next_due()
        return None if due is None else due - self.ahead

    def step_clock(self, step_s: float) -> None:
        """Set its wall clock."""
        self.ahead += timedelta(seconds=step_s)
        if self.engine is not None:
            began, _ = self.seen.up.pop()
            self.seen.up.append((began, self.engine.runtime.now()))
            self.engine.runtime.step_clock(step_s)
            self.seen.up.append((self.engine.runtime.now(), None))
            self.seen.messages.stretch = len(self.seen.up)

    def has_ended(self) -> bool:
        """Whether the root has given up: the process ends by itself then."""
        return self.engine is not None and self.engine.system.observer.exited.done

    def kill(self, true_now: datetime, loses: str, chance: Random) -> None:
        """End at once, with what a crash leaves of the folder."""
        engine = self._ended(true_now)
        self._disk.freeze(self.data_dir)
        engine.abandon_actors()
        self._disk.crash(self.data_dir, loses, chance)

    def stop(self, true_now: datetime, reason: str) -> None:
        """Stop in order. Raises KilledHere."""
        assert self.engine is not None
        self.engine.stop_actors(reason)
        self._ended(true_now)

    def leave(self, true_now: datetime) -> None:
        """Stop in order, in the middle of whatever it does, for good."""
        self.stop(true_now, "it was only here for a while")
        self.seen.ran_to_the_end = False

    def _ended(self, true_now: datetime) -> SimulatedEngine:
        engine, self.engine = self.engine, None
        assert engine is not None
        self.seen.is_up = False
        began, _ = self.seen.up.pop()
        self.seen.up.append((began, true_now + self.ahead))
        self.phases.now = "down"
        return engine

    def _cells(self) -> Sequence[CellStatus]:
        return () if self.engine is None else self.engine.system.status()

    def _clock(self) -> datetime:
        """What its clock says; after its end, when that was."""
        if self.engine is not None:
            return self.engine.runtime.now()
        return self.seen.up[-1][1] or self.seen.up[-1][0]

    def is_whole(self) -> bool:
        """Whether every actor is up."""
        return self.engine is not None and all(cell.state is CellState.UP for cell in self._cells())

    def current_life(self) -> EngineLife | None:
        """The life whose handler runs right now, None if none does."""
        if self.engine is None:
            return None
        life: EngineLife | None = getattr(self.engine.runtime.running, "consumer", None)
        return life if life is not None and life.current is not None else None

    def _request(self, place: ActPlace, of: str) -> None:
        life = self.current_life()
        if place is ActPlace.REQUEST and life is not None and not life.live:
            self.seen.messages.fenced_senders.append(f"{life.path} sent {of} after its end")
        self._sayings.reached(self, place, of)

    def _is_hit(self, router: Router, tool: str, correlation: str) -> bool:
        """Whether the read that has reached its place goes over the wire, because a fault hits it."""
        self.wire.has_reached = self._venue.is_hit(router, tool, correlation)
        return self.wire.has_reached

    def _heard(self, envelope: Envelope) -> None:
        # Written for speed: every message of a simulation passes here.
        kind = type(envelope.message)
        place = self._places.get((envelope.to.path, kind)) or self._place(envelope.to.path, kind)
        self.digest = zlib.crc32(_packed(envelope.number, envelope.sent_at_ns, place), self.digest)
        self.seen.messages.take(envelope)
        self.phases.take(envelope)
        is_told = type(envelope) is Envelope  # Not by a timer, which may be due while a handler stands.
        if is_told and (life := self.current_life()) is not None and (self.poisoned or not life.live):
            self._look_at_sender(life, envelope, kind)
        if kind in ORDERS:
            self._sayings.sending(self)
        if is_told:
            self._sayings.reached(self, ActPlace.MESSAGE, kind.__name__)

    def _place(self, path: str, kind: type) -> int:
        return self._places.setdefault((path, kind), zlib.crc32(f"{path} {kind.__name__}".encode()))

    def _look_at_sender(self, life: EngineLife, envelope: Envelope, kind: type) -> None:
        """Note if the life that tells it has ended, or handles again what has ended one."""
        sender = envelope.sender
        if sender is None or life.path != sender.path:
            return
        if not life.live:
            self.seen.messages.fenced_senders.append(f"{sender.path} told {kind.__name__} after its end")
        elif life.current is not None and self.poisoned.get(life.current.number, life.epoch) != life.epoch:
            # The life that it ended may tell more on its way out.
            again = type(life.current.message).__name__
            self.seen.messages.tried_again.append(f"{life.path} handles {again} again, which ended a life")

    def crash(self) -> None:
        """Have the actor fail that has reached this place, if one has."""
        life = self.current_life()
        if life is None or not life.live:
            return
        self.seen.failed_by_act.add(life.path)
        self._poison(life)
        raise PlayedCrashError("an act of the simulation")

    def hang(self) -> None:
        """Have the actor stand for longer than its hang limit."""
        life = self.current_life()
        if life is None or not life.live:
            return
        self.seen.failed_by_act.add(life.path)
        self._poison(life)
        life.sleep(HANGS_S)

    def _poison(self, life: EngineLife) -> None:
        if life.current is not None:
            self.poisoned[life.current.number] = life.epoch

    def halt(self) -> None:
        """End the process where it is; one that is not made yet can't be ended."""
        if self.engine is not None:
            self.engine.runtime.halt(KilledHere())

    def _took(self, letter: Letter) -> None:
        self._letters += [alert.alert_id for alert in letter.alerts]
        self.seen.letter_texts += [alert.text for alert in letter.alerts]
