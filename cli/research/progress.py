"""How far a sweep is: a line on a terminal's standard error, and a line a point for a pipe's reader."""

from __future__ import annotations

import sys
from time import monotonic
from typing import Final

from cli.paper.progress import duration_text
from cli.views.say import put
from core.how_many import how_many
from lab.research.found import FoundRun
from lab.research.points import named

BAR_WIDTH: Final = 24
TELL_EVERY_S: Final = 0.5
CLEAR: Final = "\r\x1b[K"


class SweepProgress:
    """Tells each run as it ends, and how long the rest takes."""

    def __init__(self) -> None:
        self._began = self._told = monotonic()
        self._done_at_begin: int | None = None

    def tell(self, done: int, total: int, newest: FoundRun | None) -> None:
        """`done` of `total` runs have ended, `newest` just now."""
        if self._done_at_begin is None:
            self._done_at_begin = done
        if not sys.stderr.isatty():
            return
        if newest is not None:
            put(f"{CLEAR}{_line(newest)}\n", err=True)
        now = monotonic()
        if newest is None and now - self._told < TELL_EVERY_S:
            return
        self._told = now
        put(f"{CLEAR}{bar(done, total)}{self._left(done, total, now)}", err=True)

    def end(self) -> None:
        """Make room for the answer."""
        if sys.stderr.isatty():
            put(CLEAR, err=True)

    def _left(self, done: int, total: int, now: float) -> str:
        """By the pace of this run: what was on record before took no time."""
        fresh = done - (self._done_at_begin or 0)
        if fresh < 1 or done == total:
            return ""
        return f", about {duration_text((now - self._began) / fresh * (total - done))} left"


def bar(done: int, total: int) -> str:
    """For instance `[######------------------] 7 of 27`."""
    filled = BAR_WIDTH * done // total if total else BAR_WIDTH
    return f"[{'#' * filled}{'-' * (BAR_WIDTH - filled)}] {done} of {total}"


def _line(found: FoundRun) -> str:
    trades = how_many(len(found.trades), "trade")
    return f"{named(found.values)}, {found.market}: {trades}, {found.pnl_usd:+,.2f} USD"
