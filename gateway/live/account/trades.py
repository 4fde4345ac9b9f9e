"""Trades of an account as the contract has them: one for each leg, complete or not at all, never a parent.

Seen in public: a trade of a combo carries its legs, and each leg is a trade of its own instrument that
names the combo's trade. Whether a leg's own row has order, label and fee nobody has published, so that each
is looked for in the row, in the parent's legs, and in the transaction log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from core.contract import GetSince, OrderIdRequest, Trade, Trades
from gateway.live.account.trade_rows import RECENT, ZERO, ListedTrades, TradeRow
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError, OutsideError, StaleError
from gateway.live.market.instruments import money
from gateway.live.orders.combos import ComboBooks, looks_like_combo
from gateway.live.orders.reads import OrderReads
from gateway.live.orders.registry import Registry
from gateway.live.venue.reads import DeribitReads

logger = logging.getLogger(__name__)
BEFORE, AFTER = timedelta(seconds=2), timedelta(seconds=10)
"""Around a parent's time, where its legs are."""
TICK_HALF: Final = Decimal("0.00005")
EXACT: Final = Decimal("1E-9")
ALARM_AFTER_S: Final = 600.0


class NotIndexedError(StaleError):
    """The venue has the trade of a combo, and not yet all of its legs."""


class ContractTrades:
    """The trades of legs, each with its order."""

    def __init__(
        self,
        reads: DeribitReads,
        listed: ListedTrades,
        orders: OrderReads,
        combos: ComboBooks,
        registry: Registry,
    ) -> None:
        self._reads = reads
        self._listed = listed
        self._orders = orders
        self._combos = combos
        self._registry = registry
        self._missing_since_s: dict[str, float] = {}

    async def of_order(self, request: OrderIdRequest, deadline: Deadline) -> Trades:
        """All trades of one order, or `NotIndexedError`."""
        order = await self._orders.by_id(request.order_id, deadline)
        now = self._reads.wire.clock.now()
        is_old = order is None or now - order.created_at > RECENT
        rows = await self._listed.of_order(request.order_id, is_old, deadline)
        known = {request.order_id: order.label} if order is not None else {}
        found = await self._joined(rows, known, deadline)
        if order is not None:
            legs = await self._combos.legs_of(order.instrument, deadline)
            sizes = {order.instrument: 1} if legs is None else legs
            for name, size in sizes.items():
                amount = sum((each.amount for each in found if each.instrument_name == name), ZERO)
                if amount != order.filled * abs(size):
                    raise self._not_indexed(
                        request.order_id, f"{name}: {amount} of {order.filled * abs(size)}"
                    )
        self._missing_since_s.pop(request.order_id, None)
        return Trades(trades=tuple(found))

    async def since(self, request: GetSince, deadline: Deadline) -> Trades:
        """All trades of the account at or after a time, or `NotIndexedError`."""
        end = self._reads.wire.clock.now() + AFTER
        rows = await self._listed.within(request.since - BEFORE, end, ("option", "option_combo"), deadline)
        found = await self._joined(rows, {}, deadline)
        return Trades(trades=tuple(each for each in found if each.timestamp >= request.since))

    async def _joined(
        self, rows: Iterable[TradeRow], labels: Mapping[str, str], deadline: Deadline
    ) -> list[Trade]:
        """Rows of the venue as trades of legs. `labels` has what is known of orders beside the registry."""
        rows = list(rows)
        parents = {row.trade_id: row for row in rows if row.legs or looks_like_combo(row.instrument)}
        legs = {row.trade_id: row for row in rows if row.trade_id not in parents}
        lacking = [each for each in parents.values() if not _has_all(each, legs)]
        if lacking:
            start, end = min(each.at for each in lacking) - BEFORE, max(each.at for each in lacking) + AFTER
            around = await self._listed.within(start, end, ("option",), deadline)
            legs = {row.trade_id: row for row in around if row.parent_id in parents} | legs
        whole: list[tuple[TradeRow, TradeRow | None]] = [
            (leg, None) for leg in legs.values() if leg.parent_id is None
        ]
        for parent in parents.values():
            whole += [(leg, parent) for leg in await self._legs_of(parent, legs, deadline)]
        orphans = [leg for leg in legs.values() if leg.parent_id is not None and leg.parent_id not in parents]
        if orphans:
            raise self._not_indexed(orphans[0].trade_id, f"its parent {orphans[0].parent_id} is not listed")
        fees: dict[str, Decimal] = {}
        if any(leg.fee is None for leg, _ in whole):
            times = [leg.at for leg, _ in whole if leg.fee is None]
            fees = await self._listed.fees(min(times) - BEFORE, max(times) + AFTER, deadline)
        found = [self._trade(leg, parent, labels, fees) for leg, parent in whole]
        return sorted(found, key=lambda each: (each.timestamp, each.trade_id))

    async def _legs_of(
        self, parent: TradeRow, legs: Mapping[str, TradeRow], deadline: Deadline
    ) -> list[TradeRow]:
        """The legs of one trade of a combo: rows of their own, else what the parent says of them."""
        sizes = await self._combos.legs_of(parent.instrument, deadline)
        if sizes is None:
            raise AnomalyError(f"trade {parent.trade_id}: expected a combo, found {parent.instrument}")
        told = {leg.trade_id: leg for leg in parent.legs}
        rows = {leg.trade_id: leg for leg in legs.values() if leg.parent_id == parent.trade_id}
        found = [_merged(told.get(key), leg) for key, leg in (told | rows).items()]
        sign, total = 1 if parent.direction == "buy" else -1, ZERO
        for name, size in sizes.items():
            of = [leg for leg in found if leg.instrument == name]
            if len(of) != 1 or of[0].amount != parent.amount * abs(size):
                raise self._not_indexed(parent.trade_id, f"{name}: found {len(of)} legs")
            wanted = "buy" if size * sign > 0 else "sell"
            if of[0].direction != wanted:
                raise AnomalyError(
                    f"trade {of[0].trade_id}: expected to {wanted} {name}, found {of[0].direction}"
                )
            total += size * of[0].price
        if len(found) != len(sizes):
            raise AnomalyError(f"trade {parent.trade_id}: expected {len(sizes)} legs, found {len(found)}")
        if abs(total - parent.price) > TICK_HALF:
            raise AnomalyError(f"trade {parent.trade_id}: its legs make {total}, its price is {parent.price}")
        if abs(total - parent.price) > EXACT:
            logger.warning(
                "trade %s: its legs make %s, its price is %s", parent.trade_id, total, parent.price
            )
        self._missing_since_s.pop(parent.trade_id, None)
        return found

    def _trade(
        self,
        leg: TradeRow,
        parent: TradeRow | None,
        labels: Mapping[str, str],
        fees: Mapping[str, Decimal],
    ) -> Trade:
        of = leg if parent is None else parent
        order_id = of.order_id or leg.order_id
        if order_id is None:
            raise AnomalyError(f"trade {of.trade_id}.order_id: expected a value, found none")
        index = leg.index_price or of.index_price
        if index is None:
            raise AnomalyError(f"trade {leg.trade_id}.index_price: expected a value, found none")
        known = self._registry.of_order(order_id)
        label = known.label if known is not None else labels.get(order_id, of.label or leg.label or "")
        fee = leg.fee if leg.fee is not None else fees.get(leg.trade_id)
        if fee is None:
            raise self._not_indexed(leg.trade_id, "its fee is not told yet")
        if fee < 0:
            raise AnomalyError(f"trade {leg.trade_id}: fee: expected at least 0, found {fee}")
        return Trade(
            trade_id=leg.trade_id,
            order_id=order_id,
            label=label,
            instrument_name=leg.instrument,
            side="buy" if leg.direction == "buy" else "sell",
            amount=leg.amount,
            price=leg.price,
            fee=money(fee),
            timestamp=leg.at,
            index_price=index,
        )

    def _not_indexed(self, key: str, why: str) -> OutsideError:
        now_s = self._reads.wire.clock.now_ms() / 1000
        since_s = self._missing_since_s.setdefault(key, now_s)
        if now_s - since_s > ALARM_AFTER_S:
            logger.error("trade %s: incomplete for %.0f s: %s", key, now_s - since_s, why)
        return NotIndexedError(f"legs not indexed yet: {key}: {why}")


def _has_all(parent: TradeRow, legs: Mapping[str, TradeRow]) -> bool:
    """Whether every leg of a parent is there with its fee, in its own row or in the parent's."""
    rows = [leg for leg in legs.values() if leg.parent_id == parent.trade_id]
    told = rows or parent.legs
    return bool(told) and all(leg.fee is not None for leg in told)


def _merged(told: TradeRow | None, row: TradeRow) -> TradeRow:
    """A leg's own row; with the fee that its parent tells, if it has none itself."""
    return replace(row, fee=told.fee) if told is not None and row.fee is None else row
