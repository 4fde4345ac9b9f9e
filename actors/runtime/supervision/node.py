"""A node of the supervision tree: its children, and its messages, some of which must wait their turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from actors.runtime.backend.runtime import Channel
from actors.runtime.cells.cell import Cell
from actors.runtime.cells.post_office import PostOffice
from actors.runtime.policy.restarts import Window
from actors.runtime.policy.spec import Restart
from actors.runtime.reporting.events import RuntimeEvent
from actors.runtime.reporting.status import CellState

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
    """A backoff or a parking is over; void if the child has another ticket by now."""

    child: Child
    ticket: int


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

    def __init__(self, system: PostOffice, path: str) -> None:
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

    def left_over(self) -> list[object]:
        left: list[object] = []
        while (message := self.receive(0.0)) is not None:
            left.append(message)
        return left

    def receive(self, timeout_s: float | None) -> object:
        assert self.channel is not None
        return self.channel.get(timeout_s)

    def wait_for(
        self,
        kind: type[T],
        wanted: Callable[[T], bool],
        timeout_s: float,
        below: SupervisorNode | None = None,
    ) -> T | None:
        """Wait for one message; the others are stashed in their order. An order to stop is stashed too, but
        its deadline applies at once, also to the supervisor `below` that is waited for."""
        for message in self.stash:
            if isinstance(message, kind) and wanted(message):
                self.stash.remove(message)
                return message
        until_s = self.runtime.monotonic() + timeout_s
        while (left_s := until_s - self.runtime.monotonic()) > 0:
            message = self.receive(left_s)
            if message is None:
                break
            if isinstance(message, kind) and wanted(message):
                return message
            self.stash.append(message)
            if isinstance(message, StopAll) and message.deadline_s is not None:
                self.heed_deadline(message)
                if below is not None:
                    below.order_stop(message)
                else:
                    until_s = min(until_s, self.runtime.monotonic() + self.clamped(timeout_s))
        return None

    def heed_deadline(self, order: StopAll) -> None:
        """Adopt the order's deadline; an order without one does not lift an earlier deadline."""
        if order.deadline_s is not None:
            self.stop_deadline_s = order.deadline_s

    def emit_if_event(self, message: object) -> None:
        if isinstance(message, RuntimeEvent):
            self.system.emit(message)

    @property
    def too_many_abandoned(self) -> bool:
        return self.runtime.abandoned > self.runtime.abandoned_max

    def clamped(self, timeout_s: float) -> float:
        if self.stop_deadline_s is None:
            return timeout_s
        return max(STOP_SLICE_MIN_S, min(timeout_s, self.stop_deadline_s - self.runtime.monotonic()))
