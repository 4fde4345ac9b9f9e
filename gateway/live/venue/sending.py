"""Changing something at the venue: one request, sent once.

A request of which not a byte was written may be sent again while there is time: nothing of the first has
left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from gateway.live.deadline import Deadline
from gateway.live.errors import BusyError, NotSentError, VenueError
from gateway.live.venue.clock import VenueClock
from gateway.live.venue.codes import LATCHED, UNAUTHORIZED
from gateway.live.venue.limits import Limits, Priority
from gateway.live.venue.methods import Bucket, Method
from gateway.live.venue.wire import DeribitWire


class DeribitSending:
    """Every request that changes something goes through here."""

    def __init__(self, wire: DeribitWire, limits: Limits, on_latched: Callable[[str], None]) -> None:
        """`on_latched` is told if the key or its rights are refused."""
        self._wire = wire
        self._limits = limits
        self._on_latched = on_latched

    @property
    def clock(self) -> VenueClock:
        """The venue's clock."""
        return self._wire.clock

    async def room(self, deadline: Deadline) -> None:
        """Wait until a request may be sent. Raises `BusyError` if that is not within the deadline."""
        await self._limits.room(Bucket.MATCHING, Priority.ORDERS, deadline)

    async def change(self, method: Method, params: Mapping[str, object], deadline: Deadline) -> Any:
        """The result of one request, as soon as there is room. Raises an `OutsideError`."""
        await self.room(deadline)
        return await self.send(method, params, deadline)

    async def send(
        self,
        method: Method,
        params: Mapping[str, object],
        deadline: Deadline,
        *,
        again_until: Deadline | None = None,
    ) -> Any:
        """The result of one request for which there is room. Raises an `OutsideError`.

        `again_until`: a connection that was never made is tried once more before then.
        """
        try:
            return await self._once(method, params, deadline)
        except NotSentError:
            if again_until is None or not again_until.left_s:
                raise
        return await self._once(method, params, deadline)

    async def _once(self, method: Method, params: Mapping[str, object], deadline: Deadline) -> Any:
        try:
            return (await self._wire.call(method, params, deadline)).result
        except BusyError:
            self._limits.refused(method.bucket)
            raise
        except VenueError as error:
            if error.code == UNAUTHORIZED:
                self.clock.take_last()
            elif error.code in LATCHED:
                self._on_latched(str(error))
            raise


def asked_number(value: Decimal) -> int | float:
    """A number as JSON has it: whole, or the float nearest to it, which the venue reads back as the same."""
    return int(value) if value == int(value) else float(value)
