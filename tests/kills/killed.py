"""`run.py` in a process that kills itself: `python -m tests.kills.killed NOTE WHERE COUNT ARGUMENTS…`.

WHERE is a failpoint, or `step`: before the COUNT-th change of the disk that is made by Python's `os`; each
failpoint counts as one, too, because SQLite changes it by itself.
NOTE is a file that the name of the place is written to right before the kill.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from actors import failpoints
from actors.failpoints import Failpoint
from cli.main import main

STEP = "step"
CHANGES = (
    "fsync",
    "rename",
    "replace",
    "link",
    "unlink",
    "remove",
    "rmdir",
    "mkdir",
    "truncate",
    "ftruncate",
)


class Killer:
    """Counts how often the place is reached, and kills the process at the given time."""

    def __init__(self, note: Path, count: int) -> None:
        self._note = note
        self._left = count
        self._lock = Lock()

    def passes(self, place: str) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                try:
                    self._note.write_text(place, encoding="utf-8")
                finally:
                    os.kill(os.getpid(), signal.SIGKILL)

    def at(self, wanted: Failpoint) -> Callable[[Failpoint], None]:
        """What to do at a failpoint."""

        def at(point: Failpoint) -> None:
            if point is wanted:
                self.passes(point)

        return at

    def before(self, name: str) -> Callable[..., Any]:
        """A function of `os` that may be killed before it does anything."""
        real = getattr(os, name)

        def change(*arguments: Any, **more: Any) -> Any:
            self.passes(name)
            return real(*arguments, **more)

        return change


def install(killer: Killer, where: str) -> None:
    """Have it kill this process there."""
    if where == STEP:
        for name in CHANGES:
            vars(os)[name] = killer.before(name)
        vars(failpoints)["_at"] = killer.passes
    else:
        vars(failpoints)["_at"] = killer.at(Failpoint(where))


if __name__ == "__main__":
    install(Killer(Path(sys.argv[1]), int(sys.argv[3])), sys.argv[2])
    sys.exit(main(sys.argv[4:]))
