"""The entry cycle: blocked? picture, rules, books, one order, its end."""

from __future__ import annotations

from typing import Final

from actors.decision.cycle import Cycle, CycleAnswer, Step, snapshot_deadline, snapshot_failed_outcome
from actors.decision.desk import Desk
from actors.decision.facts import blocked_reasons, entry_facts
from actors.decision.window import window_end
from core.messages.execution import FinalOutcome, OrderFinal, PlaceCombo
from core.messages.market_data import EntryMarket, FetchSnapshot, Snapshot, SnapshotFailed, SnapshotKind
from core.messages.state import CloseProposal, RecordDecision
from core.orders.books import CycleOutcome, Proposal
from core.orders.lifecycle import PositionState
from core.rules import record as decision_record
from core.rules.entry.decision import EntryDecision, EntryOutcome, decide_entry
from core.values import CycleId, PositionId, ProposalId

ORDER_MARGIN_S: Final = 180.0
"""Beyond the fill timeout, for the last cancel and the look-ups of an order in doubt."""

ORDER_OUTCOMES: Final = {
    FinalOutcome.FILLED: CycleOutcome.ENTERED,
    FinalOutcome.PARTLY_FILLED: CycleOutcome.ENTERED,
    FinalOutcome.NOT_FILLED: CycleOutcome.NOT_FILLED,
    FinalOutcome.VETOED: CycleOutcome.VETOED,
    FinalOutcome.REFUSED: CycleOutcome.REFUSED,
    FinalOutcome.IN_DOUBT: CycleOutcome.IN_DOUBT,
    FinalOutcome.RECOVERING: CycleOutcome.RECOVERING,
}
DECISION_OUTCOMES: Final = {
    EntryOutcome.BLOCKED: CycleOutcome.BLOCKED,
    EntryOutcome.DATA_ANOMALY: CycleOutcome.DATA_FAILED,
}


class EntryCycle(Cycle):
    """From blocked-or-not to the final order. At most one proposal, under the cycle's own name."""

    proposal: Proposal | None = None
    decision: EntryDecision | None = None
    decision_request: str = ""

    def begin(self) -> None:
        desk = self.desk
        now = desk.ctx.now()
        if window_end(now) is not None:
            self.end(CycleOutcome.BLOCKED, ("maintenance_window",))
            return
        books = desk.books()
        if self.resumed and desk.position(PositionId(proposal_id_of(self.cycle_id))) is not None:
            # Taken up again with its proposal on record: whether that became an order is execution's to say.
            self.end(CycleOutcome.INTERRUPTED, ("proposal_on_record",))
            return
        blocked = blocked_reasons(desk.switch(), books, desk.mode, desk.strategy)
        if blocked:
            self.end(CycleOutcome.BLOCKED, blocked)
            return
        deadline_s = desk.strategy.scheduler.cycle_deadline_s
        self.wait(Step.SNAPSHOT, desk.rooms.market_data, deadline_s)
        desk.ctx.tell(
            desk.rooms.market_data,
            FetchSnapshot(
                request_id=f"snapshot-{self.cycle_id}",
                cycle_id=self.cycle_id,
                kind=SnapshotKind.ENTRY,
                deadline=snapshot_deadline(self),
            ),
            correlation=self.cycle_id,
        )

    def take(self, answer: CycleAnswer) -> None:
        match answer:
            case Snapshot() if self._is_mine(answer) and isinstance(answer.market, EntryMarket):
                self._decide(answer.market)
            case SnapshotFailed() if self._is_mine(answer):
                self.end(*snapshot_failed_outcome(answer))
            case OrderFinal() if self.step is Step.ORDER and answer.cycle_id == self.cycle_id:
                reasons = answer.reasons
                if answer.outcome is FinalOutcome.PARTLY_FILLED:
                    reasons = ("partly_filled", *reasons)
                self.end(ORDER_OUTCOMES[answer.outcome], reasons, self._text)
            case _:
                pass

    def recorded(self, request_id: str) -> None:
        if self.step is not Step.RECORDING or request_id != self.decision_request or self.decision is None:
            return
        decision, proposal = self.decision, self.proposal
        if proposal is None:
            outcome = DECISION_OUTCOMES.get(decision.outcome, CycleOutcome.NO_ENTRY)
            self.end(outcome, (decision.outcome.value, *decision.reasons), self._text)
            return
        desk = self.desk
        desk.ctx.tell(
            desk.rooms.execution,
            PlaceCombo(request_id=f"place-{self.cycle_id}", cycle_id=self.cycle_id, proposal=proposal),
            correlation=self.cycle_id,
        )
        within_s = desk.strategy.execution.fill_timeout_s + ORDER_MARGIN_S
        self.wait(Step.ORDER, desk.rooms.execution, within_s)

    def _decide(self, market: EntryMarket) -> None:
        """Switch and books are asked again: they may have changed while the market was read."""
        desk = self.desk
        now = desk.ctx.now()
        facts = entry_facts(now, desk.switch(), desk.books(), desk.mode, market)
        decision = decide_entry(facts, desk.strategy)
        record = decision_record.canonical(decision_record.record(facts, decision, desk.code_version))
        self.decision = decision
        if decision.plan is not None:
            self.proposal = Proposal(
                proposal_id=proposal_id_of(self.cycle_id),
                cycle_id=self.cycle_id,
                plan=decision.plan,
                created_at=now,
            )
        self.decision_request = f"decision-{self.cycle_id}-{desk.ctx.uuid()}"
        self.wait(Step.RECORDING, desk.rooms.state, desk.strategy.scheduler.cycle_deadline_s)
        desk.record(
            RecordDecision(
                request_id=self.decision_request,
                cycle_id=self.cycle_id,
                at=now,
                record=record,
                proposal=self.proposal,
            ),
            correlation=self.cycle_id,
        )

    @property
    def _text(self) -> str:
        return "" if self.decision is None else self.decision.table()

    def _is_mine(self, answer: Snapshot | SnapshotFailed) -> bool:
        return self.step is Step.SNAPSHOT and answer.cycle_id == self.cycle_id


def proposal_id_of(cycle_id: CycleId) -> ProposalId:
    """A cycle makes at most one proposal, under its own name."""
    return ProposalId(f"p-{cycle_id}")


def release_proposal(desk: Desk, cycle_id: CycleId) -> None:
    """A proposal whose order never came to be must not hold the only slot: close it in the books.

    Where its instruction is committed the position is no longer `proposed`, and execution owns its end.
    Raises `RoomUnreachableError`.
    """
    proposal_id = proposal_id_of(cycle_id)
    position = desk.position(PositionId(proposal_id))
    if position is None or position.state is not PositionState.PROPOSED:
        return
    desk.record(
        CloseProposal(
            request_id=f"release-{proposal_id}-{desk.ctx.uuid()}",
            proposal_id=proposal_id,
            reason="cycle_ended",
            at=desk.ctx.now(),
        ),
        correlation=cycle_id,
    )
