"""What the statistics read of a closed trade."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.orders.exit_rule import ExitRule
from core.values import PositionId, SpreadKind


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """A spread that was entered and is closed. Amounts are totals over all its contracts.

    `crossing_in_eth` and `crossing_out_eth` are what the entry and the exit gave away against mid as the
    decision saw it, negative if they got a better price. A trade that settled crossed nothing on its way out;
    None says that the mid is not known. `exit_rule` is None if the venue closed it without telling why.
    """

    position_id: PositionId
    kind: SpreadKind
    exit_rule: ExitRule | None
    contracts: int
    entered_at: datetime
    closed_at: datetime
    mid_credit_eth: Decimal
    credit_eth: Decimal
    fees_eth: Decimal
    crossing_in_eth: Decimal
    crossing_out_eth: Decimal | None
    pnl_eth: Decimal
    pnl_usd: Decimal
    worst_loss_usd: float
    """Positive: what could be lost, at the planned floor."""

    @property
    def result(self) -> float:
        """r: the P&L as a multiple of the worst loss that was staked, so that -1 is a full loss."""
        return result_of(self.pnl_usd, self.worst_loss_usd)


def result_of(pnl_usd: Decimal, worst_loss_usd: float) -> float:
    """A P&L as a multiple of the worst loss that was staked."""
    return float(pnl_usd) / worst_loss_usd


def monday_of(at: datetime) -> date:
    """The first day of the week, UTC."""
    day = at.date()
    return day - timedelta(days=day.weekday())


def weeks_between(first: date, last: date) -> int:
    """How many weeks there are from one Monday to another, both included."""
    return (last - first).days // 7 + 1


def by_entry_week(trades: Iterable[ClosedTrade]) -> tuple[Sequence[ClosedTrade], ...]:
    """The trades by the week of their entry, from the first week to the last; weeks without one are empty."""
    listed = sorted(trades, key=lambda trade: trade.entered_at)
    if not listed:
        return ()
    first = monday_of(listed[0].entered_at)
    weeks: list[list[ClosedTrade]] = [
        [] for _ in range(weeks_between(first, monday_of(listed[-1].entered_at)))
    ]
    for trade in listed:
        weeks[weeks_between(first, monday_of(trade.entered_at)) - 1].append(trade)
    return tuple(weeks)
