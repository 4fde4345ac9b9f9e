"""What positions have brought so far and would bring at marks: before the fees of closing them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from core.orders.books import Position


def pnl_at_marks_eth(position: Position, marks_eth: Mapping[str, Decimal]) -> Decimal | None:
    """Cash flows so far and legs at their marks, in ETH; `marks_eth` per contract by instrument.

    None if a mark is missing, unless nothing is held any more.
    """
    if position.contracts == 0:
        return position.pnl_eth
    value_eth = Decimal(0)
    for leg in position.plan.legs:
        mark_eth = marks_eth.get(leg.instrument_name)
        if mark_eth is None:
            return None
        value_eth += leg.side.sign * leg.ratio * position.contracts * mark_eth
    return position.pnl_eth + value_eth


def pnl_at_marks_usd(position: Position, marks_eth: Mapping[str, Decimal], spot_usd: float) -> Decimal | None:
    """The same in USD: each cash flow stands at its own index, and only what is still open moves with it."""
    pnl_eth = pnl_at_marks_eth(position, marks_eth)
    if pnl_eth is None:
        return None
    return position.pnl_usd + (pnl_eth - position.pnl_eth) * Decimal(repr(spot_usd))


def total_pnl_usd(
    closed_usd: Iterable[Decimal],
    live: Iterable[Position],
    marks_eth: Mapping[str, Decimal],
    spot_usd: float | None,
) -> Decimal | None:
    """All that the strategy has made, in USD: closed trades, and live positions at marks.

    None if a position holds something and a mark or the index is missing.
    """
    total_usd = sum(closed_usd, Decimal(0))
    for position in live:
        if position.contracts > 0 and spot_usd is None:
            return None
        pnl_usd = pnl_at_marks_usd(position, marks_eth, spot_usd or 0.0)
        if pnl_usd is None:
            return None
        total_usd += pnl_usd
    return total_usd
