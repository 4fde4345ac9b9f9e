"""The monitor cycle: every open position under the exit rules; a due exit is sent, or loudly blocked."""

from __future__ import annotations

from typing import Final

from actors.decision.cycle import Cycle, CycleAnswer, Step, snapshot_deadline, snapshot_failed_outcome
from actors.decision.desk import RoomUnreachableError
from actors.decision.facts import is_held, monitor_facts
from core.messages.alerting import Severity
from core.messages.execution import ClosePosition, ExitStarted, PositionClosed
from core.messages.market_data import FetchSnapshot, MonitorMarket, Snapshot, SnapshotFailed, SnapshotKind
from core.messages.state import RecordDecision
from core.orders.books import CycleOutcome, Position
from core.orders.lifecycle import PositionState
from core.rules import record as decision_record
from core.rules.exit.decision import ExitCode, ExitDecision, Skipped, decide_exit
from core.values import PositionId

EXIT_STEPS_BEYOND: Final = 3
"""A monitor waits for its exits until they have stood at natural for so many steps; then they go on alone."""

OUTCOME_RANK: Final = (
    CycleOutcome.EXIT_BLOCKED,
    CycleOutcome.DATA_FAILED,
    CycleOutcome.EXIT_WORKING,
    CycleOutcome.EXITED,
    CycleOutcome.HELD,
    CycleOutcome.NOTHING_OPEN,
)
"""Of several positions the gravest outcome is the cycle's."""


