"""The control actor: answers a person's queries, and carries out a person's commands to the end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from pydantic import JsonValue

from actors.control.commands import Again, CloseAgain, Commands, DeliverAgain, ReadInboxAgain
from actors.control.engine import Engine
from actors.control.inbox import UNDER_WAY_MAX, Inbox, UnderWay
from actors.control.injectable import INJECTABLE, build
from actors.control.server import ControlServer
from actors.control.survey import Survey, healthcheck
from actors.room import Room
from actors.runtime import (
    AnyAddress,
    CellState,
    PlainQuestion,
    ReplyTo,
    RuntimeFault,
    Terminated,
)
from core.errors import InputError
from core.messages.alerting import AlertRaised
from core.messages.base import Event, Refused
from core.messages.control import (
    AwaitEnded,
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
    StopEngine,
    Trace,
)
from core.messages.decision import CycleEnded, CycleWaits
from core.messages.execution import ExitEnded, ExitStarted, RecoveryReport, Settled, SettleFailed
from core.messages.market_data import MarketSnapshotFailed, MarketSnapshotStored
from core.messages.protocols import ControlProtocol
from core.messages.scheduler import GetJobs, Jobs
from core.messages.state import InboxRecorded, OpenInbox, Recorded

KILL_SWITCH_ASK_S = 12.0
"""Arming is answered when every permit was returned or has lapsed: a permit's lifetime and 1 s at most."""


@dataclass(frozen=True)
class AskKillSwitch:
    """To self: the operator has been told that the message is accepted, now carry it out."""

    request_id: str


