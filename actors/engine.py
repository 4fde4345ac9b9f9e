"""The engine around its actors: what control sees of it, its start, and its stop in order.

It is the same on threads and in virtual time; its owner decides when it stops.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from threading import Event
from typing import TypeVar

from actors.engine_settings import EngineSettings
from actors.names import EXECUTION, KILL_SWITCH, STATE, Rooms
from actors.runtime import (
    ActorSystem,
    CellStatus,
    Question,
    Runtime,
    RuntimeFault,
    Tracer,
    ask,
    envelope_line,
    from_us,
)
from actors.tree import build_engine
from core.messages.audit import AuditEvent, AuditKind
from core.messages.execution import CancelEntries
from core.messages.kill_switch import STOPPING_SOURCE, SuspendEntries
from core.messages.state import RecordEvent

R = TypeVar("R")
CANCEL_S = 2.0
RECORD_S = 0.8
STOP_S = 1.8
"""Together less than the 5 s that an orderly stop may take."""

logger = logging.getLogger("actors.engine")


class EngineHandle:
    """What control sees of the process, and where anyone can request its stop."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._system: ActorSystem | None = None
        self.stop_wanted = Event()
        self.stop_reason = ""

    def attach(self, system: ActorSystem) -> None:
        self._system = system

    @property
    def system(self) -> ActorSystem:
        if self._system is None:
            raise RuntimeError("the handle was asked before its system was attached")
        return self._system

    def cells(self) -> tuple[CellStatus, ...]:
        return self.system.status()

    def dead_letters(self) -> int:
        return self.system.dead_letters.count

    def dump(self) -> str:
        return self.system.dump()

    def trace(self, correlation: str) -> tuple[str, ...]:
        return tuple(envelope_line(envelope) for envelope in self.system.tracer.find(correlation))

    def restart(self, name: str) -> None:
        self.system.restart(name)

    def request_stop(self, reason: str) -> None:
        """Request the stop; only the first reason is kept."""
        if not self.stop_wanted.is_set():
            self.stop_reason = reason
            self.stop_wanted.set()

    def operation(self) -> AbstractContextManager[None]:
        return self._runtime.operation()


class OrderlyEngine:
    """The engine from its composition to its stop. Used by one thread outside the actors."""

    def __init__(self, settings: EngineSettings, runtime: Runtime, *, tracer: Tracer | None = None) -> None:
        self._settings = settings
        self._runtime = runtime
        self.handle = EngineHandle(runtime)
        self.system = build_engine(settings, runtime, engine=self.handle, tracer=tracer)
        self.handle.attach(self.system)
        self._rooms = Rooms(self.system.addresses)

    def start(self) -> None:
        """Start every actor in order."""
        self._log_start()
        self.system.start()

    def _log_start(self) -> None:
        logger.info("engine starts", extra={"identity": self._settings.identity.model_dump(mode="json")})

    def stop(self, reason: str) -> None:
        """Suspend entries, cancel the resting ones, record the stop, then stop the actors in reverse order.

        Reduce-only exits stay at the venue.
        """
        with self._runtime.operation():
            if self.system.wait(0.0) is None:
                self._wind_down(reason)
            self.system.stop(STOP_S)
        self._settings.account_lock.release()
        self._last_beat(reason)
        logger.info("engine stopped", extra={"reason": reason})

    def _last_beat(self, reason: str) -> None:
        """Write that the engine was stopped, so that nobody takes its silence for a death."""
        if self._settings.heartbeat is None:
            return
        try:
            self._settings.heartbeat.file.stopped(from_us(self._runtime.now_us()), reason)
        except OSError as error:
            logger.warning("stop: the heartbeat file can't be written", exc_info=error)

    def _wind_down(self, reason: str) -> None:
        suspend = SuspendEntries(source=STOPPING_SOURCE, reason=reason)
        self._rooms[KILL_SWITCH].tell(suspend)
        cancelled = self._asked(CancelEntries().to(self._rooms[EXECUTION]), CANCEL_S)
        detail = {"reason": reason}
        if cancelled is not None and cancelled.unconfirmed:
            detail["unconfirmed_cancels"] = str(cancelled.unconfirmed)
        now = from_us(self._runtime.now_us())
        event = AuditEvent(kind=AuditKind.ENGINE_STOP, at=now, detail={**detail})
        request_id = f"engine-stop-{self._settings.identity.started_at.isoformat()}-{now.isoformat()}"
        self._asked(RecordEvent(request_id=request_id, audit=(event,)).to(self._rooms[STATE]), RECORD_S)

    def _asked(self, question: Question[R], timeout_s: float) -> R | None:
        """The answer, or None from a room that is down or slow: it must not keep the process from ending.

        The next boot's recovery finds out what happened.
        """
        try:
            return ask(question, timeout_s=timeout_s)
        except RuntimeFault as error:
            name, message = question.address.name, type(question.message).__name__
            logger.warning("stop: %s did not answer %s", name, message, exc_info=error)
            return None
