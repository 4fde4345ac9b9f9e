"""What the simulated venue grants: credits that come back with time, and a few methods once in a while.

Source: Deribit's documentation, "Rate Limits": 500 credits a call, at most 50,000, 10,000 back in a second;
the matching engine takes 20 at once, then 5 a second. Which methods reach it is in the venue's schema.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.sim.errors import RpcError

CREDITS_MAX: Final = 50_000.0
CREDITS_PER_S: Final = 10_000.0
CREDITS_A_CALL: Final = 500.0
EVERY_S: Final = {
    "public/get_instruments": 10.0,
    "private/get_transaction_log": 1.0,
    "private/simulate_portfolio": 1.0,
}
"""Methods that are granted once in so many seconds."""
MATCHING: Final = frozenset(
    f"private/{name}" for name in ("buy", "sell", "edit", "cancel", "cancel_all_by_currency")
)
MATCHING_BURST, MATCHING_PER_S = 20.0, 5.0


class _Purse:
    """What one caller has of one thing."""

    def __init__(self, size: float, per_s: float, now_s: float) -> None:
        self._size, self._per_s = size, per_s
        self._left, self._as_of_s = size, now_s

    def take(self, cost: float, now_s: float) -> bool:
        """Whether it was there; nothing is taken if not."""
        self._left = min(self._size, self._left + (now_s - self._as_of_s) * self._per_s)
        self._as_of_s = now_s
        if self._left < cost:
            return False
        self._left -= cost
        return True


class Credits:
    """Who calls, by key or by address, and what is left to it. `now_s` is any clock that goes forward."""

    def __init__(self, now_s: Callable[[], float], *, unlimited: bool = False) -> None:
        self._now_s = now_s
        self._unlimited = unlimited
        self._purses: dict[tuple[str, bool], _Purse] = {}
        self._last: dict[tuple[str, str], float] = {}
        self.refusals = 0
        """How many calls were refused because they were too many."""

    def spend(self, who: str, method: str) -> None:
        """Take what the method costs. Raises `RpcError` 10028 if it is not there."""
        if self._unlimited:
            return
        now, matches = self._now_s(), method in MATCHING
        if (who, matches) not in self._purses:
            size, per_s = (MATCHING_BURST, MATCHING_PER_S) if matches else (CREDITS_MAX, CREDITS_PER_S)
            self._purses[who, matches] = _Purse(size, per_s, now)
        every_s = EVERY_S.get(method, 0.0)
        too_early = now - self._last.get((who, method), float("-inf")) < every_s
        if too_early or not self._purses[who, matches].take(1.0 if matches else CREDITS_A_CALL, now):
            self.refusals += 1
            raise RpcError(10028, "too_many_requests")
        self._last[who, method] = now
