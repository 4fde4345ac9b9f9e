"""What trading took from the credit: fees, and what was given away by crossing the spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.statistics.trades import ClosedTrade


@dataclass(frozen=True, slots=True)
class Costs:
    """Totals in ETH. `mid_credit_eth` is what the trades would have brought with every leg at mid.

    `crossing_out_eth` covers the trades whose mid at the exit is known; `unknown_exits` are the others.
    """

    mid_credit_eth: Decimal
    credit_eth: Decimal
    fees_eth: Decimal
    crossing_in_eth: Decimal
    crossing_out_eth: Decimal
    unknown_exits: int

    @property
    def crossing_eth(self) -> Decimal:
        """What crossing the spread took, in and out."""
        return self.crossing_in_eth + self.crossing_out_eth

    @property
    def total_eth(self) -> Decimal:
        return self.fees_eth + self.crossing_eth

    def share(self, amount_eth: Decimal) -> float | None:
        """An amount as a share of the credit at mid; None if there was none."""
        return float(amount_eth / self.mid_credit_eth) if self.mid_credit_eth > 0 else None


def costs_of(trades: Sequence[ClosedTrade]) -> Costs:
    """The costs of all trades together."""
    known = [trade.crossing_out_eth for trade in trades if trade.crossing_out_eth is not None]
    return Costs(
        mid_credit_eth=sum((trade.mid_credit_eth for trade in trades), Decimal(0)),
        credit_eth=sum((trade.credit_eth for trade in trades), Decimal(0)),
        fees_eth=sum((trade.fees_eth for trade in trades), Decimal(0)),
        crossing_in_eth=sum((trade.crossing_in_eth for trade in trades), Decimal(0)),
        crossing_out_eth=sum(known, Decimal(0)),
        unknown_exits=len(trades) - len(known),
    )
