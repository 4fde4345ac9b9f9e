"""Asks every room for its status and puts the answers on one page; a room that is silent is named there."""

from __future__ import annotations

from typing import TypeVar

from actors.control.engine import Engine
from actors.control.rooms import ControlRooms
from actors.runtime import CellState, CellStatus, Context, Question, RuntimeFault
from core.messages.alerting import GetAlerting
from core.messages.audit import GetAudit
from core.messages.base import Refused
from core.messages.control import Healthcheck
from core.messages.decision import GetDecision
from core.messages.engine_status import REFUSES, CellView, EngineIdentity, EngineStatus
from core.messages.execution import GetExecution
from core.messages.health import GetHealth
from core.messages.kill_switch import GetKillSwitch
from core.messages.market_data import GetMarks
from core.messages.room_status import RecoveryReport
from core.messages.state import GetBooks, GetJobRuns
from core.status.verdict import OVERDUE, is_dead

ASK_S = 1.0
"""Per room. If all eight are silent, that makes 8 s, less than control's own hang limit."""

_Answer = TypeVar("_Answer")


class Survey:
    """One look at the engine. Asks only rooms that start before control: from alerting to health."""

    def __init__(self, ctx: Context, rooms: ControlRooms, engine: Engine) -> None:
        self._ctx = ctx
        self._rooms = rooms
        self._engine = engine
        self.unavailable: dict[str, str] = {}

    def status(self, identity: EngineIdentity, recovery: RecoveryReport | None) -> EngineStatus:
        """The whole engine on one page."""
        rooms = self._rooms
        kill_switch = self._ask(GetKillSwitch().to(rooms.kill_switch))
        execution = self._ask(GetExecution().to(rooms.execution))
        alerting = self._ask(GetAlerting().to(rooms.alerting))
        audit = self._ask(GetAudit().to(rooms.audit))
        read = self._ask(GetBooks().to(rooms.state))
        runs = self._ask(GetJobRuns().to(rooms.state))
        market = self._ask(GetMarks().to(rooms.market_data))
        decision = self._ask(GetDecision().to(rooms.decision))
        health = self._ask(GetHealth().to(rooms.health))
        return EngineStatus(
            at=self._ctx.now(),
            identity=identity,
            cells=tuple(view(cell) for cell in self._engine.cells()),
            dead_letters=self._engine.dead_letters(),
            kill_switch=kill_switch,
            execution=execution,
            alerting=alerting,
            audit=audit,
            recovery=recovery,
            market=market,
            decision=decision,
            health=health,
            positions=read.books.open_positions if read else (),
            orders=read.books.orders if read else (),
            next_runs=runs.next_runs if runs else {},
            unavailable=self.unavailable,
        )

    def _ask(self, question: Question[_Answer | Refused]) -> _Answer | None:
        room = question.address.name
        if room in self.unavailable:
            return None
        try:
            answer = self._ctx.ask(question, timeout_s=ASK_S)
        except RuntimeFault as error:
            self.unavailable[room] = f"{type(error).__name__}: {error}"
            return None
        if isinstance(answer, Refused):
            self.unavailable[room] = f"{REFUSES}{', '.join(answer.reasons)}"
            return None
        return answer


def view(cell: CellStatus) -> CellView:
    """A cell's status as a message value of `core`."""
    return CellView(
        name=cell.name,
        path=cell.path,
        state=cell.state.value,
        restarts=cell.restarts,
        epoch=cell.epoch,
        mailbox_depth=cell.mailbox_depth,
        overflowed=cell.overflowed,
        busy_with=cell.busy_with,
        busy_for_s=cell.busy_for_s,
        last_error=cell.last_error,
    )


def healthcheck(status: EngineStatus) -> Healthcheck:
    """What does not work. An armed or suspended switch is a note: a restart would not disarm it."""
    problems = [
        f"{cell.name} is {cell.state}{f': {cell.last_error}' if cell.last_error else ''}"
        for cell in status.cells
        if cell.state != CellState.UP.value
    ]
    problems += [f"{room} does not answer: {why}" for room, why in status.unavailable.items()]
    if status.audit is not None and not status.audit.ok:
        problems.append(f"audit is broken: {status.audit.problem}")
    if status.recovery is not None and not status.recovery.ok:
        problems.append(f"recovery has not succeeded: {status.recovery.error or 'differences'}")
    elif status.execution is not None and status.execution.recovering:
        problems.append("execution is recovering")
    if status.health is not None and status.health.booted:
        problems += [
            f"{job} has been due since {due_at:%Y-%m-%d %H:%M:%S}Z: the scheduler or its clock stands still"
            for job, due_at in status.next_runs.items()
            if job.is_cycle and status.at - due_at > OVERDUE
        ]
    if status.alerting is not None:
        problems += [
            f"{channel.channel} has taken no alert since {channel.failing_since:%Y-%m-%d %H:%M:%S}Z, "
            f"{channel.queued} wait: {channel.last_error}; run.py alert test tries it"
            for channel in status.alerting.channels
            if is_dead(channel, status.at)
        ]
    notes: list[str] = []
    if status.alerting is not None:
        notes += [
            f"{channel.channel} refused an alert for good: {named}"
            for channel in status.alerting.channels
            for named in channel.parked
        ]
    if status.kill_switch is not None:
        if status.kill_switch.armed:
            notes.append(f"the kill switch is armed: {status.kill_switch.reason}")
        notes += [
            f"entries are blocked by {latch.source} until a person resumes them: {latch.reason}"
            for latch in status.kill_switch.latches
        ]
        notes += [f"entries are suspended by {by}" for by in sorted(status.kill_switch.suspensions)]
    return Healthcheck(ok=not problems, at=status.at, problems=tuple(problems), notes=tuple(notes))
