"""The venue's settlement and maintenance: between 07:30 and 08:05 UTC nothing is decided or sent."""

from __future__ import annotations

from datetime import datetime, time
from typing import Final

AVOID_FROM: Final = time(7, 30)
AVOID_UNTIL: Final = time(8, 5)


def window_end(now: datetime) -> datetime | None:
    """When the window that `now` lies in ends; None outside of it."""
    if AVOID_FROM <= now.time() < AVOID_UNTIL:
        return now.replace(hour=AVOID_UNTIL.hour, minute=AVOID_UNTIL.minute, second=0, microsecond=0)
    return None
