"""The settlement cycle: has execution book the venue's deliveries, if any position has expired."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from actors.decision.cycle import Cycle, CycleEnd, Step
from actors.runtime import Key
from core.messages.execution import Settled, SettleExpired, SettleFailed
from core.orders.books import Books, CycleOutcome
from core.values import CycleId

NOTHING_EXPIRED: Final = ("nothing_expired",)


def settled_key(cycle_id: CycleId) -> Key[Settled | SettleFailed]:
    """Execution's answer to a settlement cycle."""
    return Key(f"settled:{cycle_id}")


class SettlementCycle(Cycle):
    """Asks execution once, if there is anything to settle."""

    @staticmethod
    def idle(books: Books, now: datetime) -> CycleEnd | None:
        """As `Cycle.idle`: nothing has expired."""
        held = books.open_positions
        if not held:
            return CycleEnd(CycleOutcome.NOTHING_OPEN)
        if all(position.plan.expiration > now for position in held):
            return CycleEnd(CycleOutcome.HELD, NOTHING_EXPIRED)
        return None

    async def conduct(self) -> CycleEnd:
        desk = self.desk
        end = self.idle(desk.books(), desk.ctx.now())
        if end is not None:
            return end
        self.enter(Step.SETTLEMENT, desk.rooms.execution)
        desk.ctx.tell(
            desk.rooms.execution,
            SettleExpired(request_id=f"settle-{self.cycle_id}", cycle_id=self.cycle_id),
            correlation=self.cycle_id,
        )
        answer = await self.event(settled_key(self.cycle_id))
        if isinstance(answer, SettleFailed):
            return CycleEnd(CycleOutcome.DATA_FAILED, answer.reasons)
        closed = tuple(f"settled:{position_id}" for position_id in answer.positions_closed)
        if answer.deliveries or closed:
            return CycleEnd(CycleOutcome.SETTLED, (f"deliveries:{answer.deliveries}", *closed))
        return CycleEnd(CycleOutcome.HELD, NOTHING_EXPIRED)
