"""The entry cycle: checks what blocks it, reads a snapshot, applies the rules, places at most one order."""

from __future__ import annotations

from typing import Final

from actors.decision.cycle import Cycle, CycleEnd, NotBooked, Step
from actors.decision.desk import Booked
from actors.decision.facts import blocked_reasons, entry_facts, marks_of
from actors.decision.release import proposal_id_of
from actors.runtime import Key
from core.messages.execution import FinalOutcome, OrderFinal, PlaceCombo
from core.messages.market_data import EntryMarket, SnapshotKind
from core.messages.state import RecordDecision
from core.orders.books import CycleOutcome, Proposal
from core.rules import record as decision_record
from core.rules.entry.decision import EntryDecision, EntryOutcome
from core.rules.entry.protections import PROTECTIONS
from core.values import CycleId, PositionId

ORDER_MARGIN_S: Final = 180.0
"""Time beyond the fill timeout for the last cancel and the look-ups of an order in doubt."""

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


def final_key(cycle_id: CycleId) -> Key[OrderFinal]:
    """The end of the order of an entry cycle."""
    return Key(f"final:{cycle_id}")


class EntryCycle(Cycle):
    """From the check of what blocks it to the final order. Makes at most one proposal, named after itself."""

    unbooked_proposal: Key[Booked] | None = None
    """While a proposal is on its way to the books: the key of state's answer."""

    async def conduct(self) -> CycleEnd:
        desk = self.desk
        if desk.conduct.window_end(desk.ctx.now()) is not None:
            return CycleEnd(CycleOutcome.BLOCKED, ("maintenance_window",))
        books = desk.books()
        if self.resumed and desk.position(PositionId(proposal_id_of(self.cycle_id))) is not None:
            # Taken up again with its proposal on record: only execution knows whether that became an order.
            return CycleEnd(CycleOutcome.INTERRUPTED, ("proposal_on_record",))
        blocked = blocked_reasons(desk.switch(), books, desk.mode, desk.strategy)
        if blocked:
            return CycleEnd(CycleOutcome.BLOCKED, blocked)
        held = {position.plan.expiration for position in books.open_positions}
        market = await self.snapshot(SnapshotKind.ENTRY, tuple(sorted(held)))
        if not isinstance(market, EntryMarket):
            raise TypeError(
                f"{self.cycle_id}: expected the market of an entry, found {type(market).__name__}"
            )
        decision, proposal = await self._decide(market)
        if proposal is None:
            outcome = DECISION_OUTCOMES.get(decision.outcome, CycleOutcome.NO_ENTRY)
            return CycleEnd(outcome, (decision.outcome.value, *decision.reasons), decision.table)
        desk.ctx.tell(
            desk.rooms.execution,
            PlaceCombo(request_id=place_request(self.cycle_id), cycle_id=self.cycle_id, proposal=proposal),
            correlation=self.cycle_id,
        )
        self.enter(Step.ORDER, desk.rooms.execution, desk.strategy.execution.fill_timeout_s + ORDER_MARGIN_S)
        final = await self.event(final_key(self.cycle_id))
        reasons = final.reasons
        if final.outcome is FinalOutcome.PARTLY_FILLED:
            reasons = ("partly_filled", *reasons)
        return CycleEnd(ORDER_OUTCOMES[final.outcome], reasons, decision.table)

    async def _decide(self, market: EntryMarket) -> tuple[EntryDecision, Proposal | None]:
        """Decide, and record the decision with its proposal.

        Switch and books are asked again: they may have changed while the market was read.
        """
        desk = self.desk
        now = desk.ctx.now()
        switch, books = desk.switch(), desk.books()
        marks_eth = marks_of(market.market.chain, books.open_positions)
        trading = self.results.trading(now, books, marks_eth, market.market.spot_usd)
        facts = entry_facts(now, switch, books, desk.mode, market, trading)
        decision = desk.conduct.decide_entry(facts, desk.strategy)
        texts: list[str] = []
        record = decision_record.record(facts, decision, desk.code_version, texts.append)
        proposal = None
        if decision.plan is not None:
            proposal = Proposal(
                proposal_id=proposal_id_of(self.cycle_id),
                cycle_id=self.cycle_id,
                plan=decision.plan,
                created_at=now,
            )
        self.enter(Step.RECORDING, desk.rooms.state)
        booked = desk.send(
            RecordDecision(
                request_id=f"decision-{self.cycle_id}-{desk.ctx.uuid()}",
                cycle_id=self.cycle_id,
                at=now,
                record=record,
                proposal=proposal,
                texts=tuple(texts),
            ),
            self.cycle_id,
        )
        for found in decision.rules:
            if found.rule == PROTECTIONS:
                self.results.tell(self.results.notes(found, books, now, self.cycle_id))
        self.unbooked_proposal = None if proposal is None else booked
        try:
            await self.booked(booked)
        except NotBooked:
            self.unbooked_proposal = None
            raise
        self.unbooked_proposal = None
        return decision, proposal


def place_request(cycle_id: CycleId) -> str:
    """The id of the one order that an entry cycle asks for."""
    return f"place-{cycle_id}"
