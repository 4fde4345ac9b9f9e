"""When this process looks for cycles of garbage: not while it imports, which makes none that could go.

Looking costs a command of one answer 7 % of the time for which a person waits, and a backtest of a year a
twelfth of its CPU, because each look goes through all classes and functions again. Python looks a last time
at its end, whether it may look or not, and that costs as much again; what a process has kept until then goes
with it.
"""

from __future__ import annotations

import atexit
import gc
from typing import Final

ONE_ANSWER: Final = frozenset(
    {
        "status",
        "healthcheck",
        "inject",
        "pause",
        "resume",
        "close",
        "stop",
        "ping",
        "alert",
        "kill-switch",
        "state",
    }
)
"""Commands that end with one answer: a process of their own never looks."""
LOOK_LATER: Final = frozenset({"backtest", "sweep", "page", "simulate"})
"""Commands that call `look_again` when all is imported and the work begins."""
NEW_OBJECTS: Final = 50_000
"""So many more objects before the next look: those of a run are values, which end without one."""


def look_no_more(command: str) -> None:
    """Look for none in a process that was started for this command, if it is one of those above.

    Nor at its end, whatever `look_again` has allowed by then: what is frozen is not looked at.
    """
    if command in ONE_ANSWER or command in LOOK_LATER:
        gc.disable()
        atexit.register(gc.freeze)


def look_again() -> None:
    """Look again, at what was not there before, if this process has stopped looking."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(NEW_OBJECTS)
        gc.enable()
