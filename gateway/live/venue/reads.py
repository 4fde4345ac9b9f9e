"""Reading from Deribit: within the limits, repeated once if no answer came, never beyond the deadline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Final

from gateway.live.deadline import Deadline
from gateway.live.errors import BusyError, NotSentError, UnknownOutcomeError, VenueError
from gateway.live.venue.codes import LATCHED, UNAUTHORIZED
from gateway.live.venue.limits import Limits, Priority
from gateway.live.venue.methods import Method
from gateway.live.venue.wire import DeribitWire, RpcAnswer

REPEAT_NEEDS_S: Final = 1.0
"""With less time left, a read that got no answer is not repeated."""


class DeribitReads:
    """Every read of the venue goes through here."""

    def __init__(
        self,
        wire: DeribitWire,
        limits: Limits,
        clock: Callable[[], float] = monotonic,
        on_latched: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_latched` is told if the key or its rights are refused."""
        self.wire = wire
        self.limits = limits
        self._clock = clock
        self._on_latched = on_latched
        self.answered_at_s: float | None = None
        """When the venue last answered, on the monotonic clock."""

    async def read(
        self, method: Method, params: Mapping[str, object], deadline: Deadline, priority: Priority
    ) -> RpcAnswer:
        """One answer. Raises an `OutsideError`. A read changes nothing at the venue and may be repeated."""
        try:
            return await self._once(method, params, deadline, priority)
        except (NotSentError, UnknownOutcomeError):
            if deadline.left_s < REPEAT_NEEDS_S:
                raise
        except VenueError as error:
            if error.code != UNAUTHORIZED or self.wire.key is None:
                self._tell_latched(error)
                raise
            # The venue's clock may have jumped: only what this very answer says of it counts.
            self.wire.clock.take_last()
        try:
            return await self._once(method, params, deadline, priority)
        except VenueError as error:
            self._tell_latched(error)
            raise

    def _tell_latched(self, error: VenueError) -> None:
        if error.code in LATCHED:
            self._on_latched(str(error))

    async def _once(
        self, method: Method, params: Mapping[str, object], deadline: Deadline, priority: Priority
    ) -> RpcAnswer:
        await self.limits.room(method.bucket, priority, deadline)
        try:
            answer = await self.wire.call(method, params, deadline)
        except BusyError:
            self.limits.refused(method.bucket)
            raise
        self.answered_at_s = self._clock()
        return answer
