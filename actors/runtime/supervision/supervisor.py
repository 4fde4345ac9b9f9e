"""The supervisor: OTP's algorithm on a worker of its own. It starts its children in order, is told of
every end, and decides by the pure arithmetic of `restarts`."""

from __future__ import annotations

import logging

from actors.runtime.backend.runtime import Channel
from actors.runtime.cells.cell import Cell
from actors.runtime.cells.notices import End, Ended, Hung, Up
from actors.runtime.cells.post_office import PostOffice
from actors.runtime.errors import ChildExhausted, HandlerHung, RuntimeFault, StartTimeout, describe
from actors.runtime.policy.restarts import Window, backoff_delay_s, failures_in_a_row
from actors.runtime.policy.spec import ChildSpec, Exhausted, OnHang, Restart, RestartStrategy, SupervisorSpec
from actors.runtime.reporting.events import (
    ActorFailed,
    ActorHung,
    ActorParked,
    ActorRestarted,
    ActorStarted,
    RootExhausted,
    RuntimeEvent,
    SupervisorExhausted,
)
from actors.runtime.reporting.status import CellState
from actors.runtime.supervision.node import RUNNING, Child, StartAgain, StopAll, SupervisorNode
from actors.runtime.supervision.stopping import fence, leave_down, mark_down, stop_child, stop_children
from actors.runtime.times import from_us

logger = logging.getLogger("actors.runtime")


