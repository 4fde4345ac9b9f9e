"""What open positions are worth at the last marks: for the eye only, the books are the venue's numbers."""

from __future__ import annotations

from decimal import Decimal

from core.books import Position
from core.messages.market_data import Marks


def open_pnl_eth(position: Position, market: Marks | None) -> Decimal | None:
    """Cash flows so far and legs at their marks, in ETH, before exit fees. None where a mark is missing."""
    if market is None:
        return None
    marks = {leg.instrument_name: leg.mark_eth for leg in market.legs}
    value_eth = Decimal(0)
    for leg in position.plan.legs:
        if leg.instrument_name not in marks:
            return None
        value_eth += leg.side.sign * leg.ratio * position.contracts * marks[leg.instrument_name]
    return position.pnl_eth + value_eth


def in_usd(amount_eth: Decimal | None, market: Marks | None) -> Decimal | None:
    """ETH at the last seen index, to the cent."""
    if amount_eth is None or market is None or market.spot_usd is None:
        return None
    return (amount_eth * Decimal(str(market.spot_usd))).quantize(Decimal("0.01"))
