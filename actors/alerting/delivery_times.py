"""When alerts may be sent, by the clock on the operator's wall: the daily digest, and quiet hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo


@dataclass(frozen=True)
class DeliveryTimes:
    """`digest_at` is when LOW alerts are sent; within `quiet` (from, until) CRITICAL ones alone are.

    All are local times of `zone`; every instant that is given and returned is aware UTC.
    """

    zone: tzinfo = UTC
    digest_at: time = time(8)
    quiet: tuple[time, time] | None = None

    def next_digest(self, after: datetime) -> datetime:
        """The first digest that is due later than `after`."""
        return self._next(self.digest_at, after)

    def allowed_from(self, at: datetime) -> datetime:
        """`at`, or the end of the quiet hours that it lies in."""
        if self.quiet is None:
            return at
        begins, ends = self.quiet
        local = at.astimezone(self.zone).time()
        within = begins <= local < ends if begins < ends else local >= begins or local < ends
        if not within:
            return at
        # On the night on which the clock is set back the end may come twice: the next one is meant.
        return min(self._next(ends.replace(fold=fold), at) for fold in (0, 1))

    def _next(self, at: time, after: datetime) -> datetime:
        """The first moment later than `after` at which a local clock shows `at`; where the clock is set
        forward over it, as much later."""
        day = after.astimezone(self.zone).date() - timedelta(days=1)
        while True:
            found = datetime.combine(day, at, self.zone).astimezone(UTC)
            if found > after and found.astimezone(self.zone).time() >= at.replace(fold=0):
                return found
            day += timedelta(days=1)