class Control(
    Room[ControlProtocol | Terminated | AskKillSwitch | DeliverAgain | CloseAgain | ReadInboxAgain]
):
    """Accepts: ControlProtocol; the answers of injected messages; Terminated of the rooms they went to.

    Sends: RecordInbox, RecordInboxDone, GetOpenInbox to state; injected messages to their rooms; GetJobs to
    the scheduler; RaiseAlert to alerting; asks the rooms that start before it for their status.
    Owns: the control socket and the operator's messages under way.
    On failure: the next incarnation opens the socket again and redelivers the messages of the books' inbox
    whose end was not told to their person yet.
    """

    def __init__(
        self,
        *,
        rooms: Mapping[str, AnyAddress],
        engine: Engine,
        identity: EngineIdentity,
        socket_path: Path | None,
    ) -> None:
        self._rooms = rooms
        self._engine = engine
        self._identity = identity
        self._socket_path = socket_path
        self._server: ControlServer | None = None
        self._recovery: RecoveryReport | None = None
        self._inbox = Inbox()
        self._waiting_for_jobs: list[ReplyTo] = []
        self._waiting_for_status: list[ReplyTo] = []

    def on_start(self) -> None:
        super().on_start()
        self._commands = Commands(self.ctx, self.outbox, self._inbox, self._rooms)
        for room in sorted({item.room for item in INJECTABLE.values() if item.through_inbox}):
            self.ctx.watch(self._rooms[room])
        self.ctx.watch(self._rooms["scheduler"])
        self._commands.read_inbox()
        if self._socket_path is not None:
            self._server = ControlServer(self._socket_path, self.ctx.self_address, self._engine.operation)
            self._server.open()

    def on_stop(self) -> None:
        super().on_stop()
        if self._server is not None:
            self._server.close()

    def handle(self, message: ControlProtocol | Terminated | AskKillSwitch | Again) -> object:
        match message:
            case GetStatus():
                return self._handle_get_status()
            case PingEngine():
                return EngineAlive(at=self.ctx.now(), pid=self._identity.pid)
            case GetHealthcheck():
                return healthcheck(self._survey().status(self._identity, self._recovery))
            case StopEngine():
                self._engine.request_stop(message.reason)
                return EngineStopping(reason=message.reason)
            case GetDump():
                return Dump(text=self._engine.dump())
            case GetTrace():
                return Trace(lines=self._engine.trace(message.correlation))
            case GetJobs():
                self._handle_get_jobs(message)
            case InjectMessage():
                return self._handle_inject(message)
            case AwaitInject():
                return self._handle_await(message)
            case AwaitEnded():
                self._commands.await_ended(message)
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
            case Terminated():
                self._handle_terminated(message)
            case AskKillSwitch():
                self._handle_ask_kill_switch(message)
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
            ):
                self._commands.answered(message)
            case _:
                assert_never(message)
        return None

    def _survey(self) -> Survey:
        return Survey(self.ctx, self._rooms, self._engine)

    def _handle_get_status(self) -> EngineStatus | None:
        """The status at once, with the next runs that the books hold, if the scheduler is not up.

        Else the reply is deferred until the scheduler, which starts after this room and so can't be asked,
        has answered with its own.
        """
        up = any(cell.name == "scheduler" and cell.state is CellState.UP for cell in self._engine.cells())
        if not up:
            return self._survey().status(self._identity, self._recovery)
        self._waiting_for_status.append(self.ctx.defer_reply())
        self.ctx.tell(self._rooms["scheduler"], GetJobs())
        return None

    def _answer_status(self, jobs: Jobs | None) -> None:
        waiting, self._waiting_for_status = self._waiting_for_status, []
        if not waiting:
            return
        status = self._survey().status(self._identity, self._recovery)
        if jobs is not None:
            status = status.model_copy(update={"next_runs": jobs.next_runs})
        for reply in waiting:
            reply.set(status)

    def _handle_get_jobs(self, query: GetJobs) -> None:
        """Tell the scheduler, which starts after this room and so can't be asked; the reply is deferred."""
        self._waiting_for_jobs.append(self.ctx.defer_reply())
        self.ctx.tell(self._rooms["scheduler"], query)

    def _handle_jobs(self, jobs: Jobs) -> None:
        waiting, self._waiting_for_jobs = self._waiting_for_jobs, []
        for reply in waiting:
            reply.set(jobs)
        self._answer_status(jobs)

    def _handle_inject(self, inject: InjectMessage) -> InjectAccepted | Refused | None:
        request_id = f"inject-{self.ctx.uuid()}"
        try:
            body: dict[str, JsonValue] = json.loads(inject.body)
            command = build(inject.message, body, request_id=request_id, who=inject.who, at=self.ctx.now())
        except (InputError, ValueError) as error:
            return Refused(request_id=request_id, reasons=(str(error),))
        entry = UnderWay(request_id, command, inject.who, asker=inject.asker)
        if not entry.item.through_inbox:
            self._inbox.add(entry)
            self.ctx.tell(self.ctx.self_address, AskKillSwitch(request_id))
            return InjectAccepted(request_id=request_id, message=inject.message, on_disk=False)
        if self._inbox.is_full:
            return Refused(
                request_id=request_id, reasons=(f"{UNDER_WAY_MAX} messages are under way already",)
            )
        entry.accepted_by = self.ctx.defer_reply()
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
            question = PlainQuestion(self._rooms[entry.item.room], entry.command)
            answer = self.ctx.ask(question, timeout_s=KILL_SWITCH_ASK_S)
        except RuntimeFault as error:
            answer = Refused(request_id=ask.request_id, reasons=(f"{type(error).__name__}: {error}",))
        if not isinstance(answer, Event):
            raise TypeError(f"{entry.item.room} answered {entry.item.name} with {type(answer).__name__}")
        self._inbox.finish(entry, answer)
        self._inbox.drop(ask.request_id)

    def _handle_await(self, query: AwaitInject) -> object:
        done = self._inbox.answered(query.request_id)
        if done is not None:
            return done
        entry = self._inbox.get(query.request_id)
        if entry is None:
            return Refused(request_id=query.request_id, reasons=("unknown_request",))
        if entry.word is not None and entry.word.number > query.seen:
            return entry.word
        entry.waiters.append(self.ctx.defer_reply())
        return None
