"""When a simulation looks at everything: often for a while after something has happened, otherwise seldom."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

AT_LEAST_EVERY: Final = timedelta(hours=1)
"""What only time shows, such as a slot that was missed, needs no closer looks."""
QUIET: Final = timedelta(hours=6)
BUSY: Final = timedelta(seconds=90)
BUSY_FOR: Final = timedelta(minutes=20)
"""After an order was handed over, and after an act."""


class LookTimes:
    """The next look is at `next_at`."""

    def __init__(self, begin: datetime) -> None:
        self._busy_until = begin + BUSY_FOR
        self.next_at = begin + BUSY
        self._last_at = begin
        self._told: object = None

    def is_due(self, now: datetime, told: object) -> bool:
        """Whether to look now: something else is told than at the last look, or that was long ago."""
        if told == self._told and now < self._last_at + AT_LEAST_EVERY:
            return False
        self._last_at, self._told = now, told
        return True

    def looked(self, now: datetime) -> datetime:
        """The time of the look after the one that was just taken."""
        self.next_at = now + (BUSY if now < self._busy_until else QUIET)
        return self.next_at

    def brought_forward(self, now: datetime) -> datetime | None:
        """Something has happened: the time of a look that comes earlier for that, or None."""
        self._busy_until = max(self._busy_until, now + BUSY_FOR)
        if self.next_at <= now + BUSY:
            return None
        self.next_at = now + BUSY
        return self.next_at
