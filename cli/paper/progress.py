"""How far a paper run is, for the view and for a pipe: the market day, the account, and the time left."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.paper.ledger import LedgerEntry

ONE_DAY = timedelta(days=1)
MINUTE_S, HOUR_S = 60.0, 3600.0


class Progress:
    """Market time against the whole run, and the time that it took so far against what is left."""

    def __init__(self, began: datetime, until: datetime, elapsed_s: Callable[[], float]) -> None:
        """`elapsed_s` gives the seconds of real time since the run began."""
        self._began = began
        self._until = until
        self._elapsed_s = elapsed_s

    def text(self, now: datetime) -> str:
        """For instance `day 9 of 28, about 40 s left`."""
        days = math.ceil((self._until - self._began) / ONE_DAY)
        day = min(days, int((now - self._began) / ONE_DAY) + 1)
        left = self._left_s(now)
        return f"day {day} of {days}" + ("" if left is None else f", about {duration_text(left)} left")

    def day_line(self, midnight: datetime, account: LedgerEntry) -> str:
        """The line of the market day that ended at `midnight`."""
        # A moment before midnight is still that day.
        passed = self.text(midnight - timedelta(microseconds=1))
        return (
            f"{midnight - ONE_DAY:%Y-%m-%d}  balance {account.balance_eth:f} ETH  "
            f"equity {account.equity_usd:,.2f} USD  {passed}"
        )

    def _left_s(self, now: datetime) -> float | None:
        """As long as the rest takes at the pace so far; None before there is one."""
        done = (now - self._began) / (self._until - self._began)
        if done <= 0.0:
            return None
        return self._elapsed_s() * (1.0 - done) / done


def duration_text(seconds: float) -> str:
    """A duration of which only the order of size is known: `40 s`, `12 min`, `3.5 h`."""
    if seconds < MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < HOUR_S:
        return f"{seconds / MINUTE_S:.0f} min"
    return f"{seconds / HOUR_S:.1f} h"
