"""The simulated account: the paper venue's books, and each fill of a combo as one trade with its legs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from core.contract import OrderLeg, Settlement, Trade
from core.values import Side
from gateway.paper.account import ZERO, Account, HeldPosition, VenueOrder
from gateway.paper.orders import price_band_eth
from gateway.paper.venue import Venue

OPTION_MIN_ETH: Final = Decimal("0.0001")


class SimFill(NamedTuple):
    """One trade of an order: `amount` combos, `received_eth` for each, and the trades of the legs."""

    trade_id: str
    number: int
    order_id: str
    at: datetime
    amount: int
    received_eth: Decimal
    legs: tuple[Trade, ...]


class SimAccount(Account):
    """Keeps what the paper venue does not: which trades of legs were one trade of a combo."""

    def __init__(self, balance_eth: Decimal, *, waives: bool = False) -> None:
        super().__init__(balance_eth)
        self.fills: list[SimFill] = []
        self._waives = waives

    def restore_all(
        self,
        orders: Iterable[VenueOrder],
        trades: Mapping[str, Trade],
        settlements: Mapping[str, Settlement],
        positions: Mapping[str, HeldPosition],
        fills: Iterable[SimFill],
    ) -> None:
        """Put back what was kept."""
        for order in orders:
            self.put_order(order)
        self.trades |= trades
        self.settlements |= settlements
        self.positions |= positions
        self.fills += fills
        self.take_changes()

    def fill(
        self, order: VenueOrder, amount: int, prices_eth: Iterable[Decimal], at: datetime, index_usd: Decimal
    ) -> VenueOrder:
        """As the paper venue; with `waives` the legs of the direction with the lower fees pay none."""
        known = len(self.trades)
        filled = super().fill(order, amount, prices_eth, at, index_usd)
        legs = list(self.trades.values())[known:]
        if self._waives and len(legs) > 1:
            legs = self._waived(legs)
        received = sum((-Side(leg.side).sign * leg.amount * leg.price for leg in legs), ZERO) / amount
        number = self.last_number + 1
        trade_id = self.next_id("ETH-T") if len(legs) > 1 else legs[0].trade_id
        found = SimFill(trade_id, number, order.order.order_id, at, amount, received, tuple(legs))
        self.fills.append(found)
        return filled

    def _waived(self, legs: list[Trade]) -> list[Trade]:
        fees = {side: sum((leg.fee for leg in legs if leg.side == side), ZERO) for side in ("buy", "sell")}
        free = min(fees, key=lambda side: fees[side])
        self.balance_eth += fees[free]
        changed = [leg.model_copy(update={"fee": ZERO}) if leg.side == free else leg for leg in legs]
        self.trades |= {leg.trade_id: leg for leg in changed}
        return changed


class SimBooks(Venue):
    """The paper venue's market and matching. What only takes risk away needs no margin."""

    def available_eth(self, besides: str | None = None) -> Decimal:
        """Balance less the margin of positions and of resting orders that could add to them."""
        reserved = self.held_margins_eth()[0]
        for order in self.account.open_orders():
            if order.order.order_id != besides and self.reducible(order) < order.remaining:
                reserved += self.combo_margins_eth(order.order.legs, Decimal(order.remaining))[0]
        return self.account.balance_eth - reserved

    def limits_eth(self, bought: Sequence[OrderLeg]) -> tuple[Decimal, Decimal] | None:
        """The lowest and highest price at which these legs may be bought; None if one is not listed.

        An option alone has no price below its finest tick.
        """
        band = price_band_eth(self, bought)
        if band is None:
            return None
        low, high = -band[1], -band[0]
        return (max(OPTION_MIN_ETH, low), high) if len(bought) == 1 else (low, high)
