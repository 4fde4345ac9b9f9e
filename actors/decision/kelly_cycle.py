"""The Kelly cycle: recommends a stake from the closed trades. A person reads it; no setting changes."""

from __future__ import annotations

from dataclasses import asdict

from actors.decision.cycle import Cycle, CycleEnd, CycleOver, Step
from actors.runtime import Key
from core.alerts import AlertCode, Severity
from core.messages.audit import AuditEvent, AuditKind
from core.messages.base import Refused
from core.messages.state import ClosedTrades, GetClosedTrades, RecordEvent
from core.orders.books import CycleOutcome, Position
from core.pricing.kelly import KellyRecommendation, recommend
from core.statistics.trades import result_of


def trades_key(request_id: str) -> Key[ClosedTrades | Refused]:
    """State's answer to `GetClosedTrades`."""
    return Key(f"trades:{request_id}")


class KellyCycle(Cycle):
    """Reads the trades, records the recommendation and sends it as an alert."""

    async def conduct(self) -> CycleEnd:
        desk, kelly = self.desk, self.desk.strategy.kelly
        self.enter(Step.TRADES, desk.rooms.state)
        query = GetClosedTrades(request_id=f"trades-{self.cycle_id}")
        desk.ctx.tell(desk.rooms.state, query, correlation=self.cycle_id)
        trades = await self.event(trades_key(query.request_id))
        if isinstance(trades, Refused):
            raise CycleOver(CycleOutcome.ACTOR_FAILED, "state_refused", *trades.reasons)
        results = trade_results(trades.positions)
        found = recommend(results, trades_min=kelly.trades_min, prior_weight=kelly.prior_weight)
        self.enter(Step.RECORDING, desk.rooms.state)
        event = AuditEvent(
            kind=AuditKind.KELLY,
            at=desk.ctx.now(),
            detail={"cycle_id": self.cycle_id, **asdict(found)},
            correlation=self.cycle_id,
        )
        record = RecordEvent(request_id=f"kelly-{self.cycle_id}", audit=(event,))
        await self.booked(desk.send(record, self.cycle_id))
        text, severity = kelly_text(found), Severity.LOW
        if found.fraction is not None and found.fraction <= 0.0:
            severity = Severity.HIGH
        desk.alert(severity, AlertCode.KELLY, text, self.cycle_id)
        return CycleEnd(CycleOutcome.REPORTED, (kelly_reason(found),), lambda: text)


def trade_results(positions: tuple[Position, ...]) -> tuple[float, ...]:
    """The result of each closed trade: P&L in USD over the worst loss that was staked."""
    return tuple(
        result_of(position.pnl_usd, position.plan.worst_loss_usd * position.contracts_opened)
        for position in positions
        if position.contracts_opened > 0 and position.plan.worst_loss_usd > 0.0
    )


def kelly_reason(found: KellyRecommendation) -> str:
    """The stable code of a recommendation."""
    return "too_few_trades" if found.fraction is None else f"fraction:{found.fraction:.4f}"


def kelly_text(found: KellyRecommendation) -> str:
    """The recommendation for people."""
    if found.fraction is None:
        return f"Kelly: no recommendation from {found.trades} closed trades, {found.trades_min} are needed"
    return (
        f"Kelly: {found.fraction:.4f} of equity from {found.trades} closed trades "
        f"(mean result {found.mean_result:+.4f}, shrunk {found.shrunk_mean_result:+.4f} of the worst loss); "
        "nothing was changed"
    )
