"""The control actor: answers a person's queries, and carries out a person's commands to the end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from pydantic import JsonValue

from actors.control.commands import Again, CloseAgain, Commands, DeliverAgain, ReadInboxAgain
from actors.control.engine import Engine
from actors.control.folder_lock import FolderLock
from actors.control.inbox import UNDER_WAY_MAX, Inbox, UnderWay
from actors.control.injectable import INJECTABLE, build
from actors.control.reach import Reach
from actors.control.restarts import LookAtRestart, Restarts
from actors.control.rooms import ControlRooms
from actors.control.server import ControlServer
from actors.control.survey import Survey, healthcheck
from actors.room import (
    Alarm,
    Deferred,
    Returned,
    Room,
    answerer,
    deferred,
    returned,
)
from actors.runtime import (
    CellState,
    PlainQuestion,
    RuntimeFault,
    Terminated,
)
from core.errors import InputError
from core.messages.alerting import AlertRaised, AlertTested, ChannelsTried, TryChannels
from core.messages.base import Event, Refused
from core.messages.control import (
    AwaitEnded,
    AwaitInject,
    Dump,
    EngineAlive,
    EngineStopping,
    GetDump,
    GetHealthcheck,
    GetStatus,
    GetTrace,
    InjectAccepted,
    InjectMessage,
    LockLookedAt,
    PingEngine,
    SocketDeaf,
    SocketLost,
    StopEngine,
    Trace,
)
from core.messages.decision import CycleWaits
from core.messages.engine_status import EngineIdentity, EngineStatus, HeartbeatStatus
from core.messages.execution import (
    AllClosed,
    ExitEnded,
    ExitStarted,
    OrdersCancelled,
    Settled,
    SettleFailed,
    StillClosing,
)
from core.messages.health import BackupDone, BackupFailed
from core.messages.kill_switch import ArmKillSwitch, EntriesPaused, EntriesResumed
from core.messages.market_data import MarketSnapshotFailed, MarketSnapshotStored
from core.messages.phone import PhoneStatus
from core.messages.protocols import ControlProtocol
from core.messages.restart import RestartActor, RestartDone, RestartWaits
from core.messages.room_status import CycleEnded, RecoveryReport
from core.messages.scheduler import GetJobs, Jobs
from core.messages.state import InboxRecorded, OpenInbox, Recorded
from core.permit_times import CERTAIN_AFTER_S
from core.redaction import Redactor

ARM_ASK_S = CERTAIN_AFTER_S + 1.0
"""Arming is answered when every permit was returned or has lapsed, and a second is for the answer itself."""
DISARM_ASK_S = 12.0
"""Disarming is answered when state and audit have recorded it."""


@dataclass(frozen=True)
class AskKillSwitch:
    """To self: the operator knows that the message is accepted, now carry it out."""

    request_id: str


class Control(
    Room[
        ControlProtocol
        | Terminated
        | AskKillSwitch
        | LookAtRestart
        | DeliverAgain
        | CloseAgain
        | ReadInboxAgain
    ]
):
    """Accepts: ControlProtocol; the answers of injected messages; Terminated of the rooms they went to.

    Sends: RecordInbox, RecordInboxDone, GetOpenInbox to state; injected messages to their rooms; GetJobs to
    the scheduler; RaiseAlert to alerting; asks the rooms that start before it for their status.
    Owns: the control socket, the look after the data folder's lock, and the operator's messages under way.
    On failure: the next incarnation opens the socket again and redelivers the messages of the books' inbox
    whose end was not told to their person yet.
    """

    def __init__(
        self,
        *,
        rooms: ControlRooms,
        engine: Engine,
        identity: EngineIdentity,
        socket_path: Path | None,
        folder_lock: FolderLock | None = None,
        redact: Redactor,
    ) -> None:
        self._rooms = rooms
        self._engine = engine
        self._identity = identity
        self._socket_path = socket_path
        self._folder_lock = folder_lock
        self._redact = redact
        self._server: ControlServer | None = None
        self._recovery: RecoveryReport | None = None
        self._heartbeat: HeartbeatStatus | None = None
        self._phone: PhoneStatus | None = None
        self._inbox = Inbox()
        self._waiting_for_jobs: list[Deferred[Jobs]] = []
        self._waiting_for_trial: list[Deferred[ChannelsTried]] = []
        self._waiting_for_status: list[Deferred[EngineStatus]] = []

    def on_start(self) -> None:
        super().on_start()
        self._reach = Reach(self.ctx, Alarm(self.ctx, self._rooms.alerting))
        self._commands = Commands(self.ctx, self.outbox, self._inbox, self._rooms)
        told = {item.room(self._rooms) for item in INJECTABLE.values() if item.through_inbox}
        for room in sorted(told, key=lambda room: room.name):
            if room is not self._rooms.control:
                self.ctx.watch(room)
        self.ctx.watch(self._rooms.scheduler)
        self._restarts = Restarts(self.ctx, self._engine)
        self._commands.read_inbox()
        if self._socket_path is not None:
            self._server = ControlServer(
                self._socket_path,
                self.ctx.self_address,
                self._engine.operation,
                self._redact,
                self._folder_lock,
            )
            self._server.open()

    def on_stop(self) -> None:
        super().on_stop()
        if self._server is not None:
            self._server.close()

    def handle(
        self, message: ControlProtocol | Terminated | AskKillSwitch | LookAtRestart | Again
    ) -> Returned | None:
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
            case TryChannels():
                # Told, not asked: it may take longer than a room may wait.
                self._waiting_for_trial.append(deferred(self.ctx, message))
                self.ctx.tell(self._rooms.alerting, message)
            case ChannelsTried():
                waiting, self._waiting_for_trial = self._waiting_for_trial, []
                for reply in waiting:
                    reply.set(message)
            case GetJobs():
                self._handle_get_jobs(message)
            case InjectMessage():
                return self._handle_inject(message)
            case AwaitInject():
                return self._handle_await(message)
            case AwaitEnded():
                self._commands.await_ended(message)
            case SocketLost() | SocketDeaf() | LockLookedAt():
                self._reach.tell(message)
            case HeartbeatStatus():
                self._heartbeat = message
            case RecoveryReport():
                self._handle_recovery_report(message)
            case InboxRecorded():
                self._commands.recorded(message)
            case Recorded():
                self._commands.closed(message.request_id)
            case Refused():
                self._commands.refused(message)
            case OpenInbox():
                self._commands.take_up(message)
            case AlertRaised():
                self._commands.alert_raised(message)
            case Jobs():
                self._handle_jobs(message)
            case PhoneStatus():
                self._phone = message
            case Terminated():
                self._handle_terminated(message)
            case AskKillSwitch():
                self._handle_ask_kill_switch(message)
            case RestartActor():
                self._restarts.ask(message, answerer(self.ctx, message))
            case LookAtRestart():
                self._restarts.look(message.request_id)
            case DeliverAgain() | CloseAgain() | ReadInboxAgain():
                self._commands.again(message)
            case (
                CycleWaits()
                | CycleEnded()
                | ExitStarted()
                | ExitEnded()
                | Settled()
                | SettleFailed()
                | MarketSnapshotStored()
                | MarketSnapshotFailed()
                | EntriesPaused()
                | EntriesResumed()
                | AllClosed()
                | StillClosing()
                | OrdersCancelled()
                | BackupDone()
                | BackupFailed()
                | AlertTested()
                | RestartDone()
                | RestartWaits()
            ):
                self._commands.answered(message)
            case _:
                assert_never(message)
        return None

    def _status(self) -> EngineStatus:
        found = Survey(self.ctx, self._rooms, self._engine).status(self._identity, self._recovery)
        return found.model_copy(update={"phone": self._phone, "heartbeat": self._heartbeat})

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
        request_id = inject.request_id or f"inject-{self.ctx.uuid()}"
        if (taken_by := self._inbox.message_of(request_id)) not in (None, inject.message):
            # What is on disk is another message: nothing of this one is.
            reason = f"request_id_taken:{taken_by}"
            return returned(inject, Refused(request_id=request_id, reasons=(reason,)))
        if inject.request_id and self._inbox.was_delivered(request_id):
            again = InjectAccepted(request_id=request_id, message=inject.message, on_disk=True)
            return returned(inject, again)
        if inject.request_id and (known := self._inbox.get(request_id)) is not None:
            known.accepted_by = deferred(self.ctx, inject)
            return None
        try:
            body: dict[str, JsonValue] = json.loads(inject.body)
            command = build(inject.message, body, request_id=request_id, who=inject.who, at=self.ctx.now())
        except (InputError, ValueError) as error:
            return returned(inject, Refused(request_id=request_id, reasons=(str(error),)))
        entry = UnderWay(request_id, command, inject.who, asker=inject.asker)
        if not entry.item.through_inbox:
            self._inbox.add(entry)
            self.ctx.tell(self.ctx.self_address, AskKillSwitch(request_id))
            accepted = InjectAccepted(request_id=request_id, message=inject.message, on_disk=False)
            return returned(inject, accepted)
        if self._inbox.is_full and not entry.item.at_once:
            reason = f"{UNDER_WAY_MAX} messages are under way already"
            return returned(inject, Refused(request_id=request_id, reasons=(reason,)))
        entry.accepted_by = deferred(self.ctx, inject)
        self._commands.record(entry, inject.body)
        return None

    def _handle_terminated(self, ended: Terminated) -> None:
        """If the scheduler ended, answer the waiting status requests without its next runs."""
        if ended.name == "scheduler":
            self._answer_status(None)
        self._commands.room_ended(ended)

    def _handle_recovery_report(self, report: RecoveryReport) -> None:
        self._recovery = report
        if report.ok:
            self._commands.recovered()

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
        self._inbox.finish(entry, answer)
        self._inbox.drop(ask.request_id)

    def _handle_await(self, query: AwaitInject) -> Returned | None:
        done = self._inbox.answered(query.request_id)
        if done is not None:
            return returned(query, done)
        entry = self._inbox.get(query.request_id)
        if entry is None:
            return returned(query, Refused(request_id=query.request_id, reasons=("unknown_request",)))
        if entry.word is not None and entry.word.number > query.seen:
            return returned(query, entry.word)
        entry.waiters.append(deferred(self.ctx, query))
        return None
