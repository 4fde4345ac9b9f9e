"""From the rows of the books to what the statistics read: closed trades, values at marks, refusals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from core.orders.books import CycleOutcome, CycleRow, Position
from core.statistics.trades import ClosedTrade


@dataclass(frozen=True)
class Refusal:
    """How often a check kept the strategy from entering in a month. In one cycle several can.

    `rule` is the entry rule, or the outcome if the cycle never came to the rules.
    """

    month: str
    rule: str
    reason: str
    times: int


def closed_trade(position: Position, crossing_out_eth: Decimal | None) -> ClosedTrade:
    """A closed position as the statistics read it."""
    assert position.entered_at is not None
    assert position.closed_at is not None
    contracts = position.contracts_opened
    mid_credit_eth = position.plan.mid_eth * contracts
    return ClosedTrade(
        position_id=position.position_id,
        kind=position.kind,
        exit_rule=position.exit_rule,
        contracts=contracts,
        entered_at=position.entered_at,
        closed_at=position.closed_at,
        mid_credit_eth=mid_credit_eth,
        credit_eth=position.credit_eth,
        fees_eth=position.fees_eth,
        crossing_in_eth=mid_credit_eth - position.credit_eth,
        crossing_out_eth=crossing_out_eth,
        pnl_eth=position.pnl_eth,
        pnl_usd=position.pnl_usd,
        worst_loss_usd=position.plan.worst_loss_usd * contracts,
    )


def refusals(entries: Iterable[CycleRow]) -> tuple[Refusal, ...]:
    """Why entry cycles did not enter, by month, rule and check."""
    counts = Counter(
        (f"{row.slot:%Y-%m}", *refused)
        for row in entries
        if row.outcome is not None and row.outcome is not CycleOutcome.ENTERED
        for refused in _refused_by(row.outcome, row.reasons)
    )
    return tuple(Refusal(*key, times) for key, times in sorted(counts.items()))


def _refused_by(outcome: CycleOutcome, reasons: tuple[str, ...]) -> list[tuple[str, str]]:
    """The rule and each check of it that failed: a cycle without entry names its rule before the checks."""
    if outcome is not CycleOutcome.NO_ENTRY:
        return [(outcome.value, reason) for reason in reasons] or [(outcome.value, "-")]
    rule, *checks = reasons or ("-",)
    return [(rule, check) for check in checks] or [(rule, "-")]
