"""A browser and a page before all other work of the machine, so that their times are their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def before_all_else() -> None:
    """Give real-time priority to every process that this one has started, and to what those will start.

    Raises PermissionError without root. What listens afterwards has it, too, so take it for seconds.
    """
    for pid in _descendants(os.getpid()):
        for task in Path(f"/proc/{pid}/task").iterdir():
            # A thread may end meanwhile.
            with suppress(ProcessLookupError):
                os.sched_setscheduler(int(task.name), os.SCHED_RR, os.sched_param(1))


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text("ascii").split():
            yield int(child)
            yield from _descendants(int(child))
