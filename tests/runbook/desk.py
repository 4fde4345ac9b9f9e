"""A desk to drill at: a folder with a strategy and a data folder, a venue, an engine, and who types."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from config import write_hash
from tests.cli.support import ROOT, Ran, ended, started
from tests.cli.test_live import address_of
from tests.runbook.page import REASON, Step, words

TOKEN = "drilled-token-of-the-venue"
_LOOKS, _PAUSE_S = 240, 0.125


@dataclass
class Desk:
    """Types commands in `folder`, as the page has them; remembers what each said."""

    folder: Path
    port: int
    venue: subprocess.Popen[str] | None = None
    engine: subprocess.Popen[str] | None = None
    typed: list[str] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def backups(self) -> list[Path]:
        """Whole backups, the oldest first."""
        return sorted((self.data / "backups").glob("2*"))

    def type(self, command: str, **fill_in: str) -> Ran:
        """Run a command of the page and return its end; `run.py start` returns when the engine is up."""
        self.typed.append(command)
        arguments = words(command, {REASON: "a drill", **fill_in})
        process = self._started(*arguments)
        if arguments[0] == "start":
            self.end_engine()
            self.engine = process
            assert process.stdout is not None
            return Ran(0, process.stdout.readline(), "")
        return ended(process)

    def follow(self, step: Step, **fill_in: str) -> list[Ran]:
        """Type each command of a step. Each must end with 0."""
        done = []
        for command in step.commands:
            ran = self.type(command, **fill_in)
            assert ran.code == 0, f"{command}: exit code {ran.code}: {ran.out}{ran.err}"
            done.append(ran)
        return done

    def start_venue(self) -> None:
        self.venue = self._started("venue", "--port", str(self.port), "--data-dir", "venue")
        assert address_of(self.venue).endswith(f":{self.port}")

    def end_venue(self) -> None:
        if self.venue is not None:
            _end(self.venue)

    def end_engine(self) -> None:
        """Wait for an engine that was told to stop; end one that was not."""
        if self.engine is not None:
            _end(self.engine)

    def end(self) -> None:
        self.end_engine()
        self.end_venue()

    def _started(self, *arguments: str) -> subprocess.Popen[str]:
        url = f"http://127.0.0.1:{self.port}"
        return started(*arguments, cwd=self.folder, MCP_URL=url, MCP_TOKEN=TOKEN, ENABLE_STRATEGY="true")


def until(what: str, seen: Callable[[], bool]) -> None:
    """Wait until it is seen; between two looks the engine works."""
    pause = Event()
    for _ in range(_LOOKS):
        if seen():
            return
        pause.wait(_PAUSE_S)
    pytest.fail(f"waited in vain for {what}")


@contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """A venue and an engine that is up; both have ended after the block."""
    shutil.copy(ROOT / "strategy.yaml", folder / "strategy.yaml")
    write_hash(folder / "strategy.yaml")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = Desk(folder, port)
    try:
        found.start_venue()
        found.type("run.py start")
        until("the start on record", lambda: b"ENGINE_START" in on_record(found.data))
        yield found
    finally:
        found.end()


def on_record(data_dir: Path) -> bytes:
    """The whole audit log."""
    return b"".join(path.read_bytes() for path in sorted((data_dir / "audit").glob("*.jsonl")))


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
