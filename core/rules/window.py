"""The venue's settlement and maintenance, 07:30 to 08:05 UTC: no entry is decided, and monitors wait.

Exits that are under way go on.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Final

AVOID_FROM: Final = time(7, 30)
AVOID_UNTIL: Final = time(8, 5)


def window_end(now: datetime) -> datetime | None:
    """The end of the window that `now` lies in, or None."""
    if AVOID_FROM <= now.time() < AVOID_UNTIL:
        return now.replace(hour=AVOID_UNTIL.hour, minute=AVOID_UNTIL.minute, second=0, microsecond=0)
    return None
