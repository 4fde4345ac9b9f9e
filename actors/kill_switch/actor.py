"""`KillSwitch`: no order leaves without its permit. Armed is latched; only a person disarms."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from pydantic import JsonValue

from actors.failpoints import Failpoint, reach
from actors.kill_switch.armed_file import Look
from actors.kill_switch.armed_row import RecordArmingAgain
from actors.kill_switch.gate import Gate
from actors.kill_switch.kill_file import KillFilePort
from actors.kill_switch.latch import Latch
from actors.kill_switch.ledger import PermitLapsed, PermitLedger
from actors.kill_switch.pauses import Pauses, RecordPausesAgain
from actors.kill_switch.reporter import Reporter
from actors.room import HOUR_S, Room, StandingAlert, answerer
from actors.runtime import Address
from core.alerts import AlertCode, Severity
from core.messages.arm_cause import ArmCause
from core.messages.audit import AuditBoot, AuditKind
from core.messages.base import Refused
from core.messages.kill_switch import (
    STOPPING_SOURCE,
    ArmKillSwitch,
    BooksChanged,
    ClearSuspension,
    DisarmKillSwitch,
    GetKillSwitch,
    MarksChanged,
    PauseEntries,
    Permit,
    PermitSpent,
    PermitVoid,
    RequestPermit,
    ResumeEntries,
    SuspendEntries,
    Veto,
)
from core.messages.protocols import AlertingProtocol, ExecutionProtocol, KillSwitchProtocol, StateProtocol
from core.messages.room_status import (
    KillSwitchStatus,
    VenueChecked,
)
from core.messages.state import GetKillSwitchRow, KillSwitchRow, LatchesLifted, Recorded
from core.rules.conduct import AS_IT_TRADES, Conduct
from core.strategy import Strategy

Timers = Look | RecordArmingAgain | RecordPausesAgain | PermitLapsed


class KillSwitch(Room[KillSwitchProtocol | Timers]):
    """The gate before every order, and the latch.

    Accepts: `KillSwitchProtocol`, `AuditBoot` from audit, state's answers.
    Sends: `Permit` | `Veto`, `KillSwitchArmed`, `KillSwitchDisarmed` | `Refused`, `EntriesPaused`,
    `EntriesResumed`, `KillSwitchStatus` to whoever asked; `RecordKillSwitch`, `LatchEntries`, `LiftLatches`,
    `RecordEvent`, `GetKillSwitchRow` to state; `WithdrawEntries` to
    execution; `RaiseAlert` to alerting.
    Owns: the `KILL` file, the ledger of permits, the suspensions.
    On failure: while it is down nobody gets a permit. A new incarnation reads file and row before the first
    permit, treats one permit as outstanding for one lifetime, and knows no fact until it is told one.
    """

    def __init__(
        self,
        *,
        kill_file: KillFilePort,
        state: Address[StateProtocol],
        execution: Address[ExecutionProtocol],
        alerting: Address[AlertingProtocol],
        strategy: Strategy,
        strategy_enabled: bool,
        conduct: Conduct = AS_IT_TRADES,
    ) -> None:
        self._file = kill_file
        self._state = state
        self._execution = execution
        self._alerting = alerting
        self._strategy = strategy
        self._gate = Gate(strategy=strategy, strategy_enabled=strategy_enabled, is_on=conduct.gated)
        self._vetoes = 0

    def on_start(self) -> None:
        super().on_start()
        self._reporter = Reporter(
            self.ctx,
            self.outbox,
            state=self._state,
            execution=self._execution,
            alerting=self._alerting,
        )
        self._latch = Latch(self.ctx, file=self._file, reporter=self._reporter, strategy=self._strategy)
        self._pauses = Pauses(self.ctx, gate=self._gate, reporter=self._reporter, blockers=self._blockers)
        self._refusing = StandingAlert(HOUR_S)
        lifetime_s = self._strategy.execution.permit_lifetime_s
        self._ledger = PermitLedger(self.ctx.call_later, lifetime_s=lifetime_s)
        self._latch.start()
        request_id = f"kill-switch-row-{self.ctx.uuid()}"
        self.outbox.send(self._state, GetKillSwitchRow(request_id=request_id), request_id)

    def handle(self, message: KillSwitchProtocol | Timers) -> None:
        # The most frequent first: each kind that does not match is tried in turn.
        match message:
            case BooksChanged():
                self._handle_books(message)
            case GetKillSwitch():
                answerer(self.ctx, message)(self._status())
            case RequestPermit():
                self._handle_request_permit(message)
            case PermitSpent() | PermitVoid() | PermitLapsed():
                self._ledger.returned(message.permit_id)
                self._acknowledge()
            case ArmKillSwitch():
                self._handle_arm(message)
            case DisarmKillSwitch():
                self._latch.disarm(message, answerer(self.ctx, message))
            case PauseEntries():
                self._pauses.pause_entries(message, answerer(self.ctx, message))
            case ResumeEntries():
                self._pauses.resume_entries(message, answerer(self.ctx, message))
            case LatchesLifted():
                self.outbox.settle(message.request_id)
                self._pauses.lifted(message)
            case SuspendEntries():
                self._handle_suspend(message)
            case ClearSuspension():
                self._handle_clear(message)
            case MarksChanged():
                self._gate.take_marks(message, self.ctx.now())
            case VenueChecked():
                self._gate.take_venue(message, self.ctx.now())
            case AuditBoot():
                if not message.ok:
                    problem = message.problem or "the audit chain is broken"
                    self._latch.arm(ArmCause.AUDIT, problem, "audit")
                elif message.last_word is not None:
                    self._latch.take_last_word(message.last_word)
            case KillSwitchRow():
                if self.outbox.settle(message.request_id):
                    self._latch.take_row(message)
            case Recorded():
                self.outbox.settle(message.request_id)
                self._refusing.tell_end()
                self._latch.recorded(message.request_id)
                self._pauses.recorded(message.request_id)
            case Refused():
                self._handle_refused(message)
            case Look():
                self._latch.try_file_again()
            case RecordArmingAgain():
                self._latch.record_again()
            case RecordPausesAgain():
                self._pauses.try_again()
            case _:
                assert_never(message)

    def _handle_books(self, books: BooksChanged) -> None:
        """Cancel the entries that rest when a source blocks entries anew: they need no further permit."""
        before = {latch.source for latch in self._gate.latches}
        self._gate.take_books(books)
        new = [
            f"{latch.source}: {latch.reason}" for latch in self._gate.latches if latch.source not in before
        ]
        if new:
            self._reporter.withdraw_entries("; ".join(new))

    def _handle_request_permit(self, request: RequestPermit) -> None:
        self._latch.look_at_file()
        answer, now = answerer(self.ctx, request), self.ctx.now()
        reasons = self._latch_reasons(request) + self._gate.reasons_against(
            request, now, entries_last_hour=self._ledger.entries_last_hour(now)
        )
        if reasons:
            self._vetoes += 1
            detail: dict[str, JsonValue] = {
                "label": request.label,
                "purpose": request.terms.purpose.value,
                "reasons": list(reasons),
            }
            self._reporter.record_event(AuditKind.VETO, detail)
            answer(Veto(request_id=request.request_id, label=request.label, reasons=reasons))
            return
        permit = Permit(
            permit_id=self.ctx.uuid(),
            label=request.label,
            terms=request.terms,
            expires_at=now + timedelta(seconds=self._strategy.execution.permit_lifetime_s),
        )
        self._ledger.grant(permit, now)
        reach(Failpoint.PERMIT_GRANTED)
        answer(permit)

    def _latch_reasons(self, request: RequestPermit) -> tuple[str, ...]:
        reasons = []
        if not self._latch.row_known:
            reasons.append("kill_switch_row_unknown")
        if not self._latch.leaves.lets(request.terms):
            reasons.append("armed" if request.terms.purpose.is_entry else "exits_blocked")
        if self._ledger.is_used(request):
            reasons.append("label_used")
        return tuple(reasons)

    def _handle_arm(self, command: ArmKillSwitch) -> None:
        permits = self._ledger.outstanding()
        # A person's command lays KILL before it tells us, and what is in there decides what leaves.
        self._latch.look_at_file()
        self._latch.arm(
            command.cause, command.reason, command.who, permits=permits, answer=answerer(self.ctx, command)
        )
        self._acknowledge()

    def _acknowledge(self) -> None:
        self._latch.acknowledge(self._ledger.outstanding())

    def _handle_refused(self, refused: Refused) -> None:
        self.outbox.settle(refused.request_id)
        self._latch.refused(refused)
        self._pauses.refused(refused)
        if self._refusing.tell_now(self.ctx.now()):
            self._reporter.alert(
                Severity.HIGH,
                AlertCode.KILL_SWITCH_NOT_RECORDED,
                ", ".join(refused.reasons),
                refused.request_id,
            )

    def _handle_suspend(self, command: SuspendEntries) -> None:
        is_new = command.source not in self._gate.suspensions
        self._gate.suspensions[command.source] = command.reason
        if is_new:
            detail: dict[str, JsonValue] = {"source": command.source, "reason": command.reason}
            self._reporter.record_event(AuditKind.SUSPENDED, detail)
            if command.source != STOPPING_SOURCE:
                # An alert at the stop would reach the person after the next start, as if it were true then.
                self._reporter.alert(
                    Severity.MEDIUM,
                    AlertCode.SUSPENDED,
                    command.reason,
                    command.source,
                    subject=command.source,
                )

    def _handle_clear(self, command: ClearSuspension) -> None:
        if self._gate.suspensions.pop(command.source, None) is not None:
            self._reporter.record_event(AuditKind.RESUMED, {"source": command.source})

    def _blockers(self) -> tuple[str, ...]:
        """What blocks entries now, for people, but for what an entry cycle itself would find."""
        armed = self._latch.armed
        blockers = [] if armed is None else [f"the kill switch is armed: {armed.reason}"]
        blockers += [f"{latch.source}: {latch.reason}" for latch in self._gate.latches]
        blockers += [f"{source}: {reason}" for source, reason in sorted(self._gate.suspensions.items())]
        if not self._gate.strategy_enabled:
            blockers.append("the strategy is off (CERBERO_BITE_ENABLE_STRATEGY)")
        return tuple(blockers)

    def _status(self) -> KillSwitchStatus:
        self._latch.look_at_file()
        armed = self._latch.armed
        return KillSwitchStatus(
            armed=armed is not None,
            causes=() if armed is None else tuple(sorted(armed.causes)),
            reason=None if armed is None else armed.reason,
            who=None if armed is None else armed.who,
            since=None if armed is None else armed.at,
            exits_blocked=self._latch.exits_blocked,
            wordless=self._latch.wordless,
            suspensions=dict(sorted(self._gate.suspensions.items())),
            latches=self._gate.latches,
            permits_outstanding=len(self._ledger.outstanding()),
            permits_granted=self._ledger.granted,
            vetoes=self._vetoes,
        )
