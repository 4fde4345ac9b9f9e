"""When a state that lasts is told to the operator: as it begins, seldom while it lasts, and as over."""

from __future__ import annotations

from datetime import datetime, timedelta

DAY_S = 86_400.0
HOUR_S = 3_600.0


class StandingAlert:
    """Rate-limits alerts for a condition that lasts. Times are market time; a new incarnation begins anew."""

    def __init__(self, first_s: float, longest_s: float | None = None) -> None:
        """Told again after `first_s`, then each time after twice as long, `longest_s` at most."""
        self._first_s = first_s
        self._longest_s = first_s if longest_s is None else longest_s
        self._wait_s = first_s
        self._next_at: datetime | None = None

    def tell_now(self, now: datetime) -> bool:
        """The state holds: whether to tell it now, as the first time. A yes starts the next wait."""
        if self._next_at is not None:
            if now < self._next_at:
                return False
            self._wait_s = min(2 * self._wait_s, self._longest_s)
        self._next_at = now + timedelta(seconds=self._wait_s)
        return True

    def tell_end(self) -> bool:
        """The state does not hold: whether to tell that, as it was told. The next begins anew."""
        told, self._next_at = self._next_at is not None, None
        self._wait_s = self._first_s
        return told
