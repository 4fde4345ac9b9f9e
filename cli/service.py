"""The engine as a service of the machine: when it is ready, how it is, and that it still works.

Called by the process's main loop, so that a main loop that stands still is noticed as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from actors.names import CONTROL
from actors.runtime import CellState, CellStatus
from cli.sd_notify import Notifier, status_line, watchdog_period_s

WATCHED: Final = ("books", "desk")
"""The groups of actors that orders and books depend on. Feeds may be slow, and are parked if they fail."""
STATUS_EVERY_S: Final = 5.0


class Service:
    """What the service manager is told about one engine. Used by the process's main thread."""

    def __init__(
        self,
        cells: Callable[[], Sequence[CellStatus]],
        mode: str,
        env: Mapping[str, str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cells = cells
        self._mode = mode
        self._monotonic = monotonic
        self._notifier = Notifier(env)
        period_s = watchdog_period_s(env)
        # Three chances in a period, so that one look that comes late is no reason to be killed.
        self._every_s = STATUS_EVERY_S if period_s is None else min(STATUS_EVERY_S, period_s / 3)
        self._is_watched = period_s is not None
        self._is_ready = False
        self._told = ""
        self._next_s = -float("inf")

    def look(self) -> None:
        """Tell the manager what is due."""
        if not self._notifier.is_heard or self._monotonic() < self._next_s:
            return
        self._next_s = self._monotonic() + self._every_s
        cells = self._cells()
        lines = []
        if not self._is_ready and _listens(cells):
            self._is_ready = True
            lines.append("READY=1")
        stuck = hanging(cells)
        told = status_line(_words(self._mode, cells, stuck))
        if told != self._told:
            self._told = told
            lines.append(told)
        if self._is_watched and not stuck:
            lines.append("WATCHDOG=1")
        if lines:
            self._notifier.tell(*lines)

    def stopping(self, reason: str) -> None:
        """The engine begins to stop."""
        self._notifier.tell("STOPPING=1", status_line(f"stopping: {reason}"))


def _listens(cells: Sequence[CellStatus]) -> bool:
    """Whether the control socket is open: control's start opens it."""
    return any(cell.name == CONTROL.text and cell.state is CellState.UP for cell in cells)


def hanging(cells: Sequence[CellStatus]) -> tuple[str, ...]:
    """The parts of books and desk that have been busy with one message for longer than they ever may."""
    return tuple(
        f"{cell.name} has been busy with {cell.busy_with} for {cell.busy_for_s:.0f} s"
        for cell in cells
        if set(cell.path.split("/")) & set(WATCHED) and cell.busy_for_s > cell.hang_limit_s
    )


def _words(mode: str, cells: Sequence[CellStatus], stuck: Sequence[str]) -> str:
    if stuck:
        return f"mode {mode}; hangs: {'; '.join(stuck)}"
    down = [f"{cell.name} is {cell.state.value}" for cell in cells if cell.state is not CellState.UP]
    return f"mode {mode}; {'; '.join(down) or 'every part works'}"
