"""Looks at a running engine again and again over its control socket, and draws what it finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from rich.console import Console

from cli.keyboard import Keyboard
from cli.views.live import LiveView
from core.errors import FoundWrongError, InputError
from core.messages.engine_status import EngineStatus
from reading.engine_status import engine_status


class Ending(Protocol):
    """What says that a view is to end, such as an Event or a keyboard."""

    def wait(self, timeout: float, /) -> bool:
        """Wait so many seconds at most. True if it is to end."""


def watch_on_terminal(data_dir: Path, every_s: float) -> None:
    """Draw until `q` or Ctrl-C.

    Raises InputError without a terminal, EngineNotRunningError without an engine.
    """
    console = Console()
    if not console.is_terminal:
        raise InputError("top: expected a terminal to draw on, found none; run.py status prints one page")

    def look() -> EngineStatus:
        return engine_status(data_dir)

    first = look()
    try:
        with Keyboard() as keyboard, LiveView(console) as view:
            watch(first, look, lambda status, note: view.draw(status, (), note), keyboard, every_s)
    except KeyboardInterrupt:
        return


def watch(
    status: EngineStatus,
    look: Callable[[], EngineStatus],
    draw: Callable[[EngineStatus, str], None],
    end: Ending,
    every_s: float,
) -> None:
    """Draw what `look` finds until `end` says so. If the engine answers late, what was last seen stays, named
    as such."""
    note = ""
    while True:
        draw(status, note)
        if end.wait(every_s):
            return
        try:
            status, note = look(), ""
        except FoundWrongError as error:
            note = f"NO ANSWER, this is of {status.at:%H:%M:%S}Z: {error}"
