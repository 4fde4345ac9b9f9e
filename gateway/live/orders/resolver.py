"""Finding out what became of a label whose outcome is unknown: by looking, never by sending it again.

While the venue could still take the request up nothing is said. After that a label that is found is placed;
one that is not found in three looks, some seconds apart, was never placed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.live.account.trade_rows import ListedTrades
from gateway.live.deadline import Deadline
from gateway.live.errors import OutsideError, StaleError
from gateway.live.orders.reads import OrderReads, the_one
from gateway.live.orders.registry import LabelState, Registered, Registry
from gateway.live.orders.rows import ListedOrder
from gateway.live.venue.clock import VenueClock

logger = logging.getLogger(__name__)
SURELY_LATE_MS: Final = 2000
"""So long after `valid_until` the venue refuses whatever still arrives."""
LOOKS: Final = 3
LOOK_EVERY_S: Final = 5.0
BEFORE: Final = timedelta(minutes=5)
"""The history is searched from so long before the label could last be taken up."""


class UnderWayError(StaleError):
    """Nobody can say yet whether there is an order under a label."""

    def __init__(self, label: str, why: str) -> None:
        super().__init__(f"label under way: {label}: {why}")


class Resolver:
    """Looks for labels in doubt."""

    def __init__(
        self,
        registry: Registry,
        orders: OrderReads,
        trades: ListedTrades,
        clock: VenueClock,
        monotonic_s: Callable[[], float],
    ) -> None:
        self._registry = registry
        self._orders = orders
        self._trades = trades
        self._clock = clock
        self._monotonic_s = monotonic_s
        self._looks: dict[str, list[float]] = {}
        self.under_way: set[str] = set()
        """Labels whose request has not been answered in this very process."""

    async def settled(self, known: Registered, deadline: Deadline) -> Registered:
        """What is known of a label, once it is known. Raises `UnderWayError` while it is not."""
        if not known.state.is_open:
            return known
        await self.look(known, deadline)
        found = self._registry.get(known.label)
        if found is None or found.state.is_open:
            raise UnderWayError(known.label, "looked for, and not sure yet")
        return found

    async def look_at_all(self, deadline: Deadline) -> int:
        """Look for each label in doubt, as far as it may be looked for now. Returns how many are left."""
        for known in self._registry.in_doubt():
            try:
                await self.look(known, deadline)
            except OutsideError as error:
                logger.warning("label %s: %s", known.label, error)
        return len(self._registry.in_doubt())

    async def look(self, known: Registered, deadline: Deadline) -> None:
        """One look. Raises `UnderWayError` while it is too early, and what a read raises."""
        label = known.label
        if label in self.under_way:
            raise UnderWayError(label, "its request has not been answered")
        if self._clock.now_ms() <= known.valid_until_ms + SURELY_LATE_MS:
            raise UnderWayError(label, "the venue could still take it up")
        looks = self._looks.setdefault(label, [])
        began_s = self._monotonic_s()
        if looks and began_s - looks[-1] < LOOK_EVERY_S:
            raise UnderWayError(label, f"looked for {len(looks)} of {LOOKS} times")
        found = await self._found(known, deadline)
        if found is not None:
            logger.warning("label %s was in doubt: the venue has it as %s", label, found)
            self._registry.placed(label, found)
        elif len(looks) + 1 >= LOOKS:
            logger.warning("label %s was in doubt: the venue never took it up", label)
            self._registry.absent(label)
        else:
            looks.append(began_s)
            return
        self._looks.pop(label, None)

    async def _found(self, known: Registered, deadline: Deadline) -> str | None:
        """The id of the order under the label, by orders of any state, and by trades."""
        since = datetime.fromtimestamp(known.valid_until_ms / 1000, UTC) - BEFORE
        orders: list[ListedOrder] = await self._orders.ever_with_label(known.label, since, deadline)
        one = the_one(orders)
        if one is not None:
            return one.order_id
        return await self._trades.order_with_label(known.label, since, deadline)


def said_again(known: Registered) -> str:
    """The words with which a label that was refused is refused again."""
    if known.state is LabelState.ABSENT:
        return "label was sent before, and never taken up"
    return known.said