class Supervisor(SupervisorNode):
    """One node of the tree; to its own supervisor a child like any other."""

    def __init__(self, system: PostOffice, spec: SupervisorSpec, path: str) -> None:
        super().__init__(system, path)
        self.spec = spec
        self._parent: Channel | None = None
        self._window = Window(spec.intensity, round(spec.period_s * 1_000_000))
        self._rng = self.runtime.rng(path)
        self.children = [self._child(child) for child in spec.children]
        self._told_up = False
        self._end: Ended | None = None

    def _child(self, spec: ChildSpec | SupervisorSpec) -> Child:
        path = f"{self.path}/{spec.name}"
        if isinstance(spec, SupervisorSpec):
            return Child(Supervisor(self.system, spec, path), Restart.PERMANENT, self._window)
        return Child(Cell(self.system, spec, path), spec.restart, self._window)

    def begin(self, parent: Channel) -> int:
        """Start a life of this supervisor; it reports Up and Ended to `parent`. Returns its epoch."""
        self.epoch += 1
        self.state = CellState.STARTING
        self.channel = self.runtime.new_channel()
        self._parent = parent
        self._told_up = False
        self._end = None
        self.stop_deadline_s = None
        self.stash.clear()
        self._window = self._window.emptied()
        for child in self.children:
            child.window = self._window
            child.failures_in_a_row = 0
            child.first_life_after_parking = False
            if child.unit.state is not CellState.NEW and isinstance(child.unit, Cell):
                child.unit.reopen()
            child.unit.state = CellState.HELD
        try:
            self.runtime.spawn(self.path, self._run)
        except RuntimeError:
            # No thread is left for it: mark it as down, so that nobody waits for a life that never began.
            self.state = CellState.HELD
            self.channel.close()
            raise
        return self.epoch

    def _run(self) -> None:
        assert self.channel is not None
        assert self._parent is not None
        try:
            self._advance()
            while self._end is None:
                self._handle(self._next())
        except BaseException as error:
            self.runtime.let_unwind(error)
            # A fault in the supervisor itself: its children must not run unsupervised.
            self._end = Ended(self, self.epoch, End.CRASH, error, "supervision")
            try:
                stop_children(self, StopAll(final=False, after_mail=False, deadline_s=None))
            except Exception:
                logger.exception("%s could not stop its children after a fault of its own", self.path)
        if self._parent is self.system.observer:
            self.system.post_held()
        for message in (*self.stash, *self.left_over()):
            self.emit_if_event(message)
        self._parent.put(self._end)
        self.channel.close()

    def _next(self) -> object:
        """The next message, or None when a start deadline has passed."""
        if self.stash:
            return self.stash.popleft()
        deadlines = [child.start_deadline_s for child in self.children if child.start_deadline_s is not None]
        if not deadlines:
            return self.receive(None)
        left_s = min(deadlines) - self.runtime.monotonic()
        # A deadline that has passed goes ahead of queued messages, however many there are.
        return self.receive(left_s) if left_s > 0 else None

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
                self.heed_deadline(message)
                stop_children(self, message)
                self._end = Ended(self, self.epoch, End.SHUTDOWN, None, "stop")
            case _:
                self.emit_if_event(message)

    def _advance(self) -> None:
        """Start the children that are held, one at a time and in order; report Up when all are started."""
        for child in self.children:
            state = child.unit.state
            if state is CellState.STARTING:
                return
            if state is CellState.BACKOFF and self.spec.strategy is RestartStrategy.REST_FOR_ONE:
                # The children after it depend on it, so they wait for it also at the very first start.
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
        """The child whose present life the message is about; None if the message is out of date."""
        for child in self.children:
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
        if not fence(self, cell, End.HUNG, error, message):
            return
        at = from_us(self.runtime.now_us())
        self.system.emit(ActorHung(cell.path, message.busy_with, message.busy_for_s, at))
        if cell.spec.on_hang is OnHang.ESCALATE or self.too_many_abandoned:
            self._escalate(child, error, End.HUNG, message.busy_with)
            return
        keep_down = child.restart is Restart.TEMPORARY
        self._fail(child, error, End.HUNG, message.busy_with, keep_down=keep_down)

    def _start_deadlines_passed(self) -> None:
        now_s = self.runtime.monotonic()
        for child in self.children:
            cell = child.unit
            late = child.start_deadline_s is not None and child.start_deadline_s <= now_s
            if not late or not isinstance(cell, Cell):
                continue
            child.start_deadline_s = None
            if cell.incarnation is not None and cell.incarnation.served:
                # It has started; only its report is late.
                continue
            error = StartTimeout(f"{cell.path}: on_start took longer than {cell.spec.start_deadline_s} s")
            if not fence(self, cell, End.START_TIMEOUT, error, None):
                continue
            if self.too_many_abandoned:
                self._escalate(child, error, End.START_TIMEOUT, "on_start")
                return
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
        mark_down(child)
        if keep_down:
            if how not in (End.NORMAL, End.SHUTDOWN):
                self._emit_failed(unit, error, message_type, None, now_us)
            leave_down(child, how.value, final=True)
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
        # A life that a person had ended in order did not fail, although it counts as a restart.
        if how is not End.SHUTDOWN:
            self._emit_failed(unit, error, message_type, delay_s, now_us)
        self._notify(unit, how.value, restarting=True)
        unit.state = CellState.HELD if delay_s <= 0 else CellState.BACKOFF
        if self.spec.strategy is RestartStrategy.REST_FOR_ONE:
            before = self.runtime.abandoned
            self._hold_rest(child)
            # Only if this stop has abandoned workers: those of other stops are no reason to give up here.
            if self.runtime.abandoned > before and self.too_many_abandoned:
                lost = f"{self.runtime.abandoned} workers did not come back"
                self._give_up(RuntimeFault(f"{self.path}: {lost}"))
                return
        if delay_s > 0:
            self._start_later(child, now_us + round(delay_s * 1_000_000))
        self._advance()

    def _escalate(self, child: Child, error: BaseException, how: End, message_type: str) -> None:
        """Give up because of a fenced child, instead of restarting it."""
        mark_down(child)
        self._emit_failed(child.unit, error, message_type, None, self.runtime.now_us())
        self._notify(child.unit, how.value, restarting=self._parent is not self.system.observer)
        self._give_up(error)

    def _hold_rest(self, child: Child) -> None:
        """Stop those started after `child`, last first; they wait for its restart."""
        order = StopAll(final=False, after_mail=False, deadline_s=None)
        for later in reversed(self.children[self.children.index(child) + 1 :]):
            if later.unit.state is CellState.STOPPED:
                continue
            stop_child(self, later, order, final=later.restart is Restart.TEMPORARY)

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
        """Stop all children and fail upwards; at the root this ends the system."""
        at = from_us(self.runtime.now_us())
        root = self._parent is self.system.observer
        self.system.emit(RootExhausted(self.path, at) if root else SupervisorExhausted(self.path, at))
        # When the root ends, queued mail is still handled: an order to arm must not be lost.
        stop_children(self, StopAll(final=root, after_mail=root, deadline_s=None))
        fault = ChildExhausted(f"{self.path} used up its restarts; the last failure: {describe(error)}")
        fault.__cause__ = error
        self._end = Ended(self, self.epoch, End.CRASH, fault, "children")

    def _notify(self, unit: Cell | SupervisorNode, reason: str, *, restarting: bool) -> None:
        if isinstance(unit, Cell):
            unit.tell_watchers(reason, restarting=restarting)

    def _emit_failed(
        self,
        unit: Cell | SupervisorNode,
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
