"""What each signal does to an engine: whatever would end the process asks for an orderly stop instead."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from types import FrameType
from typing import Final

from actors.runtime import ActorSystem
from cli.views.say import say

DUMP: Final = signal.SIGUSR1
"""Writes every actor's state to standard error."""
UNCATCHABLE: Final = frozenset({signal.SIGKILL, signal.SIGSTOP})
FAULTS: Final = frozenset(
    {
        signal.SIGABRT,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGSEGV,
        signal.SIGSYS,
        signal.SIGTRAP,
    }
)
"""The program itself is broken. The process ends as by SIGKILL, and the next start recovers."""
HARMLESS: Final = frozenset(
    {
        signal.SIGCHLD,
        signal.SIGCONT,
        signal.SIGPIPE,
        signal.SIGTSTP,
        signal.SIGTTIN,
        signal.SIGTTOU,
        signal.SIGURG,
        signal.SIGWINCH,
        signal.SIGXFSZ,
    }
)
"""They stop, continue or tell a process, but do not end it; Python ignores SIGPIPE and SIGXFSZ."""


def ending_signals() -> frozenset[int]:
    """All other signals of this machine, real-time ones included: each would end the process on the spot."""
    return frozenset(signal.valid_signals()) - UNCATCHABLE - FAULTS - HARMLESS - {DUMP}


def signal_name(number: int) -> str:
    """`SIGTERM`; for a real-time signal `SIGRTMIN+3`."""
    if signal.SIGRTMIN < number < signal.SIGRTMAX:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"
    return signal.Signals(number).name


@contextmanager
def signals_to(system: ActorSystem, request_stop: Callable[[str], object]) -> Iterator[None]:
    """Ask for an orderly stop, by the signal's name, whenever a signal wants to end the process.

    SIGUSR1 writes every actor's state to stderr. Main thread only. Once a signal has come, further ones
    change nothing until the process is gone, also beyond the block. A SIGHUP that is ignored stays ignored:
    the engine was started with `nohup`.

    A handler runs in the middle of whatever the main thread does, maybe with a lock held that a stop or a
    dump takes: it would wait for itself for ever. So handlers only put the number, which takes no such lock,
    and a thread does what is asked.
    """
    came: SimpleQueue[int | None] = SimpleQueue()
    ends = False

    def take(number: int, _frame: FrameType | None) -> None:
        nonlocal ends
        ends = ends or number != DUMP
        came.put(number)

    def carry_out() -> None:
        while (number := came.get()) is not None:
            if number == DUMP:
                say(*system.dump().splitlines(), err=True)
            else:
                request_stop(signal_name(number))

    carrying = Thread(target=carry_out, name="signals", daemon=True)
    carrying.start()
    before = {
        number: signal.signal(number, take)
        for number in (DUMP, *ending_signals())
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        came.put(None)
        carrying.join()
        for number, handler in before.items():
            # The process is about to end as asked: a second Ctrl-C must not cut off its last messages.
            signal.signal(number, signal.SIG_IGN if ends and number != DUMP else handler)
