"""`top` in a process of its own on a pseudo-terminal: what it draws, how it ends, and what it leaves."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from actors.control.wire import ControlAnswer
from tests.cli.support import ROOT
from tests.fakes.engine_status import STATES
from tests.fakes.held_folder import held_folder

STATUS = ControlAnswer(ok=True, answer="EngineStatus", body=STATES["put-spread"].model_dump(mode="json"))
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
WAIT_S = 100.0
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Terminal:
    """The master's side of a pseudo-terminal with `top` on it."""

    master: int
    slave: int
    process: subprocess.Popen[bytes]
    before: list[Any]
    shown: str = field(default="")

    def size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def until(self, seen: Callable[[str], bool]) -> str:
        """What was shown since the last call, once it is as wanted."""
        fresh, ends_at = "", time.monotonic() + WAIT_S
        while not seen(fresh):
            assert time.monotonic() < ends_at, fresh
            ready, _, _ = select.select([self.master], [], [], 1.0)
            if ready:
                fresh += os.read(self.master, 65_536).decode("utf-8", "replace")
        self.shown += fresh
        return fresh

    def ended(self) -> int:
        """Its exit code, after the rest was read."""
        self.until(lambda _: self.process.poll() is not None)
        while select.select([self.master], [], [], 0.2)[0]:
            self.shown += os.read(self.master, 65_536).decode("utf-8", "replace")
        return self.process.returncode

    def is_as_before(self) -> bool:
        """The terminal shows its cursor, and takes and shows whole lines again."""
        cursor = self.shown.rfind(SHOW) > self.shown.rfind(HIDE)
        return cursor and termios.tcgetattr(self.slave) == self.before


def lines_of(shown: str) -> list[str]:
    return [_ESCAPE.sub("", line).rstrip() for line in shown.replace("\r", "").split("\n")]


@contextlib.contextmanager
def top(data_dir: Path, columns: int = 80, lines: int = 24) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    before = termios.tcgetattr(slave)
    of_tests = ("COLUMNS", "LINES", "NO_COLOR")
    named = {name: value for name, value in os.environ.items() if name not in of_tests}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), "top", "--data-dir", str(data_dir), "--every", "0.5"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=named | {"TERM": "xterm-256color"},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    try:
        yield Terminal(master, slave, process, before)
    finally:
        process.kill()
        process.wait(timeout=20)
        os.close(master)
        os.close(slave)


def test_it_draws_at_both_sizes_and_q_ends_it(tmp_path: Path) -> None:
    with held_folder(tmp_path, [STATUS]), top(tmp_path) as terminal:
        small = lines_of(terminal.until(lambda shown: "scheduler" in shown or "last alert" in shown))
        assert max(map(len, small)) <= 80
        drawn = "\n".join(small)
        assert drawn.index("short strike") < drawn.index("last alert")
        terminal.size(120, 40)
        large = lines_of(terminal.until(lambda shown: any(len(line) > 80 for line in lines_of(shown))))
        assert max(map(len, large)) <= 120
        os.write(terminal.master, b"x")
        terminal.until(lambda shown: "last alert" in shown)
        os.write(terminal.master, b"q")
        assert terminal.ended() == 0
        assert terminal.is_as_before()


@pytest.mark.long
@pytest.mark.parametrize(("how", "code"), [("Ctrl-C", 0), (signal.SIGTERM, 143)], ids=str)
def test_however_it_ends_the_terminal_is_as_before(
    tmp_path: Path, how: str | signal.Signals, code: int
) -> None:
    with held_folder(tmp_path, [STATUS]), top(tmp_path) as terminal:
        terminal.until(lambda shown: "last alert" in shown)
        if isinstance(how, signal.Signals):
            terminal.process.send_signal(how)
        else:
            os.write(terminal.master, b"\x03")
        assert terminal.ended() == code
        assert terminal.is_as_before()


@pytest.mark.long
def test_if_the_engine_dies_it_says_so_and_leaves_the_terminal_as_before(tmp_path: Path) -> None:
    with top_of_a_dying_engine(tmp_path) as terminal:
        assert terminal.ended() == 3
        assert terminal.is_as_before()
        assert f"no engine runs on {tmp_path}" in " ".join(lines_of(terminal.shown)).replace("  ", " ")


@contextlib.contextmanager
def top_of_a_dying_engine(data_dir: Path) -> Iterator[Terminal]:
    with contextlib.ExitStack() as engine:
        engine.enter_context(held_folder(data_dir, [STATUS]))
        with top(data_dir, columns=200) as terminal:
            terminal.until(lambda shown: "last alert" in shown)
            engine.close()
            yield terminal
