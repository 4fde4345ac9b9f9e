"""The actor system: builds the tree of a specification on a backend, starts it, and stops it in reverse."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from itertools import count
from types import MappingProxyType

from actors.runtime.actor.mail import AnyAddress, Envelope, Reply
from actors.runtime.backend.runtime import Runtime
from actors.runtime.cells.cell import Cell
from actors.runtime.cells.notices import End, Ended, Up
from actors.runtime.policy.spec import SupervisorSpec
from actors.runtime.reporting.events import ClockStepped, DeadLettered, HookFailed, RuntimeEvent
from actors.runtime.reporting.folding import DeadLetterFolding, Told
from actors.runtime.reporting.records import DeadLetters, Tracer, dead_letter
from actors.runtime.reporting.status import CellStatus, ExitKind, ExitReason
from actors.runtime.supervision.dump import dump_text
from actors.runtime.supervision.node import StopAll
from actors.runtime.supervision.supervisor import Supervisor
from actors.runtime.times import from_us

logger = logging.getLogger("actors.runtime")
Listener = Callable[[RuntimeEvent], None]


class _RootObserver:
    """The channel that the root reports to: when it is up, and why it ended."""

    def __init__(self, runtime: Runtime) -> None:
        self.started = runtime.new_future()
        self.exited = runtime.new_future()

    def put(self, message: object) -> None:
        """Take a report of the root."""
        if isinstance(message, Up):
            self.started.resolve(None)
        elif isinstance(message, Ended):
            kind = ExitKind.STOPPED if message.how is End.SHUTDOWN else ExitKind.ROOT_EXHAUSTED
            self.exited.resolve(ExitReason(kind, message.error))
            self.started.resolve(None)

    def get(self, timeout_s: float | None) -> object:
        """Never called: callers outside wait on the futures."""
        raise NotImplementedError(f"the root's observer is not read (asked for {timeout_s} s)")

    def close(self) -> list[object]:
        """Nothing is ever left."""
        return []


class ActorSystem:
    """A supervision tree on one runtime. A system is started once and stopped once.

    The listener is called for every event on the thread of a supervisor, so perhaps on several threads at
    once; it must not block, and should do no more than tell actors. After `wait` has returned
    ROOT_EXHAUSTED, `stop` still has to be called to end the runtime's own threads.
    """

    def __init__(
        self,
        runtime: Runtime,
        root: SupervisorSpec,
        *,
        listener: Listener | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.runtime = runtime
        self.tracer = tracer or Tracer()
        self.dead_letters = DeadLetters()
        self.next_number: Callable[[], int] = count(runtime.first_number()).__next__
        self.observer = _RootObserver(runtime)
        self._listener = listener
        self._folding = DeadLetterFolding(runtime, self.post)
        self._started = False
        addresses: dict[str, AnyAddress] = {}
        # A read-only view that the cells get as they are made; it is complete before the first one starts.
        self.addresses: Mapping[str, AnyAddress] = MappingProxyType(addresses)
        self.root = Supervisor(self, root, root.name)
        self.cells: tuple[Cell, ...] = tuple(self.root.cells())
        addresses.update((cell.name, cell.address) for cell in self.cells)

    def start(self) -> None:
        """Start everything in order; returns when each cell's `on_start` is acknowledged or handled as a
        failure, or when the root gave up (then `wait` says why). Raises RuntimeError the second time."""
        self.begin()
        self.has_started(None)

    def begin(self) -> None:
        """As `start`, but without waiting. Raises RuntimeError the second time."""
        if self._started:
            raise RuntimeError("an actor system is started once")
        self._started = True
        self.runtime.watch_hangs(self.cells)
        self.runtime.watch_clock(self._clock_stepped)
        self.root.begin(self.observer)

    def has_started(self, within_s: float | None) -> bool:
        """Wait at most so long, in process time, for what `start` waits for; whether it has come."""
        return self.runtime.wait(self.observer.started, within_s, None)

    def _clock_stepped(self, step_s: float) -> None:
        self.post(ClockStepped(step_s, from_us(self.runtime.now_us())))

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop in reverse order; actors that do not stop in time are fenced and abandoned."""
        if self._started and not self.observer.exited.done:
            deadline_s = self.runtime.monotonic() + timeout_s
            self.root.order_stop(StopAll(final=True, after_mail=False, deadline_s=deadline_s))
            # The supervisors keep the deadline themselves; the extra second is for their own bookkeeping.
            if not self.runtime.wait(self.observer.exited, timeout_s + 1.0, None):
                logger.error("the root did not stop within %.1f s", timeout_s + 1.0)
        for cell in self.cells:
            cell.close_for_good()
        self.runtime.shut_down()

    def abandon(self) -> None:
        """End without an order, as a process does by `kill -9`; for simulated runtimes.

        Every life is fenced where it stands: its `on_stop` has no effect but to close what it holds open.
        """
        lives = [cell.incarnation for cell in self.cells]
        for cell in self.cells:
            cell.fence(End.KILLED, RuntimeError("the system was abandoned"))
        for life in lives:
            if life is not None:
                life.release()
        self.runtime.shut_down()

    def wait(self, timeout_s: float | None = None) -> ExitReason | None:
        """Block until the system has ended. Returns why, or None if `timeout_s` passed first."""
        if not self.runtime.wait(self.observer.exited, timeout_s, None):
            return None
        reason = self.observer.exited.outcome()
        assert isinstance(reason, ExitReason)
        return reason

    def address(self, name: str) -> AnyAddress:
        """The address of a cell. Raises LookupError naming those that exist."""
        if name not in self.addresses:
            raise LookupError(f"no actor is called {name!r}; there are: {', '.join(self.addresses)}")
        return self.addresses[name]

    def restart(self, name: str) -> None:
        """Have a cell's present life end in order, before its queued mail; its supervisor starts the next.

        Raises LookupError naming the cells that exist.
        """
        for cell in self.cells:
            if cell.name == name:
                cell.order_stop(after_mail=False)
                return
        raise LookupError(f"no actor is called {name!r}; there are: {', '.join(self.addresses)}")

    def status(self) -> tuple[CellStatus, ...]:
        """The status of every cell at this moment, in start order."""
        return tuple(cell.status() for cell in self.cells)

    def dump(self) -> str:
        """Every actor's state, mailbox depth, current message with age, and the stack of its worker."""
        return dump_text(self.runtime, self.cells, self.dead_letters.count)

    def new_envelope(
        self,
        to: AnyAddress,
        message: object,
        sender: AnyAddress | None,
        correlation: str | None,
        reply: Reply | None,
    ) -> Envelope:
        """An envelope from outside the actors: it has no cause."""
        at_ns = self.runtime.stamp_ns()
        return Envelope(self.next_number(), message, sender, correlation, None, at_ns, to, reply)

    def dead(self, envelope: Envelope, why: str, told: Told) -> None:
        """Keep a dead letter, and tell the listener of it."""
        at_us = self.runtime.now_us()
        self.dead_letters.add(dead_letter(envelope, why, at_us))
        if told is Told.NOT:
            return
        at = from_us(at_us)
        letter = DeadLettered(envelope.to.path, envelope.message, why, envelope.correlation, at)
        if told is Told.EACH:
            self.post(letter)
        else:
            self._folding.add(letter)

    def post_held(self) -> None:
        """Post the dead letters held so far: the root is about to end, and no event is told after that."""
        self._folding.tell_held()

    def post(self, event: RuntimeEvent) -> None:
        """Tell an event from any thread; the listener is called on the root supervisor's."""
        if self.root.channel is not None:
            self.root.channel.put(event)

    def emit(self, event: RuntimeEvent) -> None:
        """Tell an event now, on a supervisor's own thread. A listener's exception is logged and contained."""
        if self._listener is None:
            return
        try:
            self._listener(event)
        except BaseException as error:
            self.runtime.let_unwind(error)
            logger.exception("the runtime's listener raised on %s", type(event).__name__)
            if not isinstance(event, HookFailed):
                at = from_us(self.runtime.now_us())
                self.emit(HookFailed("listener", 0, "listener", error, at))
