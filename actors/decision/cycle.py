"""A cycle under way: a conversation in steps, each with one deadline and one room that it waits for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from actors.decision.desk import Booked, Desk, RoomUnreachableError, ended_key
from actors.decision.results import Results
from actors.runtime import AnyAddress, Came, Key
from core.alerts import AlertCode, Severity
from core.market.incomplete import PartFault
from core.messages.base import Refused
from core.messages.market_data import (
    EntryMarket,
    FetchSnapshot,
    Snapshot,
    SnapshotFailed,
    SnapshotKind,
)
from core.messages.recording import may_be_told_again
from core.messages.state import IdleEnd
from core.orders.books import Books, CycleOutcome, Job
from core.rules.facts import MonitorMarket
from core.values import CycleId

SNAPSHOT_SHARE: Final = 0.9
"""Share of the step's deadline given to the snapshot, so that its faults arrive before the step is over."""
T = TypeVar("T")


class Step(StrEnum):
    """What a cycle waits for."""

    OPENING = "opening"
    SNAPSHOT = "snapshot"
    RECORDING = "recording"
    ORDER = "order"
    EXIT = "exit"
    SETTLEMENT = "settlement"
    TRADES = "trades"
    TELLING = "telling"


@dataclass(frozen=True)
class Due:
    """A slot that waits for its turn.

    `by_person`: its slot is the moment at which a person's command was recorded. Such a cycle does not begin
    while execution recovers; `begun` says that this incarnation has opened its row already.
    """

    job: Job
    slot: datetime
    since: datetime
    misfired: bool = False
    from_snapshot: bool = False
    by_person: bool = False
    begun: bool = False

    @property
    def key(self) -> tuple[Job, datetime]:
        return (self.job, self.slot)


@dataclass(frozen=True)
class CycleEnd:
    """How a cycle ended: the outcome, its reasons as stable codes, and what makes the text of its decision.

    Of most cycles nobody ever reads that text. `on_disk`: its row is closed already.
    """

    outcome: CycleOutcome
    reasons: tuple[str, ...] = ()
    text: Callable[[], str] = str
    on_disk: bool = False


@dataclass(frozen=True)
class Idle:
    """How a cycle ends that has nothing to do, and the books that say so."""

    end: CycleEnd
    books: Books

    def to_record(self) -> IdleEnd:
        """As state is told it, which holds if the books are still those."""
        return IdleEnd(seq=self.books.seq, outcome=self.end.outcome, reasons=self.end.reasons)


class CycleOver(Exception):  # noqa: N818  (it ends a cycle; it is no error of the program)
    """A step did not get what it waited for; the cycle ends with `end`."""

    def __init__(self, outcome: CycleOutcome, *reasons: str) -> None:
        super().__init__(f"{outcome}: {', '.join(reasons)}")
        self.end = CycleEnd(outcome, reasons)


class NotBooked(CycleOver):
    """State refused a record; none of it is in the books. `passes`: they may take it later."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(CycleOutcome.ACTOR_FAILED, "state_refused", *refused.reasons)
        self.passes = may_be_told_again(refused)


def snapshot_key(cycle_id: CycleId) -> Key[Snapshot | SnapshotFailed]:
    """Market data's answer to a cycle."""
    return Key(f"snapshot:{cycle_id}")


