"""One simulation: the venue, the engines, the person and time, disturbed as drawn, checked all the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from actors.runtime.tripwires import tripwires
from config import LoadedStrategy
from gateway.shell.bodies import HttpAnswer
from lab.engine import SimulatedEngine
from lab.invariants import Breach, Moment
from lab.invariants.folder import FolderBooks
from lab.processes import NotWantedError
from lab.simulate.acts import Act, ActKind, ActPlace, Drawn
from lab.simulate.agenda import ActAgenda
from lab.simulate.disk import LabDisk
from lab.simulate.draw import BEGIN, DAY_S
from lab.simulate.judge import Judge
from lab.simulate.lasting import LastingFaults
from lab.simulate.looks import LookTimes
from lab.simulate.outcome import BreachFoundError, Found, WorldOutcome
from lab.simulate.person import Person
from lab.simulate.rest import has_come_to_rest, is_calm, what_is_told
from lab.simulate.station import KilledHere, Sayings, Station
from lab.simulate.summary import sum_up
from lab.simulate.venue import LabVenue
from lab.simulate.watching import RequestWatch

GUARDED: Final = ("actors", "core", "config", "gateway", "lab")
REST_AFTER: Final = timedelta(minutes=35)
"""Without an act, so long after the last one all must have come to rest: orders ended, recovery done."""
CLOSELY: Final = timedelta(seconds=0.5)
"""While two engines run, none is ahead by more."""
COMES_BY: Final = timedelta(hours=6)
"""The person, who disarms some time after that."""
DISARMS_AFTER: Final = timedelta(hours=3)
RESTARTS_AFTER: Final = timedelta(minutes=5)
MAIN: Final = "main"


class World:
    """Runs what was drawn, once, in an empty folder."""

    def __init__(
        self,
        drawn: Drawn,
        *,
        days: float,
        folder: Path,
        loaded: LoadedStrategy,
        wanted: Callable[[], bool],
        plant: Callable[[SimulatedEngine], None] | None = None,
    ) -> None:
        """`wanted` is asked all the way; once it is False the run is given up."""
        self._drawn = drawn
        self._wanted = wanted
        self._end = BEGIN + timedelta(seconds=days * DAY_S)
        self._chance = Random(f"world/{drawn.seed}")
        self._folder = folder
        self._loaded = loaded
        self._plant = plant
        self.now = BEGIN
        self.outcome = WorldOutcome(drawn)
        self._agenda = ActAgenda()
        self._waiting: list[tuple[Act, list[int]]] = []
        """Acts whose time has come and whose place has not, with how often it still has to be reached."""
        self._killed: Act | None = None
        self._last_act = BEGIN
        self._looks = LookTimes(BEGIN)
        self._disk = LabDisk(self._disk_reached)
        self._venue = LabVenue(drawn.market, drawn.seed, BEGIN, self._fault_played)
        self._venue.watchers.append(self._request_answered)
        self._watch = RequestWatch(self._venue, lambda: [station.data_dir for station in self._stations()])
        self._judge = Judge(self._watch, self._stations, self.now_inside)
        self._lasting = LastingFaults(
            self._venue, self._disk, self._chance, lambda: self._count(self._current, "late")
        )
        self._person = Person(self.now_inside, self._later, self._was_told)
        self.main = self._station(MAIN, drawn.seed)
        self.second: Station | None = None
        self._current = self.main

    # The run.

    def run(self) -> WorldOutcome:
        """Until the end, or the first breach. Raises `NotWantedError` if it is not wanted any more."""
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
            numbers = self._judge.broken | {found.breach.number}
            self.outcome.found = Found(self.now_inside(), found.breach, messages, numbers)
        finally:
            self._close()
        sum_up(self.outcome, self._venue, self._stations())
        return self.outcome

    def _schedule(self) -> None:
        for act in self._drawn.acts:
            self._agenda.add(BEGIN + timedelta(seconds=act.at_s), partial(self._due, act))
        self._agenda.add(self._looks.next_at, self._look_again)
        at = BEGIN
        while (at := at + COMES_BY) < self._end:
            self._agenda.add(at, self._look_after)

    def _go_on(self) -> None:
        """To the next thing that is due."""
        if not self._wanted():
            raise NotWantedError
        when = self._agenda.next_at(self._end)
        if self.second is not None and self.second.engine is not None:
            due = min((at for station in self._stations() if (at := station.next_due())), default=when)
            when = min(when, max(due, self.now) + CLOSELY)
        for station in self._stations():
            self._run(station, when)
            when = min(when, self._agenda.next_at(when))
        self.now = max(self.now, when)
        try:
            self._agenda.do_until(self.now)
        except KilledHere:
            self._killed_at(self.main)

    def _run(self, station: Station, when: datetime) -> None:
        if station.engine is None:
            return
        self._current = station
        try:
            station.run_until(when)
        except KilledHere:
            self._killed_at(station)
        self._judge.raise_found()
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
        self._judge.raise_found()

    def _killed_at(self, station: Station) -> None:
        self._judge.raise_found()
        assert self._killed is not None
        act, self._killed = self._killed, None
        at = self.now_inside()
        station.kill(at, act.what or "nothing", self._chance)
        self._again(station, at + timedelta(seconds=act.lasts_s))

    def _again(self, station: Station, when: datetime) -> None:
        station.down_until = when
        self._agenda.add(when, lambda: self._start(station))

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
            self._end = self.now + REST_AFTER
            while self.now < self._end:
                self._go_on()
            if self._moment(FolderBooks(self.main.data_dir)) is Moment.REST:
                break
        books = FolderBooks(self.main.data_dir)
        moment = self._moment(books)
        self._look(moment, books)
        for station in self._stations():
            if station.engine is not None:
                self._current = station
                station.stop(self.now, "the end of the simulation")
        self._look(Moment.END if moment is Moment.REST else Moment.LOOK, FolderBooks(self.main.data_dir))

    def _quiet(self) -> None:
        """No act begins any more, and what lasts ends."""
        self._waiting.clear()
        self._lasting.end_all(self._drawn.acts)
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

    def _station(self, name: str, seed: int) -> Station:
        sayings = Sayings(
            reached=self._reached,
            sending=self._sending,
            channel_down=self._lasting.channel_is_down,
            hold_s=self._lasting.hold_s,
        )
        return Station(
            name,
            root=self._folder,
            loaded=self._loaded,
            venue=self._venue,
            seed=seed,
            drawn=self._drawn,
            disk=self._disk,
            sayings=sayings,
            plant=self._plant,
        )

    # Acts.

    def _due(self, act: Act) -> None:
        if act.place is not ActPlace.TIME:
            self._waiting.append((act, [act.nth]))
            return
        self._act(self.main, act)

    def _reached(self, station: Station, place: ActPlace, of: str) -> None:
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
        if not path.startswith(str(self.main.data_dir)) or self._judge.is_looking or self.main.engine is None:
            return
        self._reached(self.main, ActPlace.DISK, "")

    def _act(self, station: Station, act: Act) -> None:
        self._count(station, act.family)
        now = self.now_inside()
        self._last_act = max(self._last_act, now + timedelta(seconds=act.lasts_s))
        self._happens(now)
        match act.kind:
            case ActKind.CRASH:
                station.crash()
            case ActKind.HANG:
                station.hang()
            case ActKind.KILL:
                if station.engine is not None:
                    self._killed = act
                    station.halt()
            case ActKind.STOP:
                self._stop(station, act)
            case ActKind.IO_ERROR:
                station.seen.disk_failed = True
                self._disk.fails_next = True
            case ActKind.CLOCK:
                # It is set from outside the actors, once all of them wait for something.
                self._later(now, lambda: station.step_clock(float(act.what)))
                self._lasts(act, lambda: station.step_clock(-float(act.what)))
            case ActKind.PERSON:
                if act.what.startswith("restart "):
                    station.seen.restarted_by_person |= {"execution", act.what.removeprefix("restart ")}
                self._person.command(station, act.what)
            case ActKind.SECOND:
                self._second_engine(act)
            case _:
                station.seen.disk_failed |= act.kind is ActKind.FULL_DISK
                self._lasts(act, self._lasting.begin(act))

    def _lasts(self, act: Act, end: Callable[[], None]) -> None:
        self._later(self.now_inside() + timedelta(seconds=act.lasts_s), end)

    def _later(self, when: datetime, do: Callable[[], None]) -> None:
        """Have it done then, also if the engine that runs would go on beyond."""
        self._agenda.add(when, do)
        self._current.return_by(when)

    def _stop(self, station: Station, act: Act) -> None:
        if station.engine is None:
            return
        # Time goes on in it while it stops, and its time is the one that counts for what it says.
        self._current = station
        station.stop(self.now, "drill")
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
            second.leave(self.now)
            self._current = self.main

    def _fault_played(self, kind: str) -> None:
        station = self._current
        self._count(station, f"played {kind}")
        self._judge.has_alien |= kind == "alien_position"
        life = station.current_life()
        if kind == "crash" and life is not None:
            station.seen.failed_by_act.add(life.path)
        self._last_act = max(self._last_act, self.now_inside())

    def _count(self, station: Station, family: str) -> None:
        self.outcome.coverage.hit(family, station.phases.now)

    # Looks.

    def _look_again(self) -> None:
        if self.now < self._looks.next_at:
            return  # It was brought forward.
        books = FolderBooks(self.main.data_dir)
        moment = self._moment(books)
        if self._looks.is_due(self.now, (moment, what_is_told(self._stations(), self._venue.venue.account))):
            self._look(moment, books)
        self._agenda.add(self._looks.looked(self.now), self._look_again)

    def _happens(self, now: datetime) -> None:
        sooner = self._looks.brought_forward(now)
        if sooner is not None:
            self._later(sooner, self._look_again)

    def _look_after(self) -> None:
        """The person comes by: what is armed for long is disarmed, so that the engine trades again."""
        for station in self._stations():
            if station.engine is not None and station.seen.has_kill_file:
                self._agenda.add(self.now + DISARMS_AFTER, partial(self._disarm, station))

    def _disarm(self, station: Station) -> None:
        self._last_act = max(self._last_act, self.now)  # An exit that was blocked begins: it is not calm.
        self._person.disarm(station)

    def _moment(self, books: FolderBooks) -> Moment:
        """What can be checked now, outside the engines. `books` are those of the main one."""
        disturbed = self.now < self._last_act + REST_AFTER or not self._lasting.is_quiet
        if disturbed or not is_calm(self.main, self.second):
            return Moment.LOOK
        account = self._venue.venue.account
        return Moment.REST if has_come_to_rest(self.main, books, account, self.now) else Moment.CALM

    def _look(self, moment: Moment, books: FolderBooks) -> None:
        self.outcome.looks += 1
        self.outcome.rests += moment in (Moment.REST, Moment.END)
        for station in self._stations():
            station.seen.audit.go_on()
        self._judge.check(moment, {MAIN: books})
        self._judge.raise_found()

    def _sending(self, station: Station) -> None:
        """An order was just handed over, in an engine that runs."""
        self._happens(self.now_inside())
        self._judge.check_inside(station, Moment.SENDING)

    def _was_told(self, station: Station) -> None:
        """A person has just been promised something, by an engine that runs."""
        station.seen.audit.go_on()
        self._judge.check_inside(station, Moment.ANSWER)

    def _request_answered(self, tool: str, body: bytes, answer: HttpAnswer) -> None:
        """The venue has just answered, in an engine that runs."""
        if self._watch.answered(tool, body, answer):
            self._judge.check_inside(self._current, Moment.REQUEST)
