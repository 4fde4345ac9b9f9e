"""Tells of a data folder whose disk does not answer, as a share whose server is gone.

What is asked of such a disk waits, in the kernel, and no signal ends that. A person has to know why their
command says nothing, and a script has to get its end.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Final

from cli.exit_codes import ExitCode
from cli.views.say import say

ARMS: Final = "kill-switch"
GIVEN_UP: Final = frozenset(
    {"status", "healthcheck", "ping", "pause", "resume", "close", "inject", "stop", "alert", ARMS}
)
"""Commands that ask or tell an engine something: whoever waits for them gets an end. The others go on."""


@dataclass(frozen=True)
class Times:
    """Seconds between two looks; within which a disk answers; and after which the command is given up."""

    between_looks_s: float = 3.0
    answers_within_s: float = 2.0
    given_up_after_s: float = 30.0


def _ask(data_dir: Path) -> None:
    """Of the file system itself: what it says of files may be kept in memory."""
    os.statvfs(data_dir)


def _leave(code: int) -> None:
    """End the process from this thread. Its main one waits for the disk."""
    os._exit(code)


@dataclass(frozen=True)
class HangWatch:
    """Looks at the folder's disk from a thread of its own while a command runs."""

    data_dir: Path
    command: str
    times: Times = Times()
    ask: Callable[[Path], None] = _ask
    leave: Callable[[int], None] = _leave
    _ended: Event = field(default_factory=Event)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch within the block. What is said comes into a screen that is drawn there, too: else that would
        show what was true before. Without a thread nobody watches, and the command runs all the same."""
        if not self._begins(self._watch):
            yield
            return
        try:
            yield
        finally:
            self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(self.times.between_looks_s):
            answered = self._asked()
            # In two parts: a process that was stopped meanwhile has had no time, however late it is.
            if any(self._came(answered, self.times.answers_within_s / 2) for _ in range(2)):
                continue
            say(f"warning: {self._what()}; this command waits for it{self._advice()}", err=True)
            if self._came(answered, self.times.given_up_after_s if self.command in GIVEN_UP else None):
                say(f"{self.data_dir}: its disk answers again", err=True)
                continue
            say(f"error: {self._what()}; given up: nobody knows what of this command was done", err=True)
            self.leave(ExitCode.FOUND_WRONG)
            return

    def _asked(self) -> Event:
        """What is set when the disk has answered, be it with an error."""
        answered = Event()

        def wait_for_it() -> None:
            try:
                self.ask(self.data_dir)
            except OSError:
                pass  # An answer, too.
            finally:
                answered.set()

        if not self._begins(wait_for_it):
            answered.set()
        return answered

    def _came(self, answered: Event, within_s: float | None) -> bool:
        return answered.wait(within_s) or self._ended.is_set()

    def _begins(self, work: Callable[[], None]) -> bool:
        try:
            Thread(target=work, name="folder-watch", daemon=True).start()
        except RuntimeError:
            return False
        return True

    def _what(self) -> str:
        return f"--data-dir {self.data_dir}: its disk does not answer"

    def _advice(self) -> str:
        if self.command != ARMS:
            return ""
        return ". To be certain that no order leaves meanwhile, end the engine's process"