class Cycle(ABC):
    """One cycle, from its opened row to its end."""

    def __init__(self, desk: Desk, due: Due, cycle_id: CycleId, *, resumed: bool, results: Results) -> None:
        self.desk = desk
        self.results = results
        self.due = due
        self.cycle_id = cycle_id
        self.resumed = resumed
        """The row existed already: this cycle was begun before."""
        self.lacked_room = False
        """It ended because the books had no room for what it decided."""
        self.told_its_end = False
        """It has told state a record that closes its row."""
        self.step = Step.OPENING
        self.since = desk.ctx.now()
        self._room: AnyAddress = desk.rooms.state
        self._deadline = self.since

    async def run(self) -> CycleEnd:
        """Conduct the cycle. If a room does not answer an ask, the cycle ends with a reason that names it."""
        try:
            return await self.conduct()
        except CycleOver as over:
            self.lacked_room = isinstance(over, NotBooked) and over.passes
            return over.end
        except RoomUnreachableError as error:
            return CycleEnd(CycleOutcome.ACTOR_FAILED, (f"no_answer:{error.room}", error.why))

    @staticmethod
    def idle(books: Books, now: datetime) -> CycleEnd | None:  # noqa: ARG004  (most cycles have work at any time)
        """How it ends if these books leave it nothing to do; None if it has to be run."""
        return None

    def idled(self, books: Books) -> None:  # noqa: B027  (most have nothing to look at then)
        """Look at the books that left it nothing to do, once its end is on disk."""

    @abstractmethod
    async def conduct(self) -> CycleEnd:
        """Run every step in turn."""

    def enter(self, step: Step, room: AnyAddress, within_s: float | None = None) -> None:
        """Begin a step that waits for `room`, for `within_s` or else the strategy's `cycle_deadline_s`."""
        if within_s is None:
            within_s = self.desk.strategy.scheduler.cycle_deadline_s
        self.step = step
        self._room = room
        self._deadline = self.desk.ctx.now() + timedelta(seconds=within_s)

    async def event(self, key: Key[T]) -> T:
        """The event under the key. Raises `CycleOver` if the deadline or an end of the room comes first."""
        came = await self.first_of(key)
        if came is None:
            raise CycleOver(CycleOutcome.DEADLINE, f"deadline:{self.step.value}")
        event: T = came.event  # type: ignore[assignment]  # It was delivered under this key.
        return event

    async def first_of(self, *keys: Key[Any]) -> Came | None:
        """The first event under any of the keys; None at the step's deadline. Raises `CycleOver` if an
        incarnation of the room that the step waits for ends first."""
        over = ended_key(self._room.path)
        came = await self.desk.conversations.first_until(
            self._deadline, f"{self.cycle_id}:{self.step.value}", *keys, over
        )
        if came is not None and came.key == over:
            reason = f"actor_failed:{self._room.name}"
            raise CycleOver(CycleOutcome.ACTOR_FAILED, reason, str(getattr(came.event, "reason", "")))
        return came

    async def booked(self, *keys: Key[Booked]) -> None:
        """Wait until all of it is on disk. Raises `NotBooked` at a refusal, `CycleOver` at the deadline."""
        waiting = set(keys)
        while waiting:
            came = await self.first_of(*(key for key in keys if key in waiting))
            if came is None:
                raise CycleOver(CycleOutcome.DEADLINE, f"deadline:{self.step.value}")
            self._require_booked(came.key, came.event)
            waiting.discard(came.key)

    async def booked_with_end(self, key: Key[Booked]) -> None:
        """Wait until a record that closes the row is on disk, however long it takes: no deadline may give
        the cycle another end meanwhile, so it only raises an alert. Raises `NotBooked` at a refusal."""
        self.told_its_end = True
        conversations = self.desk.conversations
        came = await conversations.first_until(self._deadline, f"{self.cycle_id}:{self.step.value}", key)
        if came is not None:
            self._require_booked(key, came.event)
            return
        text = f"{self.cycle_id}: deadline:{self.step.value}; its end is not on disk, and is waited for"
        self.desk.alert(Severity.HIGH, AlertCode.CYCLE_DEADLINE, text, self.cycle_id)
        answer = await conversations.event(key)
        self._require_booked(key, answer)

    def _require_booked(self, key: Key[Any], answer: object) -> None:
        if isinstance(answer, Refused):
            reasons = ", ".join(answer.reasons)
            self.desk.ctx.log().error("state refused %s: %s", key.name, reasons)
            raise NotBooked(answer)

    async def snapshot(
        self, kind: SnapshotKind, expirations: tuple[datetime, ...] = ()
    ) -> EntryMarket | MonitorMarket:
        """The market, complete. Raises `CycleOver` if it is not: with `ACTOR_FAILED` if an actor ended
        meanwhile, otherwise with `DATA_FAILED`."""
        desk = self.desk
        self.enter(Step.SNAPSHOT, desk.rooms.market_data)
        within_s = SNAPSHOT_SHARE * desk.strategy.scheduler.cycle_deadline_s
        desk.ctx.tell(
            desk.rooms.market_data,
            FetchSnapshot(
                request_id=f"snapshot-{self.cycle_id}",
                cycle_id=self.cycle_id,
                kind=kind,
                expirations=expirations,
                deadline=desk.ctx.now() + timedelta(seconds=within_s),
            ),
            correlation=self.cycle_id,
        )
        answer = await self.event(snapshot_key(self.cycle_id))
        if isinstance(answer, Snapshot):
            return answer.market
        crashed = any(fault.kind == PartFault.ACTOR_FAILED for fault in answer.faults)
        outcome = CycleOutcome.ACTOR_FAILED if crashed else CycleOutcome.DATA_FAILED
        raise CycleOver(outcome, *(fault.reason for fault in answer.faults))
