"""The latch: the switch is armed if memory, file or row says so.

Arming takes three steps: (1) in memory, so that no new permit is given; (2) on disk, as the `KILL` file; (3)
when every permit that was outstanding is back or has lapsed, it is acknowledged. Disarming records row and
audit record first, then takes from the file what it was told to disarm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from actors.failpoints import Failpoint, reach
from actors.kill_switch.armed_file import ArmedFile, Look
from actors.kill_switch.armed_row import Armed, ArmedRow, RecordArmingAgain
from actors.kill_switch.kill_file import KillFilePort
from actors.kill_switch.reporter import Reporter
from actors.runtime import OwnContext
from core.alerts import AlertCode, Severity
from core.kill_file import Arming, KillFile
from core.messages.arm_cause import ArmCause
from core.messages.audit import SwitchWord
from core.messages.base import Refused
from core.messages.kill_switch import DisarmKillSwitch, KillSwitchArmed, KillSwitchDisarmed
from core.messages.state import KillSwitchRow, RecordKillSwitch
from core.orders.armed import Leaves, what_leaves
from core.strategy import Strategy

ARMED_BY: Final = {
    ArmCause.OPERATOR: AlertCode.ARMED_OPERATOR,
    ArmCause.KILL_FILE: AlertCode.ARMED_KILL_FILE,
    ArmCause.ENVIRONMENT: AlertCode.ARMED_ENVIRONMENT,
    ArmCause.AUDIT: AlertCode.ARMED_AUDIT,
    ArmCause.RECOVERY: AlertCode.ARMED_RECOVERY,
    ArmCause.SUPERVISION: AlertCode.ARMED_SUPERVISION,
    ArmCause.PROBES: AlertCode.ARMED_PROBES,
    ArmCause.DATABASE: AlertCode.ARMED_DATABASE,
}
"""The alert of an arming, by its cause."""


@dataclass(frozen=True)
class _Waiting:
    """An arming to be acknowledged when `permits`, outstanding at its time, are back or lapsed."""

    cause: ArmCause
    permits: frozenset[str]
    answer: Callable[[KillSwitchArmed], None]


@dataclass(frozen=True)
class _Disarming:
    """`ids` are the armings in the file when it was told."""

    request_id: str
    command: DisarmKillSwitch
    ids: frozenset[str]
    answer: Callable[[KillSwitchDisarmed | Refused], None]


class Latch:
    """One per incarnation."""

    def __init__(
        self,
        ctx: OwnContext[Look | RecordArmingAgain],
        *,
        file: KillFilePort,
        reporter: Reporter,
        strategy: Strategy,
    ) -> None:
        self._ctx = ctx
        self._file = ArmedFile(ctx, file, reporter)
        self._row = ArmedRow(ctx, reporter)
        self._reporter = reporter
        self._strategy = strategy
        self._waiting: list[_Waiting] = []
        self._disarming: _Disarming | None = None
        self.armed: Armed | None = None
        self.row_known = False

    @property
    def leaves(self) -> Leaves:
        """Which orders may leave now, as far as the latch decides it."""
        causes = self.armed.causes if self.armed is not None else ()
        return what_leaves(causes, self._strategy.exits_when_armed)

    @property
    def wordless(self) -> tuple[str, ...]:
        """The ids of the armings that `KILL` holds without their words."""
        return tuple(sorted(self._file.wordless))

    @property
    def exits_blocked(self) -> bool:
        return self.leaves is Leaves.NO_ORDER

    def start(self) -> None:
        """Arm if the file says so. The row is compared when state has told it.

        What a disarming had set aside when it was cut short arms too, until the row says whether it was
        recorded.
        """
        found, aside = self._file.read(), self._file.read_aside()
        if found is not None:
            self._take_up(found)
            # The incarnation that wrote the file may have ended before it told execution.
            self._reporter.withdraw_entries(self._now_armed.reason)
        if aside is not None:
            self._add(aside)

    def arm(
        self,
        cause: ArmCause,
        reason: str,
        who: str,
        *,
        permits: frozenset[str] = frozenset(),
        answer: Callable[[KillSwitchArmed], None] | None = None,
    ) -> None:
        """Do steps 1 and 2 at once; `answer` is called at step 3, when none of `permits` is outstanding."""
        before = self.armed
        at = self._ctx.now()
        if before is None:
            self.armed = Armed(frozenset({cause}), reason, who, at)
        else:
            self.armed = replace(before, causes=before.causes | {cause})
        self._abandon_disarming()
        reach(Failpoint.ARMED_IN_MEMORY)
        arming = Arming(arming_id=self._ctx.uuid(), causes=(cause,), reason=reason, who=who, at=at)
        self._file.lay(arming)
        self._reporter.withdraw_entries(reason)
        self._row.record(self._now_armed)
        if before is None or cause not in before.causes:
            self._alert_armed(cause, reason, who)
        if answer is not None:
            self._waiting.append(_Waiting(cause, permits, answer))

    def try_file_again(self) -> None:
        """Write what of the file could not be written; a failure is tried again later."""
        self._file.try_again()

    def record_again(self) -> None:
        """Tell state the arming again that it has refused; a refusal is told again later."""
        self._row.try_again(self.armed)

    def acknowledge(self, out: frozenset[str]) -> None:
        """Step 3: answer the armings that have no permit left in `out`, and say if no file is on disk."""
        if self.armed is None:
            return
        ready = [waiting for waiting in self._waiting if not waiting.permits & out]
        self._waiting = [waiting for waiting in self._waiting if waiting not in ready]
        for waiting in ready:
            reach(Failpoint.ARMING_ACKNOWLEDGED)
            waiting.answer(
                KillSwitchArmed(
                    cause=waiting.cause,
                    reason=self.armed.reason,
                    who=self.armed.who,
                    at=self.armed.at,
                    exits_blocked=self.exits_blocked,
                    not_on_disk=self._file.not_on_disk,
                )
            )

    def disarm(
        self, command: DisarmKillSwitch, answer: Callable[[KillSwitchDisarmed | Refused], None]
    ) -> None:
        """Record the disarming; the file is taken away when state has row and audit record on disk."""
        request_id = f"disarmed-{self._ctx.uuid()}"
        refusal = self._reason_against_disarming(command)
        if refusal is not None:
            answer(Refused(request_id=request_id, reasons=(refusal,)))
            return
        found = self._file.read()
        ids = () if found is None else found.ids
        self._disarming = _Disarming(request_id, command, frozenset(ids), answer)
        self._reporter.send(
            RecordKillSwitch(
                request_id=request_id,
                armed=False,
                causes=(),
                reason=command.reason,
                who=command.who,
                at=self._ctx.now(),
                disarms=ids,
            )
        )

    def recorded(self, request_id: str) -> None:
        """State has recorded `request_id`: if that is the disarming, take from the file what it disarms."""
        disarming = self._disarming
        if disarming is None or request_id != disarming.request_id:
            return
        self._disarming = None
        command = disarming.command
        self._ctx.check_live()
        reach(Failpoint.DISARMING_RECORDED)
        try:
            left = self._file.disarm(disarming.ids)
        except OSError as error:
            self._reporter.alert(Severity.CRITICAL, AlertCode.KILL_FILE_NOT_REMOVED, str(error), "disarming")
            disarming.answer(Refused(request_id=request_id, reasons=("kill_file_not_removed",)))
            self._row.record(self._now_armed)
            return
        self.armed = None
        self._row.disarmed()
        if left is not None:
            # Somebody armed after the disarming was told: that arming stays.
            self._arm_by_file(left)
            disarming.answer(Refused(request_id=request_id, reasons=("armed_again",)))
            return
        text = f"disarmed by {command.who}: {command.reason}"
        self._reporter.alert(Severity.HIGH, AlertCode.DISARMED, text, command.reason)
        disarming.answer(KillSwitchDisarmed(reason=command.reason, who=command.who, at=self._ctx.now()))

    def refused(self, refused: Refused) -> None:
        """State has refused a record: an arming's is told again later, a disarming is answered with it."""
        disarming = self._disarming
        if disarming is not None and refused.request_id == disarming.request_id:
            self._disarming = None
            disarming.answer(refused)
        self._row.refused(refused.request_id)

    def take_row(self, row: KillSwitchRow) -> None:
        """Merge with the row: armed if either says so. File or row is written again if it lacks a cause."""
        self.row_known = True
        self._settle_aside(frozenset() if row.armed else frozenset(row.disarms))
        in_row = frozenset(row.causes) or frozenset({ArmCause.OPERATOR}) if row.armed else frozenset()
        before = self.armed
        if before is None and not row.armed:
            return
        if before is None:
            self.armed = Armed(in_row, row.reason, row.who, row.at or self._ctx.now())
            self._reporter.withdraw_entries(row.reason)
        else:
            self.armed = replace(before, causes=before.causes | in_row)
        self._complete_file(self.armed.causes)
        if in_row != self.armed.causes:
            self._row.record(self._now_armed)
            self._reporter.alert(
                Severity.CRITICAL, AlertCode.ARMED_AT_START, self.armed.reason, self.armed.who
            )

    def take_last_word(self, word: SwitchWord) -> None:
        """Arm if the audit log's last word is ARMED, whatever row and file say: it records every disarming
        before the switch is disarmed."""
        if not word.armed:
            return
        causes = {cause for cause in ArmCause if cause.value in word.causes} or {ArmCause.OPERATOR}
        for cause in sorted(causes - (frozenset() if self.armed is None else self.armed.causes)):
            self.arm(cause, f"the audit log's last word is ARMED: {word.reason}", word.who)

    def look_at_file(self) -> None:
        """Arm by what others have added to the file while we run; lay it again if somebody took it away."""
        found = self._file.read()
        if found is None:
            is_quiet = self.row_known and self._disarming is None and not self._file.is_waiting
            if self.armed is not None and is_quiet:
                self._complete_file(self.armed.causes)
        elif self.armed is None or not found.causes <= self.armed.causes:
            self._arm_by_file(found)

    def _arm_by_file(self, found: KillFile) -> None:
        before = frozenset() if self.armed is None else self.armed.causes
        self._abandon_disarming()
        self._take_up(found)
        armed = self._now_armed
        self._reporter.withdraw_entries(armed.reason)
        self._row.record(self._now_armed)
        for cause in sorted(found.causes - before):
            self._alert_armed(cause, armed.reason, armed.who)

    def _take_up(self, found: KillFile) -> None:
        """Add the file's causes to those in memory, and name in the file what a person left unnamed."""
        self._add(found)
        self._complete_file(found.causes)

    def _add(self, found: KillFile) -> None:
        if self.armed is not None:
            self.armed = replace(self.armed, causes=self.armed.causes | found.causes)
        elif found.armings:
            first = found.armings[0]
            # The clock of who laid it may be ahead of market time, which the records keep to.
            self.armed = Armed(found.causes, first.reason, first.who, min(first.at, self._ctx.now()))
        else:
            what = "was found" if found.problem is None else f"can't be read: {found.problem}"
            self.armed = Armed(found.causes, f"a KILL file {what}", "unknown", self._ctx.now())

    def _complete_file(self, causes: frozenset[ArmCause]) -> None:
        """Add those of the causes to the file that none of its armings names."""
        armed, found = self._now_armed, self._file.read()
        missing = causes - (frozenset() if found is None else found.named_causes)
        if missing:
            self._file.lay(
                Arming(
                    arming_id=self._ctx.uuid(),
                    causes=tuple(sorted(missing)),
                    reason=armed.reason,
                    who=armed.who,
                    at=armed.at,
                )
            )

    def _settle_aside(self, disarmed: frozenset[str]) -> None:
        """End a disarming that was cut short: what was not recorded as disarmed stays armed."""
        if self._file.read_aside() is None:
            return
        try:
            self._file.settle_aside(disarmed)
        except OSError as error:
            self._reporter.alert(Severity.CRITICAL, AlertCode.KILL_FILE_NOT_REMOVED, str(error), "start")
            return
        found = self._file.whole()
        self.armed = None
        if found is not None:
            self._take_up(found)
            self._reporter.withdraw_entries(self._now_armed.reason)

    @property
    def _now_armed(self) -> Armed:
        if self.armed is None:
            raise AssertionError("only called while armed")
        return self.armed

    def _alert_armed(self, cause: ArmCause, reason: str, who: str) -> None:
        text = f"armed by {who}: {reason}"
        self._reporter.alert(Severity.CRITICAL, ARMED_BY[cause], text, reason)

    def _reason_against_disarming(self, command: DisarmKillSwitch) -> str | None:
        self.look_at_file()
        if not self.row_known:
            return "kill_switch_row_unknown"
        if self.armed is None:
            return "not_armed"
        if self._waiting or self._disarming is not None:
            return "busy"
        if command.armings is not None and not self._ids_now() <= set(command.armings):
            # It may have waited for long, in a socket or in a frozen process: a later arming stays.
            return "armed_again"
        if ArmCause.AUDIT in self.armed.causes and not command.accept_audit_break:
            return "audit_break_not_accepted"
        return None

    def _ids_now(self) -> frozenset[str]:
        """All that holds by the file, also what its words found no room in."""
        found = self._file.read()
        return self._file.wordless | (frozenset() if found is None else frozenset(found.ids))

    def _abandon_disarming(self) -> None:
        """Refuse a disarming that an arming has overtaken; the armed row is told after the disarmed one."""
        if self._disarming is not None:
            disarming, self._disarming = self._disarming, None
            disarming.answer(Refused(request_id=disarming.request_id, reasons=("armed_again",)))
