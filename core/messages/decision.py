"""Decision: owns every cycle from its due slot to its outcome."""

from __future__ import annotations

from datetime import datetime

from core.checks import RuleResult
from core.messages.base import Answered, Command, Event, Query, Refused
from core.orders.books import CycleOutcome, Job
from core.values import CycleId, Value


class CycleEnded(Event):
    """A cycle is closed in the books. `text` is its decision rule by rule, for people; empty without one."""

    request_id: str
    cycle_id: CycleId
    job: Job
    slot: datetime
    outcome: CycleOutcome
    reasons: tuple[str, ...]
    at: datetime
    text: str = ""


class CycleWaits(Event):
    """Told to who asked for a cycle that can't begin yet: what it waits for, for people."""

    request_id: str
    text: str


class RunEntryCycle(Command, Answered[CycleWaits | CycleEnded | Refused]):
    """Run an entry cycle, under all its rules. Answered by `CycleEnded`, and before that by `CycleWaits` if
    it can't begin yet.

    A slot has one cycle, so that asking again gives its outcome. If the cycle has not begun within the grace
    of an entry's slot, it ends as `expired`.
    """

    request_id: str
    slot: datetime


class RunMonitorCycle(Command, Answered[CycleWaits | CycleEnded | Refused]):
    """Look at every open position, and close what is due. Answered by `CycleEnded`, and before that by
    `CycleWaits` if it can't begin yet.

    A slot has one cycle, so that asking again gives its outcome.
    """

    request_id: str
    slot: datetime


class RecalibrateKelly(Command, Answered[CycleWaits | CycleEnded | Refused]):
    """Recommend a stake from the closed trades now. Nothing is changed by it: a person sets the cap.

    Answered by `CycleEnded`, and before that by `CycleWaits` if its cycle can't begin yet.
    """

    request_id: str
    slot: datetime
    reason: str


class DecisionStatus(Event):
    """`recent` are the last cycles that ended, oldest first."""

    recovered: bool
    under_way: CycleView | None
    waiting: tuple[CycleView, ...]
    recent: tuple[CycleEnded, ...]
    monitor_failures_in_a_row: int
    results: ResultsSeen | None = None


class GetDecision(Query[DecisionStatus]):
    """Answered by `DecisionStatus`."""


class ResultsSeen(Value):
    """What was last seen of the strategy's own results; `margin_use` is maintenance margin over venue equity,
    None if it was not read yet."""

    at: datetime
    protections: RuleResult
    margin_use: float | None


class CycleView(Value):
    """A cycle under way or waiting; `step` says what it waits for."""

    job: Job
    slot: datetime
    step: str
    since: datetime
