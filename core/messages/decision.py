"""Decision: owns every cycle from its due slot to its outcome."""

from __future__ import annotations

from datetime import datetime

from core.messages.base import Answered, Command, Event, Query, Refused
from core.messages.room_status import CycleEnded, DecisionStatus


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


class GetDecision(Query[DecisionStatus]):
    """Answered by `DecisionStatus`."""
