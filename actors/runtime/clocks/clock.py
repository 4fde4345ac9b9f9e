"""What the thread runtime needs of a clock, and the system's clock."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Market time. Process time is always the system's monotonic clock under threads."""

    def now_us(self) -> int:
        """Whole microseconds since the epoch."""


class SystemClock:
    """Market time is the system's time."""

    def now_us(self) -> int:
        """Whole microseconds since the epoch."""
        return time.time_ns() // 1000
