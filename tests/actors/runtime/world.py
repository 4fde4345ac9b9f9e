"""One small world for tests of supervision: the same probes and the same commands on every backend.

On threads market time jumps, so that backoffs take no real time; a test waits for what it expects.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypedDict, TypeVar, Unpack

from actors.runtime import (
    Actor,
    ActorSystem,
    AnyAddress,
    BatonRuntime,
    ChildSpec,
    ExitReason,
    GreenRuntime,
    JumpingClock,
    OnHang,
    PlainQuestion,
    Restart,
    Runtime,
    RuntimeEvent,
    SupervisorSpec,
    ThreadRuntime,
    Tracer,
    ask,
)

START = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
PATIENCE_S = 20.0
EventT = TypeVar("EventT", bound=RuntimeEvent)


class ChildSettings(TypedDict, total=False):
    """What a `ChildSpec` says beside name and factory."""

    restart: Restart
    shutdown_timeout_s: float
    start_deadline_s: float
    mailbox_bound: int
    hang_limit_s: float
    on_hang: OnHang


@dataclass(frozen=True)
class Note:
    """Handled by noting it."""

    text: object


@dataclass(frozen=True)
class Crash:
    """Handled by raising."""

    error: BaseException


@dataclass(frozen=True)
class Finish:
    """Handled by a normal end."""


@dataclass(frozen=True)
class Block:
    """Handled by not coming back until the world lets go."""


@dataclass(frozen=True)
class Pause:
    """Handled by sleeping so many seconds of market time."""

    seconds: float


@dataclass(frozen=True)
class Remind:
    """Handled by setting a timer on a note."""

    delay_s: float


@dataclass(frozen=True)
class Who:
    """Answered with (name, epoch)."""


class Probe(Actor):
    """Does what it is told and notes what happens to it."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name

    def on_start(self) -> None:
        self.world.note("start", self.name)
        trouble = self.world.start_trouble.get(self.name)
        if trouble is not None:
            trouble(self)

    def on_receive(self, message: object) -> object:
        match message:
            case Note(text):
                self.world.note("note", self.name, text)
                return text
            case Crash(error):
                raise error
            case Finish():
                self.world.note("finished", self.name)
                self.ctx.stop_self()
                return None
            case Block():
                self.world.note("blocked", self.name)
                self.world.block(self)
                return "late"
            case Pause(seconds):
                self.world.note("pausing", self.name)
                self.ctx.sleep(seconds)
                self.world.note("paused", self.name)
                return None
            case Remind(delay_s):
                self.ctx.call_later(delay_s, Note("reminded"))
                return None
            case Who():
                return (self.ctx.name, self.ctx.epoch)
            case _:
                raise TypeError(f"a probe does not know {message!r}")

    def on_stop(self) -> None:
        self.world.note("stop", self.name)
        trouble = self.world.stop_trouble.get(self.name)
        if trouble is not None:
            trouble(self)


