"""The process around the actors: the wait for the engine's end, and why it ended."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from actors.engine import OrderlyEngine
from actors.runtime import ExitKind, ExitReason, Runtime, from_us, to_us
from cli.last_arming import armed_at_the_end
from core.errors import FoundWrongError

LOOK_S = 0.1

logger = logging.getLogger("cli.process")


@dataclass(frozen=True)
class EngineEnd:
    """Why the run ended: `reason` in words; `failed` if the root supervisor or a paper venue gave up."""

    reason: str
    failed: bool

    def raise_if_failed(self) -> None:
        """Raise FoundWrongError with the reason if `failed`."""
        if self.failed:
            raise FoundWrongError(self.reason)


class EngineProcess(OrderlyEngine):
    """The engine in a process of its own. Used by one thread, the process's main one."""

    def stop_at(self, when: datetime, reason: str) -> None:
        """Request a stop when market time comes to `when`, and hold market time there."""
        self._held = time_held_at(self._runtime, when, lambda: self.handle.request_stop(reason))

    def start(self, within_s: float = math.inf) -> None:
        """Start every actor in order; return before that at a request to stop, or after so long.

        What has not started by then goes on starting: a room that can't is tried again after a pause in
        market time, which must not stand still for ever meanwhile.
        """
        self._log_start()
        self.system.begin()
        ends_s = time.monotonic() + within_s
        while not self.system.has_started(LOOK_S):
            if self.handle.stop_wanted.is_set():
                return
            if time.monotonic() >= ends_s:
                logger.warning("not every actor has started within %.0f s; market time goes on", within_s)
                return

    def run(self, on_look: Callable[[], None] | None = None) -> EngineEnd:
        """Wait for a request to stop or the root's end; meanwhile call `on_look` every `LOOK_S` seconds."""
        while not self.handle.stop_wanted.wait(LOOK_S):
            if self.system.wait(0.0) is not None:
                break
            if on_look is not None:
                on_look()
        # With the actors gone, market time runs on to the end, so both may have happened: the failure counts.
        ended = self.system.wait(0.0)
        return EngineEnd(self.handle.stop_reason, failed=False) if ended is None else self._end_of(ended)

    def _end_of(self, ended: ExitReason) -> EngineEnd:
        if ended.kind is ExitKind.STOPPED:
            return EngineEnd("stopped", failed=False)
        what = f": {type(ended.error).__name__}: {ended.error}" if ended.error else ""
        why = f"the engine gave up: its root used up its restarts{what}"
        armed = armed_at_the_end(self._settings.data_dir, why, from_us(self._runtime.now_us()))
        return EngineEnd(f"{why}; {armed}", failed=True)


def time_held_at(runtime: Runtime, when: datetime, act: Callable[[], object]) -> ExitStack:
    """Call `act` when market time comes to `when`, and hold it there until the returned stack is closed.

    The caller must keep a reference: once the stack is garbage collected, time goes on to the next timer.
    """
    held = ExitStack()

    def hold() -> None:
        held.enter_context(runtime.operation())
        act()

    runtime.add_timer(to_us(when), hold)
    return held
