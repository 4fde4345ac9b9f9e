"""The venue as a process of its own, as its parent sees it: its configuration, its start, and a handle.

The child reads one JSON configuration from standard input and prints one line when it listens, a `Listening`:
`{"port": …, "pid": …, "start": …, "end": …, "clock": …, "market": …, "assumptions": {…}, …}`. If it can't
start, it prints `{"error": …}` and exits with code 2. If its store fails later, it prints such a line too and
exits with code 1. This module imports nothing of the server.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.contract import UtcTime
from core.errors import InputError

HOST: Final = "127.0.0.1"


class PaperVenueConfig(BaseModel):
    """Everything a venue needs. `faults` as TARGET:KIND[:RATE], `assumptions` as KEY=VALUE."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Literal["model", "recorded"] = "model"
    seed: int = 7
    chains: Path | None = None
    between: Literal["move", "hold"] = "move"
    faults: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    token: Annotated[str, Field(min_length=1, repr=False)]
    data_dir: Path
    driven: bool = True
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    end_with_parent: bool = True
    """Whether the venue ends itself when the process that started it is gone."""
    parent_pid: int | None = None
    """The pid of that process; null = the parent at the time when the venue begins to serve."""

    @property
    def market(self) -> str:
        """The name of the market; an account can be resumed only on the market that it was opened on."""
        if self.source == "model":
            return f"model seed {self.seed}"
        return f"recorded {self.chains} between {self.between}"


class Listening(BaseModel):
    """The line that a venue prints when it listens."""

    model_config = ConfigDict(frozen=True)

    port: int
    pid: int
    start: UtcTime
    """When a run on this market begins."""
    end: UtcTime | None
    """When the record ends; null if the market has no end."""
    clock: UtcTime
    """The venue's time: as kept with the account; for a new one `start`, or in real time now."""
    market: str
    assumptions: dict[str, str]
    holes: tuple[tuple[UtcTime, UtcTime], ...] = ()
    """The spans of a record that have no quotes."""


class VenueProcess:
    """A running venue, as its parent sees it."""

    def __init__(self, process: subprocess.Popen[str], ready: Listening, token: str) -> None:
        self.process = process
        self.ready = ready
        self.token = token
        self.url = f"http://{HOST}:{ready.port}"
        self._last_words: str | None = None

    def end_found(self, wait_s: float = 0.0) -> str | None:
        """The error with which it ended by itself, within `wait_s` seconds; None if it still runs."""
        try:
            code = self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return None
        if self._last_words is None:
            told = "" if self.process.stdout is None else self.process.stdout.read()
            self._last_words = json.loads(told)["error"] if told else f"it ended with code {code}"
        return self._last_words

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop it in order or, after `timeout_s`, by force, and wait until it is gone."""
        self.process.terminate()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        _close_pipes(self.process)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.wait()
        _close_pipes(self.process)


class StartingVenue:
    """A venue that has been started and does not listen yet, so that its parent can do other work meanwhile.

    Use it in a `with` block. If the block ends before `listening` has returned, for example by a Ctrl-C, the
    venue is killed: nobody else would stop it.
    """

    def __init__(self, config: PaperVenueConfig) -> None:
        """Start it in a session of its own: a Ctrl-C in the terminal does not reach it."""
        self._config = config
        self._given_away = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway.paper", "--config-json", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> StartingVenue:
        told_parent = self._config.model_copy(update={"parent_pid": os.getpid()})
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(told_parent.model_dump_json() + "\n")
                self._process.stdin.close()
        except BrokenPipeError:
            pass  # The venue ended before it read anything; `listening` raises the error.
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_exc_info: object) -> None:
        if not self._given_away:
            self._end()

    def listening(self) -> VenueProcess:
        """Wait until it listens. Raises `InputError` with the venue's own words if it can't start."""
        line = "" if self._process.stdout is None else self._process.stdout.readline()
        told = json.loads(line) if line else {"error": "it ended without a word"}
        if "error" in told:
            raise InputError(f"paper venue: {told['error']}")
        venue = VenueProcess(self._process, Listening.model_validate(told), self._config.token)
        self._given_away = True
        return venue

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        _close_pipes(self._process)


def start_process(config: PaperVenueConfig) -> VenueProcess:
    """Start a venue and wait until it listens. Raises `InputError` if it can't start."""
    with StartingVenue(config) as starting:
        return starting.listening()


def _close_pipes(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def new_token() -> str:
    """A new random token for a venue."""
    return secrets.token_urlsafe(24)
