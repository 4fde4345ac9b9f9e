"""One simulation: the venue, the engines, the person and time, disturbed as drawn, checked all the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from actors.runtime.testing import tripwires
from config import LoadedStrategy
from core.contract import CHANGING_TOOLS
from core.orders.lifecycle import ORDER_FINAL, OrderState
from gateway.paper.account import VenueOrder
from gateway.shell.bodies import HttpAnswer
from lab.engine import TOKEN, SimulatedEngine
from lab.invariants import Breach, Moment, breaches
from lab.invariants.effects import Effect, effects
from lab.invariants.seen import Request, Seen, VenueSeen
from lab.machine import SimulatedMachine
from lab.simulate.acts import Act, ActKind, Drawn, Place
from lab.simulate.coverage import Coverage
from lab.simulate.disk import LabDisk
from lab.simulate.draw import BEGIN, DAY_S
from lab.simulate.person import Person
from lab.simulate.station import KilledHere, Sayings, Station
from lab.simulate.venue import LabVenue
from reading.books import has_books, live_books, stored_orders

GUARDED: Final = ("actors", "core", "config", "gateway", "lab")
HOLD_S_MAX: Final = 20.0
LOOK_QUIET: Final = timedelta(hours=6)
LOOK_BUSY: Final = timedelta(seconds=90)
BUSY_FOR: Final = timedelta(minutes=20)
"""After an order was handed over, and after an act."""
REST_AFTER: Final = timedelta(minutes=35)
"""Without an act, so long after the last one all must have come to rest: orders ended, recovery done."""
CLOSELY: Final = timedelta(seconds=0.5)
"""While two engines run, none is ahead of the other by more."""
DISARMS_AFTER: Final = timedelta(hours=3)
RESTARTS_AFTER: Final = timedelta(minutes=5)
PLACE, EDIT = "place_combo_order", "edit_order"
MAIN: Final = "main"


@dataclass(frozen=True)
class Found:
    """A breach, when it was found, and how it came to it."""

    at: datetime
    breach: Breach
    messages: tuple[str, ...]
    numbers: frozenset[int]
    """Of all statements that did not hold at that moment."""


@dataclass
class Outcome:
    """What one seed gave."""

    drawn: Drawn
    found: Found | None = None
    digest: str = ""
    coverage: Coverage = field(default_factory=Coverage)
    trades: int = 0
    orders: int = 0
    lives: int = 0
    looks: int = 0
    rests: int = 0


class BreachFoundError(Exception):
    """Ends a simulation at its first breach."""

    def __init__(self, breach: Breach) -> None:
        super().__init__(breach.text)
        self.breach = breach


class World:
    """Runs what was drawn, once, in an empty folder."""

    def __init__(
        self,
        drawn: Drawn,
        *,
        days: float,
        folder: Path,
        loaded: LoadedStrategy,
        plant: Callable[[SimulatedEngine], None] | None = None,
    ) -> None:
        self._drawn = drawn
        self._end = BEGIN + timedelta(seconds=days * DAY_S)
        self._chance = Random(f"world/{drawn.seed}")
        self._folder = folder
        self._loaded = loaded
        self._plant = plant
        self.now = BEGIN
        self.outcome = Outcome(drawn)
        self._timed: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._waiting: list[tuple[Act, list[int]]] = []
        """Acts whose time has come and whose place has not, with how often it still has to be reached."""
        self._killed: tuple[Station, Act] | None = None
        self._late = 0
        self._telegram_down = 0
        self._last_act = BEGIN
        self._busy_until = BEGIN + BUSY_FOR
        self._requests: list[Request] = []
        self._effects: list[Effect] = []
        self._before: dict[str, VenueOrder] = {}
        self._has_alien = False
        self._breach: Breach | None = None
        self._broken: set[int] = set()
        self._looking = False
        self._disk = LabDisk(self._disk_reached)
        self._venue = LabVenue(drawn.market, drawn.seed, BEGIN, self._fault_played)
        self._venue.watchers.append(self._request_answered)
        self._person = Person(self.now_inside, self._at, self._was_told)
        self.main = self._station(MAIN, drawn.seed)
        self.second: Station | None = None
        self._current = self.main

    # The run.

    def run(self) -> Outcome:
        """Until the end, or the first breach."""
        try:
            with self._disk.in_place(), tripwires(*GUARDED):
                self._schedule()
                self._start(self.main)
                while self.now < self._end:
                    self._go_on()
                self._finish()
        except BreachFoundError as found:
            station = self._current
            messages = tuple(station.seen.messages.lines())
            numbers = self._broken | {found.breach.number}
            self.outcome.found = Found(self.now_inside(), found.breach, messages, frozenset(numbers))
        finally:
            self._close()
        return self._summed_up()

    def _schedule(self) -> None:
        for act in self._drawn.acts:
            self._at(BEGIN + timedelta(seconds=act.at_s), lambda act=act: self._due(act))  # type: ignore[misc]
        self._at(BEGIN + LOOK_BUSY, self._look_again)
        day = timedelta(hours=6)
        at = BEGIN + day
        while at < self._end:
            self._at(at, self._look_after)
            at += day

    def _at(self, when: datetime, do: Callable[[], None]) -> None:
        heappush(self._timed, (when, next(self._order), do))

    def _go_on(self) -> None:
        """To the next thing that is due."""
        when = min(self._end, self._timed[0][0]) if self._timed else self._end
        if self.second is not None and self.second.engine is not None:
            due = min((at for station in self._stations() if (at := station.next_due())), default=when)
            when = min(when, max(due, self.now) + CLOSELY)
        for station in self._stations():
            self._run(station, when)
        self.now = max(self.now, when)
        while self._timed and self._timed[0][0] <= self.now:
            heappop(self._timed)[2]()

    def _run(self, station: Station, when: datetime) -> None:
        if station.engine is None:
            return
        self._current = station
        try:
            station.run_until(when)
        except KilledHere:
            self._killed_at(station)
        self._raise_found()
        if station.has_ended():
            self._root_gave_up(station)

    def _start(self, station: Station) -> None:
        if station.engine is not None:
            return
        self._current = station
        try:
            station.start(self.now)
        except KilledHere:
            self._killed_at(station)
        self._raise_found()

    def _killed_at(self, station: Station) -> None:
        if self._breach is not None:
            self._raise_found()
        assert self._killed is not None
        _, act = self._killed
        self._killed = None
        at = self.now_inside()
        station.kill(at, act.what or "nothing", self._chance)
        self._again(station, at + timedelta(seconds=act.lasts_s))

    def _again(self, station: Station, when: datetime) -> None:
        station.down_until = when
        self._at(when, lambda: self._start(station))

    def _root_gave_up(self, station: Station) -> None:
        """The process ends with an error, having armed; whoever supervises it starts it again."""
        station.stop(self.now, "the root gave up")
        if not station.seen.has_kill_file and not station.seen.disk_failed:
            raise BreachFoundError(Breach(19, "intensity is kept", "the root gave up, and nothing is armed"))
        self._again(station, self.now + RESTARTS_AFTER)

    def now_inside(self) -> datetime:
        """True time at this instant, also within an engine's run."""
        engine = self._current.engine
        return self.now if engine is None else max(self.now, engine.runtime.now() - self._current.ahead)

    def _finish(self) -> None:
        """Let it come to rest, look, stop in order, and look again."""
        self._quiet()
        for _ in range(3):
            self._busy_until = self.now
            self._end = self.now + REST_AFTER
            while self.now < self._end:
                self._go_on()
            if self._is_at_rest():
                break
        self._look(Moment.REST if self._is_at_rest() else Moment.LOOK)
        at_rest = self._is_at_rest()
        for station in self._stations():
            if station.engine is not None:
                self._current = station
                station.stop(self.now, "the end of the simulation")
        self._look(Moment.END if at_rest else Moment.LOOK)

    def _quiet(self) -> None:
        """No act begins any more, and what lasts ends."""
        self._waiting.clear()
        self._late = self._telegram_down = 0
        self._disk.full, self._disk.fails_next = None, False
        for act in self._drawn.acts:
            self._venue.faults.end(act.number)
        self._last_act = self.now
        if self.main.engine is None:
            self._start(self.main)

    def _close(self) -> None:
        for station in self._stations():
            if station.engine is not None:
                station.engine.abandon_actors()
                station.engine = None

    def _stations(self) -> list[Station]:
        return [self.main] if self.second is None else [self.main, self.second]

    def _station(self, name: str, seed: int, machine: SimulatedMachine | None = None) -> Station:
        sayings = Sayings(
            reached=self._reached,
            sending=self._sending,
            channel_down=lambda: self._telegram_down > 0,
            hold_s=self._hold_s,
        )
        return Station(
            name,
            root=self._folder,
            loaded=self._loaded,
            venue=self._venue,
            seed=seed,
            yield_at_tell=self._drawn.yield_at_tell,
            machine=machine,
            disk=self._disk,
            sayings=sayings,
            plant=self._plant,
        )

    # Acts.

    def _due(self, act: Act) -> None:
        if act.place is not Place.TIME:
            self._waiting.append((act, [act.nth]))
            return
        self._act(self.main, act)

    def _reached(self, station: Station, place: Place, of: str) -> None:
        """A place is reached in an engine. May raise, and may not return."""
        if station is not self.main:
            return
        for entry in self._waiting:
            act, left = entry
            if act.place is place and act.of in ("", of):
                left[0] -= 1
                if left[0] == 0:
                    self._waiting.remove(entry)
                    self._act(station, act)
                    return

    def _disk_reached(self, path: str) -> None:
        if not path.startswith(str(self.main.data_dir)) or self._looking or self.main.engine is None:
            return
        self._reached(self.main, Place.DISK, "")

    def _act(self, station: Station, act: Act) -> None:
        self._count(station, act.family)
        now = self.now_inside()
        self._last_act = max(self._last_act, now + timedelta(seconds=act.lasts_s))
        self._busy_until = max(self._busy_until, now + BUSY_FOR)
        match act.kind:
            case ActKind.VENUE:
                self._venue.faults.begin(act.number, act.what)
                self._lasts(act, lambda: self._venue.faults.end(act.number))
            case ActKind.LATE:
                self._late += 1
                self._lasts(act, self._late_ends)
            case ActKind.TELEGRAM:
                self._telegram_down += 1
                self._lasts(act, self._telegram_ends)
            case ActKind.CRASH:
                station.crash()
            case ActKind.HANG:
                station.hang()
            case ActKind.KILL:
                if station.engine is not None:
                    self._killed = (station, act)
                    station.halt()
            case ActKind.STOP:
                self._stop(station, act)
            case ActKind.FULL_DISK:
                self._disk.full = act.what
                station.seen.disk_failed = True
                self._lasts(act, self._disk_ends)
            case ActKind.IO_ERROR:
                station.seen.disk_failed = True
                self._disk.fails_next = True
            case ActKind.CLOCK:
                station.step_clock(float(act.what))
                self._lasts(act, lambda: station.step_clock(-float(act.what)))
            case ActKind.PERSON:
                if act.what.startswith("restart "):
                    station.seen.restarted_by_person |= {"execution", act.what.removeprefix("restart ")}
                self._person.command(station, act.what)
            case ActKind.SECOND:
                self._second_engine(act)

    def _lasts(self, act: Act, end: Callable[[], None]) -> None:
        self._at(self.now_inside() + timedelta(seconds=act.lasts_s), end)

    def _late_ends(self) -> None:
        self._late = max(0, self._late - 1)

    def _telegram_ends(self) -> None:
        self._telegram_down = max(0, self._telegram_down - 1)

    def _disk_ends(self) -> None:
        self._disk.full = None

    def _stop(self, station: Station, act: Act) -> None:
        if station.engine is None:
            return
        try:
            station.stop(self.now, "drill")
        except KilledHere:
            self._killed_at(station)
            return
        self._again(station, self.now + timedelta(seconds=act.lasts_s))

    def _second_engine(self, act: Act) -> None:
        if self.second is None:
            self.second = self._station("second", self._drawn.seed + 1_000_000)
        second = self.second
        if second.engine is None:
            self._start(second)
            self._lasts(act, lambda: self._second_ends(second))

    def _second_ends(self, second: Station) -> None:
        if second.engine is not None:
            self._current = second
            second.stop(self.now, "it was only here for a while")
            self._current = self.main

    def _hold_s(self, tool: str) -> float:
        if not self._late or tool not in CHANGING_TOOLS or self._chance.random() < 0.5:
            return 0.0
        self._count(self._current, "late")
        return self._chance.uniform(0.0, HOLD_S_MAX)

    def _fault_played(self, kind: str) -> None:
        station = self._current
        self._count(station, f"played {kind}")
        self._has_alien |= kind == "alien_position"
        life = station.current_life()
        if kind == "crash" and life is not None:
            station.seen.failed_by_act.add(life.path)
        self._last_act = max(self._last_act, self.now_inside())

    def _count(self, station: Station, family: str) -> None:
        self.outcome.coverage.hit(family, station.phases.now)

    # Looks.

    def _look_again(self) -> None:
        self._look(Moment.REST if self._is_at_rest() else Moment.LOOK)
        busy = self.now < self._busy_until
        self._at(self.now + (LOOK_BUSY if busy else LOOK_QUIET), self._look_again)

    def _look_after(self) -> None:
        """The person comes by: what is armed for long is disarmed, so that the engine goes on to trade."""
        for station in self._stations():
            if station.engine is not None and station.seen.has_kill_file:
                self._at(self.now + DISARMS_AFTER, lambda station=station: self._person.disarm(station))  # type: ignore[misc]

    def _is_at_rest(self) -> bool:
        main = self.main
        if self.now < self._last_act + REST_AFTER or self._late or self._venue.faults.are_coming:
            return False
        if self._disk.full is not None or self.main.ahead or not main.is_whole():
            return False
        if not main.seen.messages.recovered or (self.second is not None and self.second.engine is not None):
            return False
        orders = stored_orders(main.data_dir, None) if has_books(main.data_dir) else ()
        if any(order.state not in ORDER_FINAL for _, order in orders):
            return False
        return not self._venue.venue.account.active_orders()

    def _look(self, moment: Moment) -> None:
        self._looking = True
        try:
            self.outcome.looks += 1
            self.outcome.rests += moment is not Moment.LOOK
            for station in self._stations():
                station.seen.audit.go_on()
            self._check(moment)
        finally:
            self._looking = False
        self._raise_found()

    def _check(self, moment: Moment) -> None:
        if self._breach is None:
            found = tuple(breaches(self._seen(), moment))
            self._breach = found[0] if found else None
            self._broken = {breach.number for breach in found}

    def _raise_found(self) -> None:
        if self._breach is not None:
            raise BreachFoundError(self._breach)

    def _seen(self) -> Seen:
        venue = self._venue.venue
        return Seen(
            now=self.now_inside(),
            venue=VenueSeen.of(venue.account, self._venue.began_with, venue.index_usd()),
            engines=[station.seen for station in self._stations()],
            requests=self._requests,
            effects=self._effects,
            has_alien=self._has_alien,
            secrets=(TOKEN,),
        )

    def _sending(self, station: Station) -> None:
        """An order was just handed over, in an engine that runs."""
        self._busy_until = max(self._busy_until, self.now_inside() + BUSY_FOR)
        self._check_inside(station, Moment.SENDING)

    def _was_told(self, station: Station) -> None:
        """A person has just been promised something, by an engine that runs."""
        station.seen.audit.go_on()
        self._check_inside(station, Moment.ANSWER)

    def _request_answered(self, tool: str, body: bytes, answer: HttpAnswer) -> None:  # noqa: ARG002
        """The venue has just answered, in an engine that runs."""
        if tool not in (PLACE, EDIT):
            return
        account = self._venue.venue.account
        request = self._request(tool, json.loads(body))
        if request is not None:
            self._requests.append(request)
        self._effects += effects(tool, account.orders, self._before)
        self._before = dict(account.orders)
        self._check_inside(self._current, Moment.REQUEST)

    def _request(self, tool: str, body: Mapping[str, object]) -> Request | None:
        account = self._venue.venue.account
        if tool == PLACE:
            label = str(body["label"])
        else:
            order = account.orders.get(str(body["order_id"]))
            if order is None:
                return None
            label = order.order.label
        return Request.model_validate(
            {
                "at": self._venue.venue.clock,
                "tool": tool,
                "label": label,
                "amount": int(str(body["amount"])),
                "price": body["price"],
                "reduce_only": bool(body.get("reduce_only", False)),
                "valid_until": body.get("valid_until"),
                "was_in_doubt": self._was_in_doubt(label),
            }
        )

    def _was_in_doubt(self, label: str) -> bool:
        books = [live_books(s.data_dir, self.now) for s in self._stations() if has_books(s.data_dir)]
        mine = [each for each in books if any(i.label == label for i in each.instructions)]
        return any(o.state is OrderState.UNKNOWN and o.label != label for each in mine for o in each.orders)

    def _check_inside(self, station: Station, moment: Moment) -> None:
        self._looking = True
        try:
            self._check(moment)
        finally:
            self._looking = False
        if self._breach is not None:
            station.halt()

    # The end.

    def _summed_up(self) -> Outcome:
        outcome = self.outcome
        account = self._venue.venue.account
        outcome.orders, outcome.trades = len(account.orders), len(account.trades)
        outcome.lives = sum(station.lives for station in self._stations())
        digests = [f"{station.name}:{station.digest:08x}:{_head(station)}" for station in self._stations()]
        outcome.digest = " ".join(digests)
        return outcome


def _head(station: Station) -> str:
    """The end of its log: it holds everything that the engine has decided and done."""
    from reading.books import chain_end

    if not has_books(station.data_dir):
        return "-"
    end = chain_end(station.data_dir)
    return "-" if end is None else f"{end[0].seq}:{end[0].hash}"


def sparse(loaded: LoadedStrategy) -> LoadedStrategy:
    """The same strategy with fewer of the jobs that trade nothing."""
    section = loaded.strategy.scheduler
    few = section.model_copy(
        update={"snapshot_every_min": 1440, "health_every_min": 60, "backup_every_min": 1440}
    )
    return replace(loaded, strategy=loaded.strategy.model_copy(update={"scheduler": few}))
