"""The process around the actors: waiting for its end, and why it ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from actors.engine import OrderlyEngine
from actors.runtime import ExitKind, ExitReason, Runtime, to_us
from core.errors import FoundWrongError

LOOK_S = 0.1


@dataclass(frozen=True)
class EngineEnd:
    """Why it ended: `reason` in words; `failed` if the root supervisor gave up."""

    reason: str
    failed: bool

    def raise_if_failed(self) -> None:
        """Raise FoundWrongError if the engine did not end by anybody's wish."""
        if self.failed:
            raise FoundWrongError(self.reason)


class EngineProcess(OrderlyEngine):
    """The engine in a process of its own. Used by one thread, the process's main one."""

    def stop_at(self, when: datetime, reason: str) -> None:
        """Ask for the stop when market time comes to `when`, and hold market time there."""
        self._held = time_held_at(self._runtime, when, lambda: self.handle.request_stop(reason))

    def run(self, on_look: Callable[[], None] | None = None) -> EngineEnd:
        """Wait until somebody wants it to stop or the root gives up; `on_look` runs meanwhile, often."""
        while not self.handle.stop_wanted.wait(LOOK_S):
            if self.system.wait(0.0) is not None:
                break
            if on_look is not None:
                on_look()
        # Without actors market time runs through to the end, so both may have come: the failure counts.
        ended = self.system.wait(0.0)
        return EngineEnd(self.handle.stop_reason, failed=False) if ended is None else _end_of(ended)


def time_held_at(runtime: Runtime, when: datetime, act: Callable[[], object]) -> ExitStack:
    """Market time that comes to `when` stands there until what is given back is closed; `act` is called then.

    It has to be kept: with a hold that nobody keeps, time would go on at once to what else is due then.
    """
    held = ExitStack()

    def hold() -> None:
        held.enter_context(runtime.operation())
        act()

    runtime.add_timer(to_us(when), hold)
    return held


def _end_of(ended: ExitReason) -> EngineEnd:
    if ended.kind is ExitKind.STOPPED:
        return EngineEnd("stopped", failed=False)
    what = f": {type(ended.error).__name__}: {ended.error}" if ended.error else ""
    return EngineEnd(
        f"the engine gave up: its root used up its restarts{what}; the switch is armed", failed=True
    )
