"""The control actor: answers a person's queries, and carries out a person's commands to the end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from pydantic import JsonValue

from actors.control.engine import Engine
from actors.control.inbox import Inbox, UnderWay
from actors.control.injectable import INJECTABLE, build
from actors.control.rooms import ControlRooms
from actors.control.server import ControlServer
from actors.control.survey import Survey, healthcheck
from actors.room import HOUR_S, Alarm, Deferred, Returned, Room, StandingAlert, deferred, returned
from actors.runtime import (
    CellState,
    PlainQuestion,
    RuntimeFault,
    Terminated,
)
from core.errors import InputError
from core.messages.alerting import Severity
from core.messages.audit import AuditEvent, AuditKind
from core.messages.base import Event, Refused
from core.messages.control import (
    AwaitInject,
    Dump,
    EngineAlive,
    EngineIdentity,
    EngineStatus,
    EngineStopping,
    GetDump,
    GetHealthcheck,
    GetStatus,
    GetTrace,
    InjectAccepted,
    InjectMessage,
    PingEngine,
    SocketLost,
    StopEngine,
    Trace,
)
from core.messages.decision import CycleEnded
from core.messages.execution import ExitStarted, OrderFinal, RecoveryReport, Settled, SettleFailed
from core.messages.kill_switch import ArmKillSwitch
from core.messages.market_data import MarketSnapshotFailed, MarketSnapshotStored
from core.messages.protocols import ControlProtocol
from core.messages.scheduler import GetJobs, Jobs
from core.messages.state import GetOpenInbox, OpenInbox, Recorded, RecordInbox, RecordInboxDone
from core.permit_times import CERTAIN_AFTER_S

ARM_ASK_S = CERTAIN_AFTER_S + 1.0
"""Arming is answered when every permit was returned or has lapsed, and a second is for the answer itself."""
DISARM_ASK_S = 12.0
"""Disarming is answered when state and audit have recorded it."""


@dataclass(frozen=True)
class AskKillSwitch:
    """To self: the operator knows that the message is accepted, now carry it out."""

    request_id: str


class Control(Room[ControlProtocol | Terminated | AskKillSwitch]):
    """Accepts: ControlProtocol; the answers of injected messages; Terminated of the rooms they went to.

    Sends: RecordInbox, RecordInboxDone, GetOpenInbox to state; injected messages to their rooms; GetJobs to
    the scheduler; RaiseAlert to alerting; asks the rooms that start before it for their status.
    Owns: the control socket and the operator's messages under way.
    On failure: the next incarnation opens the socket again and redelivers the unfinished messages that the
    books' inbox holds.
    """

    def __init__(
        self,
        *,
        rooms: ControlRooms,
        engine: Engine,
        identity: EngineIdentity,
        socket_path: Path | None,
    ) -> None:
        self._rooms = rooms
        self._engine = engine
        self._identity = identity
        self._socket_path = socket_path
        self._server: ControlServer | None = None
        self._unreachable = StandingAlert(HOUR_S)
        self._recovery: RecoveryReport | None = None
        self._inbox = Inbox()
        self._waiting_for_jobs: list[Deferred[Jobs]] = []
        self._waiting_for_status: list[Deferred[EngineStatus]] = []

    def on_start(self) -> None:
        super().on_start()
        self._alert = Alarm(self.ctx, self._rooms.alerting)
        told = {item.room(self._rooms) for item in INJECTABLE.values() if item.through_inbox}
        for room in sorted(told, key=lambda room: room.name):
            self.ctx.watch(room)
        self.ctx.watch(self._rooms.scheduler)
        self.ctx.tell(self._rooms.state, GetOpenInbox(request_id=self.ctx.uuid()))
        if self._socket_path is not None:
            self._server = ControlServer(self._socket_path, self.ctx.self_address, self._engine.operation)
            self._server.open()

    def on_stop(self) -> None:
        super().on_stop()
        if self._server is not None:
            self._server.close()

    def handle(self, message: ControlProtocol | Terminated | AskKillSwitch) -> Returned | None:
        match message:
            case GetStatus():
                return self._handle_get_status(message)
            case PingEngine():
                return returned(message, EngineAlive(at=self.ctx.now(), pid=self._identity.pid))
            case GetHealthcheck():
                return returned(message, healthcheck(self._status()))
            case StopEngine():
                self._engine.request_stop(message.reason)
                return returned(message, EngineStopping(reason=message.reason))
            case GetDump():
                return returned(message, Dump(text=self._engine.dump()))
            case GetTrace():
                return returned(message, Trace(lines=self._engine.trace(message.correlation)))
            case GetJobs():
                self._handle_get_jobs(message)
            case InjectMessage():
                return self._handle_inject(message)
            case AwaitInject():
                return self._handle_await(message)
            case SocketLost():
                self._handle_socket_lost(message)
            case RecoveryReport():
                self._recovery = message
            case Recorded():
                self._handle_recorded(message)
            case Refused():
                self._handle_refused(message)
            case OpenInbox():
                self._handle_open_inbox(message)
            case Jobs():
                self._handle_jobs(message)
            case Terminated():
                self._handle_terminated(message)
            case AskKillSwitch():
                self._handle_ask_kill_switch(message)
            case OrderFinal():
                pass  # ExitStarted was the answer; the books record how the exit goes on.
            case (
                CycleEnded()
                | ExitStarted()
                | Settled()
                | SettleFailed()
                | MarketSnapshotStored()
                | MarketSnapshotFailed()
            ):
                self._handle_answer(message)
            case _:
                assert_never(message)
        return None

    def _status(self) -> EngineStatus:
        return Survey(self.ctx, self._rooms, self._engine).status(self._identity, self._recovery)

    def _handle_socket_lost(self, lost: SocketLost) -> None:
        if lost.error is None:
            self._unreachable.tell_end()
            text = f"the control socket {lost.path} had been taken away and is bound again"
            self._alert(Severity.HIGH, "control_socket_lost", text, self.ctx.path)
        elif self._unreachable.tell_now(self.ctx.now()):
            text = (
                f"the control socket {lost.path} has been taken away and can't be bound again "
                f"({lost.error}): no command reaches this engine; SIGTERM stops it, "
                "a KILL file in its data folder arms it"
            )
            self._alert(Severity.HIGH, "control_socket_lost", text, self.ctx.path)

    def _handle_get_status(self, query: GetStatus) -> Returned | None:
        """The status at once, with the next runs that the books hold, if the scheduler is not up.

        Else the reply is deferred until the scheduler, which starts after this room and so can't be asked,
        has answered with its own.
        """
        up = any(cell.name == "scheduler" and cell.state is CellState.UP for cell in self._engine.cells())
        if not up:
            return returned(query, self._status())
        self._waiting_for_status.append(deferred(self.ctx, query))
        self.ctx.tell(self._rooms.scheduler, GetJobs())
        return None

    def _answer_status(self, jobs: Jobs | None) -> None:
        waiting, self._waiting_for_status = self._waiting_for_status, []
        if not waiting:
            return
        status = self._status()
        if jobs is not None:
            status = status.model_copy(update={"next_runs": jobs.next_runs})
        for reply in waiting:
            reply.set(status)

    def _handle_get_jobs(self, query: GetJobs) -> None:
        """Tell the scheduler, which starts after this room and so can't be asked; the reply is deferred."""
        self._waiting_for_jobs.append(deferred(self.ctx, query))
        self.ctx.tell(self._rooms.scheduler, query)

    def _handle_jobs(self, jobs: Jobs) -> None:
        waiting, self._waiting_for_jobs = self._waiting_for_jobs, []
        for reply in waiting:
            reply.set(jobs)
        self._answer_status(jobs)

    def _handle_inject(self, inject: InjectMessage) -> Returned | None:
        request_id = f"inject-{self.ctx.uuid()}"
        try:
            body: dict[str, JsonValue] = json.loads(inject.body)
            command = build(inject.message, body, request_id=request_id, who=inject.who)
        except (InputError, ValueError) as error:
            return returned(inject, Refused(request_id=request_id, reasons=(str(error),)))
        entry = UnderWay(request_id, command)
        self._inbox.add(entry)
        if not entry.item.through_inbox:
            self.ctx.tell(self.ctx.self_address, AskKillSwitch(request_id))
            accepted = InjectAccepted(request_id=request_id, message=inject.message, on_disk=False)
            return returned(inject, accepted)
        entry.accepted_by = deferred(self.ctx, inject)
        event = AuditEvent(
            kind=AuditKind.OPERATOR,
            at=self.ctx.now(),
            detail={"request_id": request_id, "message": inject.message, "who": inject.who, "body": body},
            correlation=request_id,
        )
        record = RecordInbox(
            request_id=request_id,
            audit=(event,),
            at=self.ctx.now(),
            message=inject.message,
            body=inject.body,
            who=inject.who,
        )
        self.outbox.send(self._rooms.state, record, request_id, correlation=request_id)
        return None

    def _handle_recorded(self, recorded: Recorded) -> None:
        """Deliver the message and acknowledge it to the operator, now that it is on disk."""
        if not self.outbox.settle(recorded.request_id):
            return
        entry = self._inbox.get(recorded.request_id)
        if entry is None or entry.delivered:
            return
        self._deliver(entry)
        if entry.accepted_by is not None:
            accepted = InjectAccepted(request_id=entry.request_id, message=entry.item.name, on_disk=True)
            entry.accepted_by.set(accepted)

    def _handle_refused(self, refused: Refused) -> None:
        """Answer with the room's refusal of a delivered message, or with state's refusal to store it.

        A message that state refuses is not delivered.
        """
        self.outbox.settle(refused.request_id)
        entry = self._inbox.get(refused.request_id)
        if entry is None:
            return
        if entry.delivered:
            self._handle_answer(refused)
            return
        self._inbox.drop(refused.request_id)
        if entry.accepted_by is not None:
            entry.accepted_by.set(refused)

    def _handle_open_inbox(self, answer: OpenInbox) -> None:
        """Deliver again, in order, the messages that were acknowledged before a crash and not finished."""
        for request_id, name, body in answer.items:
            if self._inbox.get(request_id) is not None:
                continue
            try:
                command = build(name, json.loads(body), request_id=request_id, who="inbox")
            except InputError as error:
                self._give_up(request_id, name, str(error))
                continue
            entry = UnderWay(request_id, command)
            self._inbox.add(entry)
            self._deliver(entry)

    def _give_up(self, request_id: str, name: str, why: str) -> None:
        """Close a stored message that this version no longer understands, with an alert."""
        text = f"{name} was accepted by an earlier version and can't be carried out: {why}"
        self._alert(Severity.HIGH, "inbox_unreadable", text, request_id)
        self._close(request_id, text)

    def _deliver(self, entry: UnderWay) -> None:
        entry.delivered = True
        self.ctx.tell(entry.item.room(self._rooms), entry.command, correlation=entry.request_id)

    def _handle_terminated(self, ended: Terminated) -> None:
        """Deliver again what the room may have lost when it ended; its id makes a second delivery harmless.

        If the scheduler ended, answer the waiting status requests without its next runs.
        """
        if ended.name == "scheduler":
            self._answer_status(None)
        if ended.restarting:
            for entry in self._inbox.delivered():
                if entry.item.room(self._rooms).name == ended.name:
                    self._deliver(entry)

    def _handle_ask_kill_switch(self, ask: AskKillSwitch) -> None:
        entry = self._inbox.get(ask.request_id)
        if entry is None:
            return
        try:
            question = PlainQuestion(entry.item.room(self._rooms), entry.command)
            timeout_s = ARM_ASK_S if isinstance(entry.command, ArmKillSwitch) else DISARM_ASK_S
            answer = self.ctx.ask(question, timeout_s=timeout_s)
        except RuntimeFault as error:
            # What was asked may still happen: only what was answered is known.
            why = f"{type(error).__name__}: {error}; what is true now says run.py kill-switch status"
            answer = Refused(request_id=ask.request_id, reasons=(why,))
        if not isinstance(answer, Event):
            room, found = question.address.name, type(answer).__name__
            raise TypeError(f"{room} answered {entry.item.name} with {found}")
        self._inbox.answer(ask.request_id, answer)

    def _handle_answer(self, answer: Event) -> None:
        """Keep the answer to an injected message for whoever awaits it, and close its row in the books."""
        request_id = getattr(answer, "request_id", None)
        if not isinstance(request_id, str):
            return
        done = self._inbox.answer(request_id, answer)
        if done is not None:
            self._close(request_id, f"{done.answer} {done.body}")

    def _close(self, request_id: str, answer: str) -> None:
        done_id = f"{request_id}-done"
        done = RecordInboxDone(
            request_id=done_id, inbox_request_id=request_id, at=self.ctx.now(), answer=answer
        )
        self.outbox.send(self._rooms.state, done, done_id, correlation=request_id)

    def _handle_await(self, query: AwaitInject) -> Returned | None:
        done = self._inbox.answered(query.request_id)
        if done is not None:
            return returned(query, done)
        entry = self._inbox.get(query.request_id)
        if entry is None:
            return returned(query, Refused(request_id=query.request_id, reasons=("unknown_request",)))
        entry.waiters.append(deferred(self.ctx, query))
        return None
