"""Asks every room for its status and puts the answers on one page; a room that is silent is named there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeVar

from actors.control.engine import Engine
from actors.runtime import AnyAddress, CellState, CellStatus, Context, PlainQuestion, RuntimeFault
from core.messages.alerting import AlertingStatus, GetAlerting
from core.messages.audit import AuditStatus, GetAudit
from core.messages.base import Query
from core.messages.control import CellView, EngineIdentity, EngineStatus, Healthcheck
from core.messages.decision import DecisionStatus, GetDecision
from core.messages.execution import ExecutionStatus, GetExecution, RecoveryReport
from core.messages.health import GetHealth, HealthStatus
from core.messages.kill_switch import GetKillSwitch, KillSwitchStatus
from core.messages.market_data import GetMarks, Marks
from core.messages.state import BooksRead, GetBooks, GetJobRuns, JobRuns

ASK_S = 1.0
"""Per room. If all eight are silent, that makes 8 s, less than control's own hang limit."""

OVERDUE = timedelta(minutes=10)
"""A cycle is told when it is due, and its next run is then in the books within seconds."""

_Answer = TypeVar("_Answer")


class Survey:
    """One look at the engine. Asks only rooms that start before control: from alerting to health."""

    def __init__(self, ctx: Context, rooms: Mapping[str, AnyAddress], engine: Engine) -> None:
        self._ctx = ctx
        self._rooms = rooms
        self._engine = engine
        self.unavailable: dict[str, str] = {}

    def status(self, identity: EngineIdentity, recovery: RecoveryReport | None) -> EngineStatus:
        """The whole engine on one page."""
        kill_switch = self._ask("kill_switch", GetKillSwitch(), KillSwitchStatus)
        execution = self._ask("execution", GetExecution(), ExecutionStatus)
        alerting = self._ask("alerting", GetAlerting(), AlertingStatus)
        audit = self._ask("audit", GetAudit(), AuditStatus)
        read = self._ask("state", GetBooks(), BooksRead)
        runs = self._ask("state", GetJobRuns(), JobRuns)
        market = self._ask("market_data", GetMarks(), Marks)
        decision = self._ask("decision", GetDecision(), DecisionStatus)
        health = self._ask("health", GetHealth(), HealthStatus)
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

    def _ask(self, room: str, query: Query[Any], expected: type[_Answer]) -> _Answer | None:
        if room in self.unavailable:
            return None
        try:
            answer = self._ctx.ask(PlainQuestion(self._rooms[room], query), timeout_s=ASK_S)
        except RuntimeFault as error:
            self.unavailable[room] = f"{type(error).__name__}: {error}"
            return None
        if not isinstance(answer, expected):
            self.unavailable[room] = f"expected {expected.__name__}, found {type(answer).__name__}"
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
    notes: list[str] = []
    if status.kill_switch is not None:
        if status.kill_switch.armed:
            notes.append(f"the kill switch is armed: {status.kill_switch.reason}")
        notes += [f"entries are suspended by {by}" for by in sorted(status.kill_switch.suspensions)]
    return Healthcheck(ok=not problems, at=status.at, problems=tuple(problems), notes=tuple(notes))
