"""Translates the runtime's events into messages to alerting, state, execution and the kill switch.

The listener runs on the supervisor's thread: it only tells, and never waits.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TypeVar

from pydantic import JsonValue

from actors.names import ALERTING, EXECUTION, HEALTH, KILL_SWITCH, SCHEDULER, STATE, RoomName, Rooms
from actors.runtime import (
    ActorFailed,
    ActorHung,
    ActorParked,
    ActorRestarted,
    ActorStarted,
    ClockStepped,
    DeadLettered,
    HookFailed,
    MailboxOverflow,
    RootExhausted,
    RuntimeEvent,
    SupervisorExhausted,
)
from core.alerts import AlertCode
from core.how_many import how_many
from core.messages.alerting import RaiseAlert, Severity
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditEvent, AuditKind
from core.messages.execution import Reconcile
from core.messages.kill_switch import CLOCK_SOURCE, ArmKillSwitch, ClearSuspension, SuspendEntries
from core.messages.scheduler import ClockSet
from core.messages.state import RecordEvent, Recording

logger = logging.getLogger("actors.system")

M = TypeVar("M")
ALERTING_PATH = "root/alerting"
KILL_SWITCH_PATH = "root/kill_switch"
BOOKS_PATH = "root/books/"
"""Mail to cells below this path changes the books: if one is lost, entries are suspended until a reconcile
has succeeded."""

WATCH_PATH = "root/watch/"
"""Cells below this path only look at the engine: trading goes on without them."""


class SystemEvents:
    """Routes runtime events. `rooms` is set by the tree once the cells exist."""

    def __init__(self) -> None:
        self.rooms = Rooms({})
        self._parked: dict[str, str] = {}

    def __call__(self, event: RuntimeEvent) -> None:
        match event:
            case ActorStarted():
                pass
            case ActorFailed():
                self._failed(event)
            case ActorRestarted():
                self._restarted(event)
            case ActorParked():
                self._parked_until(event)
            case ActorHung():
                text = f"{event.path} has been busy with {event.busy_with} for {event.busy_for_s:.1f} s"
                self._alert(Severity.HIGH, AlertCode.ACTOR_HUNG, text, event.path, event.at)
            case MailboxOverflow():
                self._overflowed(event)
            case DeadLettered():
                self._dead_lettered(event)
            case HookFailed():
                text = f"{event.path}: {event.hook} raised {_named(event.error)}"
                self._alert(Severity.MEDIUM, AlertCode.HOOK_FAILED, text, event.path, event.at)
            case ClockStepped():
                self._clock_stepped(event)
            case SupervisorExhausted() | RootExhausted():
                self._exhausted(event)

    def _failed(self, event: ActorFailed) -> None:
        what = f"{event.path} failed on {event.message_type}: {_named(event.error)}"
        if event.will_restart_in_s is not None:
            what += f"; restarts in {event.will_restart_in_s:.2f} s"
        logger.warning("%s failed", event.path, exc_info=event.error)
        self._alert(Severity.MEDIUM, AlertCode.ACTOR_FAILED, what, event.path, event.at)

    def _restarted(self, event: ActorRestarted) -> None:
        detail: dict[str, JsonValue] = {
            "path": event.path,
            "epoch": event.epoch,
            "restarts": event.restarts,
        }
        # Epochs begin anew with each process; the time keeps the request apart from an earlier process's.
        request_id = f"restart-{event.path}-{event.epoch}-{event.at.isoformat()}"
        self._record(AuditKind.ACTOR_RESTARTED, request_id, detail, event.at)
        if self._parked.pop(event.path, None) is not None:
            self._tell(KILL_SWITCH, ClearSuspension(source=f"parked:{event.path}"))
        if event.path == KILL_SWITCH_PATH:
            # It keeps suspensions in memory alone; what is still parked must go on blocking entries.
            for path, reason in tuple(self._parked.items()):
                self._tell(KILL_SWITCH, SuspendEntries(source=f"parked:{path}", reason=reason))

    def _parked_until(self, event: ActorParked) -> None:
        text = f"{event.path} is parked and will be tried again at {event.retry_at:%Y-%m-%d %H:%M:%S}Z"
        if event.path.startswith(WATCH_PATH):
            self._alert(Severity.HIGH, AlertCode.ACTOR_PARKED, text, event.path, event.at)
        else:
            self._parked[event.path] = text
            self._alert(Severity.CRITICAL, AlertCode.ACTOR_PARKED, text, event.path, event.at)
            self._tell(KILL_SWITCH, SuspendEntries(source=f"parked:{event.path}", reason=text))
        detail: dict[str, JsonValue] = {"path": event.path, "retry_at": event.retry_at.isoformat()}
        self._record(AuditKind.ACTOR_PARKED, f"parked-{event.path}-{event.at.isoformat()}", detail, event.at)

    def _overflowed(self, event: MailboxOverflow) -> None:
        if event.path == ALERTING_PATH:
            return  # An alert about alerting's own full mailbox would only fill it further.
        text = f"{event.path}: the mailbox is full; {how_many(event.total, 'message')} refused so far"
        self._alert(Severity.HIGH, AlertCode.MAILBOX_OVERFLOW, text, event.path, event.at)
        self._suspend_if_books(event.path, text)

    def _dead_lettered(self, event: DeadLettered) -> None:
        message = type(event.message).__name__
        text = f"{event.path} will not handle {message}: {event.why}"
        if event.count > 1:
            text += f" ({event.count} of them)"
        detail: dict[str, JsonValue] = {
            "path": event.path,
            "message": message,
            "why": event.why,
            "correlation": event.correlation,
            "count": event.count,
        }
        cause = event.correlation or event.path
        self._alert(Severity.MEDIUM, AlertCode.DEAD_LETTER, text, cause, event.at)
        request = f"dead-{event.path}-{message}-{event.at.isoformat()}"
        if not isinstance(event.message, RecordEvent):  # A lost record of a lost record would never end.
            self._record(AuditKind.DEAD_LETTER, request, detail, event.at)
        if isinstance(event.message, Recording) and not isinstance(event.message, RecordEvent):
            self._suspend_if_books(event.path, text)

    def _suspend_if_books(self, path: str, reason: str) -> None:
        if path.startswith(BOOKS_PATH):
            self._tell(KILL_SWITCH, SuspendEntries(source="dead_letter", reason=reason))
            self._tell(EXECUTION, Reconcile(reason=reason))

    def _clock_stepped(self, event: ClockStepped) -> None:
        way = "ahead" if event.step_s > 0 else "back"
        text = (
            f"the system's clock was set {way} by {abs(event.step_s):,.1f} s, to "
            f"{event.at:%Y-%m-%d %H:%M:%S}Z; entries are suspended until the venue confirms the time"
        )
        self._tell(KILL_SWITCH, SuspendEntries(source=CLOCK_SOURCE, reason=text))
        self._alert(Severity.CRITICAL, AlertCode.CLOCK_STEPPED, text, "system clock", event.at)
        was_set = ClockSet(step_s=event.step_s, at=event.at)
        self._tell(HEALTH, was_set)
        self._tell(SCHEDULER, was_set)

    def _exhausted(self, event: SupervisorExhausted | RootExhausted) -> None:
        text = f"{event.path} used up its restarts"
        self._tell(KILL_SWITCH, ArmKillSwitch(cause=ArmCause.SUPERVISION, reason=text, who="supervisor"))
        self._alert(Severity.CRITICAL, AlertCode.SUPERVISOR_EXHAUSTED, text, event.path, event.at)

    def _alert(self, severity: Severity, code: AlertCode, text: str, cause: str, at: datetime) -> None:
        self._tell(ALERTING, RaiseAlert(severity=severity, code=code, text=text, cause=cause, at=at))

    def _record(self, kind: AuditKind, request_id: str, detail: dict[str, JsonValue], at: datetime) -> None:
        event = AuditEvent(kind=kind, at=at, detail=detail)
        self._tell(STATE, RecordEvent(request_id=request_id, audit=(event,)))

    def _tell(self, name: RoomName[M], message: M) -> None:
        self.rooms[name].tell(message)


def _named(error: BaseException) -> str:
    """The error's type and first line; the whole trace stands in the log."""
    words = str(error).strip().splitlines()
    return f"{type(error).__name__}: {words[0]}" if words else type(error).__name__
