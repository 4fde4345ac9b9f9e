"""Looks at a running engine again and again over its control socket, and draws what it finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

from rich.console import Console

from actors.control.wire import RequestName
from cli.views.live import LiveView
from core.errors import FoundWrongError, InputError
from core.messages.engine_status import EngineStatus
from reading.control_client import ask_engine, request_of


def watch_on_terminal(data_dir: Path, every_s: float) -> None:
    """Draw until Ctrl-C. Raises InputError without a terminal, EngineNotRunningError without an engine."""
    console = Console()
    if not console.is_terminal:
        raise InputError("top: expected a terminal to draw on, found none; run.py status prints one page")

    def look() -> EngineStatus:
        return ask_engine(data_dir, request_of(RequestName.STATUS), EngineStatus)

    first = look()
    try:
        with LiveView(console) as view:
            watch(first, look, lambda status, note: view.draw(status, (), note), Event(), every_s)
    except KeyboardInterrupt:
        return


def watch(
    status: EngineStatus,
    look: Callable[[], EngineStatus],
    draw: Callable[[EngineStatus, str], None],
    end: Event,
    every_s: float,
) -> None:
    """Draw what `look` finds until `end` is set. If the engine answers late, what was last seen stays, named
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
