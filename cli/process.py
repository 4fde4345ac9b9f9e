"""The process around the actors: signals, waiting for its end, why it ended."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from types import FrameType

from actors.engine import OrderlyEngine
from actors.runtime import ExitKind, ExitReason, Runtime, from_us, install_dump_signal, to_us
from cli.last_arming import armed_at_the_end
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
        return EngineEnd(self.handle.stop_reason, failed=False) if ended is None else self._end_of(ended)

    def _end_of(self, ended: ExitReason) -> EngineEnd:
        if ended.kind is ExitKind.STOPPED:
            return EngineEnd("stopped", failed=False)
        what = f": {type(ended.error).__name__}: {ended.error}" if ended.error else ""
        why = f"the engine gave up: its root used up its restarts{what}"
        armed = armed_at_the_end(self._settings.data_dir, why, from_us(self._runtime.now_us()))
        return EngineEnd(f"{why}; {armed}", failed=True)


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


@contextmanager
def signals_to(process: EngineProcess) -> Iterator[None]:
    """SIGTERM and SIGINT ask for an orderly stop, SIGUSR1 dumps every actor to stderr. Main thread only.

    After one that came, further ones change nothing until the process is gone, also beyond the block.
    """
    came = Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        came.set()
        process.handle.request_stop(signal.Signals(number).name)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    restore_dump = install_dump_signal(process.system)
    try:
        yield
    finally:
        restore_dump()
        for number, handler in before.items():
            # The process was told to end and does: a second Ctrl-C must not break off how it says so.
            signal.signal(number, signal.SIG_IGN if came.is_set() else handler)