class World:
    """A system of probes on one backend, and the notes of what happened."""

    def __init__(self, backend: str, seed: int = 7) -> None:
        self.backend = backend
        self.notes: list[tuple[object, ...]] = []
        self.events: list[RuntimeEvent] = []
        self.on_event: Callable[[RuntimeEvent], None] = lambda _event: None
        self.start_trouble: dict[str, Callable[[Probe], object]] = {}
        self.stop_trouble: dict[str, Callable[[Probe], object]] = {}
        self.let_go = threading.Event()
        self._changed = threading.Condition()
        self.runtime = self._make_runtime(seed)
        self.system: ActorSystem | None = None

    def _make_runtime(self, seed: int) -> Runtime:
        match self.backend:
            case "threads":
                return ThreadRuntime(JumpingClock(START), seed=seed)
            case "green":
                return GreenRuntime(START, seed)
            case "baton":
                return BatonRuntime(START, seed)
            case _:
                raise ValueError(self.backend)

    @property
    def simulated(self) -> bool:
        return isinstance(self.runtime, GreenRuntime)

    @property
    def green(self) -> GreenRuntime:
        """The simulated runtime, whose time a test moves itself."""
        assert isinstance(self.runtime, GreenRuntime)
        return self.runtime

    def child(self, name: str, **settings: Unpack[ChildSettings]) -> ChildSpec:
        """A probe; short real-time limits, since a test may have to wait for them."""
        limits: ChildSettings = {"shutdown_timeout_s": 5.0, "start_deadline_s": 5.0, "hang_limit_s": 60.0}
        limits.update(settings)
        return ChildSpec(name, lambda _peers: Probe(self, name), **limits)

    def start(self, root: SupervisorSpec) -> ActorSystem:
        """Build and start the tree."""
        self.system = ActorSystem(self.runtime, root, listener=self.listen, tracer=Tracer(None))
        self.system.start()
        return self.system

    def listen(self, event: RuntimeEvent) -> None:
        """Keep the event; then `on_event` may do what a test wants of a listener."""
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()
        self.on_event(event)

    def note(self, *what: object) -> None:
        with self._changed:
            self.notes.append(what)
            self._changed.notify_all()

    def block(self, probe: Probe) -> None:
        """Hang: in virtual time by sleeping very long, on threads by a wait that no runtime can see."""
        if self.simulated:
            probe.ctx.sleep(1_000_000.0)
        else:
            assert self.let_go.wait(PATIENCE_S)

    def until(self, what: Callable[[], bool], why: str = "") -> None:
        """Let the world go on until something holds; fail if it never does."""
        if isinstance(self.runtime, GreenRuntime):
            for _ in range(12_000):
                if what():
                    return
                self.runtime.run(until=self.runtime.now() + timedelta(milliseconds=250))
        else:
            # A state may change without an event, so it is looked at again after a moment.
            for _ in range(round(PATIENCE_S / 0.01)):
                with self._changed:
                    if self._changed.wait_for(what, 0.01):
                        return
        raise AssertionError(f"never happened: {why or what}\nnotes {self.notes}\nevents {self.events}")

    def until_noted(self, *what: object, times: int = 1) -> None:
        self.until(lambda: self.notes.count(what) >= times, f"{what} x {times}")

    def until_event(self, kind: type[RuntimeEvent], path: str | None = None, times: int = 1) -> None:
        self.until(lambda: len(self.events_of(kind, path)) >= times, f"{kind.__name__} of {path} x {times}")

    def events_of(self, kind: type[EventT], path: str | None = None) -> list[EventT]:
        found = [event for event in self.events if isinstance(event, kind)]
        return [event for event in found if path is None or getattr(event, "path", None) == path]

    def address(self, name: str) -> AnyAddress:
        assert self.system is not None
        return self.system.address(name)

    def tell(self, name: str, message: object) -> None:
        self.address(name).tell(message)

    def ask(self, name: str, message: object, timeout_s: float = 15.0) -> object:
        return ask(PlainQuestion(self.address(name), message), timeout_s=timeout_s)

    def epoch(self, name: str) -> object:
        """Ask the actor which of its lives this is."""
        answer = self.ask(name, Who())
        assert isinstance(answer, tuple)
        return answer[1]

    def states(self) -> dict[str, str]:
        assert self.system is not None
        return {status.name: status.state.value for status in self.system.status()}

    def noted(self, *kinds: str) -> list[tuple[object, ...]]:
        """The notes of some kinds, in order."""
        return [note for note in self.notes if note[0] in kinds]

    def exit(self) -> ExitReason:
        """Wait for the system's end."""
        assert self.system is not None
        reason = self.system.wait(1e7 if self.simulated else PATIENCE_S)
        assert reason is not None
        return reason

    def close(self) -> None:
        """Let every hung handler go and stop the system."""
        self.let_go.set()
        if self.system is not None:
            self.system.stop()
        else:
            self.runtime.shut_down()
