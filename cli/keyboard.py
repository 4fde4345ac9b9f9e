"""The keyboard of a view that is drawn on a terminal: `q` ends it, any other key has it look again."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from threading import Event
from types import FrameType
from typing import Any, Final

ENDS: Final = b"qQ\x04"
"""Ctrl-D, too. Ctrl-C is a signal, as everywhere."""
_TAKEN_AWAY: Final = (signal.SIGTERM, signal.SIGHUP)
KEYS_MAX: Final = 64


class Keyboard:
    """Use as a context manager. Keys come without Return and are not shown; afterwards the terminal is as it
    was, also if a signal ends the process. Without a terminal on standard input nothing comes."""

    def __init__(self) -> None:
        self._nothing = Event()
        self._handle: int | None = None
        self._before: list[Any] = []
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Keyboard:
        if sys.stdin is not None and sys.stdin.isatty():
            self._handle = sys.stdin.fileno()
            self._before = termios.tcgetattr(self._handle)
            tty.setcbreak(self._handle, termios.TCSANOW)
        self._handlers = {number: signal.signal(number, _end) for number in _TAKEN_AWAY}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if self._before:
            # What was typed and not read is not left to the shell.
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSAFLUSH, self._before)

    def wait(self, timeout_s: float) -> bool:
        """Wait for a key, so long at most. True if the view is to end."""
        if self._handle is None:
            return self._nothing.wait(timeout_s)
        ready, _, _ = select.select([self._handle], [], [], timeout_s)
        if not ready:
            return False
        typed = os.read(self._handle, KEYS_MAX)
        if not typed:
            self._handle = None
        return any(key in ENDS for key in typed)


def _end(number: int, _frame: FrameType | None) -> None:
    """Leave by an exception, so that whoever has changed the terminal puts it back."""
    raise SystemExit(128 + number)
