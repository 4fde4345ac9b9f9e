"""Looking orders up at the venue: by label, by id, open ones and final ones, as orders of the contract."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from core.contract import GetOrderHistory, Order
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError, VenueError
from gateway.live.fields import AnswerFields, rows_of
from gateway.live.market.instruments import COIN
from gateway.live.orders.combos import ComboBooks
from gateway.live.orders.registry import Registry
from gateway.live.orders.rows import ListedOrder, contract_order, venue_order
from gateway.live.venue.codes import NOT_FOUND
from gateway.live.venue.limits import Priority
from gateway.live.venue.methods import Method
from gateway.live.venue.reads import DeribitReads

logger = logging.getLogger(__name__)
PAGE: Final = 1000
"""The venue takes no longer one."""
PAGES_MAX: Final = 20
OLD_AFTER: Final = timedelta(days=2)


class OrderReads:
    """Reads of orders. Each raises an `OutsideError` if the venue does not answer."""

    def __init__(self, reads: DeribitReads, combos: ComboBooks, registry: Registry) -> None:
        self._reads = reads
        self._combos = combos
        self._registry = registry

    async def shown(self, found: ListedOrder, deadline: Deadline) -> Order:
        """An order of the venue in the contract's words, by what we have sent, or by its combo's legs."""
        known = self._registry.of_order(found.order_id) or self._registry.get(found.label)
        legs = None if known is not None else await self._combos.legs_of(found.instrument, deadline)
        return contract_order(found, known, legs)

    async def by_id(self, order_id: str, deadline: Deadline) -> ListedOrder | None:
        """One order; None if the venue does not know it, or no more."""
        try:
            answer = await self._ask(Method.GET_ORDER, {"order_id": order_id}, deadline)
        except VenueError as error:
            if error.code in NOT_FOUND:
                return None
            raise
        return venue_order(AnswerFields(answer, "get_order_state"))

    async def with_label(self, label: str, deadline: Deadline) -> list[ListedOrder]:
        """Open orders of any age, and final ones of the last half an hour or so."""
        asked = {"currency": COIN, "label": label}
        halves = await asyncio.gather(
            self._ask(Method.GET_OPEN_BY_LABEL, asked, deadline),
            self._ask(Method.GET_ORDERS_BY_LABEL, asked, deadline),
        )
        return self._with(label, (row for half in halves for row in _orders(half)))

    async def ever_with_label(self, label: str, since: datetime, deadline: Deadline) -> list[ListedOrder]:
        """The same, and final ones in the history since then."""
        recent, old = await asyncio.gather(
            self.with_label(label, deadline), self.final_since(since, deadline, include_unfilled=True)
        )
        return self._with(label, [*recent, *old])

    async def open_orders(self, deadline: Deadline) -> list[ListedOrder]:
        """Every open order in the currency, whoever placed it."""
        return _orders(await self._ask(Method.GET_OPEN_ORDERS, {"currency": COIN}, deadline))

    async def history(self, request: GetOrderHistory, deadline: Deadline) -> list[ListedOrder]:
        """Final orders that changed at or after `since`, oldest first."""
        found = await self.final_since(request.since, deadline, include_unfilled=request.include_unfilled)
        return sorted(found, key=lambda each: each.created_at)

    async def final_since(
        self, since: datetime, deadline: Deadline, *, include_unfilled: bool
    ) -> list[ListedOrder]:
        """The venue keeps what is recent and what is older apart, so both are asked for, always."""
        asked = {
            "currency": COIN,
            "kind": "any",
            "count": PAGE,
            "include_unfilled": include_unfilled,
            "include_old": self._reads.wire.clock.now() - since > OLD_AFTER,
        }
        halves = await asyncio.gather(
            *(self._pages({**asked, "historical": old}, since, deadline) for old in (False, True))
        )
        newest: dict[str, ListedOrder] = {}
        for each in (row for half in halves for row in half):
            known = newest.get(each.order_id)
            if known is None or known.updated_at < each.updated_at:
                newest[each.order_id] = each
        return [each for each in newest.values() if each.updated_at >= since and each.state != "open"]

    async def _pages(
        self, asked: dict[str, object], since: datetime, deadline: Deadline
    ) -> list[ListedOrder]:
        found: list[ListedOrder] = []
        for page in range(PAGES_MAX):
            answer = await self._ask(
                Method.GET_ORDER_HISTORY, {**asked, "offset": page * PAGE}, deadline, Priority.HISTORY
            )
            rows = _orders(answer)
            found += rows
            if len(rows) < PAGE or min(row.updated_at for row in rows) < since:
                return found
        raise AnomalyError(f"order history: expected at most {PAGES_MAX * PAGE:,} orders since {since}")

    async def _ask(
        self,
        method: Method,
        asked: Mapping[str, object],
        deadline: Deadline,
        priority: Priority = Priority.ORDERS,
    ) -> Any:
        return (await self._reads.read(method, asked, deadline, priority)).result

    @staticmethod
    def _with(label: str, rows: Iterable[ListedOrder]) -> list[ListedOrder]:
        """Each once, the newest of what is said of it, those of another label left out."""
        found: dict[str, ListedOrder] = {}
        for row in rows:
            known = found.get(row.order_id)
            if row.label == label and (known is None or known.updated_at <= row.updated_at):
                found[row.order_id] = row
        return list(found.values())


def the_one(found: list[ListedOrder]) -> ListedOrder | None:
    """Which order stands under a label: an open one, else the newest; more than one is told, loudly."""
    if not found:
        return None
    if len(found) > 1:
        logger.error(
            "the venue has %d orders under the label %r: %s",
            len(found),
            found[0].label,
            ", ".join(each.order_id for each in found),
        )
    return max(found, key=lambda each: (each.state == "open", each.created_at, each.order_id))


def _orders(result: object) -> list[ListedOrder]:
    return [venue_order(row) for row in rows_of(result, "orders")]
