"""The latch: the switch is armed if memory, file or row says so.

Arming takes three steps: (1) in memory, so that no new permit is given; (2) on disk, as the file or, if that
can't be written, as the row; (3) when every permit that was outstanding is back or has lapsed, it is
acknowledged. Disarming records row and audit record first, then removes the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from actors.kill_switch.gate import exits_blocked
from actors.kill_switch.kill_file import KillFilePort
from actors.kill_switch.reporter import Reporter
from actors.runtime import Context
from core.kill_file import KillFile, parse_kill_file
from core.messages.alerting import Severity
from core.messages.audit import SwitchWord
from core.messages.base import Refused
from core.messages.kill_switch import ArmCause, DisarmKillSwitch, KillSwitchArmed, KillSwitchDisarmed
from core.messages.state import KillSwitchRow, RecordKillSwitch
from core.strategy import Strategy

FILE_RETRY_S = 5.0
"""Market time until a `KILL` file that could not be written is tried again."""


@dataclass(frozen=True)
class Look:
    """Timer: a permit has lapsed, or the file is to be tried again."""


@dataclass(frozen=True)
class Armed:
    """Why, by whom and since when. Later armings add their cause; the rest stays that of the first."""

    causes: frozenset[ArmCause]
    reason: str
    who: str
    at: datetime


@dataclass(frozen=True)
class _Waiting:
    """An arming to be acknowledged when `permits`, outstanding at its time, are back or lapsed."""

    cause: ArmCause
    permits: frozenset[str]
    row_request_id: str
    answer: Callable[[object], None]


@dataclass(frozen=True)
class _Disarming:
    request_id: str
    command: DisarmKillSwitch
    answer: Callable[[object], None]


class Latch:
    """One per incarnation."""

    def __init__(self, ctx: Context, *, file: KillFilePort, reporter: Reporter, strategy: Strategy) -> None:
        self._ctx = ctx
        self._file = file
        self._reporter = reporter
        self._strategy = strategy
        self._file_written = True
        self._waiting: list[_Waiting] = []
        self._disarming: _Disarming | None = None
        self.armed: Armed | None = None
        self.row_known = False

    @property
    def exits_blocked(self) -> bool:
        return self.armed is not None and exits_blocked(self.armed.causes, self._strategy)

    def start(self) -> None:
        """Arm if the file says so. The row is compared when state has told it."""
        self.armed = self._in_file()
        if self.armed is not None:
            # The incarnation that wrote the file may have ended before it told execution.
            self._reporter.withdraw_entries(self.armed.reason)

    def arm(
        self,
        cause: ArmCause,
        reason: str,
        who: str,
        *,
        permits: frozenset[str] = frozenset(),
        answer: Callable[[object], None] | None = None,
    ) -> None:
        """Do steps 1 and 2 at once; `answer` is called at step 3, when none of `permits` is outstanding."""
        now = self._ctx.now()
        before = self.armed
        if before is None:
            self.armed = Armed(frozenset({cause}), reason, who, now)
        else:
            self.armed = replace(before, causes=before.causes | {cause})
        self._abandon_disarming()
        self._file_written = False
        self.write_file()
        self._reporter.withdraw_entries(reason)
        request_id = self._record_armed(self.armed)
        if before is None or cause not in before.causes:
            self._reporter.alert(
                Severity.CRITICAL, f"armed:{cause.value}", f"armed by {who}: {reason}", reason
            )
        if answer is not None:
            self._waiting.append(_Waiting(cause, permits, request_id, answer))

    def write_file(self) -> None:
        """Write the file if that is still to be done. A failed write raises an alert and is tried again."""
        if self.armed is None or self._file_written:
            return
        content = KillFile(
            causes=tuple(sorted(self.armed.causes)),
            reason=self.armed.reason,
            who=self.armed.who,
            at=self.armed.at,
            exits_blocked=self.exits_blocked,
        )
        self._ctx.check_live()
        try:
            self._file.write(content)
        except OSError as error:
            # No crash here: it would forget the arming in memory. The row stands in for the file.
            self._reporter.alert(Severity.CRITICAL, "kill_file_unwritable", str(error), "arming")
            self._ctx.call_later(FILE_RETRY_S, Look())
        else:
            self._file_written = True

    def acknowledge(self, out: frozenset[str]) -> None:
        """Step 3: answer the armings that are on disk and have no permit left in `out`."""
        if self.armed is None:
            return
        ready = [
            waiting for waiting in self._waiting if self._is_durable(waiting) and not waiting.permits & out
        ]
        self._waiting = [waiting for waiting in self._waiting if waiting not in ready]
        for waiting in ready:
            waiting.answer(
                KillSwitchArmed(
                    cause=waiting.cause,
                    reason=self.armed.reason,
                    who=self.armed.who,
                    at=self.armed.at,
                    exits_blocked=self.exits_blocked,
                )
            )

    def disarm(self, command: DisarmKillSwitch, answer: Callable[[object], None]) -> None:
        """Record the disarming; the file is removed when state has row and audit record on disk."""
        request_id = f"disarmed-{self._ctx.uuid()}"
        refusal = self._reason_against_disarming(command)
        if refusal is not None:
            answer(Refused(request_id=request_id, reasons=(refusal,)))
            return
        self._disarming = _Disarming(request_id, command, answer)
        self._reporter.send(
            RecordKillSwitch(
                request_id=request_id,
                armed=False,
                causes=(),
                reason=command.reason,
                who=command.who,
                at=self._ctx.now(),
            )
        )

    def recorded(self, request_id: str) -> None:
        """State has recorded `request_id`: if that is the disarming, remove the file."""
        disarming = self._disarming
        if disarming is None or request_id != disarming.request_id:
            return
        self._disarming = None
        command = disarming.command
        self._ctx.check_live()
        try:
            self._file.remove()
        except OSError as error:
            self._reporter.alert(Severity.CRITICAL, "kill_file_not_removed", str(error), "disarming")
            disarming.answer(Refused(request_id=request_id, reasons=("kill_file_not_removed",)))
            return
        self.armed = None
        text = f"disarmed by {command.who}: {command.reason}"
        self._reporter.alert(Severity.HIGH, "disarmed", text, command.reason)
        disarming.answer(KillSwitchDisarmed(reason=command.reason, who=command.who, at=self._ctx.now()))

    def refused(self, refused: Refused) -> None:
        """State has refused a record: an arming stands, a disarming is answered with state's reasons."""
        disarming = self._disarming
        if disarming is not None and refused.request_id == disarming.request_id:
            self._disarming = None
            disarming.answer(refused)

    def take_row(self, row: KillSwitchRow) -> None:
        """Merge with the row: armed if either says so. File or row is written again if it lacks a cause."""
        self.row_known = True
        in_row = frozenset(row.causes) or frozenset({ArmCause.OPERATOR}) if row.armed else frozenset()
        before = self.armed
        if before is None and not row.armed:
            return
        if before is None:
            self.armed = Armed(in_row, row.reason, row.who, row.at or self._ctx.now())
            self._reporter.withdraw_entries(row.reason)
        else:
            self.armed = replace(before, causes=before.causes | in_row)
        if before is None or before.causes != self.armed.causes:
            self._file_written = False
            self.write_file()
        if in_row != self.armed.causes:
            self._record_armed(self.armed)
            self._reporter.alert(Severity.CRITICAL, "armed:at_start", self.armed.reason, self.armed.who)

    def take_last_word(self, word: SwitchWord) -> None:
        """Arm if the audit log's last word is ARMED, whatever row and file say: it records every disarming
        before the switch is disarmed."""
        if not word.armed:
            return
        causes = {cause for cause in ArmCause if cause.value in word.causes} or {ArmCause.OPERATOR}
        for cause in sorted(causes - (frozenset() if self.armed is None else self.armed.causes)):
            self.arm(cause, f"the audit log's last word is ARMED: {word.reason}", word.who)

    def look_at_file(self) -> None:
        """Arm if a person or a command has laid a file while we run, or if the file can't be read."""
        if self.armed is not None:
            return
        found = self._in_file()
        if found is not None:
            for cause in sorted(found.causes):
                self.arm(cause, found.reason, found.who)

    def _in_file(self) -> Armed | None:
        now = self._ctx.now()
        by_file = frozenset({ArmCause.KILL_FILE})
        try:
            content = self._file.read()
        except OSError as error:
            return Armed(by_file, f"the KILL file can't be read: {error}", "kill_switch", now)
        if content is None:
            return None
        found = parse_kill_file(content)
        if found is None:
            # Perhaps a bare `touch KILL`, at which mcp.orders stops everything: to be written with content.
            self._file_written = False
            return Armed(by_file, "a KILL file was found", "unknown", now)
        return Armed(frozenset(found.causes) or by_file, found.reason, found.who, found.at)

    def _record_armed(self, armed: Armed) -> str:
        """Record the row; state adds an audit record if the row changes. Returns the request's id."""
        request_id = f"armed-{self._ctx.uuid()}"
        self._reporter.send(
            RecordKillSwitch(
                request_id=request_id,
                armed=True,
                causes=tuple(sorted(armed.causes)),
                reason=armed.reason,
                who=armed.who,
                at=armed.at,
            )
        )
        return request_id

    def _is_durable(self, waiting: _Waiting) -> bool:
        return self._file_written or self._reporter.has_told(waiting.row_request_id)

    def _reason_against_disarming(self, command: DisarmKillSwitch) -> str | None:
        self.look_at_file()
        if not self.row_known:
            return "kill_switch_row_unknown"
        if self.armed is None:
            return "not_armed"
        if self._waiting or self._disarming is not None:
            return "busy"
        if ArmCause.AUDIT in self.armed.causes and not command.accept_audit_break:
            return "audit_break_not_accepted"
        return None

    def _abandon_disarming(self) -> None:
        """Refuse a disarming that an arming has overtaken; the armed row is told after the disarmed one."""
        if self._disarming is not None:
            disarming, self._disarming = self._disarming, None
            disarming.answer(Refused(request_id=disarming.request_id, reasons=("armed_again",)))
