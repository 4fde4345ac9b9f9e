"""The supervisor: OTP's algorithm on a worker of its own. It starts its children in order, hears of every end
and decides by the pure arithmetic of `restarts`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from actors.runtime.cell import Cell, Ended, Hung, Up
from actors.runtime.envelope import from_us
from actors.runtime.errors import ChildExhausted, HandlerHung, RuntimeFault, StartTimeout
from actors.runtime.events import (
    ActorFailed,
    ActorHung,
    ActorParked,
    ActorRestarted,
    ActorStarted,
    CellState,
    RootExhausted,
    RuntimeEvent,
    SupervisorExhausted,
)
from actors.runtime.incarnation import End
from actors.runtime.restarts import Window, backoff_delay_s, failures_in_a_row
from actors.runtime.spec import ChildSpec, Exhausted, OnHang, Restart, Strategy, SupervisorSpec

if TYPE_CHECKING:
    from actors.runtime.runtime import Channel
    from actors.runtime.system import ActorSystem

T = TypeVar("T")
RUNNING = (CellState.STARTING, CellState.UP)


@dataclass(frozen=True)
class StopAll:
    """The order to a supervisor to stop. `final`: nothing of it will run again. Deadline: process time."""

    final: bool
    after_mail: bool
    deadline_s: float | None


@dataclass(frozen=True)
class StartAgain:
    """A backoff or a parking is over, unless the ticket is void."""

    child: Child
    ticket: int


@dataclass(frozen=True)
class Released:
    """A fenced life's `on_stop` has run."""

    unit: Cell
    epoch: int


@dataclass(eq=False)
class Child:
    """What a supervisor knows of one child."""

    unit: Cell | Supervisor
    restart: Restart
    window: Window
    failures_in_a_row: int = 0
    up_since_us: int | None = None
    ticket: int = 0
    start_deadline_s: float | None = None
    first_life_after_parking: bool = field(default=False)


