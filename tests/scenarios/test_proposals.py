"""A proposal without an instruction ends, whatever ends between the two: nobody else would ever end it.

It counts as an open position. One that stays `proposed` keeps every entry out, and who wants it closed waits
for ever. `number` counts the messages of the entry from the one that records the proposal.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from actors.http import Response, Transport
from actors.http.port import NotConnected
from actors.names import EXECUTION, KILL_SWITCH, STATE, Rooms
from actors.runtime import BatonRuntime, Context, Envelope, GreenRuntime, Tracer
from core.messages.execution import CancelEntries, PlaceCombo
from core.messages.kill_switch import SuspendEntries
from core.messages.state import CloseCycle, RecordDecision, RecordSent
from core.orders.books import CycleOutcome, Job
from core.orders.lifecycle import PositionState
from core.values import CycleId
from lab.in_process import Answering, in_process_transport
from lab.wire import Wire
from reading.books import stored_positions
from tests.scenarios.playing import BEGIN, Play, assert_laws_hold, copied
from tests.scenarios.test_persons_commands import ask, assert_ended_and_told, inbox

ENTRY = CycleId("entry-20260105T140000Z")
POSITION = f"p-{ENTRY}"
BOOTS = BEGIN + timedelta(minutes=4)
DECIDED = BEGIN + timedelta(minutes=5, seconds=4)
"""By then the proposal has its instruction, or will have none."""
AFTER = timedelta(minutes=25)
MESSAGES = 27
"""From the record of the proposal to that of its send."""
STEP = 9
Act = Callable[[Play, int, Envelope], None]


class Watch(Tracer):
    """Calls `act` at each message of the entry, from the one that records its proposal to the first `last`;
    without `last` to the end."""

    def __init__(self, act: Act, last: type[object] | None) -> None:
        super().__init__(None)
        self._act = act
        self._last = last
        self._keep = self.record
        self.record = self._record
        self.play: Play | None = None
        self.seen = 0
        self._over = False

    def _record(self, envelope: Envelope) -> None:
        self._keep(envelope)
        message = envelope.message
        if envelope.correlation != ENTRY or self._over:
            return
        if self.seen or isinstance(message, RecordDecision):
            assert self.play is not None
            self._over = self._last is not None and isinstance(message, self._last)
            self.seen += 1
            self._act(self.play, self.seen - 1, envelope)


class GoneWire(Wire):
    """The way to a venue that may be gone: then nothing listens there any more."""

    def __init__(self) -> None:
        super().__init__(hold_s=lambda _: 0.0)
        self.gone = False

    def connect(
        self, _runtime: GreenRuntime | BatonRuntime, dispatch: Answering
    ) -> Callable[[Context], Transport]:
        connect = in_process_transport(dispatch)
        return lambda ctx: GoneConnection(self, connect(ctx))


@dataclass
class GoneConnection:
    """One connection over it."""

    wire: GoneWire
    inner: Transport

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        if self.wire.gone:
            raise NotConnected(f"{method} {path}: nothing listens there; nothing was sent")
        return self.inner.send(method, path, headers, body, timeout_s)

    def close(self) -> None:
        self.inner.close()


class DrillError(RuntimeError):
    """The crash of an actor."""


def watched(
    folder: Path, act: Act, wire: Wire | None = None, *, last: type[object] | None = RecordSent
) -> Play:
    watch = Watch(act, last)
    watch.play = Play(folder, begin=BOOTS, trace=watch, wire=wire)
    return watch.play


def go_on(data_dir: Path) -> None:
    """A second life on what the first one left: it ends the proposal, and the cycle if it has no outcome."""
    second = Play(data_dir, life=2, begin=DECIDED)
    second.run_until(DECIDED + AFTER)
    assert_over(second)


def assert_over(play: Play) -> None:
    played = play.stop()
    assert_laws_hold(played)
    [entry] = [cycle for cycle in played.cycles if cycle.job is Job.ENTRY]
    assert entry.outcome is not None
    shutil.rmtree(played.data_dir)


def proposed(data_dir: Path) -> list[str]:
    positions = stored_positions(data_dir, everything=True)
    return [str(each.position_id) for each in positions if each.state is PositionState.PROPOSED]


def kill(folder: Path, step: int, do: Act, wire: Wire | None = None, *, last: type[object] | None) -> None:
    """From every `step`-th message a second life on what a kill leaves there, while `do` happens too."""
    left: list[Path] = []

    def act(play: Play, number: int, envelope: Envelope) -> None:
        if number % step == 0:
            left.append(copied(play.data_dir, folder / f"killed-{number}"))
        do(play, number, envelope)

    first = watched(folder / "first", act, wire, last=last)
    first.run_until(DECIDED)
    first.abandon()
    assert len(left) > 1
    assert any(proposed(each) for each in left), "no kill met the proposal without its instruction"
    for each in left:
        go_on(each)


def kill_plainly(folder: Path, step: int) -> None:
    kill(folder, step, lambda *_: None, last=RecordSent)


def kill_without_venue(folder: Path, step: int) -> None:
    """The venue is gone when the order is asked for: the entry is refused, and then the engine is killed."""
    wire = GoneWire()

    def lose_it(_: Play, __: int, envelope: Envelope) -> None:
        wire.gone = wire.gone or isinstance(envelope.message, PlaceCombo)

    kill(folder, step, lose_it, wire, last=CloseCycle)


def kill_after_crash(folder: Path, step: int) -> None:
    """Execution crashes at its first message about the order, and then the engine is killed."""

    def crash(play: Play, _: int, envelope: Envelope) -> None:
        if envelope.sender is play.engine.system.addresses["execution"] and not crashed:
            crashed.append(envelope)
            raise DrillError("execution")

    crashed: list[Envelope] = []
    kill(folder, step, crash, last=None)
    assert crashed


def stop(folder: Path, number: int, *, venue_gone: bool) -> None:
    """Stop in order right after that message, as if the venue is gone or not; then a second life."""
    wire = GoneWire()

    def begin_to_stop(play: Play, at: int, _: Envelope) -> None:
        if at == number:
            wire.gone = venue_gone
            rooms = Rooms(play.engine.system.addresses)
            rooms[KILL_SWITCH].tell(SuspendEntries(source="stopping", reason="a drill"))
            rooms[EXECUTION].tell(CancelEntries())

    first = watched(folder, begin_to_stop, wire)
    first.run_until(DECIDED)
    first.stop()
    go_on(folder)


def crash(folder: Path, number: int) -> None:
    """Whoever sends that message crashes at it; the engine runs on."""

    def raise_it(_: Play, at: int, envelope: Envelope) -> None:
        if at == number:
            raise DrillError(f"{envelope.sender} at {type(envelope.message).__name__}")

    play = watched(folder, raise_it)
    play.run_until(DECIDED + AFTER)
    assert_over(play)


def test_a_proposal_ends_if_the_engine_is_killed_before_its_instruction(folder: Path) -> None:
    kill_plainly(folder / "killed", STEP)


def test_a_proposal_ends_if_the_venue_is_gone_and_the_engine_is_killed(folder: Path) -> None:
    kill_without_venue(folder / "gone", STEP)


@pytest.mark.long
def test_a_proposal_ends_if_execution_crashes_and_the_engine_is_killed(folder: Path) -> None:
    kill_after_crash(folder / "crashed", 3)


@pytest.mark.parametrize(
    ("number", "venue_gone"), [(2, True), pytest.param(5, False, marks=pytest.mark.soak)]
)
def test_a_proposal_ends_if_the_engine_stops_in_order_before_its_instruction(
    folder: Path, number: int, venue_gone: bool
) -> None:
    stop(folder / f"stopped-{number}", number, venue_gone=venue_gone)


@pytest.mark.parametrize("number", [5, pytest.param(6, marks=pytest.mark.soak)])
def test_a_proposal_ends_if_decision_or_execution_crashes_before_its_instruction(
    folder: Path, number: int
) -> None:
    crash(folder / f"crashed-{number}", number)


def test_a_proposal_of_a_cycle_that_has_an_outcome_ends_and_so_does_the_command_to_close_it(
    folder: Path,
) -> None:
    """As an engine left it that closed the cycle, and ended before it could cancel the proposal."""

    def close_cycle(play: Play, number: int, _: Envelope) -> None:
        if number == 0:
            close = CloseCycle(
                request_id="early",
                cycle_id=ENTRY,
                outcome=CycleOutcome.REFUSED,
                reasons=("stopping",),
                at=BEGIN,
            )
            Rooms(play.engine.system.addresses)[STATE].tell(close)
        elif number == STEP:
            copied(play.data_dir, folder / "left")

    first = watched(folder / "first", close_cycle)
    first.run_until(DECIDED)
    first.abandon()
    assert proposed(folder / "left") == [POSITION]
    second = Play(folder / "left", life=2, begin=DECIDED)
    ask(second, "ClosePosition", position_id=POSITION, reason="a drill")
    second.run_until(DECIDED + AFTER)
    rows = inbox(second.data_dir)
    assert [row.message for row in rows] == ["ClosePosition"]
    assert_ended_and_told(second.seen(), rows)
    assert_over(second)


@pytest.mark.soak
@pytest.mark.parametrize("killing", [kill_plainly, kill_without_venue, kill_after_crash])
def test_a_proposal_ends_whenever_the_engine_is_killed(
    folder: Path, killing: Callable[[Path, int], None]
) -> None:
    killing(folder / f"all-{killing.__name__}", 1)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(MESSAGES))
def test_a_proposal_ends_whenever_the_engine_stops_or_an_actor_crashes(folder: Path, number: int) -> None:
    stop(folder / f"stop-{number}", number, venue_gone=False)
    stop(folder / f"gone-{number}", number, venue_gone=True)
    crash(folder / f"crash-{number}", number)
