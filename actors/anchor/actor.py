"""The anchor actor: compares what it wrote in an earlier life with the log, then writes the head again and
again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from actors.anchor.file import AnchorFile
from actors.room import DAY_S, HOUR_S, Alarm, Room, StandingAlert
from actors.runtime import Address, RuntimeFault, Timer
from core.alerts import AlertCode, Severity
from core.audit.hash_chain import Link
from core.errors import InputError
from core.messages.anchor import GetRecordHash, HeadReached, RecordHash
from core.messages.arm_cause import ArmCause
from core.messages.base import Refused
from core.messages.kill_switch import (
    ArmKillSwitch,
    ClearSuspension,
    GetKillSwitch,
    KillSwitchArmed,
    SuspendEntries,
)
from core.messages.protocols import (
    AlertingProtocol,
    AnchorProtocol,
    AuditProtocol,
    KillSwitchProtocol,
    StateProtocol,
)
from core.messages.state import GetSystem, Recorded, SetSystem

ANCHOR_KEY = "anchor"
"""Where the books remember that there is an anchor, so that its absence shows."""
SOURCE = "anchor"
WRITE_AFTER_S = 1.0
"""Heads that follow within this time are written as one."""
RETRY_S = 60.0
ACCEPTED_S = 1.0
"""After a rollback, how long a person's disarming may be unnoticed: a restart until then arms again."""
ASK_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class LookAtAnchor:
    """To self: compare the anchor with the log."""


@dataclass(frozen=True)
class WriteAnchor:
    """Timer message to self: write the last head."""