class MonitorCycle(Cycle):
    """Looks at every position; also when the switch is armed, for armed is not blind."""

    def begin(self) -> None:
        self.outcomes: set[CycleOutcome] = {CycleOutcome.NOTHING_OPEN}
        self.reasons: list[str] = []
        self.tables: list[str] = []
        self.exits: dict[PositionId, ExitDecision] = {}
        self.to_decide: tuple[Position, ...] = ()
        self.unrecorded: set[str] = set()
        desk = self.desk
        now = desk.ctx.now()
        held = [position for position in desk.books().positions if is_held(position)]
        deciding = []
        for position in held:
            if position.plan.expiration <= now:
                self.reasons.append(f"awaiting_settlement:{position.position_id}")
            elif position.state is PositionState.CLOSING:
                self._note(CycleOutcome.EXIT_WORKING, f"exit_under_way:{position.position_id}")
            else:
                deciding.append(position)
        if not deciding:
            self._finish()
            return
        self.to_decide = tuple(deciding)
        self.wait(Step.SNAPSHOT, desk.rooms.market_data, desk.strategy.scheduler.cycle_deadline_s)
        desk.ctx.tell(
            desk.rooms.market_data,
            FetchSnapshot(
                request_id=f"snapshot-{self.cycle_id}",
                cycle_id=self.cycle_id,
                kind=SnapshotKind.MONITOR,
                expirations=tuple(sorted({position.plan.expiration for position in deciding})),
                deadline=snapshot_deadline(self),
            ),
            correlation=self.cycle_id,
        )

    def take(self, answer: CycleAnswer) -> None:
        match answer:
            case Snapshot() if self._is_mine(answer) and isinstance(answer.market, MonitorMarket):
                self._decide(answer.market)
            case SnapshotFailed() if self._is_mine(answer):
                self.end(*snapshot_failed_outcome(answer))
            case ExitStarted() if self.step is Step.EXIT and not answer.started:
                self._exit_not_started(answer)
            case PositionClosed() if self.step is Step.EXIT:
                self._exited(answer.position_id)
            case _:
                pass

    def recorded(self, request_id: str) -> None:
        self.unrecorded.discard(request_id)
        if self.step is Step.RECORDING and not self.unrecorded:
            self._close_due()

    def timed_out(self) -> None:
        if self.step is not Step.EXIT:
            super().timed_out()
            return
        for position_id in self.exits:
            self._note(CycleOutcome.EXIT_WORKING, f"exit_working:{position_id}")
        self._finish()

    def _decide(self, market: MonitorMarket) -> None:
        desk = self.desk
        now = desk.ctx.now()
        self.wait(Step.RECORDING, desk.rooms.state, desk.strategy.scheduler.cycle_deadline_s)
        for position in self.to_decide:
            facts = monitor_facts(now, position, market)
            decision = decide_exit(facts, desk.strategy)
            record = decision_record.canonical(decision_record.record(facts, decision, desk.code_version))
            request_id = f"decision-{self.cycle_id}-{position.position_id}-{desk.ctx.uuid()}"
            self.unrecorded.add(request_id)
            desk.record(
                RecordDecision(
                    request_id=request_id,
                    cycle_id=self.cycle_id,
                    at=now,
                    record=record,
                ),
                correlation=self.cycle_id,
            )
            self._sort(decision)

    def _sort(self, decision: ExitDecision | Skipped) -> None:
        position_id = decision.position_id
        if isinstance(decision, Skipped):
            self._note(CycleOutcome.DATA_FAILED, *(f"{reason}@{position_id}" for reason in decision.reasons))
            return
        self.tables.append(decision.table())
        self.reasons.append(f"{decision.code.value}:{position_id}")
        if decision.code is ExitCode.HOLD:
            self.outcomes.add(CycleOutcome.HELD)
        else:
            self.exits[position_id] = decision

    def _close_due(self) -> None:
        if not self.exits:
            self._finish()
            return
        desk = self.desk
        blocked = self._blocked()
        if blocked:
            for position_id in list(self.exits):
                self._exit_blocked(position_id, blocked)
            self._finish()
            return
        execution = desk.strategy.execution
        within_s = execution.exit_reprice_s * (execution.exit_steps + EXIT_STEPS_BEYOND)
        self.wait(Step.EXIT, desk.rooms.execution, within_s)
        for position_id, decision in self.exits.items():
            desk.ctx.tell(
                desk.rooms.execution,
                ClosePosition(
                    request_id=f"close-{self.cycle_id}-{position_id}",
                    cycle_id=self.cycle_id,
                    position_id=position_id,
                    exit_rule=decision.code.value,
                    reason=", ".join(code.value for code in decision.matched),
                ),
                correlation=self.cycle_id,
            )

    def _blocked(self) -> tuple[str, ...]:
        """Why the switch lets no exit through. Where it does not answer, the gate itself has the word."""
        try:
            switch = self.desk.switch()
        except RoomUnreachableError as error:
            self.desk.ctx.log().warning("the kill switch is not read before an exit: %s", error)
            return ()
        if not (switch.armed and switch.exits_blocked):
            return ()
        return ("kill_switch_armed", *(cause.value for cause in switch.causes))

    def _exit_not_started(self, answer: ExitStarted) -> None:
        if answer.position_id not in self.exits:
            return
        if "not_open:closed" in answer.reasons:
            return  # It was closed meanwhile: `PositionClosed` follows.
        self._exit_blocked(answer.position_id, answer.reasons)
        self._finish_if_resolved()

    def _exit_blocked(self, position_id: PositionId, reasons: tuple[str, ...]) -> None:
        """Due but not sent: never silent, however often it happens."""
        decision = self.exits.pop(position_id)
        self._note(CycleOutcome.EXIT_BLOCKED, *(f"{reason}@{position_id}" for reason in reasons))
        text = f"{position_id}: exit by {decision.code.value} is due and blocked: {', '.join(reasons)}"
        self.desk.alert(Severity.CRITICAL, "exit_blocked", text, self.cycle_id)

    def _exited(self, position_id: PositionId) -> None:
        if self.exits.pop(position_id, None) is not None:
            self.outcomes.add(CycleOutcome.EXITED)
            self._finish_if_resolved()

    def _finish_if_resolved(self) -> None:
        if not self.exits:
            self._finish()

    def _finish(self) -> None:
        outcome = next(outcome for outcome in OUTCOME_RANK if outcome in self.outcomes)
        self.end(outcome, tuple(self.reasons), "\n".join(self.tables))

    def _note(self, outcome: CycleOutcome, *reasons: str) -> None:
        self.outcomes.add(outcome)
        self.reasons += reasons

    def _is_mine(self, answer: Snapshot | SnapshotFailed) -> bool:
        return self.step is Step.SNAPSHOT and answer.cycle_id == self.cycle_id
