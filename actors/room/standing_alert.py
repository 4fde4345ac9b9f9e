"""When to alert about a condition that lasts: as it begins, at long intervals meanwhile, and as it ends."""

from __future__ import annotations

from datetime import datetime, timedelta

DAY_S = 86_400.0
HOUR_S = 3_600.0


class StandingAlert:
    """Rate-limits alerts for a condition that lasts. Times are market time; a new incarnation begins anew."""

    def __init__(self, first_s: float, longest_s: float | None = None) -> None:
        """`first_s` is the time to the first repetition; it then doubles each time, up to `longest_s`."""
        self._first_s = first_s
        self._longest_s = first_s if longest_s is None else longest_s
        self._wait_s = first_s
        self._next_at: datetime | None = None

    def tell_now(self, now: datetime) -> bool:
        """Call while the condition holds: whether to alert now. True starts the next wait."""
        if self._next_at is not None:
            # If more is left than the whole wait, the clock was set back since.
            if timedelta(0) < self._next_at - now <= timedelta(seconds=self._wait_s):
                return False
            self._wait_s = min(2 * self._wait_s, self._longest_s)
        self._next_at = now + timedelta(seconds=self._wait_s)
        return True

    def tell_end(self) -> bool:
        """Call while the condition does not hold: whether to tell its end, that is, if it was told at all.

        Starts over for the next time the condition holds.
        """
        told, self._next_at = self._next_at is not None, None
        self._wait_s = self._first_s
        return told
