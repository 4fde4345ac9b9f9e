"""A cycle under way: its steps, the one deadline of the step it is in, and the room that it waits for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from actors.decision.desk import Desk, RoomUnreachableError
from actors.runtime import AnyAddress, Terminated, Timer
from core.messages.execution import ExitStarted, OrderFinal, PositionClosed, Settled, SettleFailed
from core.messages.market_data import Snapshot, SnapshotFailed
from core.messages.state import ClosedTrades
from core.orders.books import CycleOutcome, Job
from core.values import CycleId

SNAPSHOT_SHARE: Final = 0.9
"""Of the cycle's deadline."""


class Step(StrEnum):
    """What a cycle waits for."""

    OPENING = "opening"
    SNAPSHOT = "snapshot"
    RECORDING = "recording"
    ORDER = "order"
    EXIT = "exit"
    SETTLEMENT = "settlement"
    TRADES = "trades"
    CLOSING = "closing"


@dataclass(frozen=True)
class Due:
    """A slot that waits for its turn. `answer` is set where a person waits for the outcome."""

    job: Job
    slot: datetime
    since: datetime
    misfired: bool = False
    request_id: str = ""
    answer: Callable[[object], None] | None = None
    from_snapshot: bool = False

    @property
    def key(self) -> tuple[Job, datetime]:
        return (self.job, self.slot)


@dataclass(frozen=True)
class StepDeadline:
    """Timer message to self: the step `number` of the cycle has taken too long."""

    cycle_id: CycleId
    number: int


CycleAnswer = (
    Snapshot
    | SnapshotFailed
    | OrderFinal
    | ExitStarted
    | PositionClosed
    | Settled
    | SettleFailed
    | ClosedTrades
)
OnEnd = Callable[["Cycle", CycleOutcome, tuple[str, ...], str], None]


class Cycle(ABC):
    """One cycle. It ends once, by `end`, with an outcome of the closed list."""

    def __init__(self, desk: Desk, due: Due, cycle_id: CycleId, on_end: OnEnd) -> None:
        self.desk = desk
        self.due = due
        self.cycle_id = cycle_id
        self.step = Step.OPENING
        self.since = desk.ctx.now()
        self.ended = False
        self.resumed = False
        """The row was there already: an earlier incarnation began this cycle."""
        self._on_end = on_end
        self._number = 0
        self._waits_on: AnyAddress | None = None
        self._timer: Timer | None = None

    @abstractmethod
    def begin(self) -> None:
        """Take the first step."""

    @abstractmethod
    def take(self, answer: CycleAnswer) -> None:
        """An answer of another room; one that this cycle does not wait for is left alone."""

    @abstractmethod
    def recorded(self, request_id: str) -> None:
        """State has on disk what was sent under `request_id`, by this cycle or another."""

    def refused(self, request_id: str, reasons: tuple[str, ...]) -> None:
        """State does not take what this cycle sent: without books nothing goes on."""
        self.desk.ctx.log().error("state refused %s: %s", request_id, ", ".join(reasons))
        self.end(CycleOutcome.ACTOR_FAILED, ("state_refused", *reasons))

    def timed_out(self) -> None:
        """The deadline of the step passed."""
        self.end(CycleOutcome.DEADLINE, (f"deadline:{self.step.value}",))

    def start(self) -> None:
        """Begin; a room that does not answer an ask ends the cycle by its name."""
        self._guarded(self.begin)

    def handle(self, answer: CycleAnswer) -> None:
        """Take an answer, under the same guard."""
        self._guarded(lambda: self.take(answer))

    def handle_recorded(self, request_id: str) -> None:
        self._guarded(lambda: self.recorded(request_id))

    def handle_deadline(self, deadline: StepDeadline) -> None:
        if deadline.cycle_id == self.cycle_id and deadline.number == self._number:
            self._guarded(self.timed_out)

    def handle_terminated(self, ended: Terminated) -> None:
        """The room that this cycle waits for lost what it was doing."""
        if self._waits_on is not None and ended.path == self._waits_on.path:
            self.end(CycleOutcome.ACTOR_FAILED, (f"actor_failed:{self._waits_on.name}", str(ended.reason)))

    def wait(self, step: Step, room: AnyAddress, within_s: float) -> None:
        """Go to a step: wait for `room`, at most `within_s`. The deadline of the last step is over."""
        self._cancel_timer()
        self.step = step
        self._waits_on = room
        self._number += 1
        deadline = self.desk.ctx.now() + timedelta(seconds=within_s)
        self._timer = self.desk.ctx.call_at(deadline, StepDeadline(self.cycle_id, self._number))

    def end(self, outcome: CycleOutcome, reasons: tuple[str, ...] = (), text: str = "") -> None:
        if self.ended:
            return
        self.ended = True
        self._cancel_timer()
        self._on_end(self, outcome, reasons, text)

    def _guarded(self, step: Callable[[], None]) -> None:
        if self.ended:
            return
        try:
            step()
        except RoomUnreachableError as error:
            self.end(CycleOutcome.ACTOR_FAILED, (f"no_answer:{error.room}", error.why))

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def snapshot_failed_outcome(failed: SnapshotFailed) -> tuple[CycleOutcome, tuple[str, ...]]:
    """A picture that is missing because an actor ended is named so; otherwise data failed."""
    reasons = tuple(fault.reason for fault in failed.faults)
    crashed = any(reason.endswith(":actor_failed") for reason in reasons)
    return (CycleOutcome.ACTOR_FAILED if crashed else CycleOutcome.DATA_FAILED), reasons


def snapshot_deadline(cycle: Cycle) -> datetime:
    """Somewhat before the cycle's own deadline, so that the picture's faults arrive before it."""
    within_s = SNAPSHOT_SHARE * cycle.desk.strategy.scheduler.cycle_deadline_s
    return cycle.desk.ctx.now() + timedelta(seconds=within_s)
