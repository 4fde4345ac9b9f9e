"""Whether a run goes on, and how far it came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from lab.backtest.sources import Opened

GoesOn: TypeAlias = Callable[[datetime, datetime, datetime], bool]
"""Asked with now, begin and end before each step; a run that it ends is not whole."""


class Pace:
    """Asks whether a run goes on, and keeps how far it came."""

    def __init__(self, opened: Opened, goes_on: GoesOn) -> None:
        self._opened = opened
        self._goes_on = goes_on
        self.reached = opened.began

    def __call__(self, now: datetime) -> bool:
        if not self._goes_on(now, self._opened.began, self._opened.ended):
            return False
        self.reached = now
        return True
