"""An operator's message: durable first, then delivered, then answered with what it led to."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from actors.control import Control
from actors.control.rooms import ControlRooms
from actors.runtime import ActorUnavailable, AskTimeout, CellState, Terminated
from actors.runtime.testing import FakeAddress, FakeContext
from core.messages.alerting import GetAlerting, RaiseAlert
from core.messages.arm_cause import ArmCause
from core.messages.audit import GetAudit
from core.messages.base import Refused
from core.messages.control import (
    AwaitInject,
    Dump,
    EngineAlive,
    EngineStopping,
    GetDump,
    GetHealthcheck,
    GetStatus,
    GetTrace,
    Healthcheck,
    InjectAccepted,
    InjectDone,
    InjectMessage,
    PingEngine,
    StopEngine,
    Trace,
)
from core.messages.decision import GetDecision
from core.messages.engine_status import EngineIdentity, EngineStatus, HeartbeatStatus
from core.messages.execution import ClosePosition, GetExecution
from core.messages.health import GetHealth
from core.messages.kill_switch import ArmKillSwitch, GetKillSwitch, KillSwitchArmed
from core.messages.market_data import GetMarks
from core.messages.room_status import (
    AlertingStatus,
    AuditHead,
    AuditStatus,
    DecisionStatus,
    ExecutionStatus,
    HealthStatus,
    Marks,
    RecoveryReport,
)
from core.messages.scheduler import GetJobs, Jobs
from core.messages.state import (
    BooksRead,
    GetBooks,
    GetJobRuns,
    InboxRecorded,
    JobRuns,
    RecordInbox,
    RecordInboxDone,
)
from core.orders.books import Books, Job
from core.permit_times import CERTAIN_AFTER_S
from core.redaction import Redactor
from core.strategy import Strategy
from tests.fakes.clear_switch import CLEAR
from tests.fakes.engine import FakeEngine, cell

NOW = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
RECORDED_AT = datetime(2026, 1, 5, 14, 0, 0, 1, tzinfo=UTC)
ROOMS = (
    "alerting",
    "kill_switch",
    "state",
    "audit",
    "execution",
    "market_data",
    "decision",
    "health",
    "control",
    "scheduler",
)
IDENTITY = EngineIdentity(
    version="0.1.0",
    mode="strategy",
    strategy_name="s",
    strategy_hash="ab",
    overrides=(),
    started_at=NOW,
    pid=7,
    strategy=Strategy(),
)
MARKS = Marks(
    as_of=None,
    spot_usd=None,
    dvol=None,
    funding_frac=None,
    legs=(),
    last_snapshot_at=None,
    stale_reason=None,
    fetches_under_way=0,
    failures=0,
    last_failure=None,
    failed_routers=(),
)
ARMED = KillSwitchArmed(cause=ArmCause.OPERATOR, reason="drill", who="ann", at=NOW, exits_blocked=False)


class Desk:
    """Control with its fakes, and the moves a test makes."""

    def __init__(self) -> None:
        self.rooms = {name: FakeAddress(name) for name in ROOMS}
        self.engine = FakeEngine()
        self.ctx = FakeContext("control", now=NOW)
        self.ctx.asks = {
            GetKillSwitch: CLEAR,
            GetExecution: ExecutionStatus(
                recovering=False, resting=0, in_doubt=0, exits_under_way=0, last_error=None
            ),
            GetAlerting: AlertingStatus(channels=(), unrecorded=0, last_error=None, recent=()),
            GetAudit: AuditStatus(ok=True, records=3, head=AuditHead(seq=3, hash="ff")),
            GetBooks: BooksRead(
                request_id="",
                books=Books(as_of=NOW, seq=1, positions=(), orders=(), instructions=()),
            ),
            GetJobRuns: JobRuns(next_runs={Job.ENTRY: NOW}, last_slots={}),
            GetMarks: MARKS,
            GetDecision: DecisionStatus(
                recovered=True, under_way=None, waiting=(), recent=(), monitor_failures_in_a_row=0
            ),
            GetHealth: HealthStatus(
                booted=True,
                routers=(),
                venue=None,
                disk_free_bytes=None,
                disk_low=False,
                last_backup_at=None,
                last_backup_error=None,
            ),
        }
        self.actor = Control(
            rooms=ControlRooms(**self.rooms),
            engine=self.engine,
            identity=IDENTITY,
            socket_path=None,
            redact=Redactor(),
        )
        self.actor.ctx = self.ctx
        self.actor.on_start()

    def inject(self, message: str = "ClosePosition", *, asker: str = "", **body: str) -> object:
        inject = InjectMessage(message=message, body=json.dumps(body), who="ann", asker=asker)
        with self.ctx.handling(inject):
            return self.actor.on_receive(inject)

    def told(self, room: str, kind: type) -> list[object]:
        return [message for message in self.ctx.told_to(self.rooms[room]) if isinstance(message, kind)]

    def accept_close(self, *, asker: str = "") -> str:
        """Inject a ClosePosition, have state record it, and return its id."""
        return self.accept("ClosePosition", asker=asker, position_id="p-1", reason="drill")

    def accept(self, message: str, *, asker: str = "", **body: str) -> str:
        """Inject a message, have state record it, and return its id."""
        self.inject(message, asker=asker, **body)
        record = self.told("state", RecordInbox)[-1]
        assert isinstance(record, RecordInbox)
        self.actor.on_receive(InboxRecorded(request_id=record.request_id, at=RECORDED_AT))
        return record.request_id

    def advance(self, seconds: float) -> None:
        for message in self.ctx.advance(seconds):
            self.actor.on_receive(message)

    def advance_in_steps(self, seconds: float, steps: int) -> None:
        for _ in range(steps):
            self.advance(seconds)

    def ends(self) -> list[RaiseAlert]:
        """The alerts that tell a person the end of a command; each request once."""
        alerts = {alert.request_id: alert for alert in self.alerts()}
        return list(alerts.values())

    def alerts(self) -> list[RaiseAlert]:
        return [alert for alert in self.told("alerting", RaiseAlert) if isinstance(alert, RaiseAlert)]

    def done(self) -> list[RecordInboxDone]:
        return [done for done in self.told("state", RecordInboxDone) if isinstance(done, RecordInboxDone)]


def test_an_injected_message_is_on_disk_before_it_is_delivered_or_acknowledged() -> None:
    desk = Desk()
    desk.inject(position_id="p-1", reason="drill")
    [record] = desk.told("state", RecordInbox)
    assert isinstance(record, RecordInbox)
    assert record.message == "ClosePosition"
    assert record.audit == (), "state notes its own record of the message"
    assert desk.told("execution", ClosePosition) == []
    assert not desk.ctx.deferred[0].answered

    desk.actor.on_receive(InboxRecorded(request_id=record.request_id, at=RECORDED_AT))

    assert desk.ctx.deferred[0].outcome == InjectAccepted(
        request_id=record.request_id, message="ClosePosition", on_disk=True
    )
    [close] = desk.told("execution", ClosePosition)
    assert isinstance(close, ClosePosition)
    assert (close.position_id, close.exit_rule, close.request_id) == ("p-1", "manual", record.request_id)


def test_recording_is_told_again_until_state_answers() -> None:
    desk = Desk()
    desk.inject(position_id="p-1", reason="drill")
    for message in desk.ctx.advance(6.0):
        desk.actor.on_receive(message)
    assert len(desk.told("state", RecordInbox)) == 2


def test_a_repeated_acknowledgement_delivers_once() -> None:
    desk = Desk()
    request_id = desk.accept_close()
    desk.actor.on_receive(InboxRecorded(request_id=request_id, at=RECORDED_AT))
    assert len(desk.told("execution", ClosePosition)) == 1


def test_what_state_refuses_to_store_is_not_delivered() -> None:
    desk = Desk()
    desk.inject(position_id="p-1", reason="drill")
    [record] = desk.told("state", RecordInbox)
    assert isinstance(record, RecordInbox)
    refused = Refused(request_id=record.request_id, reasons=("database_degraded",))
    desk.actor.on_receive(refused)
    assert desk.ctx.deferred[0].outcome == refused
    assert desk.told("execution", ClosePosition) == []


def test_a_bad_message_is_refused_and_nothing_is_stored() -> None:
    desk = Desk()
    refused = desk.inject("ClosePosition", position_id="p-1")
    assert isinstance(refused, Refused)
    assert "reason" in refused.reasons[0]
    assert desk.told("state", RecordInbox) == []


def test_arming_asks_the_kill_switch_and_never_waits_for_the_books() -> None:
    desk = Desk()
    desk.ctx.asks[ArmKillSwitch] = ARMED
    accepted = desk.inject("ArmKillSwitch", reason="drill")
    assert isinstance(accepted, InjectAccepted)
    assert not accepted.on_disk, "nobody has written anything yet"
    [ask] = desk.ctx.told_to("control")
    desk.actor.on_receive(ask)
    done = desk.actor.on_receive(AwaitInject(request_id=accepted.request_id))
    assert isinstance(done, InjectDone)
    assert done.answer == "KillSwitchArmed"
    assert desk.told("state", RecordInbox) == []
    [(message, timeout_s)] = [
        (message, timeout_s) for _, message, timeout_s in desk.ctx.asked if isinstance(message, ArmKillSwitch)
    ]
    assert message == ArmKillSwitch(cause=ArmCause.OPERATOR, reason="drill", who="ann")
    assert timeout_s == CERTAIN_AFTER_S + 1.0, "a permit's longest life, and a second for the answer"


def test_a_silent_kill_switch_is_reported_as_such() -> None:
    desk = Desk()
    desk.ctx.asks[ArmKillSwitch] = AskTimeout("no reply within 12 s")
    accepted = desk.inject("ArmKillSwitch", reason="drill")
    assert isinstance(accepted, InjectAccepted)
    [ask] = desk.ctx.told_to("control")
    desk.actor.on_receive(ask)
    done = desk.actor.on_receive(AwaitInject(request_id=accepted.request_id))
    assert isinstance(done, InjectDone)
    assert done.answer == "Refused"
    assert "AskTimeout" in done.body


def test_waiting_for_an_unknown_request_is_refused() -> None:
    answer = Desk().actor.on_receive(AwaitInject(request_id="never"))
    assert answer == Refused(request_id="never", reasons=("unknown_request",))


def test_status_is_the_whole_engine_on_one_page() -> None:
    desk = Desk()
    status = desk.actor.on_receive(GetStatus())
    assert isinstance(status, EngineStatus)
    assert [c.name for c in status.cells] == ["state", "execution"]
    assert (status.identity.mode, status.next_runs, status.unavailable) == ("strategy", {Job.ENTRY: NOW}, {})


def test_status_has_the_last_beat_of_the_heart() -> None:
    desk = Desk()
    beat = HeartbeatStatus(at=NOW, well=True, calls=True, problem=None)
    desk.actor.on_receive(beat)
    status = desk.actor.on_receive(GetStatus())
    assert isinstance(status, EngineStatus)
    assert status.heartbeat == beat


def test_the_next_jobs_of_the_status_are_the_schedulers_own() -> None:
    desk = Desk()
    desk.engine.cell_list = (cell("scheduler"),)
    assert desk.actor.on_receive(GetStatus()) is None
    assert desk.told("scheduler", GetJobs)
    runs = {Job.HEALTH: NOW}
    desk.actor.on_receive(Jobs(running=True, next_runs=runs, disabled=()))
    status = desk.ctx.deferred[0].outcome
    assert isinstance(status, EngineStatus)
    assert status.next_runs == runs


def test_a_scheduler_that_dies_meanwhile_does_not_keep_the_status() -> None:
    desk = Desk()
    desk.engine.cell_list = (cell("scheduler"),)
    desk.actor.on_receive(GetStatus())
    desk.actor.on_receive(
        Terminated(path="root/desk/scheduler", name="scheduler", reason="crash", restarting=True)
    )
    status = desk.ctx.deferred[0].outcome
    assert isinstance(status, EngineStatus)
    assert status.next_runs == {Job.ENTRY: NOW}


def test_a_silent_room_is_named_and_the_rest_still_answers() -> None:
    desk = Desk()
    desk.ctx.asks[GetBooks] = ActorUnavailable("state is parked")
    status = desk.actor.on_receive(GetStatus())
    assert isinstance(status, EngineStatus)
    assert status.positions == ()
    assert set(status.unavailable) == {"state"}
    assert status.kill_switch == CLEAR
    assert len([message for _, message, _ in desk.ctx.asked if isinstance(message, GetJobRuns)]) == 0


def test_a_whole_engine_is_healthy_and_a_parked_cell_is_not() -> None:
    desk = Desk()
    assert desk.actor.on_receive(GetHealthcheck()) == Healthcheck(ok=True, at=NOW, problems=(), notes=())
    desk.engine.cell_list = (cell("mcp.macro", CellState.PARKED, "boom"),)
    check = desk.actor.on_receive(GetHealthcheck())
    assert isinstance(check, Healthcheck)
    assert (check.ok, check.problems) == (False, ("mcp.macro is parked: boom",))


def test_an_armed_switch_is_a_note_not_a_problem() -> None:
    desk = Desk()
    desk.ctx.asks[GetKillSwitch] = CLEAR.model_copy(update={"armed": True, "reason": "drill"})
    check = desk.actor.on_receive(GetHealthcheck())
    assert isinstance(check, Healthcheck)
    assert check.ok
    assert check.notes == ("the kill switch is armed: drill",)


def test_a_failed_recovery_is_a_problem() -> None:
    desk = Desk()
    desk.actor.on_receive(RecoveryReport(ok=False, at=NOW, attempts=1, differences=(), error="unreachable"))
    check = desk.actor.on_receive(GetHealthcheck())
    assert isinstance(check, Healthcheck)
    assert check.problems == ("recovery has not succeeded: unreachable",)


def test_stop_ping_and_dump_are_answered_by_control_alone() -> None:
    desk = Desk()
    assert desk.actor.on_receive(StopEngine(reason="enough")) == EngineStopping(reason="enough")
    assert desk.engine.stops == ["enough"]
    assert desk.actor.on_receive(PingEngine()) == EngineAlive(at=NOW, pid=7)
    assert desk.actor.on_receive(GetDump()) == Dump(text="root/state up")
    assert desk.actor.on_receive(GetTrace(correlation="c")) == Trace(lines=("envelope under c",))
    assert desk.ctx.asked == []


def test_jobs_come_from_the_scheduler_by_tell_because_it_starts_later() -> None:
    desk = Desk()
    desk.actor.on_receive(GetJobs())
    assert desk.told("scheduler", GetJobs)
    jobs = Jobs(running=True, next_runs={Job.ENTRY: NOW}, disabled=())
    desk.actor.on_receive(jobs)
    assert desk.ctx.deferred[0].outcome == jobs


def test_an_unknown_message_is_a_crash() -> None:
    with pytest.raises(TypeError, match="expected a message of Control, found str"):
        Desk().actor.on_receive("hello")
