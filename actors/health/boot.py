"""The boot after recovery: first probe, the engine's start on record, then the jobs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

from actors.room import Alarm
from actors.runtime import Address, Context, Outbox
from core.alerts import AlertCode, Severity
from core.errors import InputError
from core.messages.audit import AuditEvent, AuditKind
from core.messages.protocols import SchedulerProtocol, StateProtocol
from core.messages.room_status import RecoveryReport
from core.messages.scheduler import StartJobs
from core.messages.state import GetSystem, SetSystem, SystemRead

BOOT_KEY: Final = "boot"
"""Key of the system row that holds the `boot_id` of the last recorded start."""
TRY_AGAIN_S: Final = 60.0


class BootStep(StrEnum):
    RECOVERY = "recovery"
    FIRST_PROBE = "first_probe"
    RECORDING = "recording"
    STARTED = "started"


class Boot:
    """`boot_record` is the detail of ENGINE_START; its `boot_id` is unique to the process.

    The record and that id come into the books by one request. From the id a restarted health actor knows that
    this process has recorded its start, so it records nothing before it has read it: that the request is the
    same again helps only as long as state keeps its answers.
    """

    def __init__(
        self,
        ctx: Context,
        outbox: Outbox,
        alert: Alarm,
        *,
        state: Address[StateProtocol],
        scheduler: Address[SchedulerProtocol],
        boot_record: Mapping[str, JsonValue],
    ) -> None:
        boot_id = boot_record.get("boot_id")
        if not isinstance(boot_id, str) or not boot_id:
            raise InputError(f"boot_record: expected a boot_id, unique to this process, found {boot_id!r}")
        self._boot_id = boot_id
        self._record = dict(boot_record)
        self._ctx = ctx
        self._outbox = outbox
        self._state = state
        self._scheduler = scheduler
        self._alert = alert
        # Nobody can have recorded the start before the first life of this actor.
        self._has_read = ctx.epoch == 1
        self._recovery: RecoveryReport | None = None
        self.step = BootStep.RECOVERY

    @property
    def started(self) -> bool:
        return self.step is BootStep.STARTED

    def ask(self) -> None:
        """Ask state, until it answers, whether an earlier life of this actor has started the engine."""
        if not self._has_read:
            self._outbox.send(self._state, GetSystem(key=BOOT_KEY), BOOT_KEY)

    def take_system(self, read: SystemRead) -> None:
        self._outbox.settle(BOOT_KEY)
        self._has_read = True
        if read.value == self._boot_id and not self.started:
            self._start_jobs()
        self.record()

    def recovered(self, report: RecoveryReport | None) -> bool:
        """Take the recovery report: True if the boot waited for it, so that the first probes are due.

        `report` is None if an earlier incarnation may have received it, as it is not sent again.
        """
        if self.step is not BootStep.RECOVERY:
            return False
        self._recovery = report
        self.step = BootStep.FIRST_PROBE
        return True

    @property
    def waits_for_probes(self) -> bool:
        """Whether the engine's start is recorded after the round that is under way."""
        return self.step is BootStep.FIRST_PROBE

    def probed(self, probes: dict[str, JsonValue]) -> None:
        """Record the engine's start after the first round of probes, whatever its results."""
        self.step = BootStep.RECORDING
        report = self._recovery
        self._record["probes"] = probes
        self._record["recovery"] = {
            "ok": report is not None and report.ok,
            "error": None if report is None else report.error,
            "differences": [] if report is None else list(report.differences),
        }
        self.record()

    def record(self) -> None:
        """Put the start on record if it is to be recorded by this life; repeated until state takes it."""
        if self.step is not BootStep.RECORDING or not self._has_read:
            return
        now = self._ctx.now()
        event = AuditEvent(kind=AuditKind.ENGINE_START, at=now, detail=self._record)
        start = SetSystem(
            request_id=self.request_id, audit=(event,), key=BOOT_KEY, value=self._boot_id, at=now
        )
        self._outbox.send(self._state, start, self.request_id)

    @property
    def request_id(self) -> str:
        return f"engine-start-{self._boot_id}"

    def recorded(self, request_id: str) -> None:
        if request_id == self.request_id and self.step is BootStep.RECORDING:
            self._start_jobs()

    def refused(self, request_id: str, reasons: tuple[str, ...]) -> bool:
        """True if state refused to record the start: alerts, and no job runs until a later try succeeds."""
        if request_id != self.request_id:
            return False
        text = f"the engine's start can't be recorded, no job runs: {', '.join(reasons)}"
        self._alert(Severity.CRITICAL, AlertCode.ENGINE_START, text, "state")
        return True

    def _start_jobs(self) -> None:
        self.step = BootStep.STARTED
        self._ctx.tell(self._scheduler, StartJobs())
