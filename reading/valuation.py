"""The value and the greeks of open positions at the last marks.

For display only: what is booked comes from the venue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from core.messages.room_status import Marks
from core.orders.books import Position
from core.pricing.black76 import year_fraction
from core.pricing.greeks import Greeks, HeldLeg, book_greeks
from core.statistics.marked import pnl_at_marks_eth


@dataclass(frozen=True)
class BookValue:
    """Sums over all positions, except the `unmarked` of the `positions`, which lack a mark."""

    positions: int
    unmarked: int
    pnl_eth: Decimal
    greeks: Greeks


def open_pnl_eth(position: Position, market: Marks | None) -> Decimal | None:
    """Cash flows so far and legs at their marks, in ETH, before exit fees. None if a mark is missing."""
    marks_eth = {} if market is None else {mark.instrument_name: mark.mark_eth for mark in market.legs}
    return pnl_at_marks_eth(position, marks_eth)


def book_value(positions: Iterable[Position], market: Marks | None) -> BookValue:
    """P&L and greeks of all positions together; those that lack a mark are counted, not guessed."""
    valued = [(position, _held_legs(position, market)) for position in positions]
    held = [legs for _, legs in valued if legs is not None]
    pnls_eth = [open_pnl_eth(position, market) for position, _ in valued]
    return BookValue(
        positions=len(valued),
        unmarked=len(valued) - len(held),
        pnl_eth=sum((pnl for pnl in pnls_eth if pnl is not None), Decimal(0)),
        greeks=book_greeks(held),
    )


def _held_legs(position: Position, market: Marks | None) -> list[HeldLeg] | None:
    marks = {} if market is None else {mark.instrument_name: mark for mark in market.legs}
    marked = [
        (leg, mark) for leg in position.plan.legs if (mark := marks.get(leg.instrument_name)) is not None
    ]
    if len(marked) < len(position.plan.legs):
        return None
    return [
        HeldLeg(
            option_type=leg.option_type,
            forward_usd=mark.forward_usd,
            strike_usd=leg.strike_usd,
            t_years=max(year_fraction(mark.at, leg.expiration), 0.0),
            sigma_frac=mark.mark_iv_pct / 100.0,
            amount=leg.side.sign * leg.ratio * position.contracts,
        )
        for leg, mark in marked
    ]
