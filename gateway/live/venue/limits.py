"""How often the gateway asks: below what the venue grants, and orders before everything else.

The venue's default account has 500 credits a read of 50,000 and 10,000 more a second: 100 at once, then 20
a second; its matching engine takes 20 at once, then 5 a second. What runs out is refused with 10028, and
who goes on may be shut out. 60 % of that is taken here, so that the owner's own page has the rest.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Mapping
from enum import IntEnum
from itertools import count
from time import monotonic
from typing import Final, NamedTuple

from gateway.live.deadline import Deadline
from gateway.live.errors import BusyError
from gateway.live.venue.methods import Bucket

NEARLY: Final = 1e-9
"""What floats lose: whoever has waited for exactly one would wait once more, for no time at all."""
SLOWED_FOR_S: Final = 60.0
"""After the venue has said that it was too much, half of the rate for so long."""


class Priority(IntEnum):
    """Who goes first where a bucket is short."""

    ORDERS = 0
    ACCOUNT = 1
    CHAIN = 2
    HISTORY = 3


class Grant(NamedTuple):
    """So many at once, so many more a second, and how many of them only `Priority.ORDERS` may take."""

    size: int
    per_s: float
    kept_for_orders: int = 0


# Ten kept for orders are two placements with their look-ups; with twenty, a cold chain of 220 options would
# take a third try.
GRANTS: Final = {
    Bucket.READS: Grant(80, 12.0, 10),
    Bucket.MATCHING: Grant(10, 3.0),
    Bucket.INSTRUMENTS: Grant(1, 1 / 11),
    Bucket.LOG: Grant(1, 1 / 1.1),
    Bucket.SIMULATION: Grant(1, 1 / 1.1),
}
PART_TAKEN: Final = 0.6
"""Of what the venue grants this account, where it says what that is."""


class Allowance:
    """One bucket: what is left of it at a time. Times are seconds on any clock that only goes forward."""

    def __init__(self, grant: Grant, now_s: float) -> None:
        self._grant = grant
        self._left = float(grant.size)
        self._as_of_s = now_s
        self._slow_until_s = float("-inf")

    def take(self, now_s: float, *, first: bool) -> float:
        """Take one, and return 0; or take none, and return after how many seconds there may be one."""
        self._refill(now_s)
        floor = 0 if first else self._grant.kept_for_orders
        missing = floor + 1 - self._left
        if missing <= NEARLY:
            self._left -= 1
            return 0.0
        return missing / self._per_s(now_s)

    def narrow(self, grant: Grant) -> None:
        """From now on so much, and no more."""
        self._grant = grant
        self._left = min(self._left, float(grant.size))

    def slow_down(self, now_s: float) -> None:
        """Half of the rate for a while, beginning with nothing left."""
        self._refill(now_s)
        self._left = min(self._left, 0.0)
        self._slow_until_s = now_s + SLOWED_FOR_S

    def _refill(self, now_s: float) -> None:
        slow_s = max(0.0, min(now_s, self._slow_until_s) - self._as_of_s)
        gained = self._grant.per_s * (now_s - self._as_of_s - slow_s / 2)
        self._left = min(float(self._grant.size), self._left + gained)
        self._as_of_s = now_s

    def _per_s(self, now_s: float) -> float:
        return self._grant.per_s / 2 if now_s < self._slow_until_s else self._grant.per_s


class _Queue:
    """Who waits for one bucket, in order of priority, then of arrival."""

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self.waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []
        self.timer: asyncio.TimerHandle | None = None


class Limits:
    """Lets calls pass, each when there is room for it."""

    def __init__(
        self, clock: Callable[[], float] = monotonic, grants: Mapping[Bucket, Grant] = GRANTS
    ) -> None:
        self._clock = clock
        self._grants = dict(grants)
        self._numbers = count()
        self._queues = {bucket: _Queue(Allowance(grant, clock())) for bucket, grant in grants.items()}
        self.refusals = 0
        """How often the venue said that it was too much."""

    async def room(self, bucket: Bucket, priority: Priority, deadline: Deadline) -> None:
        """Wait until one call may be made. Raises `BusyError` if that is not within the deadline."""
        queue = self._queues[bucket]
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(queue.waiting, (priority, next(self._numbers), waiter))
        self._let_pass(queue)
        try:
            async with asyncio.timeout(deadline.left_s):
                await waiter
        except TimeoutError as error:
            raise BusyError(f"{bucket}: no room for another call within the time of the request") from error
        finally:
            waiter.cancel()

    def per_s(self, bucket: Bucket) -> float:
        """How many calls a second there is room for in the long run."""
        return self._grants[bucket].per_s

    def narrow(self, bucket: Bucket, burst: float, per_s: float) -> None:
        """Take no more than our part of what the venue says that it grants; never more than by default."""
        known = self._grants[bucket]
        size = max(known.kept_for_orders + 1, min(known.size, int(burst * PART_TAKEN)))
        self._grants[bucket] = narrow = known._replace(size=size, per_s=min(known.per_s, per_s * PART_TAKEN))
        self._queues[bucket].allowance.narrow(narrow)

    def refused(self, bucket: Bucket) -> None:
        """The venue has said that it was too much."""
        self.refusals += 1
        self._queues[bucket].allowance.slow_down(self._clock())

    def _let_pass(self, queue: _Queue) -> None:
        if queue.timer is not None:
            queue.timer.cancel()
            queue.timer = None
        while queue.waiting:
            priority, _, waiter = queue.waiting[0]
            if not waiter.done():
                wait_s = queue.allowance.take(self._clock(), first=priority is Priority.ORDERS)
                if wait_s > 0.0:
                    loop = asyncio.get_running_loop()
                    queue.timer = loop.call_later(wait_s, self._let_pass, queue)
                    return
                waiter.set_result(None)
            heapq.heappop(queue.waiting)
