"""The settlement cycle: have execution book what the venue delivered, where anything could have expired."""

from __future__ import annotations

from actors.decision.cycle import Cycle, CycleAnswer, Step
from core.messages.execution import Settled, SettleExpired, SettleFailed
from core.orders.books import CycleOutcome


class SettlementCycle(Cycle):
    """Asks execution once; with nothing live in the books there is nothing to settle."""

    def begin(self) -> None:
        desk = self.desk
        if not desk.books().open_positions:
            self.end(CycleOutcome.NOTHING_OPEN)
            return
        self.wait(Step.SETTLEMENT, desk.rooms.execution, desk.strategy.scheduler.cycle_deadline_s)
        desk.ctx.tell(
            desk.rooms.execution,
            SettleExpired(request_id=f"settle-{self.cycle_id}", cycle_id=self.cycle_id),
            correlation=self.cycle_id,
        )

    def recorded(self, request_id: str) -> None:
        """What is booked, execution sends to the books; this cycle sends nothing."""

    def take(self, answer: CycleAnswer) -> None:
        if self.step is not Step.SETTLEMENT:
            return
        match answer:
            case Settled() if answer.cycle_id == self.cycle_id:
                closed = tuple(f"settled:{position_id}" for position_id in answer.positions_closed)
                if answer.deliveries or closed:
                    self.end(CycleOutcome.SETTLED, (f"deliveries:{answer.deliveries}", *closed))
                else:
                    self.end(CycleOutcome.HELD, ("nothing_expired",))
            case SettleFailed() if answer.cycle_id == self.cycle_id:
                self.end(CycleOutcome.DATA_FAILED, answer.reasons)
            case _:
                pass
