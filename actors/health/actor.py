"""The health actor: rounds of probes, the boot, backups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, assert_never

from pydantic import JsonValue

from actors.health.boot import TRY_AGAIN_S, Boot
from actors.health.disk import DiskWatch, free_bytes_at
from actors.health.host_warnings import HostWarnings
from actors.health.probes import Round, Verdicts
from actors.room import Alarm, Room, answerer
from actors.runtime import Address, Timer
from core.alerts import AlertCode, Severity
from core.contract import ENVIRONMENT_INFO, EnvironmentInfo, NoArguments, Router
from core.market.venue_clock import ClockOffset, clock_offset
from core.messages.base import Refused
from core.messages.health import BackupDone, BackupFailed, BackupNow, GetHealth
from core.messages.kill_switch import CLOCK_SOURCE, ClearSuspension, KillSwitchArmed, SuspendEntries
from core.messages.mcp import Fetch, Fetched, FetchFailed, ProbeRouter, RouterProbed
from core.messages.protocols import (
    AlertingProtocol,
    HealthProtocol,
    KillSwitchProtocol,
    McpProtocol,
    SchedulerProtocol,
    StateProtocol,
)
from core.messages.room_status import HealthStatus, RecoveryReport, VenueChecked
from core.messages.scheduler import ClockSet, JobDue
from core.messages.state import BackupMade, MakeBackup, Recorded, SystemRead
from core.orders.books import Job
from core.values import Environment

PROBE_WITHIN_S: Final = 30.0
"""A router that has not answered its one attempt by then counts as failed."""


BACKUP_FAILED: Final = "backup_failed"
"""How state's refusal begins if it has tried to make a backup and could not."""


@dataclass(frozen=True)
class RoundOver:
    """Timer message to self: routers that have not answered this round count as failed."""

    number: str


@dataclass(frozen=True)
class RecordAgain:
    """Timer message to self: try again to put the engine's start on record."""


