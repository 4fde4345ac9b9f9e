"""Follows the messages of an engine, and keeps those that the invariants speak of."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from actors.runtime import Envelope, envelope_line
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditKind
from core.messages.kill_switch import (
    ArmKillSwitch,
    ClearSuspension,
    MarksChanged,
    Permit,
    RequestPermit,
    SuspendEntries,
)
from core.messages.mcp import EditOrder, SendOrder
from core.messages.room_status import (
    RecoveryReport,
)
from core.messages.state import OpenCycle, RecordEvent
from core.orders.books import Job

LAST = 400
KEPT = 40
"""Messages kept to show the way to a breach, and how many of them are shown."""
BOOKS = "root/books/"
DEAD_LETTER = "dead_letter"
CHANGES_BOOKS = frozenset(
    {
        "RecordInstruction",
        "RecordSent",
        "RecordOrder",
        "RecordEdit",
        "RecordDecision",
        "OpenCycle",
        "CloseCycle",
    }
)
_KEPT_OF: Final = frozenset(
    {
        RequestPermit,
        SendOrder,
        EditOrder,
        SuspendEntries,
        ClearSuspension,
        MarksChanged,
        OpenCycle,
        RecoveryReport,
        ArmKillSwitch,
        RecordEvent,
    }
)
"""The messages that something is kept of."""
UNTOLD = ("ProbeRouter", "RouterProbed", "JobDue", "SlotDue", "VenueChecked")


@dataclass(frozen=True)
class AskedMessage:
    """A permit that was asked for, and what the switch had been told before."""

    envelope: Envelope
    request: RequestPermit
    suspended_by: tuple[str, ...]
    marks_as_of: datetime | None

    def granted(self) -> Permit | None:
        """What was answered, None as long as nothing was, and if it was no permit."""
        reply = self.envelope.reply_to
        if reply is None or not getattr(reply, "done", False):
            return None
        try:
            answer = reply.outcome()  # type: ignore[attr-defined]
        except Exception:  # Whatever it failed with: it is no permit.
            return None
        return answer if isinstance(answer, Permit) else None


@dataclass(frozen=True)
class Sent:
    """An order or an edit that execution has handed over, and the permit that was asked for before."""

    at: datetime
    command: SendOrder | EditOrder
    asked: AskedMessage | None


class MessagesSeen:
    """Of all lives of one engine; what a life knows in memory alone is forgotten with it."""

    def __init__(self) -> None:
        self.last: deque[Envelope] = deque(maxlen=LAST)
        self.sent: list[Sent] = []
        self.restarts: list[tuple[datetime, str]] = []
        """When which actor was restarted, by path."""
        self.parked: list[tuple[datetime, str]] = []
        self.armed_for: list[ArmCause] = []
        self.lost: str | None = None
        """A message that changes books and will not be handled, until entries are suspended for it."""
        self.tried_again: list[str] = []
        """Messages that were handled again after they had ended a life."""
        self.fenced_senders: list[str] = []
        """Messages that a life has sent that had ended."""
        self.stretch = 0
        """The number of the stretch of time, without a step of the clock, in which messages are sent now."""
        self.opened: set[tuple[Job, datetime, int]] = set()
        """Which slot of which job was opened, and in which stretch."""
        self.begin_life()

    def begin_life(self) -> None:
        self._asked: dict[str, AskedMessage] = {}
        self._suspended: dict[str, None] = {}
        self._marks_as_of: datetime | None = None
        self.recovered = False
        self.restarts_in_life: Counter[str] = Counter()
        self.has_parked: set[str] = set()
        self.supervision_armed = False

    def take(self, envelope: Envelope) -> None:
        """One message, as it is sent."""
        self.last.append(envelope)
        if type(envelope.message) not in _KEPT_OF:
            return
        match envelope.message:
            case RequestPermit() as request if envelope.reply_to is not None:
                self._asked[request.label] = AskedMessage(
                    envelope, request, tuple(self._suspended), self._marks_as_of
                )
            case SendOrder() as command:
                label = command.instruction.label
                self.sent.append(Sent(envelope.sent_at, command, self._asked.get(label)))
            case EditOrder() as command:
                self.sent.append(Sent(envelope.sent_at, command, self._asked.get(command.label)))
            case SuspendEntries(source=source):
                self._suspended[source] = None
                if source == DEAD_LETTER:
                    self.lost = None
            case ClearSuspension(source=source):
                self._suspended.pop(source, None)
            case MarksChanged(as_of=as_of):
                self._marks_as_of = as_of
            case OpenCycle(job=job, slot=slot):
                self.opened.add((job, slot.replace(microsecond=0), self.stretch))
            case RecoveryReport(ok=ok):
                self.recovered = ok
            case ArmKillSwitch(cause=cause):
                self.armed_for.append(cause)
                self.supervision_armed |= cause is ArmCause.SUPERVISION
            case RecordEvent(audit=events):
                for event in events:
                    self._event(event.kind, event.detail.get("path"), event.at, event.detail.get("message"))
            case _:
                pass

    def _event(self, kind: AuditKind, path: object, at: datetime, message: object) -> None:
        if not isinstance(path, str):
            return
        match kind:
            case AuditKind.ACTOR_RESTARTED:
                self.restarts.append((at, path))
                self.restarts_in_life[path] += 1
                if path.endswith("/kill_switch"):
                    # What suspends entries was in its memory alone.
                    self._suspended.clear()
                if path.endswith("/execution"):
                    self.recovered = False
            case AuditKind.ACTOR_PARKED:
                self.parked.append((at, path))
                self.has_parked.add(path)
            case AuditKind.DEAD_LETTER if path.startswith(BOOKS) and message in CHANGES_BOOKS:
                self.lost = f"{path}: {message} will not be handled"
            case _:
                pass

    def lines(self) -> list[str]:
        """The last messages that tell a story, one line each."""
        told = [e for e in self.last if type(e.message).__name__ not in UNTOLD]
        return [envelope_line(envelope)[:400] for envelope in told[-KEPT:]]