class Supervisor:
    """One node of the tree; to its own supervisor a child like any other."""

    def __init__(self, system: ActorSystem, spec: SupervisorSpec, path: str) -> None:
        self.system = system
        self.runtime = system.runtime
        self.spec = spec
        self.path = path
        self.state = CellState.NEW
        self.epoch = 0
        self.channel: Channel | None = None
        self._parent: Channel | None = None
        self._window = Window(spec.intensity, round(spec.period_s * 1_000_000))
        self._rng = self.runtime.rng(path)
        self._children = [self._child(child) for child in spec.children]
        self._stash: deque[object] = deque()
        self._told_up = False
        self._end: Ended | None = None
        self._stop_deadline_s: float | None = None

    def _child(self, spec: ChildSpec | SupervisorSpec) -> Child:
        path = f"{self.path}/{spec.name}"
        if isinstance(spec, SupervisorSpec):
            return Child(Supervisor(self.system, spec, path), Restart.PERMANENT, self._window)
        return Child(Cell(self.system, spec, path), spec.restart, self._window)

    def cells(self) -> list[Cell]:
        """All cells below, in start order."""
        found: list[Cell] = []
        for child in self._children:
            found.extend([child.unit] if isinstance(child.unit, Cell) else child.unit.cells())
        return found

    def supervisors(self) -> list[Supervisor]:
        """This one and all below, in start order."""
        below = [child.unit.supervisors() for child in self._children if isinstance(child.unit, Supervisor)]
        return [self, *(supervisor for part in below for supervisor in part)]

    def begin(self, parent: Channel) -> int:
        """Start a life of this supervisor; it reports Up and Ended to `parent`. Returns its epoch."""
        self.epoch += 1
        self.state = CellState.STARTING
        self.channel = self.runtime.new_channel()
        self._parent = parent
        self._told_up = False
        self._end = None
        self._stop_deadline_s = None
        self._stash.clear()
        self._window = self._window.emptied()
        for child in self._children:
            child.window = self._window
            child.failures_in_a_row = 0
            child.first_life_after_parking = False
            if child.unit.state is not CellState.NEW and isinstance(child.unit, Cell):
                child.unit.reopen()
            child.unit.state = CellState.HELD
        self.runtime.spawn(self.path, self._run)
        return self.epoch

    def order_stop(self, order: StopAll) -> None:
        """Ask this supervisor to stop its children and end."""
        if self.channel is not None:
            self.channel.put(order)

    def _run(self) -> None:
        assert self.channel is not None
        assert self._parent is not None
        try:
            self._advance()
            while self._end is None:
                self._handle(self._next())
        except Exception as error:
            # A fault in the supervisor itself: its children must not run unsupervised.
            self._end = Ended(self, self.epoch, End.CRASH, error, "supervision")
            self._stop_children(StopAll(final=False, after_mail=False, deadline_s=None))
        for message in (*self._stash, *self._left_over()):
            self._emit_if_event(message)
        self.state = CellState.STOPPED
        self._parent.put(self._end)
        self.channel.close()

    def _left_over(self) -> list[object]:
        left: list[object] = []
        while (message := self._receive(0.0)) is not None:
            left.append(message)
        return left

    def _receive(self, timeout_s: float | None) -> object:
        assert self.channel is not None
        return self.channel.get(timeout_s)

    def _next(self) -> object:
        """The next message, or None when a start deadline has passed."""
        if self._stash:
            return self._stash.popleft()
        deadlines = [child.start_deadline_s for child in self._children if child.start_deadline_s is not None]
        if not deadlines:
            return self._receive(None)
        return self._receive(max(0.0, min(deadlines) - self.runtime.monotonic()))

    def _await(self, kind: type[T], wanted: Callable[[T], bool], timeout_s: float) -> T | None:
        """Wait for one message among the others, which keep their order for later."""
        for message in self._stash:
            if isinstance(message, kind) and wanted(message):
                self._stash.remove(message)
                return message
        until_s = self.runtime.monotonic() + timeout_s
        while (left_s := until_s - self.runtime.monotonic()) > 0:
            message = self._receive(left_s)
            if message is None:
                break
            if isinstance(message, kind) and wanted(message):
                return message
            self._stash.append(message)
        return None

    def _handle(self, message: object) -> None:
        match message:
            case None:
                self._start_deadlines_passed()
            case Up():
                self._handle_up(message)
            case Ended():
                self._handle_ended(message)
            case Hung():
                self._handle_hung(message)
            case StartAgain():
                self._handle_start_again(message)
            case StopAll():
                self._stop_deadline_s = message.deadline_s
                self._stop_children(message)
                self._end = Ended(self, self.epoch, End.SHUTDOWN, None, "stop")
            case _:
                self._emit_if_event(message)

    def _emit_if_event(self, message: object) -> None:
        if isinstance(message, RuntimeEvent):
            self.system.emit(message)

    def _advance(self) -> None:
        """Start what is to be started, one at a time and in order; told upwards when it is complete."""
        for child in self._children:
            state = child.unit.state
            if state is CellState.STARTING:
                return
            if state is CellState.BACKOFF and self.spec.strategy is Strategy.REST_FOR_ONE:
                # Those behind it rely on it, so they wait for it also at the very first start.
                return
            if state is CellState.HELD:
                assert self.channel is not None
                child.unit.begin(self.channel)
                if isinstance(child.unit, Cell):
                    child.start_deadline_s = self.runtime.monotonic() + child.unit.spec.start_deadline_s
                return
        if not self._told_up and self._parent is not None:
            self._told_up = True
            self._parent.put(Up(self, self.epoch))

    def _current(self, message: Up | Ended | Hung) -> Child | None:
        """The child of a message about its present life; None for news that time has overtaken."""
        for child in self._children:
            if (
                child.unit is message.unit
                and child.unit.epoch == message.epoch
                and child.unit.state in RUNNING
            ):
                return child
        return None

    def _handle_up(self, message: Up) -> None:
        child = self._current(message)
        if child is None:
            return
        unit = child.unit
        unit.state = CellState.UP
        child.start_deadline_s = None
        child.up_since_us = self.runtime.now_us()
        child.first_life_after_parking = False
        if isinstance(unit, Cell):
            at = from_us(child.up_since_us)
            if unit.epoch == 1:
                self.system.emit(ActorStarted(unit.path, unit.epoch, at))
            else:
                unit.restarts += 1
                self.system.emit(ActorRestarted(unit.path, unit.epoch, unit.restarts, at))
        self._advance()

    def _handle_ended(self, message: Ended) -> None:
        child = self._current(message)
        if child is None:
            return
        normal = message.how in (End.NORMAL, End.SHUTDOWN)
        keep_down = child.restart is Restart.TEMPORARY or (normal and child.restart is Restart.TRANSIENT)
        if message.error is None or (keep_down and normal):
            error: BaseException = RuntimeFault(f"{child.unit.path} ended: {message.how.value}")
        else:
            error = message.error
        self._fail(child, error, message.how, message.message_type, keep_down=keep_down)

    def _handle_hung(self, message: Hung) -> None:
        child = self._current(message)
        if child is None or not isinstance(child.unit, Cell):
            return
        cell = child.unit
        what = f"{cell.path} was busy with {message.busy_with} for {message.busy_for_s:.1f} s"
        error = HandlerHung(f"{what}, its limit is {cell.spec.hang_limit_s} s")
        abandoned = self._fence(cell, End.HUNG, error, message)
        if abandoned is None:
            return
        at = from_us(self.runtime.now_us())
        self.system.emit(ActorHung(cell.path, message.busy_with, message.busy_for_s, at))
        if cell.spec.on_hang is OnHang.ESCALATE or abandoned > self.runtime.abandoned_max:
            self.system.emit(ActorFailed(cell.path, cell.epoch, error, message.busy_with, None, at))
            self._mark_down(child)
            cell.tell_watchers(End.HUNG.value, restarting=self._parent is not self.system.observer)
            self._give_up(error)
            return
        keep_down = child.restart is Restart.TEMPORARY
        self._fail(child, error, End.HUNG, message.busy_with, keep_down=keep_down)

    def _start_deadlines_passed(self) -> None:
        now_s = self.runtime.monotonic()
        for child in self._children:
            cell = child.unit
            late = child.start_deadline_s is not None and child.start_deadline_s <= now_s
            if not late or not isinstance(cell, Cell):
                continue
            child.start_deadline_s = None
            error = StartTimeout(f"{cell.path}: on_start took longer than {cell.spec.start_deadline_s} s")
            if self._fence(cell, End.START_TIMEOUT, error, None) is None:
                continue
            keep_down = child.restart is Restart.TEMPORARY
            self._fail(child, error, End.START_TIMEOUT, "on_start", keep_down=keep_down)
            return

    def _handle_start_again(self, message: StartAgain) -> None:
        child = message.child
        unit = child.unit
        if child.ticket != message.ticket or unit.state not in (CellState.BACKOFF, CellState.PARKED):
            return
        if unit.state is CellState.PARKED and isinstance(unit, Cell):
            child.first_life_after_parking = True
            unit.reopen()
        unit.state = CellState.HELD
        self._advance()

    def _fail(
        self, child: Child, error: BaseException, how: End, message_type: str, *, keep_down: bool
    ) -> None:
        """A child's life is over: leave it down, restart it, park it, or give up."""
        unit = child.unit
        now_us = self.runtime.now_us()
        starting = unit.state is CellState.STARTING
        served_since_us = None if starting else child.up_since_us
        self._mark_down(child)
        if keep_down:
            if how not in (End.NORMAL, End.SHUTDOWN):
                self._emit_failed(unit, error, message_type, None, now_us)
            self._leave_down(child, how.value, final=True)
            self._advance()
            return
        parks = self.spec.exhausted is Exhausted.PARK
        window = (child.window if parks else self._window).with_failure(now_us)
        if parks:
            child.window = window
        else:
            self._window = window
        if parks and (window.exhausted or (starting and child.first_life_after_parking)):
            self._emit_failed(unit, error, message_type, None, now_us)
            self._park(child, how, now_us)
            self._advance()
            return
        if window.exhausted:
            self._emit_failed(unit, error, message_type, None, now_us)
            self._notify(unit, how.value, restarting=self._parent is not self.system.observer)
            self._give_up(error)
            return
        backoff = self.spec.backoff
        child.failures_in_a_row = failures_in_a_row(child.failures_in_a_row, served_since_us, now_us, backoff)
        delay_s = backoff_delay_s(backoff, child.failures_in_a_row, self._rng.random())
        self._emit_failed(unit, error, message_type, delay_s, now_us)
        self._notify(unit, how.value, restarting=True)
        unit.state = CellState.HELD if delay_s <= 0 else CellState.BACKOFF
        if self.spec.strategy is Strategy.REST_FOR_ONE:
            self._hold_rest(child)
        if delay_s > 0:
            self._start_later(child, now_us + round(delay_s * 1_000_000))
        self._advance()

    def _mark_down(self, child: Child) -> None:
        child.unit.state = CellState.HELD
        child.start_deadline_s = None
        child.up_since_us = None
        child.ticket += 1

    def _hold_rest(self, child: Child) -> None:
        """Stop those started after `child`, last first; they wait for it."""
        order = StopAll(final=False, after_mail=False, deadline_s=None)
        for later in reversed(self._children[self._children.index(child) + 1 :]):
            if later.unit.state is CellState.STOPPED:
                continue
            self._stop_child(later, order, final=later.restart is Restart.TEMPORARY)

    def _start_later(self, child: Child, due_us: int) -> None:
        channel = self.channel
        assert channel is not None
        note = StartAgain(child, child.ticket)
        self.runtime.add_timer(due_us, lambda: channel.put(note))

    def _park(self, child: Child, how: End, now_us: int) -> None:
        cell = child.unit
        assert isinstance(cell, Cell)
        retry_us = now_us + round(self.spec.park_retry_s * 1_000_000)
        child.window = child.window.emptied()
        child.failures_in_a_row = 0
        cell.state = CellState.PARKED
        cell.close("parked")
        cell.tell_watchers(how.value, restarting=False)
        self.system.emit(ActorParked(cell.path, from_us(retry_us), from_us(now_us)))
        self._start_later(child, retry_us)

    def _give_up(self, error: BaseException) -> None:
        """The restarts are used up: stop all children and fail upwards; at the root that is the end."""
        at = from_us(self.runtime.now_us())
        root = self._parent is self.system.observer
        self.system.emit(RootExhausted(self.path, at) if root else SupervisorExhausted(self.path, at))
        # At the root's end mail that is queued is still handled: an order to arm must not be cut off.
        self._stop_children(StopAll(final=root, after_mail=root, deadline_s=None))
        fault = ChildExhausted(f"{self.path} used up its restarts; the last failure: {error}")
        fault.__cause__ = error
        self._end = Ended(self, self.epoch, End.CRASH, fault, "children")

    def _stop_children(self, order: StopAll) -> None:
        for child in reversed(self._children):
            self._stop_child(child, order, final=order.final)

    def _stop_child(self, child: Child, order: StopAll, *, final: bool) -> None:
        """Stop one child in order, by force when its time is up."""
        unit = child.unit
        running = unit.state in RUNNING
        epoch = unit.epoch
        if running and isinstance(unit, Supervisor):
            unit.order_stop(order)
            self._await(Ended, lambda ended: ended.unit is unit, float("inf"))
        elif running and isinstance(unit, Cell):
            timeout_s = self._clamped(unit.spec.shutdown_timeout_s)
            unit.order_stop(after_mail=order.after_mail)
            obeyed = self._await(Ended, lambda ended: ended.unit is unit and ended.epoch == epoch, timeout_s)
            if obeyed is None:
                limit = RuntimeFault(f"{unit.path} did not stop within {timeout_s:.1f} s")
                self._fence(unit, End.KILLED, limit, None)
        elif isinstance(unit, Supervisor) and final:
            for cell in unit.cells():
                cell.close_for_good()
        self._mark_down(child)
        self._leave_down(child, End.SHUTDOWN.value, final=final, tell=running)

    def _leave_down(self, child: Child, reason: str, *, final: bool, tell: bool = True) -> None:
        unit = child.unit
        if isinstance(unit, Supervisor):
            return
        if final:
            unit.close_for_good()
        if tell or final:
            unit.tell_watchers(reason, restarting=not final)

    def _fence(self, cell: Cell, how: End, error: BaseException, hung: Hung | None) -> int | None:
        """Cut a life off and let its actor release what it holds. Returns how many workers are abandoned by
        now; None if it ended by itself just before."""
        incarnation = cell.incarnation
        channel = self.channel
        if incarnation is None or channel is None:
            return None
        if not cell.fence(how, error, holding=None if hung is None else hung.envelope):
            return None
        abandoned = self.runtime.abandon(incarnation)
        released = Released(cell, cell.epoch)

        activity = self.runtime.activity
        if activity is not None:
            activity.add(1)

        def release() -> None:
            incarnation.release()
            channel.put(released)
            if activity is not None:
                activity.add(-1)

        self.runtime.spawn(f"{incarnation.worker_name}/on_stop", release)
        self._await(Released, lambda done: done == released, self._clamped(cell.spec.shutdown_timeout_s))
        return abandoned

    def _clamped(self, timeout_s: float) -> float:
        if self._stop_deadline_s is None:
            return timeout_s
        return max(0.05, min(timeout_s, self._stop_deadline_s - self.runtime.monotonic()))

    def _notify(self, unit: Cell | Supervisor, reason: str, *, restarting: bool) -> None:
        if isinstance(unit, Cell):
            unit.tell_watchers(reason, restarting=restarting)

    def _emit_failed(
        self,
        unit: Cell | Supervisor,
        error: BaseException,
        message_type: str,
        delay_s: float | None,
        now_us: int,
    ) -> None:
        if isinstance(unit, Cell):
            event: RuntimeEvent = ActorFailed(
                unit.path, unit.epoch, error, message_type, delay_s, from_us(now_us)
            )
            self.system.emit(event)
