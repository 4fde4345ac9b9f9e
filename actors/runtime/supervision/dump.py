"""The dump for a stuck process: what every actor is doing right now, with the stack of its worker."""

from __future__ import annotations

from collections.abc import Iterable

from actors.runtime.backend.runtime import Runtime
from actors.runtime.cells.cell import Cell
from actors.runtime.times import from_us


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
