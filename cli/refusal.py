"""A start that is refused until a person changes something: it ends with 2, or waits to be ended. So does an
engine that has lost its data folder.

Docker can't tell exit codes apart: what it restarts after a crash it would start for ever after a refusal.
With CERBERO_BITE_ON_REFUSAL=wait the process stays and trades nothing; who asks for the engine is told why.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import Final

import typer

from cli.exit_codes import ExitCode
from cli.folder_lock import FolderLostError
from cli.signals import ending_signals, signal_name
from cli.views.say import say
from config import on_refusal_from_env
from core.errors import FoundWrongError, InputError
from core.text import visible
from reading.redacted import redacted
from reading.refused_start import REFUSED_FILE

_REASON_LENGTH_MAX: Final = 1000


class Start:
    """One start: until the engine `begins`, whatever can't be used refuses it."""

    def __init__(self) -> None:
        self.has_begun = False

    def begins(self) -> None:
        """The engine trades from here on: nothing is a refusal any more."""
        self.has_begun = True


@contextmanager
def waits_if_refused(data_dir: Path, env: Mapping[str, str]) -> Iterator[Start]:
    """Run a start. If a person must change something first, wait for a signal if the environment says so.

    The process ends with 2 in either case. What fails once the engine has begun is a FoundWrongError, which
    ends with 1: another start may well succeed; but not FolderLostError.
    """
    on_refusal = on_refusal_from_env(env)
    start = Start()
    try:
        yield start
    except (InputError, OSError) as error:
        if start.has_begun and not isinstance(error, FolderLostError):
            raise FoundWrongError(f"the engine failed: {error}") from error
        if on_refusal == "exit":
            raise
        _wait(data_dir, "the engine has ended" if start.has_begun else "the start is refused", str(error))
        raise typer.Exit(ExitCode.BAD_INPUT) from error


def _wait(data_dir: Path, what: str, why: str) -> None:
    # From here on a signal ends it in order, whatever has been said and written by then.
    ending = _EndingSignal()
    reason = visible(redacted(" ".join(why.splitlines())))[:_REASON_LENGTH_MAX]
    say(f"error: {what}: {reason}", err=True)
    say("nothing is traded; correct it, and start again. Waiting for SIGTERM", err=True)
    _write(data_dir, reason)
    name = ending.wait()
    forget_refusal(data_dir)
    say(f"stopped: {name}", err=True)


def forget_refusal(data_dir: Path) -> None:
    """No start waits on this folder any more, as far as it can be written."""
    with suppress(OSError):
        (data_dir / REFUSED_FILE).unlink(missing_ok=True)


def _write(data_dir: Path, reason: str) -> None:
    """Lay the reason where other commands find it. Without a folder, or room in it, standard error has it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        handle = os.open(data_dir / REFUSED_FILE, flags, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump({"reason": reason}, file)
    except OSError as error:
        say(f"warning: {REFUSED_FILE} can't be written in {data_dir}: {error.strerror or error}", err=True)


class _EndingSignal:
    """The first signal of those that end a process. Made on the main thread, at the end of the process."""

    def __init__(self) -> None:
        # Not an Event: the handler may run while the main thread, which waits for it, holds the event's lock.
        self._names: SimpleQueue[str] = SimpleQueue()
        for number in ending_signals():
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._end)

    def wait(self) -> str:
        """Its name, once it has come."""
        return self._names.get()

    def _end(self, number: int, _frame: FrameType | None) -> None:
        self._names.put(signal_name(number))