class Health(Room[HealthProtocol | RoundOver | RecordAgain]):
    """The engine's view of its own health.

    Accepts: `JobDue` (health, backup), `BackupNow`, `ClockSet`, `RecoveryReport`, `GetHealth`; answers of
    routers and of state.
    Sends: `ProbeRouter`, `Fetch(environment_info)` to the routers; `VenueChecked`, `ArmKillSwitch`,
    `SuspendEntries`, `ClearSuspension` to the kill switch; `GetSystem`, `SetSystem`, `MakeBackup`
    to state; `StartJobs` to the scheduler; `RaiseAlert` to alerting; `BackupDone` |
    `BackupFailed` | `Refused` to who asked for a backup.
    Owns: the last probe of each router, how far the boot has come.
    On failure: the next incarnation reads from the books whether this engine has started, and counts failed
    probes from 0.
    """

    def __init__(
        self,
        *,
        routers: Mapping[Router, Address[McpProtocol]],
        kill_switch: Address[KillSwitchProtocol],
        state: Address[StateProtocol],
        scheduler: Address[SchedulerProtocol],
        alerting: Address[AlertingProtocol],
        boot_record: Mapping[str, JsonValue],
        clock_skew_max_s: float,
        data_dir: Path,
        free_bytes: Callable[[Path], int] = free_bytes_at,
    ) -> None:
        self._routers = dict(routers)
        self._kill_switch = kill_switch
        self._state = state
        self._alerting = alerting
        self._scheduler = scheduler
        self._boot_record = boot_record
        self._clock_skew_max_s = clock_skew_max_s
        self._data_dir = data_dir
        self._free_bytes = free_bytes
        self._round: Round | None = None
        self._timer: Timer | None = None
        self._venue: VenueChecked | None = None
        self._last_backup_at: datetime | None = None
        self._last_backup_error: str | None = None
        self._backup_request: str | None = None
        self._backups_asked: dict[str, Callable[[BackupDone | BackupFailed | Refused], None]] = {}

    def on_start(self) -> None:
        super().on_start()
        self._alert = Alarm(self.ctx, self._alerting)
        # A suspension that the last incarnation asked for is this one's to clear.
        self._clock_suspect = self.ctx.epoch > 1
        self._verdicts = Verdicts(self.ctx, self._kill_switch, self._alert)
        self._host_warnings = HostWarnings(self._alert)
        self._disk = DiskWatch(self.ctx, self._kill_switch, self._alert, self._data_dir, self._free_bytes)
        self._boot = Boot(
            self.ctx,
            self.outbox,
            self._alert,
            state=self._state,
            scheduler=self._scheduler,
            boot_record=self._boot_record,
        )
        self._boot.ask()

    def handle(self, message: HealthProtocol | RoundOver | RecordAgain) -> None:
        match message:
            case JobDue():
                self._handle_job_due(message)
            case BackupNow():
                self._handle_backup_now(message)
            case ClockSet():
                self._clock_suspect = True
                if self._boot.started:
                    self._probe()
            case RouterProbed():
                self._handle_probed(message)
            case Fetched():
                self._handle_environment(message)
            case FetchFailed():
                self._environment_over(message.request_id)
            case RoundOver():
                self._handle_round_over(message)
            case RecoveryReport():
                if self._boot.recovered(message):
                    self._probe()
            case SystemRead():
                self._handle_system_read(message)
            case Recorded():
                self.outbox.settle(message.request_id)
                self._boot.recorded(message.request_id)
            case BackupMade():
                self._handle_backup_made(message)
            case Refused():
                self._handle_refused(message)
            case KillSwitchArmed():
                pass  # The answer to an arming of ours; the switch has alerted.
            case RecordAgain():
                self._boot.record()
            case GetHealth():
                answerer(self.ctx, message)(self._status())
            case _:
                assert_never(message)

    def _handle_system_read(self, read: SystemRead) -> None:
        self._boot.take_system(read)
        first = self.ctx.epoch == 1
        if not first and not self._boot.started and self._boot.recovered(None):
            self._probe()

    def _handle_job_due(self, due: JobDue) -> None:
        if due.job is Job.HEALTH:
            self._probe()
        elif due.job is Job.BACKUP:
            request_id = f"backup-{due.slot:%Y%m%dT%H%M%SZ}"
            backup = MakeBackup(request_id=request_id, at=self.ctx.now())
            self._backup_request = request_id
            self.outbox.send(self._state, backup, request_id)
        else:
            raise TypeError(f"{self.ctx.path}: expected health or backup to be due, found {due.job}")

    def _handle_backup_now(self, command: BackupNow) -> None:
        """Asked again, state answers for the backup that it has made under this id."""
        request_id = f"backup-{command.request_id}"
        self._backups_asked[request_id] = answerer(self.ctx, command)
        backup = MakeBackup(request_id=request_id, at=self.ctx.now())
        self.outbox.send(self._state, backup, request_id)

    def _probe(self) -> None:
        """Start a new round; in one that is still under way, silent routers count as failed."""
        if self._round is not None:
            self._end_round("the next round began")
        self._disk.look()
        now = self.ctx.now()
        number = self.ctx.uuid()
        self._round = Round(number, now, set(self._routers))
        self._timer = self.ctx.call_later(PROBE_WITHIN_S, RoundOver(number))
        for router, address in self._routers.items():
            self.ctx.tell(address, ProbeRouter(request_id=f"probe-{number}-{router.value}"))
        fetch = Fetch(
            request_id=f"environment-{number}",
            tool=ENVIRONMENT_INFO.name,
            request=NoArguments(),
            deadline=now + timedelta(seconds=PROBE_WITHIN_S),
            retry=False,
        )
        self.ctx.tell(self._routers[Router.DERIBIT], fetch)

    def _handle_probed(self, probed: RouterProbed) -> None:
        under_way = self._round
        if under_way is None or probed.request_id != f"probe-{under_way.number}-{probed.router.value}":
            return  # The answer of a round that was given up.
        if probed.router in under_way.waiting:
            under_way.waiting.discard(probed.router)
            self._verdicts.take(probed)
            self._host_warnings.take(probed)
            self._finish_if_done()

    def _handle_environment(self, fetched: Fetched) -> None:
        under_way = self._round
        if under_way is None or fetched.request_id != f"environment-{under_way.number}":
            return
        info = fetched.answer
        if isinstance(info, EnvironmentInfo):
            offset = clock_offset(info.server_time, sent_at=fetched.sent_at, received_at=fetched.received_at)
            self._venue = VenueChecked(
                as_of=fetched.received_at,
                environment=Environment(info.environment),
                account=info.account,
                clock_offset_s=offset.proven_s,
                clock_offset_max_s=offset.max_s,
                features=info.features,
            )
            self.ctx.tell(self._kill_switch, self._venue)
            self._judge_clock(offset)
        self._environment_over(fetched.request_id)

    def _judge_clock(self, offset: ClockOffset) -> None:
        """Suspend entries while our clock differs from the venue's, until it is shown that they agree."""
        if abs(offset.proven_s) > self._clock_skew_max_s:
            self._clock_suspect = True
            reason = (
                f"the venue's clock is {abs(offset.proven_s):,.1f} s "
                f"{'ahead of' if offset.proven_s > 0 else 'behind'} ours; entries wait until they agree"
            )
            self.ctx.tell(self._kill_switch, SuspendEntries(source=CLOCK_SOURCE, reason=reason))
        elif self._clock_suspect and offset.max_s <= self._clock_skew_max_s:
            self._clock_suspect = False
            self.ctx.tell(self._kill_switch, ClearSuspension(source=CLOCK_SOURCE))

    def _environment_over(self, request_id: str) -> None:
        if self._round is not None and request_id == f"environment-{self._round.number}":
            self._round.waits_for_environment = False
            self._finish_if_done()

    def _handle_round_over(self, over: RoundOver) -> None:
        if self._round is not None and self._round.number == over.number:
            self._end_round(f"no answer within {PROBE_WITHIN_S:g} s")

    def _end_round(self, why: str) -> None:
        under_way = self._round
        if under_way is None:
            return
        for router in sorted(under_way.waiting):
            self._verdicts.take(
                RouterProbed(
                    request_id=f"probe-{under_way.number}-{router.value}",
                    router=router,
                    ok=False,
                    maintenance=False,
                    version=None,
                    environment=None,
                    warnings=(),
                    error=why,
                    latency_s=(self.ctx.now() - under_way.at).total_seconds(),
                    at=self.ctx.now(),
                )
            )
        under_way.waiting.clear()
        under_way.waits_for_environment = False
        self._finish_if_done()

    def _finish_if_done(self) -> None:
        if self._round is None or not self._round.done:
            return
        self._round = None
        if self._timer is not None:
            self._timer.cancel()
        if self._boot.waits_for_probes:
            probes: dict[str, JsonValue] = {
                router.router.value: router.version if router.ok else f"failed: {router.error}"
                for router in self._verdicts.routers
            }
            self._boot.probed(probes)

    def _handle_backup_made(self, made: BackupMade) -> None:
        self.outbox.settle(made.request_id)
        self._last_backup_at, self._last_backup_error = self.ctx.now(), None
        answer = self._backups_asked.pop(made.request_id, None)
        if answer is not None:
            request_id = made.request_id.removeprefix("backup-")
            answer(BackupDone(request_id=request_id, path=made.path, size_bytes=made.bytes))

    def _handle_refused(self, refused: Refused) -> None:
        self.outbox.settle(refused.request_id)
        answer = self._backups_asked.pop(refused.request_id, None)
        if answer is not None:
            self._answer_no_backup(refused, answer)
        elif self._boot.refused(refused.request_id, refused.reasons):
            self.ctx.call_later(TRY_AGAIN_S, RecordAgain())
        elif refused.request_id == self._backup_request:
            self._last_backup_error = ", ".join(refused.reasons)
            text = f"no backup: {self._last_backup_error}"
            self._alert(Severity.HIGH, AlertCode.BACKUP_FAILED, text, refused.request_id)

    def _answer_no_backup(
        self, refused: Refused, answer: Callable[[BackupDone | BackupFailed | Refused], None]
    ) -> None:
        """A backup that was tried and failed has ended; what state could not begin is asked again."""
        request_id = refused.request_id.removeprefix("backup-")
        if any(reason.startswith(BACKUP_FAILED) for reason in refused.reasons):
            self._last_backup_error = ", ".join(refused.reasons)
            answer(BackupFailed(request_id=request_id, reasons=refused.reasons))
        else:
            answer(Refused(request_id=request_id, reasons=refused.reasons))

    def _status(self) -> HealthStatus:
        return HealthStatus(
            booted=self._boot.started,
            routers=self._verdicts.routers,
            venue=self._venue,
            disk_free_bytes=self._disk.free,
            disk_low=bool(self._disk.low),
            last_backup_at=self._last_backup_at,
            last_backup_error=self._last_backup_error,
        )
