"""The dump for a stuck process: what every actor is doing right now, with the stack of its worker."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Protocol, TextIO

from actors.runtime.backend.runtime import Runtime
from actors.runtime.cells.cell import Cell
from actors.runtime.times import from_us


class Dumps(Protocol):
    """Something that can write down what it is doing."""

    def dump(self) -> str: ...


def dump_text(runtime: Runtime, cells: Iterable[Cell], dead_letters: int) -> str:
    """One line per actor, then its last error, and the stack of its worker if it is busy."""
    lines = [f"actors at {from_us(runtime.now_us()).isoformat()}, dead letters {dead_letters}"]
    for cell in cells:
        status = cell.status()
        busy = (
            "idle"
            if status.busy_with is None
            else f"busy with {status.busy_with} for {status.busy_for_s:.3f} s"
        )
        lines.append(
            f"{status.path}: {status.state.value}, epoch {status.epoch}, restarts {status.restarts}, "
            f"mailbox {status.mailbox_depth}/{cell.mailbox.bound} (refused {status.overflowed}), {busy}"
        )
        if status.last_error is not None:
            lines.append(f"    last error: {status.last_error}")
        incarnation = cell.incarnation
        if incarnation is not None and status.busy_with is not None:
            stack = runtime.stack_of(incarnation)
            lines.extend(f"    {line}" for line in stack.splitlines())
    return "\n".join(lines) + "\n"


def install_dump_signal(
    system: Dumps, *, signum: int = signal.SIGUSR1, stream: TextIO | None = None
) -> Callable[[], None]:
    """Write the dump to `stream` (default: standard error) at each SIGUSR1. Main thread only.

    Returns a function that puts the former handler back.
    """

    def write(_signum: int, _frame: FrameType | None) -> None:
        out = sys.stderr if stream is None else stream
        out.write(system.dump())
        out.flush()

    before = signal.signal(signum, write)

    def restore() -> None:
        signal.signal(signum, before)

    return restore