class Anchor(Room[AnchorProtocol | LookAtAnchor | WriteAnchor]):
    """The audit log's head on another disk.

    Accepts: `AnchorProtocol`.
    Sends: `GetRecordHash` to audit; `GetSystem`, `SetSystem` to state; `ArmKillSwitch`, `SuspendEntries`,
    `ClearSuspension`, `GetKillSwitch` to kill_switch; `RaiseAlert` to alerting.
    Owns: the anchor's file.
    On failure: nobody waits for it. One that hangs is replaced; its successor does not touch the file before
    the hanging thread has come back. Until a life has compared the anchor with the log, entries are suspended
    and nothing is written.
    """

    def __init__(
        self,
        *,
        file: AnchorFile,
        audit: Address[AuditProtocol],
        state: Address[StateProtocol],
        kill_switch: Address[KillSwitchProtocol],
        alerting: Address[AlertingProtocol],
    ) -> None:
        self._file = file
        self._audit = audit
        self._state = state
        self._kill_switch = kill_switch
        self._alerting = alerting
        self._compared = False
        self._rolled_back: str | None = None
        self._armed_seen = False
        self._known = False
        self._latest: Link | None = None
        self._write: Timer | None = None

    def on_start(self) -> None:
        super().on_start()
        self._raise = Alarm(self.ctx, self._alerting)
        self._unread = StandingAlert(HOUR_S, DAY_S)
        self._unwritten = StandingAlert(HOUR_S, DAY_S)
        self._suspend(f"the anchor {self._file.path} was not compared with the audit log yet")
        self.ctx.tell(self.ctx.self_address, LookAtAnchor())

    def handle(self, message: AnchorProtocol | LookAtAnchor | WriteAnchor) -> None:
        match message:
            case HeadReached():
                self._latest = Link(message.seq, message.hash)
                self._write_soon()
            case LookAtAnchor():
                self._handle_look()
            case WriteAnchor():
                self._handle_write()
            case Recorded() | Refused():
                self.outbox.settle(message.request_id)
            case KillSwitchArmed():
                pass
            case _:
                assert_never(message)

    def _handle_look(self) -> None:
        if self._compared:
            return
        try:
            self._look()
        except (OSError, InputError, RuntimeFault) as error:
            text = f"the anchor of the audit log can't be read, entries are suspended: {error}"
            self._suspend(text)
            if self._unread.tell_now(self.ctx.now()):
                self._alert(Severity.HIGH, AlertCode.ANCHOR_UNREADABLE, text)
        if not self._compared:
            self.ctx.call_later(ACCEPTED_S if self._rolled_back is not None else RETRY_S, LookAtAnchor())

    def _look(self) -> None:
        if self._rolled_back is not None and not self._is_accepted(self._rolled_back):
            return
        found = self._file.read()
        before = self.ctx.ask(GetSystem(key=ANCHOR_KEY).to(self._state), timeout_s=ASK_TIMEOUT_S)
        self._known = not isinstance(before, Refused) and before.value == self._file.path
        if found is not None:
            query = GetRecordHash(seq=found.seq)
            record = self.ctx.ask(query.to(self._audit), timeout_s=ASK_TIMEOUT_S)
            other = self._file.of_another()
            if record.hash != found.hash:
                if other is not None and not self._known:
                    raise InputError(
                        f"{self._file.path}: expected the head of this data folder, found that of {other};"
                        " name another file in audit.anchor_path"
                    )
                self._handle_rollback(found, record)
                return
            if other is not None:
                # The log holds that head: this folder is the other one, moved or restored, or a copy of it.
                self._file.take_over()
                text = f"the anchor {self._file.path} was that of {other} and is this folder's from now on"
                self._alert(Severity.MEDIUM, AlertCode.ANCHOR_TAKEN_OVER, text)
        elif self._known:
            raise InputError(
                f"{self._file.path}: expected the head that was written here, found no file; mount the disk"
                " or share that holds it, or lay an empty file to begin anew"
            )
        self._go_on()

    def _handle_rollback(self, found: Link, record: RecordHash) -> None:
        if self._rolled_back is not None:
            self.ctx.check_live()
            aside = self._file.put_aside(self.ctx.now())
            self._alert(
                Severity.HIGH, AlertCode.ANCHOR_BEGINS_ANEW, f"the anchor of the newer log is kept as {aside}"
            )
            self._go_on()
            return
        has = f"ends at record {record.last_seq}" if record.hash is None else f"has {record.hash} there"
        reason = (
            f"the audit log was rolled back: the anchor {self._file.path} holds record {found}, and the log"
            f" {has}. If a backup was restored on purpose, or the newer data folder is lost, `run.py"
            ' kill-switch disarm --accept-audit-break --reason "…"` goes on with this one;'
            " otherwise look for that"
        )
        self._rolled_back = reason
        self._alert(Severity.CRITICAL, AlertCode.AUDIT_ROLLED_BACK, reason)
        self._arm(reason)
        self._suspend(reason)

    def _is_accepted(self, rolled_back: str) -> bool:
        """Whether a person has disarmed since. An arming that got lost with the kill switch is told again."""
        status = self.ctx.ask(GetKillSwitch().to(self._kill_switch), timeout_s=ASK_TIMEOUT_S)
        if ArmCause.AUDIT in status.causes:
            self._armed_seen = True
        elif not self._armed_seen:
            self._arm(rolled_back)
            return False
        return not status.armed

    def _arm(self, reason: str) -> None:
        arm = ArmKillSwitch(cause=ArmCause.AUDIT, reason=reason, who="anchor")
        self.ctx.tell(self._kill_switch, arm)

    def _go_on(self) -> None:
        self._compared = True
        self.ctx.tell(self._kill_switch, ClearSuspension(source=SOURCE))
        if self._unread.tell_end():
            self._alert(
                Severity.LOW, AlertCode.ANCHOR_READ, f"the anchor {self._file.path} agrees with the audit log"
            )
        self._write_soon()

    def _write_soon(self) -> None:
        if self._compared and self._latest is not None and self._write is None:
            self._write = self.ctx.call_later(WRITE_AFTER_S, WriteAnchor())

    def _handle_write(self) -> None:
        self._write = None
        if self._latest is None:
            return
        self.ctx.check_live()
        try:
            self._file.write(self._latest)
        except (OSError, InputError) as error:
            if self._unwritten.tell_now(self.ctx.now()):
                self._alert(
                    Severity.HIGH,
                    AlertCode.ANCHOR_NOT_WRITTEN,
                    f"the audit log's head can't be kept: {error}",
                )
            self._write = self.ctx.call_later(RETRY_S, WriteAnchor())
            return
        if self._unwritten.tell_end():
            self._alert(
                Severity.LOW, AlertCode.ANCHOR_WRITTEN, f"the audit log's head is in {self._file.path} again"
            )
        if not self._known:
            request_id = f"anchor-{self.ctx.uuid()}"
            value = SetSystem(request_id=request_id, key=ANCHOR_KEY, value=self._file.path, at=self.ctx.now())
            self._known = True
            self.outbox.send(self._state, value, request_id)

    def _suspend(self, reason: str) -> None:
        self.ctx.tell(self._kill_switch, SuspendEntries(source=SOURCE, reason=reason))

    def _alert(self, severity: Severity, code: AlertCode, text: str) -> None:
        self._raise(severity, code, text, self.ctx.path)
