"""What the simulated venue grants: credits that come back with time, and a limit of its own for instruments.

Source: Deribit's documentation, "Rate Limits": 500 credits a call, at most 50,000, 10,000 back in a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.sim.errors import RpcError

CREDITS_MAX: Final = 50_000.0
CREDITS_PER_S: Final = 10_000.0
CREDITS_A_CALL: Final = 500.0
INSTRUMENTS_EVERY_S: Final = 10.0


class Credits:
    """Who calls, by key or by address, and what is left to it. `now_s` is any clock that goes forward."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._left: dict[str, tuple[float, float]] = {}
        self._instruments_at: dict[str, float] = {}
        self.refusals = 0
        """How many calls were refused because they were too many."""

    def spend(self, who: str, method: str) -> None:
        """Take what the method costs. Raises `RpcError` 10028 if it is not there."""
        now = self._now_s()
        left, as_of = self._left.get(who, (CREDITS_MAX, now))
        left = min(CREDITS_MAX, left + (now - as_of) * CREDITS_PER_S)
        too_early = (
            method == "public/get_instruments"
            and now - self._instruments_at.get(who, float("-inf")) < INSTRUMENTS_EVERY_S
        )
        if left < CREDITS_A_CALL or too_early:
            self._left[who] = left, now
            self.refusals += 1
            raise RpcError(10028, "too_many_requests")
        self._left[who] = left - CREDITS_A_CALL, now
        if method == "public/get_instruments":
            self._instruments_at[who] = now
