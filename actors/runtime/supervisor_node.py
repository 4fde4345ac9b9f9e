"""What a supervisor does with its hands: wait for one message among others, stop a child in order or by
force, fence one off. What it decides is in `supervisor`."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from actors.runtime.cell import Cell, Ended, Hung
from actors.runtime.errors import RuntimeFault
from actors.runtime.events import CellState, RuntimeEvent
from actors.runtime.incarnation import End
from actors.runtime.restarts import Window
from actors.runtime.spec import Restart

if TYPE_CHECKING:
    from actors.runtime.runtime import Channel
    from actors.runtime.system import ActorSystem

logger = logging.getLogger("actors.runtime")
T = TypeVar("T")
RUNNING = (CellState.STARTING, CellState.UP)
STOP_SLICE_MIN_S = 0.05


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

    unit: Cell | SupervisorNode
    restart: Restart
    window: Window
    failures_in_a_row: int = 0
    up_since_us: int | None = None
    ticket: int = 0
    start_deadline_s: float | None = None
    first_life_after_parking: bool = field(default=False)


class SupervisorNode:
    """A place in the tree with children, a channel, and a stash of messages that must wait their turn."""

    def __init__(self, system: ActorSystem, path: str) -> None:
        self.system = system
        self.runtime = system.runtime
        self.path = path
        self.state = CellState.NEW
        self.epoch = 0
        self.channel: Channel | None = None
        self.children: list[Child] = []
        self.stash: deque[object] = deque()
        self.stop_deadline_s: float | None = None

    def cells(self) -> list[Cell]:
        """All cells below, in start order."""
        found: list[Cell] = []
        for child in self.children:
            found.extend([child.unit] if isinstance(child.unit, Cell) else child.unit.cells())
        return found

    def begin(self, parent: Channel) -> int:
        """Start a life of this supervisor; it reports Up and Ended to `parent`. Returns its epoch."""
        raise NotImplementedError

    def order_stop(self, order: StopAll) -> None:
        """Ask this supervisor to stop its children and end."""
        if self.channel is not None:
            self.channel.put(order)

    def _left_over(self) -> list[object]:
        left: list[object] = []
        while (message := self._receive(0.0)) is not None:
            left.append(message)
        return left

    def _receive(self, timeout_s: float | None) -> object:
        assert self.channel is not None
        return self.channel.get(timeout_s)

    def _await(
        self,
        kind: type[T],
        wanted: Callable[[T], bool],
        timeout_s: float,
        below: SupervisorNode | None = None,
    ) -> T | None:
        """Wait for one message among the others, which keep their order for later. An order to stop waits its
        turn too, but its deadline counts at once, also for the supervisor `below` that is waited for."""
        for message in self.stash:
            if isinstance(message, kind) and wanted(message):
                self.stash.remove(message)
                return message
        until_s = self.runtime.monotonic() + timeout_s
        while (left_s := until_s - self.runtime.monotonic()) > 0:
            message = self._receive(left_s)
            if message is None:
                break
            if isinstance(message, kind) and wanted(message):
                return message
            self.stash.append(message)
            if isinstance(message, StopAll) and message.deadline_s is not None:
                self._heed_deadline(message)
                if below is not None:
                    below.order_stop(message)
                else:
                    until_s = min(until_s, self.runtime.monotonic() + self._clamped(timeout_s))
        return None

    def _heed_deadline(self, order: StopAll) -> None:
        """An order without a deadline does not lift that of another."""
        if order.deadline_s is not None:
            self.stop_deadline_s = order.deadline_s

    def _emit_if_event(self, message: object) -> None:
        if isinstance(message, RuntimeEvent):
            self.system.emit(message)

    def _mark_down(self, child: Child) -> None:
        child.unit.state = CellState.HELD
        child.start_deadline_s = None
        child.up_since_us = None
        child.ticket += 1

    def _stop_children(self, order: StopAll) -> None:
        for child in reversed(self.children):
            self._stop_child(child, order, final=order.final)

    def _stop_child(self, child: Child, order: StopAll, *, final: bool) -> None:
        """Stop one child in order, by force when its time is up."""
        unit = child.unit
        running = unit.state in RUNNING
        epoch = unit.epoch
        if running and isinstance(unit, SupervisorNode):
            unit.order_stop(replace(order, deadline_s=self.stop_deadline_s))
            self._await(Ended, lambda ended: ended.unit is unit, float("inf"), below=unit)
        elif running and isinstance(unit, Cell):
            timeout_s = self._clamped(unit.spec.shutdown_timeout_s)
            unit.order_stop(after_mail=order.after_mail)
            obeyed = self._await(Ended, lambda ended: ended.unit is unit and ended.epoch == epoch, timeout_s)
            if obeyed is None:
                limit = RuntimeFault(f"{unit.path} did not stop within {timeout_s:.1f} s")
                self._fence(unit, End.KILLED, limit, None)
        elif isinstance(unit, SupervisorNode) and final:
            for cell in unit.cells():
                cell.close_for_good()
        self._mark_down(child)
        self._leave_down(child, End.SHUTDOWN.value, final=final, tell=running)

    def _leave_down(self, child: Child, reason: str, *, final: bool, tell: bool = True) -> None:
        unit = child.unit
        if isinstance(unit, SupervisorNode):
            return
        if final:
            unit.close_for_good()
        if tell or final:
            unit.tell_watchers(reason, restarting=not final)

    def _fence(self, cell: Cell, how: End, error: BaseException, hung: Hung | None) -> bool:
        """Cut a life off and let its actor release what it holds; False if it ended by itself just before."""
        incarnation = cell.incarnation
        channel = self.channel
        if incarnation is None or channel is None:
            return False
        if not cell.fence(how, error, holding=None if hung is None else hung.envelope):
            return False
        self.runtime.abandon(incarnation)
        released = Released(cell, cell.epoch)
        activity = self.runtime.activity
        counted = Lock()

        def count_out() -> None:
            # By whoever comes first: the worker that is back, or the supervisor that waits no longer.
            if activity is not None and counted.acquire(False):
                activity.add(-1)

        def release() -> None:
            incarnation.release()
            channel.put(released)
            count_out()

        if activity is not None:
            activity.add(1)
        try:
            job = self.runtime.spawn(f"{incarnation.worker_name}/on_stop", release)
        except RuntimeError:
            logger.exception("%s: no thread is left to run on_stop on", incarnation.worker_name)
            count_out()
            return True
        timeout_s = self._clamped(cell.spec.shutdown_timeout_s)
        if self._await(Released, lambda done: done == released, timeout_s) is None:
            self.runtime.abandon(job)
            count_out()
        return True

    @property
    def _too_many_abandoned(self) -> bool:
        return self.runtime.abandoned > self.runtime.abandoned_max

    def _clamped(self, timeout_s: float) -> float:
        if self.stop_deadline_s is None:
            return timeout_s
        return max(STOP_SLICE_MIN_S, min(timeout_s, self.stop_deadline_s - self.runtime.monotonic()))
